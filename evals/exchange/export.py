"""Writes runs as files that other programs read: TREC runs and qrels, and CSV.

TREC's formats are those that trec_eval reads: ``qid Q0 docid rank score tag`` and ``qid 0 docid relevance``
(https://github.com/usnistgov/trec_eval, README). trec_eval sorts by score and does not look at ranks.
"""

import csv
import io
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from urllib.parse import quote

from evals.metrics.outcome import Outcome, Passage, same_place
from evals.questions.schema import Question, Span
from evals.report.exports import text_cell
from evals.run.records import Run
from evals.score.outcomes import Reader

CSV_COLUMNS = (
    *("id", "seed", "question", "answerable", "status", "answer", "gold", "citations", "hits"),
    *("seconds", "prompt_tokens", "completion_tokens", "error"),
)

_SPACE = re.compile(r"\s")


def trec_files(run: Run) -> Mapping[str, str]:
    """File name → content: runs and qrels of articles and of passages, a run for each seed.

    A passage is ``article:start-end``. In the qrels of passages every hit that covers a gold sentence is relevant, and
    so is every gold sentence that no hit of the run covers, under the name of its own place. TREC cannot say that
    several sentences are interchangeable: there, each of them counts.
    """
    found: dict[int, list[Outcome]] = {seed: [] for seed in run.info.suite.seeds}
    reader = Reader(run)
    for record in run.completed():
        found[record.seed].append(reader.outcome(record))
    files = {}
    for seed, outcomes in found.items():
        end = f"-seed{seed}" if len(found) > 1 else ""
        files[f"articles{end}.run"] = "".join(_run_lines(run.name, outcomes, lambda hit: hit.article))
        files[f"passages{end}.run"] = "".join(_run_lines(run.name, outcomes, _passage))
    every = [outcome for outcomes in found.values() for outcome in outcomes]
    files["articles.qrels"] = "".join(_article_qrels(run.questions))
    files["passages.qrels"] = "".join(_passage_qrels(run.questions, every))
    return files


def csv_file(run: Run) -> Mapping[str, str]:
    """File name → content: a row for each question and seed that has a record."""
    reader, target = Reader(run), io.StringIO()
    writer = csv.writer(target)
    writer.writerow(CSV_COLUMNS)
    for record in run.completed():
        outcome = reader.outcome(record)
        question = outcome.question
        state = "failed" if outcome.failed else outcome.status
        row = (
            *(question.id, record.seed, question.question, str(question.answerable).lower(), state, outcome.text),
            " and ".join(part[0] for part in question.answers),
            "; ".join(f"[{item.number}] {_passage(item)}: {item.text}" for item in outcome.citations),
            "; ".join(map(_passage, outcome.ranked or ())),
            *(record.seconds, outcome.prompt_tokens, outcome.completion_tokens, outcome.error),
        )
        writer.writerow("" if cell is None else text_cell(str(cell)) for cell in row)
    return {"answers.csv": target.getvalue()}


EXPORTS: Mapping[str, Callable[[Run], Mapping[str, str]]] = {"trec": trec_files, "csv": csv_file}


def _run_lines(tag: str, outcomes: Iterable[Outcome], name: Callable[[Passage], str]) -> Iterator[str]:
    """What is found several times counts at its best rank; the score is 1 / rank."""
    for outcome in outcomes:
        documents = dict.fromkeys(map(name, outcome.ranked or ()))
        for rank, document in enumerate(documents, start=1):
            yield f"{_word(outcome.question.id)} Q0 {_word(document)} {rank} {1 / rank:.6f} {_word(tag)}\n"


def _article_qrels(questions: Iterable[Question]) -> Iterator[str]:
    for question in questions:
        for article in dict.fromkeys(span.article for span in _gold(question)):
            yield f"{_word(question.id)} 0 {_word(article)} 1\n"


def _passage_qrels(questions: Iterable[Question], outcomes: Iterable[Outcome]) -> Iterator[str]:
    hits: dict[str, list[Passage]] = {}
    for outcome in outcomes:
        hits.setdefault(outcome.question.id, []).extend(outcome.ranked or ())
    for question in questions:
        gold, found = _gold(question), hits.get(question.id, [])
        relevant = [_passage(hit) for hit in found if any(same_place(hit, span) for span in gold)]
        lost = [span for span in gold if not any(same_place(hit, span) for hit in found)]
        for name in dict.fromkeys((*relevant, *(f"{span.article}:{span.start}-{span.end}" for span in lost))):
            yield f"{_word(question.id)} 0 {_word(name)} 1\n"


def _gold(question: Question) -> tuple[Span, ...]:
    return tuple(span for group in question.evidence for span in group)


def _passage(passage: Passage) -> str:
    return f"{passage.article}:{passage.start}-{passage.end}"


def _word(text: str) -> str:
    """The text without white space, which parts the columns; such signs are percent-encoded."""
    return _SPACE.sub(lambda match: quote(match.group()), text)
