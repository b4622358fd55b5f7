"""Labels the sentences of whole passages, for chat models that read more than the selected sentences."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from assistant.answer import Evidence
from assistant.evidence.injection import news_of
from assistant.evidence.select import evidence_of
from assistant.text.escaping import as_data
from assistant.text.tokens import count_tokens
from index.articles import ArticleInfo, Chunk
from index.hits import Hit

GAP = "…"  # between passages of one article that do not follow each other
LABEL_TOKENS = 5  # of a sentence, for its label and the end of its line
# A passage is left out if the cross-encoder's logit for it is so far behind the best one's and it is not among the
# nearest by its vector. Fitted on the tuning lists: of the gold in the first eight passages none is lost (391 spans of
# CLAPNQ, 159 of ours over Wikinews), where without the vectors five are and with 10 one is. Passages' tokens go from
# 2,156 to 1,446 (CLAPNQ, 46 questions), 1,843 to 1,487 (newsroom, 49) and 2,279 to 1,440 (practice, 42).
MOST_BEHIND = 11.0
NEAREST = 4


@dataclass(frozen=True, slots=True)
class Passages:
    """What a chat model reads: articles in the order of their best passage, each with its passages in text order.

    Attributes:
        text: the labelled sentences under title, source and date of their articles.
        sentences: label → sentence, in the order of the text.
        chunks: the passages that were at hand, best first; those that are left out are among them.
        tokens: most tokens that the text may have.
    """

    text: str
    sentences: Mapping[str, Evidence]
    chunks: tuple[Chunk, ...]
    tokens: int

    def within(self, tokens: int) -> "Passages":
        """Fewer of the passages, the best of them."""
        return _labelled(self.chunks, tokens)

    def with_further(self, hits: Iterable[Hit]) -> "Passages":
        """The passages of further hits that are not in the text yet, under labels that go on from these.

        Their text is the new passages alone; their sentences are the old and the new ones.
        """
        there = {(item.article.id, item.context_start) for item in self.sentences.values()}
        new = {hit.chunk.id: hit.chunk for hit in hits if (hit.chunk.article.id, hit.chunk.start) not in there}
        more = _labelled(tuple(new.values()), self.tokens // 2, len(self.sentences))
        chunks = {chunk.id: chunk for chunk in (*self.chunks, *more.chunks)}
        return replace(more, sentences={**self.sentences, **more.sentences}, chunks=tuple(chunks.values()))

    def labelled(self, evidence: Iterable[Evidence]) -> tuple[Evidence, ...]:
        """Those of the evidence that are in the passages, under the labels that they have there."""
        labels = {_place(item): label for label, item in self.sentences.items()}
        return tuple(replace(item, label=labels[_place(item)]) for item in evidence if _place(item) in labels)


def label_passages(hits: Iterable[Hit], most_tokens: int) -> Passages:
    """Label the sentences of the hits that fit into a number of tokens; whole passages, the best of them first.

    Args:
        most_tokens: for all passages together; the best one is taken even if it is longer.
    """
    return _labelled(tuple(hit.chunk for hit in hits), most_tokens)


def with_bearing(hits: Sequence[Hit]) -> tuple[Hit, ...]:
    """The hits of one search that may bear on its question, in their order; all of them without a reranker."""
    best = max((hit.relevance for hit in hits if hit.relevance is not None), default=0.0)
    return tuple(hit for hit in hits if _is_near(hit) or hit.relevance is None or hit.relevance >= best - MOST_BEHIND)


def _is_near(hit: Hit) -> bool:
    return hit.dense_rank is not None and hit.dense_rank <= NEAREST


def _labelled(ranked: tuple[Chunk, ...], tokens: int, labels: int = 0) -> Passages:
    """Passages of the chunks that fit; ``labels`` are in use already."""
    lines = list[str]()
    sentences = dict[str, Evidence]()
    for _, group in groupby(_in_text_order(_that_fit(ranked, tokens)), key=lambda chunk: chunk.article.id):
        last: Chunk | None = None
        for chunk in group:
            if last is None:
                lines.append(f"Article: {_heading(chunk.article)}")
            elif last.number + 1 != chunk.number:
                lines.append(GAP)
            last = chunk
            for sentence in news_of(chunk.text, chunk.sentences, chunk.start):
                label = f"S{labels + len(sentences) + 1}"
                sentences[label] = evidence_of(label, chunk, sentence)
                lines.append(f"[{label}] {as_data(sentence.text)}")
        lines.append("")
    return Passages("\n".join(lines).rstrip(), sentences, ranked, tokens)


def _that_fit(chunks: Iterable[Chunk], most_tokens: int) -> list[Chunk]:
    chosen = list[Chunk]()
    left = most_tokens
    for chunk in chunks:
        tokens = count_tokens(chunk.text) + LABEL_TOKENS * len(chunk.sentences)
        if not chosen or tokens <= left:
            chosen.append(chunk)
            left -= tokens
    return chosen


def _in_text_order(chunks: list[Chunk]) -> list[Chunk]:
    """Articles stay in the order of their first chunk."""
    order = {article: n for n, article in enumerate(dict.fromkeys(chunk.article.id for chunk in chunks))}
    return sorted(chunks, key=lambda chunk: (order[chunk.article.id], chunk.number))


def _place(item: Evidence) -> tuple[str, int]:
    return item.article.id, item.start


def _heading(article: ArticleInfo) -> str:
    known = (article.title or article.url or article.id, article.source, article.published)
    return " · ".join(as_data(part) for part in known if part)
