"""Trains the head that tells which sentence of a passage answers: ``python -m evals.experiments.sentence_head``.

The cross-encoder stays as it is; the head is one weight for each of its states that ``index.retrieve.rerank`` pools for
a sentence. It is trained on the newsroom's and CLAPNQ's questions that stand alone, and on questions of SQuAD 2 that
the suite ``squad2`` does not ask, over the chunks that a search finds for them. For each question the likelihood is
maximised that one of its gold sentences answers, or none when it is unanswerable: a softmax over all sentences and
"nothing", whose logit is 0. The sum over several gold sentences is the marginal likelihood of Clark & Gardner ("Simple
and Effective Multi-Paragraph Reading Comprehension", ACL 2018).

Before the head is written, five-fold cross-validation over the questions' clusters says what it is worth on questions
whose stories it has not seen.
"""

import tempfile
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import click
import numpy as np
from numpy.typing import NDArray

from assistant.embedded.provider import ModelProvider
from assistant.settings import load_settings
from evals.metrics.abstention import auroc
from evals.metrics.outcome import Passage, same_place
from evals.questions.anchors import anchor_questions
from evals.questions.schema import Question, Span
from evals.run.suite import Sample, find_suite, load_material, read_suite
from index.articles import Chunk, Window
from index.library import Library
from index.retrieve.pipeline import fuse, passage_of
from index.retrieve.rerank import HEAD, LocalReranker
from index.retrieve.search import Searcher, current_chunks
from index.store.records import Selection

if TYPE_CHECKING:
    from torch import Tensor

Array = NDArray[np.float32]

# What share of the draws a set has: news counts for more than its few questions would.
SHARES: Mapping[str, float] = {"newsroom": 0.35, "clapnq": 0.25, "squad2": 0.4}
ANSWERABLE, UNANSWERABLE = 1440, 960  # questions of SQuAD 2
K, CANDIDATES = 8, 30  # as the assistant searches
FOLDS = 5
EPOCHS, BATCH, RATE, DECAY, DROPPED = 5, 32, 1e-3, 1e-2, 0.5
WARM_UP, LAST_RATE = 0.1, 0.02  # shares: of the steps in which the rate rises, and of the rate at the end


@dataclass(frozen=True, slots=True)
class Example:
    """One question with the sentences of its chunks.

    Attributes:
        features: of shape (sentences, width).
        gold: of shape (sentences,); none where the question is unanswerable.
        chunk_logits: the cross-encoder's logit of each sentence's chunk, of shape (sentences,).
        fold: in which of the ``FOLDS`` it is held out.
    """

    suite: str
    answerable: bool
    features: Array
    gold: NDArray[np.bool_]
    chunk_logits: Array
    fold: int


@click.command(epilog="Takes some ten minutes on two cores, and 2 GB of memory.")
@click.option("--to", "target", type=click.Path(path_type=Path), default=HEAD, help="Where the weights are written.")
@click.option("--seed", default=0, show_default=True)
def main(target: Path, seed: int) -> None:
    """Train the sentence head and say what it is worth; needs the extra ``train``."""
    if find_spec("torch") is None:
        raise click.UsageError("training needs PyTorch: pip install 'news-assistant[train]'")
    models = ModelProvider(load_settings())
    reranker = models.reranker()
    if not isinstance(reranker, LocalReranker):
        raise click.UsageError("the head reads the embedded reranker's states; unset ASSISTANT_RERANKER")
    examples = [example for suite in SHARES for example in _examples(suite, models, reranker)]
    for suite, line in _validated(examples, seed).items():
        click.echo(f"{suite}: {line}")
    weights = train(examples, seed)
    np.save(target, weights)
    click.echo(f"{len(weights)} weights from {len(examples)} questions are in {target}")


def _examples(suite: str, models: ModelProvider, reranker: LocalReranker) -> list[Example]:
    path = find_suite(suite)
    chosen = read_suite(path)
    held_out = frozenset[str]()
    if chosen.sample != Sample():
        held_out = frozenset(question.id for question in load_material(chosen, path).questions)
        chosen = chosen.model_copy(update={"sample": Sample()})
    material = load_material(chosen, path)
    anchored = anchor_questions(material.questions, {article.id: article for article in material.articles}).questions
    alone = [question for question in anchored if question.id not in held_out and not question.history]
    questions = _drawn(alone) if held_out else alone
    with tempfile.TemporaryDirectory() as folder:
        library = Library(Path(folder) / "index", models)
        library.add(material.articles)
        searcher = library.searcher()
        found = []
        with click.progressbar(questions, label=suite, width=30) as shown:
            for question in shown:
                chunks = _first(searcher, question) if held_out else _best(searcher, question)
                found.append(_example(suite, question, chunks, reranker))
    return [example for example in found if len(example.gold)]


def _drawn(questions: Sequence[Question]) -> list[Question]:
    """A fixed draw of both kinds: the smallest digests of the ids."""
    ordered = sorted(questions, key=lambda question: sha256(f"head {question.id}".encode()).digest())
    kinds = ([q for q in ordered if q.answerable][:ANSWERABLE], [q for q in ordered if not q.answerable][:UNANSWERABLE])
    return [question for kind in kinds for question in kind]


def _best(searcher: Searcher, question: Question) -> list[Chunk]:
    found = searcher.search(question.question, k=K, candidates=CANDIDATES, selection=Selection())
    return [hit.chunk for hit in found.hits]


