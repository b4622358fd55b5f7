"""Exports a conversation: Markdown with footnotes, one HTML page, or JSON. Pure except for saving."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib import resources
from pathlib import Path

from assistant.answer import Answer, Citation, Status
from assistant.render.answer import (
    NEAREST_SHOWN,
    SAID_OTHERWISE,
    article_line,
    dates_line,
    readable_date,
    refusal,
    shown,
    unanswered_line,
)
from assistant.render.highlight import Piece, Place, highlight
from assistant.render.transcript import Entry, Transcript
from index.articles import Article
from index.errors import UsageError
from index.exports import new_file
from index.printable import json_text

FindArticle = Callable[[str], Article | None]
STOPPED = "The answer was stopped here; there may be more."

_MARKDOWN = re.compile(r"([\\`*_{}\[\]<>#|~$&!^])")
_LINE_START = re.compile(r"^(\d+)([.)])|^([-+=])", re.MULTILINE)
_WEB = re.compile(r"https?://[^\s<>\"']+$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class MarkedArticle:
    """An article of a page, in pieces that join to its text; without pieces it is no longer in the index.

    Attributes:
        citations: the cited sentences of it, by number.
        changed: numbers of those that the text no longer has.
    """

    article: Article
    pieces: tuple[Piece, ...]
    changed: tuple[int, ...]


def save_transcript(transcript: Transcript, file: Path, find: FindArticle, *, overwrite: bool = False) -> None:
    """Write a conversation in the form that the file's ending names.

    Args:
        find: gives the article with an id, with its text.
        overwrite: whether a file of that name may be replaced.

    Raises:
        UsageError: the ending is unknown, or the file exists.
        AssistantError: it cannot be written.
    """
    forms: Mapping[str, Callable[[], str]] = {
        ".md": lambda: markdown(transcript),
        ".html": lambda: page(transcript, find),
        ".json": lambda: json_text(transcript.to_dict(), indent=2) + "\n",
    }
    form = forms.get(file.suffix.lower())
    if form is None:
        raise UsageError(f"{file.name}: unknown kind of file", f"let the name end in {', '.join(forms)}")
    text = form()
    with new_file(file, "choose another name", replace=overwrite) as out:
        out.write(text)


def answer_text(answer: Answer) -> str:
    """An answer with its sources as plain text, for the clipboard."""
    lines = [answer.question, "", *(answer.text.splitlines() or [refusal(answer)[0]]), ""]
    for citation in answer.citations:
        sentence = " ".join(citation.sentence.split())
        lines.append(f"[{citation.n}] “{sentence}” {article_line(citation.article)} {citation.article.url}".rstrip())
    return shown("\n".join(lines).rstrip() + "\n")


def markdown(transcript: Transcript) -> str:
    """The conversation in Markdown, each source a footnote."""
    blocks = [f"# Conversation of {readable_date(transcript.started)}"]
    for entry in transcript.entries:
        blocks.extend(_entry_blocks(entry))
    blocks.extend(_footnote(citation) for citation in transcript.sources)
    return "\n\n".join(blocks) + "\n"


def page(transcript: Transcript, find: FindArticle) -> str:
    """The conversation as one HTML page that needs nothing beside it; everything but the template is escaped."""
    from jinja2 import Environment, PackageLoader, StrictUndefined
    from markupsafe import Markup

    environment = Environment(
        loader=PackageLoader("assistant"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters.update(readable_date=readable_date, one_line=_one_line)
    environment.tests["web_address"] = lambda url: _WEB.match(url) is not None
    style = resources.files("assistant").joinpath("templates", "transcript.css").read_text(encoding="utf-8")
    return environment.get_template("transcript.html.j2").render(
        title=transcript.entries[0].answer.question if transcript.entries else "Conversation",
        transcript=transcript,
        articles=marked_articles(transcript.sources, find),
        refusal=refusal,
        said_otherwise=SAID_OTHERWISE,
        unanswered_line=unanswered_line,
        stopped=STOPPED,
        nearest_shown=NEAREST_SHOWN,
        Status=Status,
        dates_line=dates_line,
        style=Markup(style),
    )


def marked_articles(sources: Sequence[Citation], find: FindArticle) -> tuple[MarkedArticle, ...]:
    """The cited articles, in the order in which they were first cited."""
    found = []
    for identifier in dict.fromkeys(citation.article.id for citation in sources):
        citations = [citation for citation in sources if citation.article.id == identifier]
        article = find(identifier) or Article(**asdict(citations[0].article))
        there = [one for one in citations if article.text[one.start : one.end] == one.sentence]
        places = (Place(one.start, one.end, cited=one.n) for one in there)
        pieces = highlight(article.text, places) if article.text else ()
        found.append(MarkedArticle(article, pieces, tuple(one.n for one in citations if one not in there)))
    return tuple(found)


def _entry_blocks(entry: Entry) -> list[str]:
    answer = entry.answer
    blocks = [f"## {_escaped(answer.question)}"]
    if answer.standalone:
        blocks.append(f"*Understood as: {_escaped(answer.standalone)}*")
    if entry.limits:
        blocks.append(f"*Only articles {_escaped(entry.limits)}.*")
    if answer.status is Status.INSUFFICIENT:
        blocks.extend(_refusal_blocks(answer))
    else:
        if answer.status is Status.FALSE_PREMISE:
            blocks.append(f"**{SAID_OTHERWISE}**")
        blocks.append("\n".join(f"- {_escaped(claim.text)}{_references(claim.citations)}" for claim in answer.claims))
        blocks.extend(f"**{_with_references(line)}.**" for line in answer.disagreements)
        if answer.unanswered:
            blocks.append(f"*{_escaped(unanswered_line(answer))}*")
    if answer.status is Status.IN_PROGRESS:
        blocks.append(f"*{STOPPED}*")
    notes = (*((f"{answer.shards.gap}.",) if answer.shards.gap else ()), *answer.warnings)
    blocks.extend(f"*Note: {_escaped(note)}*" for note in notes)
    return blocks


def _refusal_blocks(answer: Answer) -> list[str]:
    said, introduced = refusal(answer)
    blocks = [f"**{said}**"]
    if answer.missing:
        blocks.append(f"Nothing that was found mentions: {_escaped(', '.join(answer.missing))}.")
    nearest = answer.evidence[:NEAREST_SHOWN]
    if nearest:
        blocks.append(introduced)
        blocks.extend(f"> {_escaped(item.sentence)} — {_escaped(article_line(item.article))}" for item in nearest)
    return blocks


def _footnote(citation: Citation) -> str:
    url = citation.article.url
    line = _escaped(article_line(citation.article))
    where = f"[{line}](<{url}>)" if _WEB.match(url) else line
    return f"[^{citation.n}]: “{_escaped(citation.sentence)}” — {where}"


def _references(numbers: Sequence[int]) -> str:
    return "".join(f"[^{number}]" for number in numbers)


def _with_references(line: str) -> str:
    return re.sub(r"\\\[(\d+)\\\]", r"[^\1]", _escaped(line))


def _escaped(text: str) -> str:
    """A text on one line that Markdown shows as it is."""
    line = _MARKDOWN.sub(r"\\\1", _one_line(text))
    return _LINE_START.sub(lambda match: f"{match[1]}\\{match[2]}" if match[1] else f"\\{match[3]}", line)


def _one_line(text: str) -> str:
    return " ".join(shown(text).split())
