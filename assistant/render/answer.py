"""Renders an answer as text for a terminal; pure functions from values to rich renderables.

Colours are chosen to be read on dark and on light ground, and nothing is said by colour alone.
"""

import re
from collections.abc import Sequence
from datetime import date

from dateutil.relativedelta import relativedelta
from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.constrain import Constrain
from rich.markup import escape
from rich.measure import Measurement
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from assistant.answer import Answer, Citation, Evidence, Status
from assistant.dates.article_dates import day_of, resolve_dates
from assistant.render.cost import usage_in_words
from index.articles import ArticleInfo
from index.printable import UNSHOWN

NOT_SAID, NOT_KNOWN = "The articles do not say.", "Nothing tells whether the articles say."
SAID_OTHERWISE = "The articles do not say that. They say:"
NEAREST_SHOWN = 3
SOURCE_INDENT = 2  # columns
READABLE = 110  # columns; longer lines are hard to follow, however wide the terminal is
NUMBER, NOTICE = "cyan", "magenta"
# Stands for a blank where no line may end. rich breaks lines at every blank that Unicode knows, U+00A0 too; this one is
# for private use, and as wide as a blank.
GLUE = "\ue000"
_UNSHOWN = UNSHOWN | {ord(GLUE): " "}

_WHOLE = re.compile(r"\d{1,2} \w+ \d{4}|(?<!\d)\d+ \w+ ago")  # dates and ages are not broken


class Unbroken:
    """A text with `GLUE` in it, shown with blanks instead."""

    def __init__(self, text: Text) -> None:
        self._text = text

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        for line in self._text.wrap(console, options.max_width):
            line.plain = line.plain.replace(GLUE, " ")
            yield line

    def __rich_measure__(self, console: Console, options: ConsoleOptions) -> Measurement:
        return Measurement.get(console, options, self._text)


def answer_view(answer: Answer, *, verbose: bool = False, present: date | None = None) -> RenderableType:
    """A finished answer: its claims, then its numbered source sentences; or that the articles do not say.

    Above it stands what a follow-up question was taken to mean.

    Args:
        present: the day that the ages of the sources are counted to; None leaves them out.
    """
    parts: list[RenderableType] = []
    if answer.standalone:
        parts.append(understood_line(answer.standalone))
    if answer.status is Status.INSUFFICIENT:
        parts.extend(_refusal(answer, present))
    else:
        if answer.status is Status.FALSE_PREMISE:
            parts.append(Text(SAID_OTHERWISE, style=f"bold {NOTICE}"))
        parts.extend(claims_view(answer))
        parts.extend(Text(shown(f"{line}."), style=f"bold {NOTICE}") for line in answer.disagreements)
        if answer.unanswered:
            parts.append(Text(shown(unanswered_line(answer)), style=NOTICE))
        parts.append(Text())
        parts.extend(source_view(citation, present) for citation in answer.citations)
    notes = (*((f"{answer.shards.gap}.",) if answer.shards.gap else ()), *answer.warnings)
    parts.extend(Text(shown(f"Note: {note}"), style=NOTICE) for note in notes)
    if verbose:
        parts.extend((Text(), details_view(answer)))
    return Constrain(Group(*parts), READABLE)


def understood_line(standalone: str) -> Text:
    """What a follow-up question was taken to mean."""
    return Text(shown(f"→ {standalone}"), style="dim")


def claims_view(answer: Answer) -> list[RenderableType]:
    """One line a claim, each with its citation numbers."""
    return [_with_numbers(claim.text, claim.citations) for claim in answer.claims]


def unanswered_line(answer: Answer) -> str:
    """Which part of the question is not answered."""
    return f"The articles do not say: {answer.unanswered}."


def source_view(citation: Citation, present: date | None = None) -> RenderableType:
    """``[1]`` and the sentence, and below it title, source and date, and which days "on Thursday" and its like are."""
    dates = dates_line(citation.sentence, citation.article.published)
    below = (article_line(citation.article, present), *((dates,) if dates else ()))
    return numbered(f"[{citation.n}]", citation.sentence, *below)


def details_view(answer: Answer) -> RenderableType:
    """Evidence with its fit, rejected claims with reasons, tokens, cost and milliseconds."""
    parts: list[RenderableType] = [Text("Evidence considered", style="bold")]
    parts.append(_evidence_table(answer.evidence))
    if answer.rejected:
        parts.append(Text("\nRejected", style="bold"))
        lines = (f"  {', '.join(item.labels)}: {item.text}  ({item.reason})" for item in answer.rejected)
        parts.extend(Text(shown(line)) for line in lines)
    parts.append(Text("\n" + cost_line(answer), style="dim"))
    return Group(*parts)


