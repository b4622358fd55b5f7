"""The chat's commands: ``/help`` and the others, each with one line of explanation."""

import difflib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from index.errors import AssistantError, UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from assistant.chat.session import Chat

PATH = "path"  # an argument that Tab completes as a path
MOST_MODELS = 12  # named at once; some servers offer hundreds
KEYS = (
    ("Tab", "complete a command, or a title or name of the articles"),
    ("Up, Ctrl-R", "earlier lines, and search in them"),
    ("Alt-Enter", "a new line within the question"),
    ("Ctrl-C", "stop the answer, or empty the line"),
    ("Ctrl-D", "leave"),
)


@dataclass(frozen=True, slots=True)
class Command:
    """A command.

    Attributes:
        argument: as ``/help`` shows it; empty when there is none.
        run: takes the chat and what was typed after the name.
        choices: what Tab offers for the argument.
    """

    name: str
    argument: str
    meaning: str
    run: "Callable[[Chat, str], None]"
    choices: "str | Callable[[Chat], Sequence[str]] | None" = None

    @property
    def usage(self) -> str:
        return f"{self.name} {self.argument}".strip()

    def choices_in(self, chat: "Chat") -> "str | Callable[[], Sequence[str]]":
        """What Tab offers for the argument in this chat."""
        choices = self.choices
        if choices is None or isinstance(choices, str):
            return choices or tuple
        return lambda: choices(chat)


def run_command(chat: "Chat", line: str) -> None:
    """Run what was typed after a slash.

    Raises:
        AssistantError: there is no such command, or it failed.
    """
    name, _, argument = line.partition(" ")
    command = commands().get(name)
    if command is None:
        near = difflib.get_close_matches(name, commands(), n=1, cutoff=0.5)
        raise UsageError(
            f"there is no command {name}", f"did you mean {near[0]}?" if near else "/help lists the commands"
        )
    if argument.strip() and not command.argument:
        raise UsageError(f"{name} takes nothing after it", f"type {name} alone")
    command.run(chat, argument.strip())


@cache
def commands() -> "Mapping[str, Command]":
    """Name → command, in the order of ``/help``."""
    table = (
        Command("/sources", "", "every sentence cited so far", _sources),
        Command("/open", "N", "the article of source N, the cited sentence marked", _open, _numbers),
        Command("/why", "", "how the last answer came about: evidence, scores, rejected claims, time", _why),
        Command("/cost", "", "tokens, calls and cost of the conversation so far", _cost),
        Command("/since", "DATE", "only articles from that day on; without a date, no limit", _since),
        Command("/until", "DATE", "only articles up to that day; without a date, no limit", _until),
        Command("/source", "NAME", "only articles of that source; without a name, all", _source, _source_names),
        Command(
            "/articles", "WORDS", "the articles of the index, or those whose title or source has the words", _articles
        ),
        Command("/add", "PATH", "add an article file, a folder or a web address to the index", _add, PATH),
        Command("/model", "NAME", "the language model, or another one from now on", _model, _model_names),
        Command("/retry", "", "ask the last question again", lambda chat, _: chat.retry()),
        Command("/copy", "", "put the last answer with its sources on the clipboard", _copy),
        Command("/save", "FILE", "save the conversation as .md, .html or .json", _save, PATH),
        Command("/new", "", "begin a new conversation: the next question stands alone", _new),
        Command("/help", "", "this list", _help),
        Command("/quit", "", "leave (also Ctrl-D)", _quit),
    )
    return {command.name: command for command in table}


def _sources(chat: "Chat", _: str) -> None:
    from assistant.render.chat import sources_view

    chat.screen.page(sources_view(chat.transcript.sources, chat.present))


def _open(chat: "Chat", argument: str) -> None:
    from assistant.render.chat import article_view

    sources = {str(citation.n): citation for citation in chat.transcript.sources}
    citation = sources.get(argument.strip("[]"))
    if citation is None:
        known = f"there are 1 to {max(map(int, sources))}" if sources else "nothing has been cited yet"
        raise UsageError(f"there is no source {argument or 'without a number'}", f"{known}; /sources lists them")
    article = chat.shelf.article(citation.article.id)
    if article is None:
        raise AssistantError(
            f"the article of [{citation.n}] is no longer in the index", "/sources still shows its sentence"
        )
    if article.text[citation.start : citation.end] != citation.sentence:
        chat.screen.say(f"The article was changed after [{citation.n}] was cited; /sources shows what it said.")
    cited = tuple(one for one in sources.values() if one.article.id == article.id)
    chat.screen.page(article_view(article, cited, plain=chat.screen.colourless))


