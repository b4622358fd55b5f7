"""Renders what the chat shows besides answers: progress, lists, and articles with cited sentences marked. Pure."""

from collections.abc import Iterable, Sequence
from datetime import date

from rich.console import Group, RenderableType
from rich.constrain import Constrain
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from assistant.answer import Answer, Citation
from assistant.render.answer import (
    NUMBER,
    READABLE,
    article_line,
    claims_view,
    numbered,
    readable_date,
    shown,
    source_view,
    understood_line,
)
from assistant.render.highlight import Place, highlight
from index.articles import Article, ArticleInfo

MARKED = "black on yellow"
NEAREST_MEANWHILE = 1


def stage_of(answer: Answer | None, *, follows: bool = False) -> str:
    """What goes on after this state of a streamed answer.

    Args:
        answer: None before the first one.
        follows: whether the question leans on the conversation, so that it is first rewritten.
    """
    if answer is None:
        return "understanding the question…" if follows else "searching…"
    if not answer.hits and "evidence" not in answer.timings_ms:
        return "searching…"
    # Sentences where the model waits for the reader; else it reads whole passages itself.
    found = f"{len(answer.evidence)} sentences" if "evidence" in answer.timings_ms else f"{len(answer.hits)} passages"
    if "read" in answer.timings_ms:
        return f"read {found}, writing…"
    # A rewritten question has loaded the model before anything was searched; it is then still there.
    if "load" in answer.timings_ms:
        return f"reading {found}…"
    return f"found {found}, starting the language model…"


def meanwhile_view(answer: Answer | None) -> RenderableType:
    """What is known while the model works: the complete claims, and before there are any, the best evidence."""
    if answer is None:
        return Text()
    parts: list[RenderableType] = [understood_line(answer.standalone)] if answer.standalone else []
    parts.extend(claims_view(answer))
    if not answer.claims:
        if answer.evidence:
            parts.append(Text("Best evidence so far:", style="dim"))
        nearest = answer.evidence[:NEAREST_MEANWHILE]
        parts.extend(numbered("–", item.sentence, article_line(item.article)) for item in nearest)
    return Constrain(Group(*parts), READABLE)


def article_view(article: Article, citations: Sequence[Citation], *, plain: bool) -> RenderableType:
    """A whole article, its cited sentences marked and numbered.

    Args:
        citations: those of this article.
        plain: there are no colours, so that marks are drawn with signs.
    """
    parts: list[RenderableType] = [Text(shown(article.title or article.id), style="bold")]
    known = (article.author, article.source, readable_date(article.published), article.url)
    parts.append(Text(shown(" · ".join(part for part in known if part)), style="dim"))
    parts.append(Text())
    parts.append(_marked(article.text.strip("\n"), _places(article, citations), plain=plain))
    return Constrain(Group(*parts), READABLE)


def sources_view(sources: Sequence[Citation], present: date | None) -> RenderableType:
    """Every source of a conversation."""
    if not sources:
        return Text("Nothing has been cited yet.", style="dim")
    return Constrain(Group(*(source_view(citation, present) for citation in sources)), READABLE)


def articles_view(articles: Sequence[ArticleInfo], of: int) -> RenderableType:
    """A list of articles, one a line: date, title, source.

    Args:
        of: how many there are in all.
    """
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True, style="dim")
    table.add_column(ratio=1)
    table.add_column(style="dim")
    for article in articles:
        table.add_row(article.published[:10], Text(shown(article.title or article.id)), Text(shown(article.source)))
    every = f"{of} article{'' if of == 1 else 's'}"
    count = every if len(articles) == of else f"{len(articles)} of {every}"
    return Constrain(Group(table, Text(count, style="dim")), READABLE)


def help_view(commands: Iterable[tuple[str, str]], keys: Iterable[tuple[str, str]]) -> RenderableType:
    """Commands and keys, each with one line."""
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True, style=NUMBER)
    table.add_column()
    for name, meaning in (*commands, ("", ""), *keys):
        table.add_row(Text(name), Text(meaning))
    return Padding(table, (0, 0, 0, 2))


def _places(article: Article, citations: Sequence[Citation]) -> tuple[Place, ...]:
    """Where the citations are; the text may have changed since, and then they are not marked."""
    skipped = len(article.text) - len(article.text.lstrip("\n"))
    return tuple(
        Place(citation.start - skipped, citation.end - skipped, cited=citation.n)
        for citation in citations
        if article.text[citation.start : citation.end] == citation.sentence
    )


def _marked(text: str, places: Sequence[Place], *, plain: bool) -> Text:
    marked = Text()
    inside = False
    for piece in highlight(text, places):
        if plain and inside and (piece.first or not piece.cited):
            marked.append("«")
        for number in piece.first:
            marked.append(f"[{number}] ", style=f"bold {NUMBER}")
        if plain and piece.first:
            marked.append("»")
        marked.append(shown(piece.text), style=MARKED if piece.cited else "")
        inside = bool(piece.cited)
    if plain and inside:
        marked.append("«")
    return marked
