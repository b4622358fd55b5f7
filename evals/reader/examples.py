"""The training examples of the reader: texts, and which of their sentences answer or state a claim.

A record of the training data becomes one example, and some answerable ones a second one that nothing answers: the
question with another passage, or about another name or year.
"""

import random
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from evals.metrics.outcome import MIN_SHARED
from evals.reader.claim_pairs import NAME, pairs
from evals.reader.wikinews import WRITTEN, Group, digest_of, groups, pages, read_lines
from index.split.sentences import split_sentences

Kind = Literal["question", "claim", "close"]
Spans = tuple[tuple[int, int], ...]

WINDOW = 900  # characters of a long passage that are kept around what answers
SUPPORT = {"stated": 0, "supported": 0, "partly": 1, "partial": 1, "not": 2, "refuted": 2}
YEAR = re.compile(r"\b(?:1[5-9]|20)\d\d\b")
OTHER_PASSAGE, OTHER_NAME = 0.5, 0.3  # of answerable questions also become an example without an answer
# Records of a source that are used, of those that there are; natural questions weigh more than those that repeat their
# passage, and lower-cased or tokenised sources are left out.
QUESTIONS: Mapping[str, int] = {
    "qed": 900, "qed-multi": 700, "nq-oracle": 700, "timeqa": 500, "selqa-test": 400, "selqa-dev": 200,
    "quotesum-dev": 200, "hotpotqa": 500, "2wiki": 150, "squad2-train": 1600, "squad2-train-linked": 1400,
    "squad2dev-other": 2000, "squadshifts-newwiki": 400, "qamr-wikinews": 900, "qadiscourse-wikinews": 500,
    "qadiscourse-wikipedia": 200, "condaqa": 200, "musique-subq": 150, "covidqa": 100,
}  # fmt: skip
CLAIMS: Mapping[str, int] = {
    "fever": 500, "fever-symmetric": 400, "fm2-gold": 700, "fm2-mixed": 300, "mnli-dev": 700, "snli-dev": 300,
    "wice-train-subclaim": 600,
}  # fmt: skip
RULED = 9000  # pairs made by rule, about as many of each rule as there are


@dataclass(frozen=True, slots=True)
class Mix:
    """What share of the recipe's counts is drawn: of ``QUESTIONS`` (or of ``CLOSE`` in ``evals.reader.close``), of
    ``CLAIMS``, of ``RULED``; 20 takes everything.

    Attributes:
        own_claims: how many times each claim that we wrote is an example.
    """

    questions: float = 1.0
    claims: float = 1.0
    ruled: float = 1.0
    own_claims: int = 1


@dataclass(frozen=True, slots=True)
class Example:
    """One text to read.

    Attributes:
        asked: the question, or the claim.
        head: stands before the text, a title; empty where there is none.
        sentences: offsets in ``text``.
        gold: of each sentence whether it answers.
        answer: offsets of the words that answer; None where they are not known.
        support: 0 stated, 1 partly, 2 not; of claims, and of single sentences that are read closely.
        sentences_known: whether ``gold`` is to be learned from.
        group: stories that must not be split between training and testing.
    """

    kind: Kind
    source: str
    group: str
    asked: str
    text: str
    sentences: Spans
    gold: tuple[bool, ...]
    answerable: bool
    head: str = ""
    answer: tuple[int, int] | None = None
    support: int = 2
    sentences_known: bool = True


@dataclass(frozen=True, slots=True)
class Material:
    """The sources' records, without what is held out.

    Attributes:
        articles: what our own questions and claims are about.
        news: the articles among them of which claims are made by rule.
    """

    questions: Sequence[Mapping[str, Any]]
    claims: Sequence[Mapping[str, Any]]
    articles: Mapping[str, Group]
    news: Sequence[Group]

    @classmethod
    def load(cls, folder: Path) -> "Material":
        """From a folder that holds ``qa.jsonl.xz`` and ``claims.jsonl.xz``."""
        asked = list(read_lines(folder / "qa.jsonl.xz"))
        articles = groups(asked)
        held_out = {record["group"] for record in read_lines(WRITTEN / "questions-tune.jsonl")}
        kept = [record for record in asked if record["split_group"] not in held_out]
        news = [group for name, group in sorted(articles.items()) if name not in held_out]
        return cls(kept, list(read_lines(folder / "claims.jsonl.xz")), articles | pages(asked), news)

    def claim_examples(self, mix: Mix, draw: random.Random) -> list[Example]:
        """The sources' claims, our own, and those made by rule."""
        found = list(_claims(_drawn(self.claims, CLAIMS, mix.claims, draw)))
        found += list(written_claims("train", self.articles)) * mix.own_claims
        return found + ruled_claims(self.news, int(RULED * mix.ruled), draw)


