"""Evidence made of a sentence, for tests that set sentences against each other."""

from assistant.answer import Evidence
from index.articles import ArticleInfo


def said(
    label: str, sentence: str, *, article: str, published: str = "2024-03-04", source: str = "", context: str = ""
) -> Evidence:
    """A sentence that stands alone in its article; its newspaper has the article's id unless another is named."""
    return Evidence(
        label=label,
        sentence=sentence,
        start=0,
        end=len(sentence),
        article=ArticleInfo(article, source=source or f"Paper {article}", published=published),
        context=context or sentence,
        reading=sentence,
    )


def told(*sentences: str, day: str = "2024-03-04") -> tuple[Evidence, ...]:
    """Sentences labelled S1, S2, …, each from a newspaper of its own, all of one day."""
    return tuple(
        said(f"S{number}", sentence, article=f"a{number}", published=day)
        for number, sentence in enumerate(sentences, 1)
    )