def _why(chat: "Chat", _: str) -> None:
    from assistant.render.answer import details_view

    if chat.last is None:
        raise UsageError("nothing has been asked yet", "ask a question first")
    chat.screen.page(details_view(chat.last.answer))


def _cost(chat: "Chat", _: str) -> None:
    from rich.text import Text

    from assistant.render.cost import spent_in_words

    chat.screen.show(Text(f"{spent_in_words(chat.spent)}."))


def _since(chat: "Chat", argument: str) -> None:
    chat.limits = chat.limits.from_day(argument)
    _say_limits(chat)


def _until(chat: "Chat", argument: str) -> None:
    chat.limits = chat.limits.to_day(argument)
    _say_limits(chat)


def _source(chat: "Chat", argument: str) -> None:
    chat.limits = chat.limits.of_source(argument, chat.shelf.sources() if argument else ())
    _say_limits(chat)


def _say_limits(chat: "Chat") -> None:
    words = chat.limits.words
    chat.screen.say(f"Searching articles {words}." if words else "Searching all articles.")


def _articles(chat: "Chat", argument: str) -> None:
    from assistant.render.chat import articles_view

    every = chat.shelf.articles()
    words = argument.casefold().split()
    found = [one for one in every if all(word in f"{one.title} {one.source}".casefold() for word in words)]
    chat.screen.page(articles_view(found, len(every)))


def _add(chat: "Chat", argument: str) -> None:
    if not argument:
        raise UsageError("/add needs a file, a folder or an address", "write it as /add path/to/articles")
    add_articles(chat, argument)
    chat.warm_up()


def add_articles(chat: "Chat", typed: str) -> None:
    """Add a file, a folder or an address as a person types it, and say what that did."""
    from assistant.console.adding import add_paths, summary, typed_source

    chat.assistant.prepare()
    added = add_paths(chat.assistant, [typed_source(typed)])
    chat.screen.say(summary(added, chat.assistant.settings.index))


def _model(chat: "Chat", argument: str) -> None:
    if argument:
        chat.assistant.use_model(argument)
    chat.screen.say(f"Answers come from {chat.model_in_words}.")
    others = [name for name in chat.model_names if name != chat.assistant.settings.chat_model]
    if others and not argument:
        more = f" and {len(others) - MOST_MODELS} more" if len(others) > MOST_MODELS else ""
        chat.screen.say(f"/model NAME takes another one: {', '.join(others[:MOST_MODELS])}{more}.")


def _copy(chat: "Chat", _: str) -> None:
    from assistant.render.export import answer_text

    if chat.last is None:
        raise UsageError("there is no answer yet", "ask a question first")
    chat.screen.copy(answer_text(chat.last.answer))


def _save(chat: "Chat", argument: str) -> None:
    from assistant.render.export import save_transcript

    if not argument:
        raise UsageError("/save needs a file name", "write it as /save conversation.html (or .md, .json)")
    if not chat.transcript.entries:
        raise UsageError("there is nothing to save yet", "ask a question first")
    file = Path(argument.strip("'\"")).expanduser()
    save_transcript(chat.transcript, file, chat.shelf.article, overwrite=file.resolve() in chat.saved)
    chat.saved.add(file.resolve())
    chat.screen.say(f"Saved: {file}")


def _new(chat: "Chat", _: str) -> None:
    chat.begin_anew()
    chat.screen.say("A new conversation.")


def _help(chat: "Chat", _: str) -> None:
    from assistant.render.chat import help_view

    chat.screen.show(help_view(((command.usage, command.meaning) for command in commands().values()), KEYS))


def _quit(chat: "Chat", _: str) -> None:
    chat.left = True


def _numbers(chat: "Chat") -> "Sequence[str]":
    return [str(citation.n) for citation in chat.transcript.sources]


def _source_names(chat: "Chat") -> "Sequence[str]":
    return chat.known.sources


def _model_names(chat: "Chat") -> "Sequence[str]":
    return chat.model_names
