"""Suites: which questions are asked over which articles, with which settings, and which scores are required.

    name = "clapnq"
    questions = { file = "../../data/clapnq/questions.jsonl", convert = "clapnq" }
    articles = ["../../data/clapnq/articles.jsonl"]

    list = "tuning"         # constants may be fitted on it; on a "test" list they may not
    in_house = true         # its questions and articles were written for this project

    [sample]                # without it, every question
    answerable = 150
    unanswerable = 150

    [settings]              # any setting of the assistant, as in assistant.toml
    k = 8

    [[gates]]
    metric = "citation_f1_sentence"
    min = 0.5               # the 95 % interval must lie above

Paths are relative to the suite's file. Unknown fields are errors.
"""

import tempfile
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, StrictBool, StrictInt, ValidationError, model_validator

from assistant.settings import Settings
from evals.converters.convert import CONVERTERS, convert
from evals.converters.source import Options
from evals.questions.files import QuestionSet, field_error, read_questions
from evals.questions.schema import Header, Question, StrictModel, Text
from index.articles import Article
from index.errors import InputError, UsageError
from index.read.readers import find_files, read_articles

# What a suite may not set: where a run keeps things is the run's business, and keys do not belong into files.
NOT_FOR_SUITES = frozenset(
    {
        *("index", "api_key", "embeddings_api_key", "chroma_url", "chroma_token", "seed"),
        # A run is begun with requests that wait, and goes on with the replies: the same run with another mode.
        *("cassette", "cassette_mode"),
    }
)


class QuestionSource(StrictModel):
    """Where the questions are.

    Attributes:
        convert: the format of a published set, as ``evals convert`` takes it; empty when the file is in our form.
        refuse: no question is answerable, because other articles are asked.
        own_articles: the set brings its articles, and they are asked.
        paragraphs: of SQuAD, each paragraph is an article, instead of each page.
    """

    file: Text
    convert: str = ""
    refuse: StrictBool = False
    own_articles: StrictBool = False
    paragraphs: StrictBool = False

    @model_validator(mode="after")
    def _known_format(self) -> Self:
        if self.convert and self.convert not in CONVERTERS:
            raise ValueError(f"no format {self.convert!r}; there are {', '.join(sorted(CONVERTERS))}")
        return self


class Sample(StrictModel):
    """How many questions are taken: those whose ids have the smallest SHA-256, which no order of the file changes."""

    answerable: StrictInt | None = Field(default=None, ge=0)
    unanswerable: StrictInt | None = Field(default=None, ge=0)
    tags: tuple[Text, ...] = ()
    ids: tuple[Text, ...] = ()

    def take(self, questions: Sequence[Question]) -> tuple[Question, ...]:
        """The sample, in the order of the file.

        Raises:
            ValueError: an id is not there.
        """
        if unknown := set(self.ids) - {question.id for question in questions}:
            raise ValueError(f"no question has the id {min(unknown)!r}")
        wanted = [question for question in questions if not self.ids or question.id in self.ids]
        wanted = [question for question in wanted if not self.tags or set(self.tags) & set(question.tags)]
        kept: set[str] = set()
        for answerable, size in ((True, self.answerable), (False, self.unanswerable)):
            ids = (question.id for question in wanted if question.answerable is answerable)
            kept.update(sorted(ids, key=lambda name: sha256(name.encode()).digest())[:size])
        return tuple(question for question in wanted if question.id in kept)


class Gate(StrictModel):
    """A demand on one metric; exactly one of the three limits.

    Attributes:
        min: the lower end of the 95 % interval must reach it.
        max: the upper end must not exceed it.
        max_drop: against a baseline run; the change for the worse must not exceed it, at the interval's bad end.
    """

    metric: Text
    min: float | None = None
    max: float | None = None
    max_drop: float | None = Field(default=None, ge=0)

    @model_validator(mode="after")
    def _one_limit(self) -> Self:
        if sum(limit is not None for limit in (self.min, self.max, self.max_drop)) != 1:
            raise ValueError("give exactly one of min, max and max_drop")
        return self


