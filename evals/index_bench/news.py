"""Made-up news in any number: seeded, with people, places, figures and dates that differ from story to story.

The sentences are ours, and so are the names, which are put together from syllables, so that the words have the long
tail that real news has: a few are everywhere, most are in one story only.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random

from index.articles import Article
from index.english import MONTHS, WEEKDAYS

FIRST_DAY = datetime(2021, 1, 1, 6, tzinfo=UTC)
DAYS = 1_800
PARAGRAPHS = (4, 9)  # fewest and most of an article
SENTENCES = (2, 4)  # of a paragraph
SOURCES = "Courier, Gazette, Harbour Wire, Morning Ledger, Northern Post, Tribune, Valley Press, World Desk".split(", ")
STARTS = "Al Bren Cor Dal Ester Fal Gran Hol Ing Jor Kel Lin Mar Nor Ol Per".split()
MIDDLES = ("", "", "a", "be", "do", "en", "i", "la", "mo", "o", "ri", "se", "ta", "u", "ve", "wi")
ENDS = "bach burg dale field ford ham heim ley mere mouth port ridge stad ton wick".split()
SURNAMES = "berg ez ic ine ison kov man mann o ova quist sen ska son well y".split()
GIVEN = "Ada Ben Clara Dario Elif Femi Greta Hugo Ines Jonas Kaya Leo Mira Noor Otto Pia Rosa Sven Tomas Vera".split()
ROLES = (
    "mayor, council leader, chief engineer, union secretary, harbour master, head teacher, police chief, "
    "spokeswoman, economist, professor of public law"
).split(", ")
BODIES = (
    "city council, transport authority, regional court, energy board, football association, hospital trust, "
    "port company, school board, fire service, central bank"
).split(", ")
SUBJECTS = {
    "transport": ("ferry line", "tram network", "railway bridge", "night bus", "motorway tunnel", "airport terminal"),
    "courts": ("fraud trial", "appeal over the land deal", "inquest", "bribery case", "dispute over fishing rights"),
    "economy": ("steel plant", "brewery", "wage deal", "housing fund", "chip factory", "budget"),
    "weather": ("flood", "drought", "storm", "heatwave", "landslide", "cold spell"),
    "science": ("vaccine trial", "telescope", "battery laboratory", "coral survey", "fossil find"),
    "sport": ("cup final", "cycling tour", "stadium rebuild", "transfer of the goalkeeper", "marathon"),
    "schools": ("school merger", "exam reform", "teacher shortage", "new library", "meal programme"),
    "health": ("hospital ward", "measles outbreak", "ambulance service", "nursing strike", "clinic closure"),
}
TEMPLATES = (
    "The {body} of {place} voted {low} to {high} on {weekday} to go ahead with the {subject}.",
    "{person}, the {role}, said the {subject} would cost {money} million crowns, {low} million more than planned.",
    "Work on the {subject} began in {month} and was to have ended within {low} weeks.",
    "About {many} people in {place} and {other} are affected, the {body} said on {weekday}.",
    "“We were promised an answer by {month}, and we still wait,” said {critic}, who has lived there {low} years.",
    "{critic} called the decision a mistake and announced an appeal to the {body} in {other}.",
    "An earlier report had put the number at {many}; it was corrected after {person} asked for a second count.",
    "The plan goes back to a proposal that {critic} made in {year}, when the {body} had turned it down.",
    "By {weekday} evening {low} of the {high} sites had been inspected, and no damage was found at any of them.",
    "In {other}, where a similar {subject} was finished in {year}, complaints have fallen by {low} per cent.",
    "Neither {person} nor the {body} wanted to say who will pay for the remaining {money} million crowns.",
    "The {role} is to meet residents in the hall of {place} on {weekday} and then to travel on to {other}.",
    "A spokesman for the {body} denied that the {subject} had been delayed because of a quarrel over contracts.",
    "Since {month} the price has risen from {low} to {high} crowns, which {critic} explains with the {subject}.",
    "The opposition led by {critic} wants a vote of its own before the end of {month}.",
    "Experts from the university of {other} had warned of the risk as early as {year}, {person} said.",
    "Nobody was hurt, but {low} houses in the lower town of {place} were without power until {weekday} morning.",
    "The court heard {low} witnesses, among them {critic}, and adjourned until the {day}th of {month}.",
    "With {many} votes counted, {person} had {high} per cent, the clearest result in {place} since {year}.",
    "It was the third time in {low} months that the {subject} in {place} made headlines.",
    "{person} thanked the {many} volunteers and said that {place} would not forget what they did.",
    "The {body} will publish its full report on the {subject} on the {day}th of {month}.",
    "Travellers between {place} and {other} should expect to lose {low} minutes until the middle of {month}.",
    "“This is about trust, not about {money} million crowns,” {person} told reporters outside the {body}.",
)  # fmt: skip
TITLES = (
    "{place}: {body} decides on {subject}",
    "{person} defends {subject} in {place}",
    "{subject} in {place} costs {money} million more",
    "{critic} wants to stop {subject}",
    "What is known about the {subject} in {other}",
)


@dataclass(frozen=True, slots=True)
class Story:
    """What the articles of one story have in common; ``number`` tells stories apart."""

    number: int
    values: dict[str, str]


def made_up_news(count: int, seed: int = 0) -> Iterator[Article]:
    """So many articles; the first ones are the same for every ``count``."""
    return (made_up_article(number, seed) for number in range(count))


def made_up_article(number: int, seed: int = 0) -> Article:
    """The article with this number: of about 250 words, two or three chunks; five articles tell of one story."""
    random = Random(f"{seed}/{number}")
    story = made_up_story(number // 5, seed)
    paragraphs = [
        " ".join(_sentence(random, random.choice(TEMPLATES), story) for _ in range(random.randint(*SENTENCES)))
        for _ in range(random.randint(*PARAGRAPHS))
    ]
    hours = 24 * (story.number * 7919 % DAYS) + random.randrange(96)
    return Article(
        id=f"made-up-{seed}-{number}",
        title=_capital(_sentence(random, random.choice(TITLES), story)),
        source=random.choice(SOURCES),
        author=_person(random),
        published=(FIRST_DAY + timedelta(hours=hours)).isoformat(),
        text="\n\n".join(paragraphs),
    )


def made_up_story(number: int, seed: int = 0) -> Story:
    """The story with this number."""
    random = Random(f"{seed}/story/{number}")
    subjects = SUBJECTS[random.choice(sorted(SUBJECTS))]
    values = {
        "place": _place(random),
        "other": _place(random),
        "person": _person(random),
        "critic": _person(random),
        "role": random.choice(ROLES),
        "body": random.choice(BODIES),
        "subject": random.choice(subjects),
    }
    return Story(number, values)


def made_up_question(number: int, seed: int = 0) -> str:
    """A question about the story with this number."""
    values = made_up_story(number, seed).values
    random = Random(f"{seed}/question/{number}")
    asked = random.choice(
        (
            "What did {person} say about the {subject} in {place}?",
            "How many people in {place} are affected by the {subject}?",
            "Why does {critic} want to appeal to the {body}?",
            "How much does the {subject} in {place} cost?",
        )
    )
    return asked.format(**values)


def _sentence(random: Random, template: str, story: Story) -> str:
    numbers = {
        "low": random.randint(2, 48),
        "high": random.randint(49, 99),
        "many": f"{random.randint(1_000, 98_000):,}",
        "money": random.randint(3, 900),
        "day": random.randint(4, 20),
        "year": random.randint(1968, 2020),
        "month": random.choice(MONTHS),
        "weekday": random.choice(WEEKDAYS),
    }
    return template.format(**story.values, **numbers)


def _place(random: Random) -> str:
    return random.choice(STARTS) + random.choice(MIDDLES) + random.choice(ENDS)


def _person(random: Random) -> str:
    return f"{random.choice(GIVEN)} {random.choice(STARTS)}{random.choice(MIDDLES)}{random.choice(SURNAMES)}"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