def cost_line(answer: Answer) -> str:
    """Model, tokens, cost and milliseconds by stage, in one line."""
    stages = ", ".join(f"{stage} {taken:.0f}" for stage, taken in answer.timings_ms.items())
    if answer.usage is None:
        return f"language model not asked · ms: {stages}"
    # The model that only rewrote the question is not named.
    return f"{answer.model or 'language model'}: {usage_in_words(answer.usage)} · ms: {stages}"


def article_line(article: ArticleInfo, present: date | None = None) -> str:
    """Title, source and date, as far as they are known, and how old it is on the present day."""
    when = (readable_date(article.published), age(article.published, present))
    known = (article.title or article.url or article.id, article.source, *when)
    return " · ".join(part for part in known if part)


def age(published: str, present: date | None) -> str:
    """``3 weeks ago`` in the largest unit that is full; empty for what is not known or still to come."""
    day = day_of(published)
    if day is None or present is None or day > present:
        return ""
    days = (present - day).days
    if days <= 1:
        return "yesterday" if days else "today"
    passed = relativedelta(present, day)
    units = (("year", passed.years), ("month", passed.months), ("week", days // 7), ("day", days))
    unit, count = next((unit, count) for unit, count in units if count)
    return f"{count} {unit}{'s' if count > 1 else ''} ago"


def readable_date(iso: str) -> str:
    """``9 November 2023`` for an ISO date or date-time; what cannot be read stays as it is."""
    day = day_of(iso)
    return iso if day is None else f"{day.day} {day:%B %Y}"


def dates_line(sentence: str, published: str) -> str:
    """``“on Thursday” = 9 November 2023`` for each relative date of a sentence, once; empty when there is none."""
    resolved = (f"“{' '.join(item.text.split())}” = {item.readable}" for item in resolve_dates(sentence, published))
    return " · ".join(dict.fromkeys(resolved))


def error_view(problem: str, remedy: str) -> str:
    """An error for people, in rich's markup: what happened, and below it what to do."""
    first = f"[bold red]Error:[/] {escape(shown(problem))}"
    return f"{first}\n{escape(shown(remedy))}" if remedy else first


def error_line(problem: str, remedy: str) -> Text:
    """An error in the midst of a conversation, on one line: what happened, and what to do."""
    line = Text("Error: ", style="bold red")
    line.append(" ".join(shown(problem).split()), style="not bold default")
    if remedy:
        line.append(f" – {' '.join(shown(remedy).split())}", style="not bold default")
    return line


def refusal(answer: Answer) -> tuple[str, str]:
    """What is said in place of an answer, and above the nearest sentences; without a reader nobody has judged them."""
    if answer.evidence and answer.confidence is None:
        return NOT_KNOWN, "The nearest sentences:"
    return NOT_SAID, "The nearest sentences, which do not answer it:"


def shown(text: str) -> str:
    """A text as a terminal may have it: without what it would obey instead of showing."""
    return text.translate(_UNSHOWN)


def numbered(mark: str, sentence: str, *below: str) -> RenderableType:
    """A mark and a sentence, indented, and dim lines below the sentence."""
    table = Table.grid(padding=(0, 1))
    table.add_column(no_wrap=True, style=NUMBER)
    table.add_column()
    whole = (_WHOLE.sub(lambda match: match.group().replace(" ", GLUE), shown(line)) for line in below)
    lines = Group(Text(" ".join(shown(sentence).split())), *(Unbroken(Text(line, style="dim")) for line in whole))
    table.add_row(mark, lines)
    return Padding(table, (0, 0, 0, SOURCE_INDENT))


def _refusal(answer: Answer, present: date | None) -> list[RenderableType]:
    said, introduced = refusal(answer)
    parts: list[RenderableType] = [Text(said, style=f"bold {NOTICE}")]
    if answer.missing:
        parts.append(Text(shown(f"Nothing that was found mentions: {', '.join(answer.missing)}.")))
    nearest = answer.evidence[:NEAREST_SHOWN]
    if nearest:
        parts.append(Text(f"\n{introduced}", style="dim"))
        parts.extend(numbered("–", item.sentence, article_line(item.article, present)) for item in nearest)
    return parts


def _with_numbers(text: str, numbers: Sequence[int]) -> RenderableType:
    line = Text(shown(text))
    for number in numbers:
        line.append(GLUE)
        line.append(f"[{number}]", style=NUMBER)
    return Unbroken(line)


def _evidence_table(evidence: Sequence[Evidence]) -> Table:
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(no_wrap=True, style=NUMBER)
    table.add_column(no_wrap=True, justify="right")
    table.add_column()
    for item in evidence:
        fit = "" if item.fit is None else f"{item.fit:.1f}"
        table.add_row(item.label, fit, Text(shown(f"{item.sentence}  ({article_line(item.article)})")))
    return table
