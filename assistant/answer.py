"""The types of an answer, and its JSON. All are frozen; ``assistant.render`` makes the text for people."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from assistant.dates.article_dates import resolve_dates
from assistant.llm.reply_json import Usage
from index.articles import ArticleInfo, Sentence
from index.hits import ShardsAsked

if TYPE_CHECKING:
    from index.hits import Hit


class Status(StrEnum):
    """Whether the articles answer the question."""

    ANSWERED = "answered"
    CONFLICTING = "conflicting"  # answered, and the sources contradict each other
    PARTLY = "partly answered"
    INSUFFICIENT = "insufficient"
    FALSE_PREMISE = "false premise"  # the articles say otherwise than the question takes for granted
    IN_PROGRESS = "in progress"  # only while an answer is streamed

    @property
    def refuses(self) -> bool:
        """Whether what was asked is not told, because the articles do not say it or say otherwise."""
        return self in {Status.INSUFFICIENT, Status.FALSE_PREMISE}


@dataclass(frozen=True, slots=True)
class Scores:
    """What was read of a sentence and of the passage that it stands in; logits.

    Attributes:
        sentence: the reader's, that the sentence answers.
        reranked: the head's on the cross-encoder as it is, for the same; None without a reranker.
        behind: how far its passage's relevance is behind the best one's.
        passage: the reader's, that the passage answers.
        stated: the reader's, that the passage states what is asked.
        span: the reader's, that the passage's best words answer rather than none.
        close: what was read of the sentence with no more than the one before it; None where that was not done.
    """

    sentence: float
    reranked: float | None
    behind: float
    passage: float
    stated: float
    span: float
    close: "CloseScores | None" = None


@dataclass(frozen=True, slots=True)
class CloseScores:
    """What was read of a sentence below its title, with the sentence before it; logits of the reader.

    Attributes:
        sentence: that the sentence answers.
        stated: that the two state what is asked.
    """

    sentence: float
    stated: float


@dataclass(frozen=True, slots=True)
class Evidence:
    """A sentence that may bear on the question, under the label that the language model sees.

    Attributes:
        label: ``S1``, ``S2``, …; the only name by which a model can cite it.
        sentence: ``article.text[start:end]``, from the index.
        start, end: offsets in characters of the article's text.
        context: the text that the sentence stands in: its chunk.
        reading: the sentence as the models read it: an item of a list stands behind the line that introduces the list.
        earlier: the sentences just before it, which say whom its pronouns mean.
        context_start: offset of ``context`` in the article's text, in characters.
        fit: log-odds that it answers; None without a reader.
        scores: what the fit was made of; None without a reader.
        words: the words that answer, as offsets in characters of the article's text; None where they are not known.
    """

    label: str
    sentence: str
    start: int
    end: int
    article: ArticleInfo
    context: str = field(repr=False)
    reading: str = field(repr=False)
    earlier: tuple[Sentence, ...] = field(default=(), repr=False)
    context_start: int = 0
    fit: float | None = None
    scores: Scores | None = field(default=None, repr=False)
    words: tuple[int, int] | None = None


@dataclass(frozen=True, slots=True)
class Citation:
    """A numbered source of an answer: ``article.text[start:end] == sentence``.

    It is one sentence, and those just before it where a pronoun stands for a name in them.
    """

    n: int
    sentence: str
    start: int
    end: int
    article: ArticleInfo


@dataclass(frozen=True, slots=True)
class Claim:
    """One statement of an answer and the numbers of the citations that state it.

    Attributes:
        sources: how many independent reports these are; copies of one report count as one.
    """

    text: str
    citations: tuple[int, ...]
    sources: int = 1


@dataclass(frozen=True, slots=True)
class Rejected:
    """A statement that the language model made and that is not shown, with the reason."""

    text: str
    labels: tuple[str, ...]
    reason: str


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to one question.

    Attributes:
        question: in the reader's words.
        standalone: what a follow-up question was taken to mean; empty when it was answered as it was asked.
        claims: in the order in which they were found; empty unless answered.
        citations: numbered from 1 in order of first use; every one is used by a claim.
        confidence: the probability that the articles answer the question, in [0, 1]; None when there is no reader.
        disagreements: where the cited sentences contradict each other, one line each with citation numbers.
        missing: words of the question that nothing of what was found has.
        unanswered: which part of the question the articles do not answer, in the model's words; empty unless the answer
            is a partial one.
        searches: the queries of a second search, which the model asked for; empty when there was none.
        hits: the chunks that were found, best first.
        evidence: the sentences that were considered, best first.
        rejected: what the language model said and is not shown.
        usage: tokens read and written, and what they cost; None when the language model was not asked.
        timings_ms: stage → milliseconds.
        model: the chat model's name; empty when it was not asked.
        prompt_digest: SHA-256 of the prompt file.
        warnings: things a person should know, such as a prompt that the server cut.
        shards: how many shards of the index were asked, and which of them did not answer.
    """

    question: str
    status: Status
    standalone: str = ""
    claims: tuple[Claim, ...] = ()
    citations: tuple[Citation, ...] = ()
    confidence: float | None = None
    disagreements: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    unanswered: str = ""
    searches: tuple[str, ...] = ()
    hits: "tuple[Hit, ...]" = field(default=(), repr=False)
    evidence: tuple[Evidence, ...] = ()
    rejected: tuple[Rejected, ...] = ()
    usage: Usage | None = None
    timings_ms: Mapping[str, float] = field(default_factory=dict)
    model: str = ""
    prompt_digest: str = ""
    warnings: tuple[str, ...] = ()
    shards: ShardsAsked = field(default_factory=ShardsAsked)

    @property
    def text(self) -> str:
        """The claims with their citation numbers, as one paragraph; empty when the articles do not say."""
        return " ".join(claim.text + "".join(f" [{n}]" for n in claim.citations) for claim in self.claims)

    def to_dict(self) -> dict[str, Any]:
        """The answer in JSON types; the names are those of the Python types and stay as they are."""
        return {
            "question": self.question,
            "standalone": self.standalone,
            "status": str(self.status),
            "text": self.text,
            "confidence": None if self.confidence is None else round(self.confidence, 6),
            "claims": [{**asdict(claim), "citations": list(claim.citations)} for claim in self.claims],
            "citations": [
                {"n": citation.n, **_located(citation), "dates": _dates(citation)} for citation in self.citations
            ],
            "disagreements": list(self.disagreements),
            "missing": list(self.missing),
            "unanswered": self.unanswered,
            "searches": list(self.searches),
            "hits": [_found(hit) for hit in self.hits],
            "evidence": [
                {
                    "label": item.label,
                    "fit": None if item.fit is None else round(item.fit, 3),
                    "words": None if item.words is None else list(item.words),
                    **_located(item),
                }
                for item in self.evidence
            ],
            "rejected": [{**asdict(item), "labels": list(item.labels)} for item in self.rejected],
            "usage": None if self.usage is None else _usage(self.usage),
            "timings_ms": {stage: round(taken, 1) for stage, taken in self.timings_ms.items()},
            "model": self.model,
            "prompt_digest": self.prompt_digest,
            "warnings": list(self.warnings),
            "shards": {"asked": self.shards.asked, "missing": [asdict(one) for one in self.shards.missing]},
        }


def _found(hit: "Hit") -> dict[str, Any]:
    return {
        "article": hit.chunk.article.id,
        "start": hit.chunk.start,
        "end": hit.chunk.end,
        "fused": round(hit.fused, 6),
        "relevance": None if hit.relevance is None else round(hit.relevance, 3),
        "dense_rank": hit.dense_rank,
        "lexical_rank": hit.lexical_rank,
    }


def _located(item: Citation | Evidence) -> dict[str, Any]:
    article = {name: getattr(item.article, name) for name in ("id", "title", "source", "url", "author", "published")}
    return {"sentence": item.sentence, "start": item.start, "end": item.end, "article": article}


def _dates(citation: Citation) -> list[dict[str, Any]]:
    """Relative dates of the sentence, with offsets in it, and the days that they stand for."""
    return [
        {
            "text": item.text,
            "start": item.start,
            "end": item.end,
            "from": item.first.isoformat(),
            "to": item.last.isoformat(),
        }
        for item in resolve_dates(citation.sentence, citation.article.published)
    ]


def _usage(usage: Usage) -> dict[str, float | None]:
    return {**asdict(usage), "cost_usd": None if usage.cost_usd is None else round(usage.cost_usd, 9)}
