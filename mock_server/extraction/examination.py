"""How a doctor tells of an examination and its findings, or asks for what one needs."""

from __future__ import annotations

import re

from mock_server.extraction.phrase import alternatives, phrases

LOOKING = re.compile(
    r"\b(?:let me|let's|i'm (?:just )?(?:going to|gon na|gonna)|i(?:'ll| will|'d like to| want to| wan na)|we'll|can i)"
    r"(?: just| quickly)*(?: go ahead and)?(?: just)? (?:take a (?:quick |deep )?(?:look|listen)"
    r"|have a (?:quick )?(?:look|listen|feel)|examine|listen"
    r"|check you (?:out|over)|do (?:a|your) (?:quick )?(?:physical )?exam|press|feel|pull up|look at"
    r"|move on|let you know)\b"
    r"|^(?:can you|could you|(?:pop|hop|jump|climb|slip|roll) (?:up|down|over|back|on|onto)\b"
    r"|deep breath|breathe|open (?:your|up)|say|lift|bend|push|squeeze|follow my"
    r"|stick out|lie|tilt|hold (?:your|still)|relax|strain|look (?:up|down|straight)|turn your)\b"
)
_FIGURE = r"(?:\d|one|two|three|four|five|six|seven|eight|nine|thirty|ninety|a hundred)"
_VITAL = (
    "(?:blood pressure|heart rate|temperature|temp|pulse|oxygen|sats?|saturation|respiratory rate|resps?|bp|weight)"
)
SURE = phrases(
    rf"""on (?:your )?(?:physical )?exam\w*|i (?:can|do) (?:hear|feel|see)
    (?:you|she|he) (?:looks?|appears?) (?:well|unwell|pale|tired|comfortable|better)
    i (?:do n't|don't|can't|ca n't|cannot|do not|didn't) (?:hear|feel|see|find|notice)|\d+ (?:over|/) \d+
    i (?:do |do n't )?appreciate
    you(?:'re| are) (?:dragging|limping|guarding|sweating|shaking|wheezing|favou?ring|holding)
    (?:left|right) (?:one|side|ear|eye|lung|leg|knee|foot|hand|arm|ankle)(?:'s| is| are| looks)
    you weigh|you(?:'re| are) weighing
    everything (?:looks|seems) (?:fine|good|normal|okay)|auscultation|palpation|range of motion|reflexes
    (?:listening to|looking (?:at|in|into)|feeling|pressing(?: on)?|examining) (?:your|the|his|her)
    lungs (?:are|sound)|regular rate|listen to
    looking at your|{_VITAL}(?:'s| is| was)?(?: now| today| at)? (?:{_FIGURE}|up|down|high|low|normal|fine|good|stable)
    your (?:heart|lungs?|blood pressure|temperature|oxygen|pulse|abdomen|throat|ears?|vital signs|vitals) (?:is|are|was)
    your (?:heart|lungs?|abdomen|throat|ears?) (?:sounds?|looks?)"""
)
_PART = alternatives(
    r"""lungs?|chest|heart|throat|tonsils?|ears?|ear ?drums?|drum|eyes?|pupils?|nose|abdomen|belly|stomach|tummy
        knees?|ankles?
    wrists?|elbows?|shoulders?|hips?|back|spine|neck|skin|legs?|foot|feet|hands?|arms?|joints?|calf|calves|glands?
        nodes?|thyroid|liver
    spleen|gait|tongue|mouth|gums|nails?|scalp|face|breasts?|wound|incision|rash|membranes?|mucosa|sinuses|reflexes
        ligament|breathing|blisters?|spots|mole|lump|ulcers?|scar|stitches|bruise|scabs?|lesions?|ear canals?"""
)
_LOOKS = alternatives(
    r"""red|swollen|enlarged|clear|tender|normal|bulging|warm|inflamed|soft|dry|healthy|fine|intact|pale|moist|stiff
        hot|infected
    hard|full|equal|reactive|unremarkable|dull|puffy|bruised|stretched|torn|wheezy"""
)
BODY = re.compile(
    rf"\b{_PART}(?:'s|(?: (?:is|are|looks?|sounds?|feels?|seems?)))?(?: (?:a bit|a little|very|quite|really"
    rf"|not|all|slightly|nice and|both|also|still|completely|pretty|mildly))* {_LOOKS}\b"
    rf"|^(?:(?:and|so|okay|right|good|,) )*(?:that|it|this|they)(?:'s|'re| is| are| feels?| looks?)"
    rf"(?: (?:a bit|a little|very|quite|really|all|nice and|still))* {_LOOKS}(?=$| ,)"
    rf"|\b{_PART} (?:is|are|looks?|sounds?|feels?|seems?|has|have) |\b(?:clear|tender|swelling|crackles"
    rf"|wheez\w+|murmur|fluid|tenderness|redness|bruising) (?:\w+ ){{0,4}}{_PART}\b"
)
PERHAPS = phrases(
    r"""exam|lungs?|heart sounds?|clear|tender\w*|swelling|edema|murmur|rhythm|strength|pupils|abdomen|vitals?
    vital signs|blood pressure|heart rate|temperature|oxygen|x rays?|ct|mri|ultrasound|echo\w*|ekg|ecg|labs?
        blood work
    results?|show(?:s|ed)|(?:does|bloods|results?|scan|x rays?|tests?|swabs?) show|bloods|hemoglobin|a1c|creatinine
    white blood|cholesterol|potassium|sodium|ferritin|urine|scan
    biopsy|blood count
    (?:kidney|liver|thyroid) (?:function|tests?)|normal|unremarkable|intact|swab|crackles
    (?:good|full|normal|reduced|limited|no|equal|intact|weak|poor) (?:movements?|power|tone|sensation|pulses?)
    effusion|crepitus|guarding
    rebound|distended|bowel sounds|jaundice|pallor|clubbing|cyanosis|bruits?|air entry|wheeze|creps"""
)
