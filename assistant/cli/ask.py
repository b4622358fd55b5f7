"""``assistant ask``: one question, one answer."""

import sys
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from assistant.console.options import as_of_option, index_option, open_assistant, parse_as_of, parse_window
from assistant.console.output import EXIT_NOT_SAID, console, show
from assistant.console.streams import echo_json
from index.errors import UsageError

if TYPE_CHECKING:
    from assistant.answer import Answer
    from assistant.assistant import Assistant
    from assistant.question.asked import Question

STANDARD_INPUT = "-"


@click.command(
    epilog="""\b
Examples:
  assistant ask "Who did Blinken meet?"
  assistant ask "How many died?" --since 2023-06-01 --until 2023-06-30
  assistant ask "Who won?" --author "Ada Berg" --tag football
  assistant ask "What happened last week?" --as-of 2023-11-09
  assistant ask "Who won?" --add articles/ --json | jq .text
  assistant ask "Who won?" --extractive
  assistant ask - <question.txt

Exit status: 0 answered, 3 the articles do not say, 1 error, 2 wrong usage."""
)
@click.argument("question")
@index_option
@click.option("--add", "paths", metavar="PATH", multiple=True, help="Add these articles first; repeatable.")
@click.option("--since", metavar="DATE", help="Only articles published on or after this day.")
@click.option("--until", metavar="DATE", help="Only articles published on or before this day.")
@click.option("--source", metavar="NAME", default="", help="Only of the source that is called so, capitals apart.")
@click.option("--author", metavar="WORDS", default="", help="Only by authors whose name has all these words.")
@click.option("--title", metavar="WORDS", default="", help="Only articles whose title has all these words.")
@click.option("--tag", metavar="TAG", default="", help="Only articles filed under this tag.")
@as_of_option
@click.option("--k", type=click.IntRange(min=1), help="Chunks that the evidence is drawn from.")
@click.option("--extractive", is_flag=True, help="Answer with the sentences themselves, without a language model.")
@click.option("--all-shards", is_flag=True, default=None, help="Fail where a shard of the index does not answer.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option("-v", "--verbose", is_flag=True, help="Show the evidence, rejected claims, tokens and timings.")
@click.pass_context
def ask(  # noqa: PLR0913 -- one parameter for each option
    context: click.Context,
    question: str,
    index_folder: str | None,
    paths: tuple[str, ...],
    since: str | None,
    until: str | None,
    source: str,
    author: str,
    title: str,
    tag: str,
    as_of: str | None,
    k: int | None,
    extractive: bool,
    all_shards: bool | None,
    as_json: bool,
    verbose: bool,
) -> None:
    """Answer QUESTION from the articles, with a citation for every statement; - reads it from standard input."""
    question = _typed(question, paths)
    window, moment = parse_window(since, until), parse_as_of(as_of)
    with open_assistant(index_folder, asking=not extractive, all_shards=all_shards) as assistant:
        from assistant.question.asked import Question as Asked
        from assistant.render.nothing_selected import nothing_selected

        asked = Asked(
            question, window, k, as_of=moment, source=source, author=author, title=title, tag=tag, extractive=extractive
        )
        if paths:
            from assistant.console.adding import add_paths

            add_paths(assistant, paths)
        answer = _answer(assistant, asked)
        complete = not answer.shards.missing  # else what there is to select from is not known
        if answer.status.refuses and complete and (hint := nothing_selected(assistant.library, asked.selection)):
            answer = replace(answer, warnings=(*answer.warnings, f"{hint}."))
    if as_json:
        echo_json(answer.to_dict())
    else:
        from assistant.render.answer import answer_view

        show(answer_view(answer, verbose=verbose))
    context.exit(EXIT_NOT_SAID if answer.status.refuses else 0)


def _typed(question: str, paths: Sequence[str]) -> str:
    """The question; from standard input where it is ``-``."""
    if question != STANDARD_INPUT:
        return question
    if STANDARD_INPUT in paths:
        raise UsageError("question and articles cannot both come from standard input", "name a file for one of them")
    return sys.stdin.buffer.read().decode(errors="replace")


def _answer(assistant: "Assistant", question: "Question") -> "Answer":
    """The finished answer; meanwhile a terminal shows what is going on."""
    from assistant.render.chat import stage_of

    progress = console(stderr=True)
    if not progress.is_terminal:
        return assistant.ask(question)
    with progress.status("searching…") as status:
        answer = None
        for answer in assistant.stream(question):
            status.update(stage_of(answer))
    if answer is None:
        raise AssertionError("a stream ends with the finished answer")
    return answer
