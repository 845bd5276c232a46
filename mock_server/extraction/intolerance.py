"""How people say that they do not bear something, and how they say that they do."""

from __future__ import annotations

import re

from mock_server.extraction.phrase import phrases

WORD = phrases(
    r"""allerg(?:y|ic|ies)|intoleran(?:t|ce)|reactions? to|react(?:s|ed)? (?:badly |really badly )?to
    anaphyla\w+ (?:to|from)"""
)
#: A question that means allergies without the word.
ASKS = phrases(
    r"""(?:anything|medic\w+|tablets|foods?) (?:that )?(?:you|he|she) (?:can't|cannot|ca n't) (?:take|have|eat)
    (?:disagrees?|agrees? badly) with (?:you|him|her)|epipen(?: \S+){0,4}? what's (?:that|it) for
    (?:problems?|trouble|reactions?) with (?:\S+ ){0,3}?(?:an?esthetic\w*|latex|antibiotics?|any medic\w+|tablets)"""
)
TO = phrases(
    r"""allerg(?:ic|y|ies) (?:reactions? )?to|intoleran(?:t|ce) (?:to|of)
    reactions? to|react(?:s|ed)? (?:\w+ ){0,2}to(?: (?:is|are)\b)?
    allerg(?:ies|y) (?:is|are|include|would be)|allergies ,|anaphyla\w+ (?:reaction |shock )?(?:to|from)"""
)
#: "Only prawns I am allergic."
INVERTED = re.compile(r"(?:, )?\b(?:i am|i'm|he is|he's|she is|she's)(?: \w+)? allergic(?! to\b| reaction)")
#: "So I was told I'm allergic to it": the name stands before.
POINTED = re.compile(r"\ballergic to (?:it|that|this|them|those|these)\b(?! \w+(?:cillin|s)\b)")
#: "Apart from aspirin, are you allergic to anything?" takes the first for granted.
APART = re.compile(r"\b(?:apart from|besides|other than|aside from|except(?: for)?|beyond)(?: the| your| that)? ")
EXCEPT = re.compile(r"^(?:(?:yes|yeah|no|well|oh|just|,) )*(?:apart from|other than|aside from|except(?: for)?) ")
#: An allergy that may come, or is asked to be told.
PERHAPS = phrases(
    r"""(?:may|might|could|can|would)(?: well)? be (?:an? |the )?(?:\w+ )?allerg\w+
    if (?:you|he|she|they|anybody|anyone|somebody)(?:'re| are|'s| is)? (?:\w+ )?(?:allergic|intolerant|react)"""
)
#: "They tested you and it turned out not to be one."
RETRACTED = phrases(
    r"""(?:not|n't|wouldn't|don't) (?:really )?(?:call|say|think) (?:it|that)(?:'s| is| was)? an? (?:\w+ )?allergy
    off (?:your|the|his|her|my) (?:record|list|chart|notes|file)|outgrew|outgrown|grew out of|grown out of
    (?:says?|shows?|showed|turn(?:s|ed) out|tested) (?:\w+ ){0,4}?(?:not|no longer)(?:$| an? (?:\w+ )?allergy)
    (?:tests?|tested) (?:\w+ ){0,4}?negative$
    (?:you're|you are|i'm|i am) (?:not|no longer)(?: really| actually)?(?: any ?more)?$
    but (?:actually |really |in fact )?(?:i'm|i am|you're|you are|he's|she's) not(?= ,|$)
    (?:was|is) (?:not|never)(?: really| actually)? (?:an |a (?:true|real|proper) )?allergy
    (?:wasn't|isn't)(?: really| actually)? (?:an |a (?:true|real|proper) )?allergy
    no longer allergic|not allergic any ?more
    thought (?:i|he|she) (?:was|were|might be) (?:\w+ )?allergic to (?:\S+ ){1,6}?but"""
)
BEFORE = phrases("allerg(?:y|ies|ic)|intoleran(?:ce|t)")
DENIED = re.compile(
    r"(?:\b(?:not|no|never|without|denies|nor)|n't)"
    r"(?: (?!(?:but|because|since|due|take|taken|given|with)\b)\w+){0,4}? (?:allerg|intoleran|reaction|react)"
    r"|\ballergies (?:none|no|negative)\b"
)
NONE = phrases("n k d a|nkda|no known (?:\\w+ )?allerg\\w+|no (?:\\w+ )?allerg\\w+|not allergic to (?:any\\w*|nothing)")
#: "I must never take it because of an allergy" denies the taking alone.
BECAUSE = re.compile(r"\bbecause of (?:an? |my |the |his |her )?allerg")
GIVES = re.compile(
    r"^(?:, )?(?:(?:because|as|since|and) )?(?:(?:it|that|they|which) )?(?:(?:always|really|usually|pills) )?"
    r"(?:gives?|gave|makes?|made|causes?|caused|brings?|brought) (?:me|him|her|my)\b"
)
CANNOT = re.compile(r"(?:can't|cannot|ca n't|never|avoid) (?:eat|have|take|touch|drink|use)(?: any)? $")
CANNOT_ALL = re.compile(r"\b(?:can't|cannot|ca n't) (?:eat|have|take|touch|drink|use)\b")
MADE_BY = re.compile(
    r"(?:(?:when|whenever|if|time) (?:i|he|she|they) (?:so much as |even |go near |goes near )?"
    r"(?:take|took|takes|eat|eats|ate|have|has|had|use|uses|used|touch|touches|touched|smell|smells|gave me)(?: a"
    r"| an| any| some)?"
    r"|(?:hives|rash|itchy|itching|welts|wheezing|anaphyla\w+|reaction) (?:from|with|after|to)(?: taking| eating)?) $"
)
#: What stands before a substance in an answer that is borne.
TAKEN = phrases(
    """take|takes|taking|took|used?|uses|using|gave|give|prescribe|on|for|not|no|n't|never|tolerate|fine with|okay with
    can have"""
)
#: "Penicillin yes, sulfa no", "latex is fine".
#: "And the same goes for crab", "and banana does too".
SAME = re.compile(r"\b(?:the same (?:goes )?(?:for|with)|same with|likewise|so does|so do)(?: the)? $")
SAME_AFTER = re.compile(r"^(?:does|do|did) (?:too|as well|and all|the same|it too)\b")
#: "I'm not allergic to cats, it's dogs."
INSTEAD = re.compile(r"(?:,|\bbut) (?:it's|it is|just|only)(?: the| to)? $")
#: "Not the cefalexin, I had that in March."
NOT_THAT = re.compile(r"^(?:(?:well|oh|no|,) )*not (?:the |to )?")
JOKE = phrases("ha ha|haha|joking|kidding")
BORNE = re.compile(r"^(?:no\b(?! (?:other|more|one|\w+ ,?$))|(?:is|are|was|were) (?:fine|ok|okay|all right|alright)\b)")