class Suite(StrictModel):
    """What a suite file says.

    Attributes:
        list: whether constants may be fitted on it; None where the file does not say.
        in_house: questions and articles were written for this project: scores are too high for news in the wild.
        perturb: one of ``perturbations``; empty for none.
        extractive: the answers are the sentences themselves; no language model is loaded or asked.
        timeout_seconds: for one question.
    """

    name: Text = Field(pattern=r"^[\w.-]+$")
    description: str = ""
    list: Literal["tuning", "test"] | None = None
    in_house: StrictBool = False
    questions: QuestionSource
    articles: tuple[Text, ...] = ()
    sample: Sample = Sample()
    settings: Mapping[str, str | int | float] = {}
    seed: StrictInt = 0
    repeats: Annotated[StrictInt, Field(ge=1)] = 1
    perturb: Literal["", "articles-order", "question-case"] = ""
    extractive: StrictBool = False
    timeout_seconds: float = Field(default=300.0, gt=0)
    gates: tuple[Gate, ...] = ()

    @model_validator(mode="after")
    def _known_settings(self) -> Self:
        if unknown := self.settings.keys() - (Settings.model_fields.keys() - NOT_FOR_SUITES):
            raise ValueError(f"settings: {min(unknown)!r} is not a setting that a suite can have")
        if not self.articles and not self.questions.own_articles:
            raise ValueError("name the articles, or set questions.own_articles")
        return self

    def with_settings(self, settings: Mapping[str, str | int | float]) -> "Suite":
        """The same suite with these settings.

        Raises:
            UsageError: one of them is no setting, or one that a suite cannot have.
        """
        try:
            return Suite.model_validate({**self.model_dump(), "settings": settings})
        except ValidationError as error:
            problem = error.errors(include_url=False)[0]["msg"].removeprefix("Value error, ")
            raise UsageError(problem, "assistant config lists the settings") from error

    @property
    def marks(self) -> str:
        """``tuning list, in-house``; empty where the file says neither."""
        return ", ".join((*([f"{self.list} list"] if self.list else ()), *(["in-house"] if self.in_house else ())))

    @property
    def seeds(self) -> tuple[int, ...]:
        """One seed for each repetition."""
        return tuple(range(self.seed, self.seed + self.repeats))


@dataclass(frozen=True, slots=True)
class Material:
    """The questions of a suite's sample, and the articles that they are asked over."""

    header: Header
    questions: tuple[Question, ...]
    articles: tuple[Article, ...]


def read_suite(path: Path) -> Suite:
    """Read a suite file.

    Raises:
        InputError: the file cannot be read, is no TOML, or has a wrong or unknown field.
    """
    try:
        return Suite.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}", f"suites are TOML files; ours: {_ours()}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: not valid TOML: {error}", "see the example in evals/run/suite.py") from error
    except ValidationError as error:
        raise field_error(error, str(path), "see the example in evals/run/suite.py") from error


def find_suite(name: str) -> Path:
    """The file of a suite given by its path, or by the name of one of ours.

    Raises:
        InputError: there is no such file.
    """
    for path in (Path(name), SUITES / f"{name}.toml"):
        if path.is_file():
            return path
    raise InputError(f"no suite {name}", f"give a file, or one of ours: {_ours()}")


def load_material(suite: Suite, path: Path) -> Material:
    """Read the questions and articles of the suite in file ``path``.

    Raises:
        InputError: a file is missing or wrong; two articles have one id; the sample is empty.
    """
    source = path.parent / suite.questions.file
    if not source.exists():
        raise InputError(f"{path}: questions: no file {source}", "correct the path, or fetch the data set")
    with tempfile.TemporaryDirectory() as folder:
        found = _questions(suite, source, Path(folder))
        files = [path.parent / name for name in suite.articles]
        if suite.questions.own_articles:
            files.append(Path(folder) / "articles.jsonl")
        articles = tuple(_articles(files))
    try:
        questions = suite.sample.take(found.questions)
    except ValueError as error:
        raise InputError(f"{path}: sample: {error}", "correct the sample") from error
    if not questions:
        raise InputError(f"{path}: the sample holds no question", "correct the sample")
    return Material(found.header, questions, articles)


def _questions(suite: Suite, source: Path, folder: Path) -> QuestionSet:
    asked = suite.questions
    if not asked.convert:
        return read_questions(source)
    header = Header(name=suite.name, source=f"converted from {asked.convert}: {source.name}")
    options = Options(paragraphs=asked.paragraphs)
    convert(CONVERTERS[asked.convert], source, folder, header, options, refuse=asked.refuse)
    return read_questions(folder / "questions.jsonl")


def _articles(files: Sequence[Path]) -> Iterator[Article]:
    seen: dict[str, Path] = {}
    for file in find_files(files):
        for article in read_articles(file):
            if (earlier := seen.setdefault(article.id, file)) != file:
                raise InputError(f"{file}: article {article.id!r} is also in {earlier}", "leave one of them out")
            yield article


def _ours() -> str:
    return ", ".join(sorted(path.stem for path in SUITES.glob("*.toml")))


SUITES = Path(__file__).parents[1] / "suites"
