"""All text that a person sees of an answer; pure functions from values to rich renderables."""

from collections.abc import Sequence
from datetime import date, datetime

from rich.console import Group, RenderableType
from rich.markup import escape
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from assistant.answer import Answer, Citation, Evidence, Status
from assistant.sentence_dates import resolve_dates
from index.articles import ArticleInfo

NOT_SAID = "The articles do not say."
NEAREST_SHOWN = 3
SOURCE_INDENT = 2  # columns


def answer_view(answer: Answer, *, verbose: bool = False) -> RenderableType:
    """A finished answer: its claims, then its numbered source sentences; or that the articles do not say.

    Above it stands what a follow-up question was taken to mean.
    """
    parts: list[RenderableType] = []
    if answer.standalone:
        parts.append(Text(f"→ {answer.standalone}", style="dim"))
    if answer.status is Status.INSUFFICIENT:
        parts.extend(_refusal(answer))
    else:
        parts.extend(claims_view(answer))
        parts.extend(Text(f"{line}.", style="bold yellow") for line in answer.disagreements)
        parts.append(Text())
        parts.extend(source_view(citation) for citation in answer.citations)
    parts.extend(Text(f"Note: {warning}", style="yellow") for warning in answer.warnings)
    if verbose:
        parts.extend((Text(), details_view(answer)))
    return Group(*parts)


def claims_view(answer: Answer) -> list[RenderableType]:
    """One line a claim, each with its citation numbers."""
    return [_with_numbers(claim.text, claim.citations) for claim in answer.claims]


def source_view(citation: Citation) -> RenderableType:
    """``[1]`` and the sentence, and below it title, source and date, and which days "on Thursday" and its like are."""
    dates = dates_line(citation.sentence, citation.article.published)
    return _numbered(f"[{citation.n}]", citation.sentence, citation.article, *((dates,) if dates else ()))


def details_view(answer: Answer) -> RenderableType:
    """Evidence with its fit, rejected claims with reasons, tokens and milliseconds."""
    parts: list[RenderableType] = [Text("Evidence considered", style="bold")]
    parts.append(_evidence_table(answer.evidence))
    if answer.rejected:
        parts.append(Text("\nRejected", style="bold"))
        parts.extend(Text(f"  {', '.join(item.labels)}: {item.text}  ({item.reason})") for item in answer.rejected)
    parts.append(Text("\n" + cost_line(answer), style="dim"))
    return Group(*parts)


def cost_line(answer: Answer) -> str:
    """Model, tokens and milliseconds by stage, in one line."""
    stages = ", ".join(f"{stage} {taken:.0f}" for stage, taken in answer.timings_ms.items())
    if answer.usage is None:
        return f"language model not asked · ms: {stages}"
    usage = answer.usage
    read, written = _or_unknown(usage.prompt_tokens), _or_unknown(usage.completion_tokens)
    return f"{answer.model}: {read} tokens read, {written} written · ms: {stages}"


def article_line(article: ArticleInfo) -> str:
    """Title, source and date, as far as they are known."""
    known = (article.title or article.url or article.id, article.source, readable_date(article.published))
    return " · ".join(part for part in known if part)


def readable_date(iso: str) -> str:
    """``9 November 2023`` for an ISO date or date-time; what cannot be read stays as it is."""
    if not iso:
        return ""
    try:
        day = date.fromisoformat(iso) if len(iso) <= len("2023-11-09") else datetime.fromisoformat(iso).date()
    except ValueError:
        return iso
    return f"{day.day} {day:%B %Y}"


def dates_line(sentence: str, published: str) -> str:
    """``“on Thursday” = 9 November 2023`` for each relative date of a sentence, once; empty when there is none."""
    resolved = (f"“{' '.join(item.text.split())}” = {item.readable}" for item in resolve_dates(sentence, published))
    return " · ".join(dict.fromkeys(resolved))


def error_view(problem: str, remedy: str) -> str:
    """An error for people, in rich's markup: what happened, and below it what to do."""
    first = f"[bold red]Error:[/] {escape(problem)}"
    return f"{first}\n{escape(remedy)}" if remedy else first


def _refusal(answer: Answer) -> list[RenderableType]:
    parts: list[RenderableType] = [Text(NOT_SAID, style="bold yellow")]
    if answer.missing:
        parts.append(Text(f"Nothing that was found mentions: {', '.join(answer.missing)}."))
    nearest = answer.evidence[:NEAREST_SHOWN]
    if nearest:
        parts.append(Text("\nThe nearest sentences, which do not answer it:", style="dim"))
        parts.extend(_numbered("–", item.sentence, item.article) for item in nearest)
    return parts


def _numbered(mark: str, sentence: str, article: ArticleInfo, *further: str) -> RenderableType:
    table = Table.grid(padding=(0, 1))
    table.add_column(no_wrap=True, style="cyan")
    table.add_column()
    below = (Text(line, style="dim") for line in (article_line(article), *further))
    lines = Group(Text(" ".join(sentence.split())), *below)
    table.add_row(mark, lines)
    return Padding(table, (0, 0, 0, SOURCE_INDENT))


def _with_numbers(text: str, numbers: Sequence[int]) -> Text:
    line = Text(text)
    for number in numbers:
        line.append(" ")
        line.append(f"[{number}]", style="cyan")
    return line


def _evidence_table(evidence: Sequence[Evidence]) -> Table:
    table = Table(box=None, pad_edge=False, show_header=False)
    table.add_column(no_wrap=True, style="cyan")
    table.add_column(no_wrap=True, justify="right")
    table.add_column()
    for item in evidence:
        fit = "" if item.fit is None else f"{item.fit:.1f}"
        table.add_row(item.label, fit, Text(f"{item.sentence}  ({article_line(item.article)})"))
    return table


def _or_unknown(count: int | None) -> str:
    return "an unknown number of" if count is None else str(count)
