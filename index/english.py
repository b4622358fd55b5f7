"""Words of English that several modules know; what only one module asks for stays with it."""

MONTHS = "January February March April May June July August September October November December".split()
WEEKDAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()
# Patterns. Names of months and weekdays are written with a capital; that keeps "may" and "march" out.
MONTH = rf"(?:{'|'.join(MONTHS)}|(?:Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept?|Oct|Nov|Dec)\b\.?)"
WEEKDAY = rf"(?:{'|'.join(WEEKDAYS)})"

_TO_TWENTY = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen"
    " eighteen nineteen twenty"
).split()
_TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()
# From zero on; those above twenty after the tens.
NUMBER_WORDS = (
    {word: str(value) for value, word in enumerate(_TO_TWENTY)}
    | {word: str(10 * value) for value, word in enumerate(_TENS, start=2)}
    | {f"{ten}-{_TO_TWENTY[n]}": str(10 * value + n) for value, ten in enumerate(_TENS, start=2) for n in range(1, 10)}
)
TO_TWELVE = list(NUMBER_WORDS)[1:13]

# Before a number: about it, just short of it, or on one side of it.
ABOUT = "about around approximately roughly".split()
NEARLY = "almost nearly".split()
BOUNDS = ("at least", "up to", "more than", "fewer than", "less than", "over", "as many as", "no more than")

PRONOUNS = "he him his she her hers they them their theirs".split()  # of persons
TITLES = (  # of persons, before their names
    "Mr Mrs Ms Messrs Dr Prof Rev Hon Fr Gen Lt Col Maj Brig Capt Cmdr Cpl Sgt Pvt Adm Sen Rep Gov Pres"
).split()
# Words that hardly ever start a proper name.
OPENERS = (
    "The This That These Those A An Another Some Many I He She It They We You His Her Its Their Our My There Here In"
    " On At By To For From With After Before During Until When While If As But And So Yet Not Because Although Though"
    " However Meanwhile Since Then Thus Again What Who How Why Where"
).split()
# After a weekday, a newspaper's name.
PAPERS = "Times|Post|Telegraph|Mirror|Express|Mail|Herald|World|School"

# Verbs that are followed by "to" and what has not happened yet.
INTENDING = "plan|hope|expect|intend|aim|want|agree|promise|pledge|vow|decide|threaten|propose|seek"
# Base forms and what they are in the past.
IRREGULAR = dict(
    pair.split("/")
    for pair in (
        "be/was become/became begin/began break/broke bring/brought build/built buy/bought choose/chose "
        "come/came cut/cut do/did draw/drew drive/drove fall/fell fight/fought find/found fly/flew get/got "
        "give/gave go/went grow/grew have/had hear/heard hold/held keep/kept know/knew lead/led leave/left "
        "lose/lost make/made meet/met pay/paid put/put read/read rise/rose run/ran say/said see/saw "
        "seek/sought sell/sold send/sent set/set show/showed shut/shut sit/sat speak/spoke spend/spent "
        "stand/stood take/took teach/taught tell/told think/thought understand/understood win/won "
        "withdraw/withdrew write/wrote"
    ).split()
)
