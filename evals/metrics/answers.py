"""Metrics of answers: compares them with the gold answers, word by word."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from itertools import chain

from rapidfuzz.distance import LCSseq

from evals.metrics.citations import covers
from evals.metrics.outcome import Outcome
from evals.metrics.scores import Metric, Score, mean, scored, unscored
from evals.metrics.text import alphanumeric_words, contains, number_values, squad_tokens, words

NO_GOLD = "the question has no gold answer"
NOT_ANSWERABLE = "nothing to answer"


def exact_match(outcomes: Iterable[Outcome]) -> Metric:
    """Share of answers that are a gold answer, normalised; of an unanswerable question only the refusal is right.

    Rajpurkar et al., EMNLP 2016, and Rajpurkar, Jia & Liang, ACL 2018 (unanswerable questions). Where several parts
    are needed, the answer must be the parts in any order, with or without "and".
    """
    return mean("exact_match", (_compared(outcome, text_exact) for outcome in outcomes))


def token_f1(outcomes: Iterable[Outcome]) -> Metric:
    """Mean F1 of the answer's tokens with those of the nearest gold answer (SQuAD, as for ``exact_match``).

    An answer that has none of the numbers of a gold answer scores 0 against it (Dua et al., "DROP", NAACL 2019).
    """
    return mean("token_f1", (_compared(outcome, text_f1) for outcome in outcomes))


def answer_recall(outcomes: Iterable[Outcome]) -> Metric:
    """Mean share of the needed parts of which the answer has an alternative, as neighbouring words.

    Of a long gold answer, the share of its tokens that the answer has: prose is not repeated word for word.

    For answers in sentences, which exact match never accepts (Adlakha et al., "Evaluating Correctness and
    Faithfulness of Instruction-Following Models for Question Answering", TACL 2024, recall).
    """
    return mean("answer_recall", (_of_gold(outcome, _recall) for outcome in outcomes))


def answer_correct(outcomes: Iterable[Outcome]) -> Metric:
    """Share of questions treated rightly: every needed part is in the answer, or an unanswerable one was refused.

    An answer to a question whose gold answer is long prose is right when it cites one of the gold sentences.
    """
    return mean("answer_correct", (_judged(outcome) for outcome in outcomes))


def rouge_l(outcomes: Iterable[Outcome]) -> Metric:
    """Mean ROUGE-L F1 with the nearest gold answer, over answerable questions.

    Lin, "ROUGE: A Package for Automatic Evaluation of Summaries", ACL workshop 2004, with precision and recall weighed
    equally and without stemming; the longest common subsequence is rapidfuzz's.
    """
    return mean("rouge_l", (_of_gold(outcome, _rouge) for outcome in outcomes))


def text_exact(answer: str, parts: Sequence[Sequence[str]]) -> float:
    """1.0 when the answer is the gold answer (one alternative of each part, parts in any order), else 0.0."""
    if not parts:
        return float(not squad_tokens(answer))
    if len(parts) == 1:
        return float(any(squad_tokens(answer) == squad_tokens(alternative) for alternative in parts[0]))
    given = Counter(token for token in squad_tokens(answer) if token != "and")
    best = Counter(chain.from_iterable(squad_tokens(text) for text in _nearest(answer, parts)))
    return float(given == best - Counter({"and": best["and"]}))


def text_f1(answer: str, parts: Sequence[Sequence[str]]) -> float:
    """F1 of the tokens with the nearest gold answer; of several parts, the nearest alternative of each is taken."""
    if not parts:
        return float(not squad_tokens(answer))
    if len(parts) == 1:
        return max(_f1(answer, alternative) for alternative in parts[0])
    return _f1(answer, " ".join(_nearest(answer, parts)))


def parts_found(outcome: Outcome) -> tuple[bool, ...]:
    """For each needed part, whether the answer has an alternative of it.

    Of a yes-or-no answer a bare yes or no counts only as the first word: elsewhere it says little.
    """
    question, answer = outcome.question, words(outcome.text)
    if question.verdict is None:
        return tuple(any(contains(answer, words(text)) for text in part) for part in question.answers)
    if answer[:1] in (["yes"], ["no"]):
        return (answer[0] == question.verdict,)
    return (any(contains(answer, words(phrase)) for phrase in question.answers[0][1:]),)


def is_correct(outcome: Outcome) -> bool | None:
    """Whether the question was treated rightly; None when its gold answer is not known."""
    question = outcome.question
    if outcome.failed:
        return False
    if not question.answerable:
        return not outcome.answered
    if question.answer_type == "long":
        groups = question.evidence
        return (
            outcome.answered and any(covers(outcome.citations, group, "sentence") for group in groups)
            if groups
            else None
        )
    if not question.answers:
        return None
    return outcome.answered and all(parts_found(outcome))


def _compared(outcome: Outcome, compare: Callable[[str, Sequence[Sequence[str]]], float]) -> Score:
    question = outcome.question
    if question.answerable and not question.answers:
        return unscored(question, NO_GOLD, error=outcome.failed)
    if outcome.failed:
        return scored(question, 0.0, error=True)
    if not question.answerable:
        return scored(question, float(not outcome.answered))
    return scored(question, compare(outcome.text, question.answers) if outcome.answered else 0.0)


def _of_gold(outcome: Outcome, value: Callable[[Outcome], float]) -> Score:
    question = outcome.question
    if not question.answerable or not question.answers:
        return unscored(question, NO_GOLD if question.answerable else NOT_ANSWERABLE, error=outcome.failed)
    return scored(question, value(outcome) if outcome.answered else 0.0, error=outcome.failed)


def _recall(outcome: Outcome) -> float:
    if outcome.question.answer_type == "long":
        return max(_token_recall(outcome.text, gold) for part in outcome.question.answers for gold in part)
    found = parts_found(outcome)
    return sum(found) / len(found)


def _token_recall(answer: str, gold: str) -> float:
    given, wanted = Counter(squad_tokens(answer)), Counter(squad_tokens(gold))
    return (given & wanted).total() / wanted.total() if wanted else 0.0


def _judged(outcome: Outcome) -> Score:
    correct = is_correct(outcome)
    if correct is None:
        return unscored(outcome.question, NO_GOLD)
    return scored(outcome.question, float(correct), error=outcome.failed)


def _rouge(outcome: Outcome) -> float:
    parts = outcome.question.answers
    return text_rouge_l(outcome.text, parts[0] if len(parts) == 1 else (" ".join(_nearest(outcome.text, parts)),))


def text_rouge_l(answer: str, golds: Iterable[str]) -> float:
    """ROUGE-L F1 of the answer with the nearest of the golds."""
    given = alphanumeric_words(answer)
    return max((_lcs_f1(given, alphanumeric_words(gold)) for gold in golds), default=0.0)


def _lcs_f1(given: Sequence[str], gold: Sequence[str]) -> float:
    common = LCSseq.similarity(given, gold)
    return 2 * common / (len(given) + len(gold)) if common else 0.0


def _nearest(answer: str, parts: Sequence[Sequence[str]]) -> list[str]:
    """Of each part, the alternative of which the answer has the largest share of tokens."""
    given = set(squad_tokens(answer))

    def share(alternative: str) -> float:
        tokens = squad_tokens(alternative)
        return sum(token in given for token in tokens) / len(tokens) if tokens else 0.0

    return [max(part, key=share) for part in parts]


def _f1(answer: str, gold: str) -> float:
    wanted_numbers = number_values(gold)
    if wanted_numbers and not wanted_numbers & number_values(answer):
        return 0.0
    given, wanted = squad_tokens(answer), squad_tokens(gold)
    if not given or not wanted:
        return float(given == wanted)
    common = (Counter(given) & Counter(wanted)).total()
    return 2 * common / (len(given) + len(wanted))
