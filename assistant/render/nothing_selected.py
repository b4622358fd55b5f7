"""Explains why filters leave no article, and what the index has instead."""

import difflib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from index.shards.interface import AnyLibrary
    from index.store.records import Selection

MOST_NAMED = 8


def nothing_selected(library: "AnyLibrary", selection: "Selection") -> str:
    """Why a selection has no articles, and what there is instead; empty when it has some.

    Raises:
        IndexStateError: there is no index.
    """
    from index.store.records import Selection

    catalog = library.known()
    if selection == Selection() or catalog.counts(selection)[0]:
        return ""
    from assistant.render.answer import readable_date

    sources = catalog.sources()
    for name in selection.sources:
        if not catalog.counts(Selection((name,)))[0]:
            near = [source for source in sources if name.casefold() in source.casefold()]
            near = near or difflib.get_close_matches(name, sources, n=3, cutoff=0.4) or list(sources)
            named = f"name one of: {', '.join(near[:MOST_NAMED])}{', …' if len(near) > MOST_NAMED else ''}"
            return f"no source is called {name}; {named if sources else 'the articles name none'}"
    if selection.window.bounded and not catalog.counts(Selection(window=selection.window))[0]:
        first, last = (readable_date(day) for day in catalog.days())
        there_is = f"those that have a date are of {first} to {last}" if first else "none of them has a date"
        return f"no article was published then; {there_is}"
    words = [("title", selection.title), ("author", selection.author), ("tag", " or ".join(selection.tags))]
    given = ", ".join(f"{name} {text}" for name, text in words if text)
    return f"no article has all of what was asked for{f' ({given})' if given else ''}; ask for less"
