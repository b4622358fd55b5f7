"""Measures which false claims the reader catches, and which true ones it rejects."""

import random
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

from assistant.answering.claims import STATED
from assistant.text.claim_check import verify
from evals.reader.claim_pairs import NAME, Pair, pairs
from evals.reader.examples import written_claims
from evals.reader.wikinews import groups, read_lines
from index.articles import Article
from index.read.readers import read_articles
from index.retrieve.reader import Reader
from index.split.sentences import split_sentences

NEWS = Path("../shared/data/news/articles.jsonl")  # nothing of it was trained on
EACH = 200  # pairs of a kind at most


def kinds_caught(reader: Reader, data: Path, seed: int = 1) -> Iterator[str]:
    """A line for each kind: how many claims, how many the reader and the exact checks take for false."""
    by_kind: dict[tuple[str, str], list[Pair]] = defaultdict(list)
    for pair in (*ruled(list(read_articles(NEWS)), seed), *written(data)):
        by_kind[pair.label, pair.kind].append(pair)
    draw = random.Random(seed)
    for (label, kind), found in sorted(by_kind.items()):
        chosen = draw.sample(found, min(EACH, len(found)))
        support = reader.support([(pair.claim, pair.sentence) for pair in chosen])
        unread = [one.stated < STATED for one in support]
        unchecked = [bool(verify(pair.claim, pair.sentence).reason) for pair in chosen]
        either = sum(map(any, zip(unread, unchecked, strict=True)))
        yield (
            f"{label} {kind}: n {len(chosen)}; taken for false by the reader {sum(unread) / len(chosen):.2f}, "
            f"by the exact checks {sum(unchecked) / len(chosen):.2f}, by one of them {either / len(chosen):.2f}"
        )


def ruled(articles: Sequence[Article], seed: int) -> Iterator[Pair]:
    """Pairs made by rule of articles' sentences."""
    draw = random.Random(seed)
    for article in articles:
        sentences = [sentence.text for sentence in split_sentences(article.text)]
        names = [name for sentence in sentences for name in NAME.findall(sentence)]
        for sentence in sentences:
            yield from pairs(sentence, names, draw)


def written(data: Path) -> Iterator[Pair]:
    """Our own claims about the articles that training leaves out."""
    for example in written_claims("tune", groups(read_lines(data / "qa.jsonl.xz"))):
        yield Pair(example.asked, example.text, "stated" if example.support == 0 else "not", example.source)