def _first(searcher: Searcher, question: Question) -> list[Chunk]:
    """Half as many chunks, not reranked, which takes a fifth of the time."""
    vector = searcher.embedder.embed_query(question.question)
    dense = searcher.store.nearest(vector, CANDIDATES)
    lexical = searcher.lexical.search(question.question, CANDIDATES, Window())
    found, _ = fuse(dense, lexical, partial(current_chunks, searcher.catalog, searcher.store))
    return [hit.chunk for hit in found[: K // 2]]


def _example(suite: str, question: Question, chunks: Sequence[Chunk], reranker: LocalReranker) -> Example:
    read = reranker.features(question.question, [passage_of(chunk) for chunk in chunks])
    spans = [span for group in question.evidence for span in group] if question.answerable else []
    gold = [_is_gold(chunk, s.start, s.end, spans) for chunk in chunks for s in chunk.sentences]
    logits = [logit for (logit, _), chunk in zip(read, chunks, strict=True) for _ in chunk.sentences]
    features = [rows for _, rows in read if len(rows)]
    name = question.cluster or question.group or question.id
    return Example(
        suite,
        question.answerable,
        np.concatenate(features) if features else np.empty((0, 0), dtype=np.float32),
        np.array(gold, dtype=bool),
        np.array(logits, dtype=np.float32),
        zlib.crc32(name.encode()) % FOLDS,
    )


def _is_gold(chunk: Chunk, start: int, end: int, spans: Iterable[Span]) -> bool:
    place = Passage(0, chunk.article.id, start, end, "")
    return any(same_place(place, span) for span in spans)


def _validated(examples: Sequence[Example], seed: int) -> dict[str, str]:
    """What the head is worth on each set, by cross-validation."""
    scores: dict[int, Array] = {}
    for fold in range(FOLDS):
        weights = train([example for example in examples if example.fold != fold], seed)
        held = (i for i, example in enumerate(examples) if example.fold == fold)
        scores.update((i, examples[i].features @ weights[:-1] + weights[-1]) for i in held)
    return {
        suite: _worth([(example, scores[i]) for i, example in enumerate(examples) if example.suite == suite])
        for suite in SHARES
    }


def _worth(scored: Sequence[tuple[Example, Array]]) -> str:
    first = [bool(e.gold[s.argmax()]) for e, s in scored if e.gold.any()]

    def told_apart(best: Callable[[Example, Array], float]) -> float:
        yes, no = ([best(e, s) for e, s in scored if e.answerable is kind] for kind in (True, False))
        return auroc(yes, no)

    ours, chunks = told_apart(lambda _, s: float(s.max())), told_apart(lambda e, _: float(e.chunk_logits.max()))
    return (
        f"n {len(scored)}; a gold sentence is first in {np.mean(first):.3f} of {len(first)}; "
        f"AUROC of answerable {ours:.3f}, of the chunks' logit {chunks:.3f}"
    )


def train(examples: Sequence[Example], seed: int) -> Array:
    """The head's weights and last its bias, of shape (width + 1,), for features that are not standardised.

    Answerable questions whose gold sentences were not found teach nothing and are left out.
    """
    import torch

    random = np.random.default_rng(seed)
    usable = [example for example in examples if example.gold.any() or not example.answerable]
    counts = {suite: sum(example.suite == suite for example in usable) for suite in SHARES}
    shares = np.array([SHARES[example.suite] / counts[example.suite] for example in usable])
    shares /= shares.sum()
    sample = np.concatenate([example.features for example in usable[::2]])
    centre, scale = sample.mean(axis=0), sample.std(axis=0) + 1e-3
    weights = torch.zeros(sample.shape[1] + 1, requires_grad=True)
    optimiser = torch.optim.AdamW([weights], lr=RATE, weight_decay=DECAY)
    steps = EPOCHS * len(usable) // BATCH
    for step in range(1, steps + 1):
        batch = [usable[i] for i in random.choice(len(usable), BATCH, p=shares)]
        rows = (np.concatenate([example.features for example in batch]) - centre) / scale
        rows *= (random.random(rows.shape, dtype=np.float32) > DROPPED) / np.float32(1 - DROPPED)
        logits = torch.from_numpy(rows) @ weights[:-1] + weights[-1]
        optimiser.param_groups[0]["lr"] = RATE * min(1, step / (WARM_UP * steps)) * max(LAST_RATE, 1 - step / steps)
        optimiser.zero_grad()
        _loss(batch, logits).backward()  # type: ignore[no-untyped-call]
        optimiser.step()
    trained = weights.detach().numpy()
    plain = trained[:-1] / scale
    return np.append(plain, trained[-1] - plain @ centre).astype(np.float32)


def _loss(batch: Sequence[Example], logits: "Tensor") -> "Tensor":
    """How unlikely a batch's gold sentences are, or nothing where there is none; the mean."""
    import torch
    from torch.nn.functional import pad

    losses = []
    for example, own in zip(batch, torch.split(logits, [len(example.gold) for example in batch]), strict=True):
        gold = own[example.gold].logsumexp(0) if example.gold.any() else 0
        losses.append(pad(own, (0, 1)).logsumexp(0) - gold)
    return torch.stack(losses).mean()


if __name__ == "__main__":
    main()
