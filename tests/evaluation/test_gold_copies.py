"""Gold sentences that stand in several articles may be cited in each of them."""

import pytest

from evals.questions.copies import with_copies
from evals.questions.schema import Question, Span
from index.articles import Article

SENTENCE = "The council of Vellin voted on Tuesday to close the old bridge to lorries."
GOLD = Article("gold", "Bridge", "Courier", text=f"Rain fell. {SENTENCE} It opens in May.")


def question_about(article: Article, text: str) -> Question:
    start = article.text.index(text)
    span = Span(article=article.id, start=start, end=start + len(text), text=text)
    return Question(
        id="q",
        question="What did Vellin vote on?",
        answerable=True,
        answer_type="span",
        answers=(("the bridge",),),
        evidence=((span,),),
    )


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (f"“{SENTENCE}” That was all.", [SENTENCE]),
        ("The council of Vellin voted, on Tuesday,\nto close the old BRIDGE to lorries!", ["The council of Vellin"]),
        (f"{SENTENCE} Later: {SENTENCE}", [SENTENCE, SENTENCE]),
        ("The council of Vellin voted on Tuesday to close the old bridge to trams.", []),
        ("The council of Vellin voted on Tuesday to close the old bridge to lorriesmen.", []),
    ],
)
def test_a_copy_in_another_article_is_gold_too(text: str, found: list[str]) -> None:
    other = Article("other", "Vellin", "Herald", text=text)
    (widened,) = with_copies([question_about(GOLD, SENTENCE)], {"gold": GOLD, "other": other})
    first, *copies = widened.evidence[0]
    assert first.article == "gold"
    assert all(copy.article == "other" and text[copy.start : copy.end] == copy.text for copy in copies)
    assert len(copies) == len(found)
    assert all(copy.text.startswith(start[:20]) for copy, start in zip(copies, found, strict=True))


def test_short_sentences_are_of_their_own_article_alone() -> None:
    gold = Article("gold", "Talks", "Courier", text="The minister declined to comment.")
    other = Article("other", "Strike", "Herald", text="The minister declined to comment.")
    question = question_about(gold, "The minister declined to comment.")
    assert with_copies([question], {"gold": gold, "other": other}) == (question,)
