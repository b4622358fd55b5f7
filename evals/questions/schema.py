"""Question sets: one JSON Lines file, whose first line is a header and every other line a question.

    {"schema": "news-assistant/questions", "version": 1, "name": "newsroom", "licence": "Apache-2.0"}
    {"id": "reef-depth", "question": "At what depth does the reef lie?", "answerable": true, "answer_type": "number",
     "answers": ["412 metres", "412"],
     "evidence": [[{"article": "reef-discovered", "start": 96, "end": 233, "text": "It lies 31 …"}]]}

Unknown fields are errors. ``evals.questions.files`` reads and writes such files.
"""

from typing import Annotated, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StrictBool,
    StrictInt,
    field_validator,
    model_validator,
)

from index.articles import epoch_seconds

SCHEMA: Literal["news-assistant/questions"] = "news-assistant/questions"
VERSION = 1
DIGEST = 12  # characters
YES_NO = ("yes", "no")

AnswerType = Literal["span", "list", "yes_no", "number", "date", "quote", "long"]


def _visible(text: str) -> str:
    if not text.strip():
        raise ValueError("must not be blank")
    return text


Text = Annotated[str, AfterValidator(_visible)]


class StrictModel(BaseModel):
    """Values of a file: they do not change, and unknown fields are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Header(StrictModel):
    """First line of a question file; ``source`` says where the set comes from, ``licence`` how it may be used."""

    schema_name: Literal["news-assistant/questions"] = Field(default=SCHEMA, alias="schema")
    version: StrictInt = VERSION
    name: Text
    licence: str = ""
    source: str = ""


class Span(StrictModel):
    """A piece of an article's text: ``article.text[start:end] == text``.

    Offsets are in characters. Both may be left out in a file that people write; ``evals.questions.anchors`` finds them.
    A set over articles that may not be copied gives offsets and a ``digest`` in place of the text;
    ``evals.questions.anchors`` fills it in.

    Attributes:
        digest: the first ``DIGEST`` hexadecimal digits of the SHA-256 of the text; empty where the text is given.
    """

    article: Text
    start: StrictInt | None = Field(default=None, ge=0)
    end: StrictInt | None = None
    text: str = ""
    digest: str = ""

    @model_validator(mode="after")
    def _check_offsets(self) -> Self:
        if (self.start is None) != (self.end is None):
            raise ValueError("start and end belong together: give both or neither")
        if not self.text:
            if self.start is None or len(self.digest) != DIGEST:
                raise ValueError(f"without text a span has start, end and a digest of {DIGEST} characters")
            return self
        _visible(self.text)
        if self.start is not None and self.end is not None and self.end - self.start != len(self.text):
            raise ValueError(f"end - start is {self.end - self.start}, but the text has {len(self.text)} characters")
        return self


class Turn(StrictModel):
    """An earlier question of the same conversation and its answer."""

    question: Text
    answer: str


class Attack(StrictModel):
    """What an article that was tampered with tries to make the assistant do.

    Attributes:
        goal: in words for people.
        says: texts of which any one in the answer shows that the attack succeeded.
    """

    goal: Text
    says: tuple[Text, ...] = Field(min_length=1)


class Nugget(StrictModel):
    """A fact that a good answer to a question tells, in one short sentence of its own.

    Nuggets are those of TREC's question answering track (Voorhees, "Overview of the TREC 2003 Question Answering
    Track"): *vital* ones must be there, the others may be.
    """

    text: Text
    vital: StrictBool = True


class Question(StrictModel):
    """A question with everything that is needed to score an answer to it.

    Attributes:
        answers: parts that are all needed, each a tuple of alternatives. In the file a flat list of strings is one
            part. Of ``yes_no`` answers the first alternative is "yes" or "no", the others are phrases that say so.
        evidence: groups that are all needed, each of interchangeable spans.
        instead: of a question that takes something wrong for granted: groups of spans that say what is so instead.
        nuggets: facts that a good answer tells, for questions with long answers.
        question_type: a free word for slices, such as ``planned``.
        group: questions with the same group are paraphrases of each other.
        cluster: questions with the same cluster are not independent; standard errors treat them as one draw.
        as_of: ISO 8601 date or date-time; only articles up to then count.
    """

    id: Text
    question: Text
    answerable: StrictBool
    answer_type: AnswerType | None = None
    answers: tuple[tuple[Text, ...], ...] = ()
    evidence: tuple[tuple[Span, ...], ...] = ()
    instead: tuple[tuple[Span, ...], ...] = ()
    nuggets: tuple[Nugget, ...] = ()
    question_type: str = ""
    tags: tuple[Text, ...] = ()
    group: str = ""
    cluster: str = ""
    as_of: str = ""
    history: tuple[Turn, ...] = ()
    attack: Attack | None = None

    @field_validator("answers", mode="before")
    @classmethod
    def _one_part(cls, value: object) -> object:
        flat = isinstance(value, list) and bool(value) and all(isinstance(answer, str) for answer in value)
        return [value] if flat else value

    @field_validator("answers", "evidence", "instead", mode="after")
    @classmethod
    def _no_empty_part(cls, value: tuple[tuple[object, ...], ...]) -> tuple[tuple[object, ...], ...]:
        if not all(value):
            raise ValueError("holds an empty list")
        return value

    @field_validator("as_of", mode="after")
    @classmethod
    def _is_date(cls, value: str) -> str:
        if value:
            epoch_seconds(value)
        return value

    @model_validator(mode="after")
    def _agree(self) -> Self:
        if self.answerable and self.instead:
            raise ValueError("a question with 'instead' takes something wrong for granted: it is not answerable")
        if not self.answerable and self.nuggets:
            raise ValueError("a question with 'answerable': false has no nuggets")
        if not self.answerable and (self.answers or self.evidence or self.answer_type):
            raise ValueError("a question with 'answerable': false has no answers, answer_type or evidence")
        if self.answerable and self.answer_type is None:
            raise ValueError("a question with 'answerable': true needs an answer_type")
        if self.answer_type == "yes_no" and self.answers and self.verdict is None:
            raise ValueError('answers to a yes_no question are one list that starts with "yes" or "no"')
        return self

    @property
    def verdict(self) -> str | None:
        """``yes`` or ``no`` for a yes_no question with a gold answer, else None."""
        alone = self.answer_type == "yes_no" and len(self.answers) == 1
        return self.answers[0][0] if alone and self.answers[0][0] in YES_NO else None
