"""Chunks of an article: neighbouring whole sentences that tile its text."""

from collections.abc import Iterator
from itertools import accumulate, pairwise

from index.articles import Article, Chunk, Sentence
from index.split.sentences import split_blocks, split_sentences

# A chunk that ends inside a paragraph costs as much as one that misses the target by a third (0.33² ≈ 0.1).
BREAK_PENALTY = 0.1
MAX_FACTOR = 2
TARGET_WORDS = 120
# So many characters count as a word at least, with the space around them: text without spaces is long all the same.
WORD_CHARACTERS = 20
# Names the way texts are cut. To be changed whenever sentences or chunks of the same text would come out otherwise:
# an index made in another way is then refused, with the way out.
CHUNKING = "sentences-2/120"


def split_chunks(article: Article, target_words: int = TARGET_WORDS) -> tuple[Chunk, ...]:
    """Split an article into chunks of about ``target_words`` words.

    ``"".join(chunk.text for chunk in chunks) == article.text``: a chunk runs from the start of its first sentence (the
    first one from 0) to the start of the next chunk (the last one to the end). The cuts minimise, over the whole
    article, the sum of ((words - target) / target)² plus ``BREAK_PENALTY`` for every cut that is not the end of a
    paragraph, so that no small rest is left at the end. A chunk of several sentences has at most twice the target's
    words; a longer sentence is a chunk of its own. A text of white space only has nothing to cite and no chunks.

    Args:
        article: its text may be empty.
        target_words: words separated by white space, at least 1; ``WORD_CHARACTERS`` without any count as one.

    Raises:
        ValueError: when ``target_words`` is below 1.
    """
    if target_words < 1:
        raise ValueError(f"target_words must be at least 1, not {target_words}")
    sentences = split_sentences(article.text)
    return tuple(_assemble(article, sentences, _cuts(article.text, sentences, target_words)))


def _cuts(text: str, sentences: tuple[Sentence, ...], target: int) -> list[int]:
    """Sentence numbers at which chunks start, ending with ``len(sentences)``: the cheapest way through all cuts."""
    words = list(accumulate(map(_words, sentences), initial=0))
    penalties = [0.0, *_penalties(text, sentences)]
    costs, origins = [0.0], [0]
    for end in range(1, len(words)):
        candidates = list(_candidates(words, costs, end, target))
        cost, origin = min(candidates)
        costs.append(cost + penalties[end])
        origins.append(origin)
    cuts = [len(sentences)]
    while cuts[-1] > 0:
        cuts.append(origins[cuts[-1]])
    return cuts[::-1]


def _words(sentence: Sentence) -> int:
    return max(len(sentence.text.split()), len(sentence.text) // WORD_CHARACTERS)


def _candidates(words: list[int], costs: list[float], end: int, target: int) -> Iterator[tuple[float, int]]:
    """(cost, first sentence) of every allowed chunk that ends before sentence ``end``."""
    for first in range(end - 1, -1, -1):
        size = words[end] - words[first]
        if size > MAX_FACTOR * target and first < end - 1:
            return
        yield costs[first] + ((size - target) / target) ** 2, first


def _penalties(text: str, sentences: tuple[Sentence, ...]) -> Iterator[float]:
    """Penalty of ending a chunk after each sentence; none after the last sentence of a paragraph and of the text."""
    starts = {block.start for block in split_blocks(text)}
    for sentence, following in pairwise(sentences):
        ends_paragraph = following.start in starts and sentence.text.rstrip("\"'”’»)]*")[-1:] in ".!?…"
        yield 0.0 if ends_paragraph else BREAK_PENALTY
    if sentences:
        yield 0.0


def _assemble(article: Article, sentences: tuple[Sentence, ...], cuts: list[int]) -> Iterator[Chunk]:
    for number, (first, last) in enumerate(pairwise(cuts)):
        start = sentences[first].start if first else 0
        end = sentences[last].start if last < len(sentences) else len(article.text)
        yield Chunk(article.info, number, start, article.text[start:end], sentences[first:last])
