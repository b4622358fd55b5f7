"""Gold sentences that stand in other articles too: who cites a copy cites the same words."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from evals.questions.schema import Question, Span
from index.articles import Article

# Shorter sentences ("He declined to comment.") say the same of other things in other articles.
LEAST_WORDS = 8

_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class _Words:
    """The words of an article as one text, each between spaces, and where each of them begins and ends."""

    article: Article
    text: str
    places: tuple[tuple[int, int], ...]

    @classmethod
    def of(cls, article: Article) -> "_Words":
        found = tuple(_WORD.finditer(article.text))
        return cls(article, _joined([word.group() for word in found]), tuple(word.span() for word in found))

    def spans(self, wanted: str) -> Iterator[Span]:
        """Where the words stand, one after the other."""
        length, at = wanted.count(" ") - 1, self.text.find(wanted)
        while at >= 0:
            first = self.text.count(" ", 0, at)
            start, end = self.places[first][0], self.places[first + length - 1][1]
            yield Span(article=self.article.id, start=start, end=end, text=self.article.text[start:end])
            at = self.text.find(wanted, at + 1)


def with_copies(questions: Sequence[Question], articles: Mapping[str, Article]) -> tuple[Question, ...]:
    """Questions whose evidence may be cited in every article that has it word for word.

    Each group of spans gets those of other articles with the same words, whatever stands between them.
    """
    every = [_Words.of(article) for article in articles.values()]

    def copies(group: tuple[Span, ...]) -> Iterator[Span]:
        there = {span.article for span in group}
        for wanted in dict.fromkeys(_joined(_WORD.findall(span.text)) for span in group):
            if wanted.count(" ") > LEAST_WORDS:
                for words in every:
                    if words.article.id not in there:
                        yield from words.spans(wanted)

    def widened(question: Question) -> Question:
        groups = tuple((*group, *copies(group)) for group in question.evidence)
        return question.model_copy(update={"evidence": groups})

    return tuple(map(widened, questions))


def _joined(words: Sequence[str]) -> str:
    return f" {' '.join(words).casefold()} "
