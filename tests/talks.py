"""Conversations made by hand, for tests of what is made of them."""

from assistant.answer import Answer, Citation, Claim, Evidence, Rejected, Status
from assistant.llm.reply_json import Usage
from assistant.render.transcript import Entry, Transcript
from index.articles import Article

STARTED = "2023-11-09T10:00:00.000000+00:00"
TEXT = "The ferry <b>sank</b> at noon.\n\nNobody & nothing was lost, *they* said. It lay [1] there."
FERRY = Article(
    "ferry",
    "Ferry <sinks> off Brack & Co",
    "The_Gazette",
    "https://example.org/a?b=1&c=2",
    "A. Writer",
    "2023-11-08",
    TEXT,
)
HARBOUR = Article("harbour", "نص عربي", "日本新聞", "javascript:alert(1)", "", "", "המעבורת טבעה. 船は沈んだ。")
ARTICLES = {article.id: article for article in (FERRY, HARBOUR)}


def cited(n: int, article: Article, sentence: str) -> Citation:
    start = article.text.index(sentence)
    return Citation(n, sentence, start, start + len(sentence), article.info)


def considered(label: str, article: Article, sentence: str) -> Evidence:
    start = article.text.index(sentence)
    return Evidence(label, sentence, start, start + len(sentence), article.info, "context", "reading", fit=1.5)


SANK = cited(1, FERRY, "The ferry <b>sank</b> at noon.")
LOST = cited(2, FERRY, "Nobody & nothing was lost, *they* said.")
SHIP = cited(3, HARBOUR, "船は沈んだ。")
ANSWERED = Answer(
    "What <i>sank</i> & when?",
    Status.CONFLICTING,
    standalone="What *ferry* sank?",
    claims=(Claim("The ferry <b>sank</b> at noon.", (1,)), Claim("Nobody_was_lost # at all.", (2, 1), 2)),
    citations=(SANK, LOST),
    disagreements=("Sources differ: 14 [1] or 17 [2]",),
    evidence=(considered("S1", FERRY, SANK.sentence),),
    rejected=(Rejected("The moon sank.", ("S1",), "the sentence does not state it"),),
    usage=Usage(10, 5, None, 1),
    timings_ms={"search": 1.5, "total": 9.0},
    model="m",
    warnings=("the prompt was <cut>",),
)
REFUSED = Answer(
    "Who?",
    Status.INSUFFICIENT,
    confidence=0.2,
    missing=("tungsten",),
    evidence=(considered("S1", HARBOUR, SHIP.sentence),),
)
STOPPED = Answer("And then?", Status.IN_PROGRESS, claims=(Claim("船は沈んだ。", (3,)),), citations=(SHIP,))
TALK = Transcript(
    STARTED,
    (
        Entry(ANSWERED, STARTED),
        Entry(REFUSED, STARTED, "since 1 November 2023 · The_Gazette"),
        Entry(STOPPED, STARTED),
    ),
)