def training_examples(material: Material, seed: int, mix: Mix) -> list[Example]:
    """What the reader of passages and claims is trained on."""
    draw = random.Random(seed)
    found = list(question_examples(material.questions, QUESTIONS, mix.questions, draw))
    found += written_questions("train", material.articles, draw)
    found += material.claim_examples(mix, draw)
    draw.shuffle(found)
    return found


def _drawn(
    records: Iterable[Mapping[str, Any]], counts: Mapping[str, int], share: float, draw: random.Random
) -> list[Mapping[str, Any]]:
    by_source: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for record in records:
        by_source[record["source"]].append(record)
    return [
        record
        for source, count in counts.items()
        for record in draw.sample(by_source[source], min(int(count * share), len(by_source[source])))
    ]


def question_examples(
    every: Sequence[Mapping[str, Any]], counts: Mapping[str, int], share: float, draw: random.Random
) -> Iterator[Example]:
    """Passages for questions of the sources, a share of the counts, and some that do not answer."""
    records = _drawn(every, counts, share, draw)
    others = [str(record["context"]) for record in records]
    names = [name for record in records for name in NAME.findall(record["question"])]
    for record in records:
        example = _question(record, draw)
        if example is None:
            continue
        yield example
        if example.answerable and draw.random() < OTHER_PASSAGE:
            yield from elsewhere(example, draw.choice(others), draw)
        if example.answerable and draw.random() < OTHER_NAME and (asked := _about_another(example.asked, names, draw)):
            yield unanswered(replace(example, asked=asked))


def _question(record: Mapping[str, Any], draw: random.Random) -> Example | None:
    answers = [(a["start"], a["start"] + len(a["text"])) for a in record.get("answers") or () if a["text"].strip()]
    evidence = [(start, end) for start, end in record.get("evidence_sentences") or ()]
    answerable = bool(record["answerable"])
    marked = (evidence or answers[:1]) if answerable else []
    if answerable and not marked:
        return None
    text, first = _window(record["context"], marked[0] if marked else None, draw)
    sentences = _sentences(text)
    spans = [(start - first, end - first) for start, end in marked]
    gold = tuple(any(_covers(sentence, span) for span in spans) for sentence in sentences)
    if not sentences or (answerable and not any(gold)):
        return None
    inside = [(start - first, end - first) for start, end in answers if start >= first and end <= first + len(text)]
    title = str(record.get("title") or "")
    head = title if "|" not in title and draw.random() < 0.8 else ""
    group, source = str(record.get("split_group") or title), str(record["source"])
    answer = inside[0] if answerable and inside else None
    return Example("question", source, group, record["question"], text, sentences, gold, answerable, head, answer)


def unanswered(example: Example) -> Example:
    """The same text, which answers no more."""
    return replace(example, gold=(False,) * len(example.gold), answerable=False, answer=None)


def elsewhere(example: Example, other: str, draw: random.Random, head: str = "") -> Iterator[Example]:
    """The question with another text, or a window of it, below that text's title."""
    text, _ = _window(other, None, draw)
    sentences = _sentences(text)
    if sentences and text != example.text:
        nothing = (False,) * len(sentences)
        yield unanswered(replace(example, head=head, text=text, sentences=sentences, gold=nothing))


def _about_another(question: str, names: Sequence[str], draw: random.Random) -> str | None:
    if match := YEAR.search(question):
        return YEAR.sub(str(int(match.group()) + draw.choice((-9, -4, -3, -2, -1, 1, 2, 3, 5))), question, count=1)
    found = list(NAME.finditer(question))
    if not found:
        return None
    match, other = draw.choice(found), draw.choice(names)
    if other.lower() in question.lower():
        return None
    return question[: match.start()] + other + question[match.end() :]


