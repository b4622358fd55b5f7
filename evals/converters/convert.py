"""Turns published question sets into our form: ``questions.jsonl`` and, where the set has them, ``articles.jsonl``."""

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO

from evals.converters.multihop import convert_hotpot, convert_multihop
from evals.converters.nuggets import convert_nuggets
from evals.converters.passages import convert_clapnq, convert_mtrag
from evals.converters.rgb import convert_rgb
from evals.converters.source import Item, Note, Options, Skipped
from evals.converters.squad import convert_squad
from evals.converters.table import convert_table
from evals.questions.files import header_line, question_line
from evals.questions.schema import Header, Question
from index.articles import Article
from index.errors import AssistantError, UsageError
from index.formats.article_fields import PLAIN

Converter = Callable[[Path, Options], Iterator[Item]]

CONVERTERS: Mapping[str, Converter] = {
    "squad": convert_squad,
    "clapnq": convert_clapnq,
    "multihop-rag": convert_multihop,
    "hotpotqa": convert_hotpot,
    "rgb": convert_rgb,
    "mtrag": convert_mtrag,
    "table": convert_table,
    "nuggets": convert_nuggets,
}
EXAMPLES = 3  # places named for each reason


@dataclass(slots=True)
class Report:
    """What became of a source file: ``read == written + skipped`` for questions; nothing else is lost.

    Attributes:
        skipped, notes: reason → how often.
        places: reason → the first places where it was met.
    """

    written: int = 0
    unanswerable: int = 0
    articles: int = 0
    skipped: Counter[str] = field(default_factory=Counter)
    notes: Counter[str] = field(default_factory=Counter)
    places: dict[str, list[str]] = field(default_factory=dict)

    @property
    def read(self) -> int:
        return self.written + self.skipped.total()

    def add(self, item: Skipped | Note) -> None:
        """Count a skipped record or a note."""
        (self.skipped if isinstance(item, Skipped) else self.notes)[item.reason] += 1
        places = self.places.setdefault(item.reason, [])
        if len(places) < EXAMPLES and item.place not in places:
            places.append(item.place)


def convert(
    converter: Converter,
    source: Path,
    folder: Path,
    header: Header,
    options: Options,
    *,
    refuse: bool = False,
    overwrite: bool = False,
) -> Report:
    """Convert ``source`` into ``folder/questions.jsonl`` and, where there are any, ``folder/articles.jsonl``.

    Questions are written as they are read. An interrupted conversion leaves earlier files as they were.

    Args:
        refuse: for asking over other articles: no question is answerable, and the set's own articles are left out.
        overwrite: whether files of an earlier conversion may be replaced.

    Raises:
        InputError: the source cannot be read as this format.
        UsageError: the source is itself ``folder/questions.jsonl``, or a file is there already.
        AssistantError: a file cannot be written.
    """
    if (folder / "questions.jsonl").resolve() == source.resolve():
        raise UsageError(f"{source} would be overwritten by its own conversion", "choose another folder with --out")
    writer, files = _Writer(refuse), [folder / "questions.jsonl", folder / "articles.jsonl"]
    if not overwrite and (there := next((path for path in files if path.exists()), None)):
        raise UsageError(f"{there} exists already", "choose another folder with --out, or replace it with --force")
    with _written(folder), ExitStack() as stack:
        folder.mkdir(parents=True, exist_ok=True)
        questions, articles = (stack.enter_context(_replacing(path)) for path in files)
        questions.write(f"{header_line(header)}\n")
        for item in converter(source, options):
            if isinstance(item, Question):
                questions.writelines(writer.question(item))
            elif isinstance(item, Article):
                articles.writelines(writer.article(item))
            else:
                writer.report.add(item)
    return writer.report


class _Writer:
    """Turns items into lines and keeps the count."""

    def __init__(self, refuse: bool) -> None:
        self.report = Report()
        self._refuse = refuse
        self._questions: set[str] = set()
        self._articles: dict[str, str] = {}

    def question(self, question: Question) -> Iterator[str]:
        if question.id in self._questions:
            self.report.add(Skipped(f"question {question.id}", "an earlier question has the same id"))
            return
        self._questions.add(question.id)
        if self._refuse and question.answerable:
            self.report.add(Note(f"question {question.id}", "made unanswerable, as --refuse says"))
            question = _refused(question)
        self.report.written += 1
        self.report.unanswerable += not question.answerable
        yield f"{question_line(question)}\n"

    def article(self, article: Article) -> Iterator[str]:
        if earlier := self._articles.get(article.id):
            if earlier != article.digest:
                self.report.add(Note(f"article {article.id}", "an earlier article with other text has the same id"))
            return
        self._articles[article.id] = article.digest
        if self._refuse:
            self.report.add(Note(f"article {article.id}", "article left out, as --refuse says"))
            return
        self.report.articles += 1
        yield f"{json.dumps({**asdict(article), 'content_type': PLAIN}, ensure_ascii=False)}\n"


def _refused(question: Question) -> Question:
    nothing = {"answerable": False, "answers": (), "answer_type": None, "evidence": (), "nuggets": ()}
    return question.model_copy(update={**nothing, "attack": None})


@contextmanager
def _written(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise AssistantError(f"{folder} cannot be written: {error.strerror}", "choose another --out") from error


@contextmanager
def _replacing(path: Path) -> Iterator[IO[str]]:
    """A file that takes the place of ``path`` when all is written; when nothing is, there is no file."""
    part = path.with_name(f"{path.name}.part")
    try:
        with part.open("w", encoding="utf-8", newline="\n") as file:
            yield file
        if part.stat().st_size:
            part.replace(path)
    finally:
        part.unlink(missing_ok=True)
