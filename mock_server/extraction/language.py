"""Whether words are English: rules for English find nothing in others, and have to say so."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mock_server.extraction.phrase import vocabulary

if TYPE_CHECKING:
    from collections.abc import Iterable

#: The words that every English text is full of.
_COMMON = vocabulary(
    """the a an of to in on at for from with by about into over after before under and or but if because as than that
    this these those there here it its it's i you he she we they me him her us them my your his our their is are was
    were be been being am has have had do does did can could will would shall should may might must not no yes what
    which who when where how why all any some more most other so such only very just then now up out one two
    i'm i've i'll you're that's don't didn't isn't"""
)
#: English speech has about every second word of these, short sentences fewer, other languages hardly any.
_LEAST = 0.2
#: So few words may have but one of them.
_SHORT = 5
#: Fewer words of another language may be names and loans.
_FEWEST_FOREIGN = 2


#: Such words alone tell nothing either.
_EMPTY = _COMMON | vocabulary(
    """going gonna wanna gon na wan like want think know let's get go let say said see look okay well it'll we'll
    we're ahead do does did likely probably suspected yeah thought looks sounds seems appears certain sure number thing
    things there's what's he's she's i'd you'd
    bit little few lot kind also patient actually still really actually"""
)


def empty(words: Iterable[str]) -> bool:
    """Whether the words have nothing to tell, but for a number."""
    return all(word in _EMPTY or not word[:1].isalnum() for word in words)


def english(words: Iterable[str]) -> bool:
    """Whether enough of the words are such that English cannot do without; one of them over and over is not."""
    said = [word for word in words if word[:1].isalpha()]
    common = [word for word in said if word in _COMMON]
    varied = len(set(common)) > 1 or len(said) <= _SHORT
    return bool(said) and varied and len(common) >= _LEAST * len(said)


#: The words that other languages are full of and English has not.
_FOREIGN = (
    vocabulary(
        """le la les du des un une et est ce cette je j'ai il elle nous vous avec pour dans pas que qui sur au aux ma
    mon c'est el los las una y en con por para mi su es son muy pero como der die das und ich ist nicht ein eine mit mir
    auf den dem zu seit sehr haben habe il lo gli che di una non ho sono della nel mia per o os um uma e eu não com
    no meu minha het een en ik van niet mijn"""
    )
    - _COMMON
)


def foreign(words: Iterable[str]) -> bool:
    """Whether the words are of another language: they have its common words, and hardly the English ones."""
    said = [word for word in words if word[:1].isalpha()]
    common = sum(word in _COMMON for word in said)
    return sum(word in _FOREIGN for word in said) > max(_FEWEST_FOREIGN, common, _LEAST * len(said))