def _claims(records: Iterable[Mapping[str, Any]]) -> Iterator[Example]:
    draw = random.Random(0)
    for record in records:
        evidence = [(start, end) for start, end in record.get("evidence_sentences") or ()]
        text, _ = _window(record["context"], evidence[0] if evidence else None, draw)
        yield claim(record["source"], str(record.get("split_group")), record["claim"], text, SUPPORT[record["label"]])


def claim(source: str, group: str, asked: str, text: str, support: int) -> Example:
    """A claim that is judged against a text."""
    sentences = _sentences(text) or ((0, len(text)),)
    nothing = (False,) * len(sentences)
    return Example(
        "claim", source, group, asked, text, sentences, nothing, False, support=support, sentences_known=False
    )


def written_questions(list_name: str, articles: Mapping[str, Group], draw: random.Random) -> Iterator[Example]:
    """Our own questions: with the passages that hold gold or near sentences, and with one other of the article."""
    for record in read_lines(WRITTEN / f"questions-{list_name}.jsonl"):
        group = articles[record["group"]]
        wanted = set(record.get("evidence", ()))
        near = wanted | set(record.get("near", ()))
        passages = group.passages()
        chosen = [p for p in passages if near & set(map(digest_of, p))]
        rest = [p for p in passages if p not in chosen]
        for passage in [*chosen, *(draw.sample(rest, 1) if rest else ())]:
            text = " ".join(passage)
            sentences = _places(passage)
            gold = tuple(digest_of(sentence) in wanted for sentence in passage)
            name = f"written {record['kind']}"
            yield Example("question", name, group.name, record["question"], text, sentences, gold, any(gold))


def written_claims(list_name: str, articles: Mapping[str, Group]) -> Iterator[Example]:
    """Our own claims, each against the sentences that it is made of."""
    for record in read_lines(WRITTEN / f"claims-{list_name}.jsonl"):
        wanted = set(record["evidence"])
        sentences = [s for run in articles[record["group"]].runs for s in run if digest_of(s) in wanted]
        source = f"written {record['kind']}"
        yield claim(source, record["group"], record["claim"], " ".join(sentences), SUPPORT[record["label"]])


def ruled_claims(articles: Sequence[Group], count: int, draw: random.Random) -> list[Example]:
    """Claims made by rule of the articles' sentences, about as many of each kind and label."""
    by_kind: dict[tuple[str, str], list[Example]] = defaultdict(list)
    for group in articles:
        sentences = [sentence for run in group.runs for sentence in run]
        names = [name for sentence in sentences for name in NAME.findall(sentence)]
        for sentence in sentences:
            for pair in pairs(sentence, names, draw):
                example = claim(f"rule {pair.kind}", group.name, pair.claim, pair.sentence, SUPPORT[pair.label])
                by_kind[pair.kind, pair.label].append(example)
    each = count // len(by_kind)
    # There are fewer rules for true claims than for false ones.
    wanted = {key: each if key[1] == "not" else 2 * each for key in by_kind}
    return [e for key, found in sorted(by_kind.items()) for e in draw.sample(found, min(wanted[key], len(found)))]


def _sentences(text: str) -> Spans:
    return tuple((sentence.start, sentence.end) for sentence in split_sentences(text))


def _places(passage: Sequence[str]) -> Spans:
    """Offsets of sentences that are joined by a blank."""
    found, start = [], 0
    for sentence in passage:
        found.append((start, start + len(sentence)))
        start += len(sentence) + 1
    return tuple(found)


def _covers(sentence: tuple[int, int], span: tuple[int, int]) -> bool:
    shared = min(sentence[1], span[1]) - max(sentence[0], span[0])
    return shared > 0 and shared >= MIN_SHARED * min(sentence[1] - sentence[0], span[1] - span[0])


def _window(text: str, around: tuple[int, int] | None, draw: random.Random) -> tuple[str, int]:
    """Whole sentences of a long text, around a place or anywhere, and the offset of the first."""
    if len(text) <= 1.5 * WINDOW:
        return text, 0
    spans = _sentences(text)
    at = draw.randrange(len(spans))
    if around is not None:
        at = next((i for i, span in enumerate(spans) if span[1] > around[0]), at)
    first = last = at
    while spans[last][1] - spans[first][0] < WINDOW and (first > 0 or last + 1 < len(spans)):
        if first > 0 and (last + 1 == len(spans) or draw.random() < 0.5):
            first -= 1
        else:
            last += 1
    return text[spans[first][0] : spans[last][1]], spans[first][0]
