"""Training examples of close reading: a question, and one sentence below its title with the sentence before it.

Near misses stand beside answers: the sentence without an answer that shares most words with the question, of a passage
that is asked about, also with another name or year, and of another passage that a search for the question finds.
"""

import random
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from assistant.text.claim_check import FUNCTION_WORDS
from evals.reader.examples import Example, Spans, elsewhere, question_examples
from index.articles import ArticleInfo, Chunk, Window
from index.retrieve.cross_encoder import Passage
from index.retrieve.reader import Reader
from index.store.records import version_of
from index.store.tantivy_index import LexicalIndex

# Records of a source that are used, of those that there are.
CLOSE: Mapping[str, int] = {
    "qed": 4000, "qed-multi": 1500, "nq-oracle": 2600, "nq-swap": 1500, "timeqa": 1600, "selqa-test": 1500,
    "selqa-dev": 700, "quotesum-dev": 270, "squad2-train": 8400, "squad2-train-linked": 4600,
    "squad2-train-lexjoin": 3000, "squad2dev-other": 5800, "unansq-dev": 3600, "squad2-train-sentpair": 3450,
    "squad2-train-sentneg": 1250, "squad1-train-reqa": 5000, "squad1-train": 5000, "squad1dev-other": 2500,
    "squadshifts-newwiki": 4000, "qamr-wikinews": 5000, "qadiscourse-wikinews": 2500, "qadiscourse-wikipedia": 1000,
    "condaqa": 1500, "musique-subq": 300, "musique-subq-distractor": 400, "covidqa": 600, "qed-none": 150,
    "qamr-wikipedia": 1500,
}  # fmt: skip
TYPED = ("qed", "nq-", "timeqa", "selqa", "quotesum")  # sources of questions as they are typed into a search
SWAPPED = "nq-swap"  # repeats passages of Natural Questions with another answer
PASSAGES_FOUND = 6  # of which the first that does not hold the answer's words is taken
OTHER_SENTENCE = 0.6  # of answerable questions also become an example with another sentence of the passage
NEAREST = 2  # sentences of our own passages beside those that answer, by the reader in use
PLAIN, PLAIN_TYPED, LOWER = 0.15, 0.5, 0.7  # lose their question mark; of typed ones; of these, their capitals
MOST_WORDS, LEAST_WORDS = 90, 3  # of a sentence


def close_examples(
    records: Sequence[Mapping[str, Any]],
    written: Iterable[Example],
    reader: Reader,
    share: float,
    draw: random.Random,
) -> Iterator[Example]:
    """Examples of single sentences.

    Args:
        records: of the sources' questions.
        written: our own questions with their passages.
        reader: ranks the sentences of our own passages.
        share: of what the recipe draws of the sources.
    """
    with TemporaryDirectory(prefix="passages-") as folder:
        nearby = Nearby(records, Path(folder))
        for example in question_examples(records, CLOSE, share, draw):
            for close in _of_passage(example, draw):
                yield _as_typed(close, draw)
            if example.answerable and example.source.startswith(TYPED):
                for close in nearby.without_answer(example, draw):
                    yield _as_typed(close, draw)
    for example in written:
        (reading,) = reader.read(example.asked, [Passage(example.text, example.sentences)])
        best = sorted(range(len(example.sentences)), key=lambda i: -reading.sentences[i])
        near = [i for i in best if not example.gold[i]][:NEAREST]
        for i in [*(i for i in best if example.gold[i]), *near]:
            for close in _sentence(example, i):
                yield _as_typed(close, draw)


class Nearby:
    """The passages of the training data below their titles, searched by BM25 as articles are.

    Args:
        folder: empty; holds the index while it is used.
    """

    def __init__(self, records: Iterable[Mapping[str, Any]], folder: Path) -> None:
        self._heads = dict[str, str]()
        self._answers = defaultdict[str, set[str]](set)
        self._contexts = defaultdict[str, set[str]](set)
        for record in records:
            asked, context, title = _key(record["question"]), str(record["context"]), str(record.get("title") or "")
            self._answers[asked].update(answer["text"].lower() for answer in record.get("answers") or ())
            self._contexts[asked].add(context)
            if record["source"] != SWAPPED:
                self._heads[context] = "" if "|" in title else title
        self._texts = list(self._heads)
        self._index = LexicalIndex(folder)
        places = enumerate(self._texts)
        self._index.put(
            (Chunk(ArticleInfo(str(n), self._heads[text]), 0, 0, text, ()) for n, text in places), version=1
        )

    def without_answer(self, example: Example, draw: random.Random) -> Iterator[Example]:
        """A sentence of the first passage found that no record has for the question and that has no answer's words."""
        asked = _key(example.asked)
        answers = self._answers[asked] - {""}
        if not answers:
            return
        for key in self._index.search(example.asked, PASSAGES_FOUND, Window()):
            text = self._texts[int(version_of(key)[0])]
            if text in self._contexts[asked] or any(answer in text.lower() for answer in answers):
                continue
            for other in elsewhere(example, text, draw, self._heads[text]):
                yield from _of_passage(other, draw)
            return


def _of_passage(example: Example, draw: random.Random) -> Iterator[Example]:
    """A sentence of a passage that answers, and the one without its words that shares most words with the question."""
    asked = _words(example.asked)
    shared = [len(asked & _words(example.text[start:end])) + draw.random() for start, end in example.sentences]
    order = sorted(range(len(shared)), key=lambda i: -shared[i])
    answering = [i for i in order if example.gold[i]][:1]
    for i in answering:
        yield from _sentence(example, i)
    answer = example.text[slice(*example.answer)].lower() if example.answer else None
    texts = [example.text[start:end].lower() for start, end in example.sentences]
    others = [i for i in order if not example.gold[i] and (answer is None or answer not in texts[i])]
    if others and (not answering or draw.random() < OTHER_SENTENCE):
        yield from _sentence(example, others[0])


def _sentence(example: Example, i: int) -> Iterator[Example]:
    """One sentence with the one before it; both together state what is asked where either answers."""
    start, end = example.sentences[i]
    if not LEAST_WORDS <= len(example.text[start:end].split()) <= MOST_WORDS:
        return
    first = example.sentences[i - 1][0] if i else start
    spans: Spans = ((start - first, end - first),)
    stated = example.gold[i] or (i > 0 and example.gold[i - 1])
    yield replace(
        example, kind="close", text=example.text[first:end], sentences=spans, gold=(example.gold[i],), answer=None,
        answerable=stated, support=0 if stated else 2,
    )  # fmt: skip


def _as_typed(example: Example, draw: random.Random) -> Example:
    """The question without its question mark, and perhaps without capitals, as people type."""
    typed = example.source.startswith(TYPED)
    asked = example.asked
    if draw.random() < (PLAIN_TYPED if typed else PLAIN):
        asked = re.sub(r"\s*\?\s*$", "", asked)
        asked = asked.lower() if typed and draw.random() < LOWER else asked
    return replace(example, asked=asked)


def _words(text: str) -> frozenset[str]:
    return frozenset(word for word in re.findall(r"\w+", text.lower()) if word not in FUNCTION_WORDS)


def _key(question: str) -> str:
    """By what a question is the same: its words."""
    return " ".join(re.findall(r"\w+", question.lower()))
