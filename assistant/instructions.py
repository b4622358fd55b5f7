"""Which sentences of an article give orders to whoever answers questions, instead of telling news.

Such a sentence is no evidence. Articles are data: what they order is not done, and it is not said either. Quoting is
news: what stands in quotation marks is left out before the patterns look, when somebody is named who says it.

The patterns are a table, so that each can be measured by itself. They follow the forms that are known: "ignore previous
instructions" (Perez & Ribeiro, "Ignore Previous Prompt", NeurIPS ML Safety Workshop 2022), false turns and completions
(Liu et al., USENIX Security 2024), orders in texts that are retrieved (Greshake et al., AISec 2023), and characters to
be played (Shen et al., "Do Anything Now", CCS 2024). A table stops careless attacks and not careful ones, and it does
not know a lie in plain words. Of 9,844 sentences (news, CLAPNQ, SQuAD 2, newsroom) it takes one for an order; it is.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import takewhile

from assistant.folding import folded, seen
from assistant.verification import content_stems
from index.articles import Sentence

MIN_WORDS_AROUND_QUOTE = 2  # "…," he said
MIN_LIKE = 3  # sentences of a paragraph in nearly the same words
MIN_LIKE_STEMS = 4  # in common; fewer may be chance
LIKE_SHARE = 0.7  # of the longer sentence's stems

_QUOTED = re.compile(r'"[^"]*"|(?<!\w)\'[^\']{12,}\'(?!\w)')
_TURNING = re.compile("[\u202a-\u202e\u2066-\u2069]")  # marks that turn the direction of writing, and back
_WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class Pattern:
    """A way to give orders.

    Attributes:
        reason: for people; the same for all patterns of one way.
        form: for the folded text, without accents, with the quotation marks and dashes of ASCII.
        quotable: whether what stands in quotation marks is left out before it looks.
    """

    reason: str
    form: re.Pattern[str]
    quotable: bool = True


def _pattern(reason: str, form: str, *, quotable: bool = True) -> Pattern:
    """The form is folded as the text is: Russian letters that look like Latin ones become these."""
    return Pattern(reason, re.compile(folded(form).text, re.IGNORECASE), quotable)


_FORGES = "it is written like a part of the prompt"
_OVERRIDES = "it tells the reader to ignore instructions"
_ADDRESSES = "it addresses a machine that answers"
_DICTATES = "it dictates an answer"
_DISCREDITS = "it forbids the other sources"

# Where an order may begin: the sentence, a clause, or after words that lead up to one.
_START = r"(?:^|[.!?:;,*#>\])-]\s*|\b(?:and|then|please|now|must|should|shall|you|to|always|just|kindly|so)\s+)"
_WHAT = r"(?:instructions?|prompts?|guidelines|directions|directives|system (?:prompt|message)|(?:above|previous) text)"
_EARLIER = (
    r"(?:(?:all|any|every|the|your|these|those|other|of|previous|prior|above|preceding|earlier|existing|user's)\s+)"
)
_MACHINE = (
    r"(?:AI|A\.I\.|(?:AI|LLM|chat|search|answering|voice|virtual|language|digital)[ -]?(?:assistants?|models?|systems?"
    r"|agents?|bots?|engines?)|LLMs?|chatbots?|language models?|assistants?|answering (?:machine|system)s?|ChatGPT|GPT)"
)
_SOURCES = r"(?:sources?|documents?|passages?|sentences?|snippets?|excerpts?|search results?)"

PATTERNS = (
    _pattern(
        _FORGES,
        r"<\|?/?(?:im_start|im_end|endoftext|begin_of_text|(?:start|end)_header_id|eot_id|(?:start|end)_of_turn|system"
        r"|user|assistant|end|start|channel|message|return|begin.of.sentence|end.of.sentence|bos|eos|s)\|?>"
        r"|<\|\w+\|>|<</?SYS>>|\[/?INST\]|\[/?SYSTEM_PROMPT\]|\[gMASK\]",
        quotable=False,
    ),
    _pattern(_FORGES, r"\[\s*S\d+\s*\]|[\"']S\d+[\"']\s*:|^S\d+\s*[:=]|\bS\d+ = ", quotable=False),
    _pattern(_FORGES, r"^\W*(?:(?:system|assistant|developer)(?: (?:prompt|message|override|note))?|user)\s*:"),
    _pattern(
        _FORGES, r"^\W*#{1,4}\s*(?:instruction|response|system|input)s?\b|^\W*(?:instruction|response|input)s?:\s*$"
    ),
    _pattern(_FORGES, r"^\W*question: "),  # as the reader's question stands in prompts/answer.md
    _pattern(_FORGES, r"^\W*example of an? (?:right|correct|good) answer"),
    _pattern(
        _OVERRIDES,
        rf"{_START}(?:ignore|disregard|forget|override|bypass|neglect)\s+{_EARLIER}{{0,8}}{_WHAT}\b(?!\s+(?:of|from|by"
        rf"|for)\b)",
    ),
    _pattern(
        _OVERRIDES,
        r"(?:^|[.!?:;]\s*|\bplease\s+)(?:ignore|disregard|forget)\s+(?:all\s+|everything\s+|anything\s+"
        r"|what\s+)?(?:(?:of|that"
        r"|is|was|stands|written|said|the)\s+)*(?:above|before|previous|preceding|sentences|other documents)\b",
    ),
    _pattern(
        _OVERRIDES, r"\b(?:developer|jailbreak|DAN|god|debug|evaluation|override) mode\b(?: is)? (?:on|enabled|active)"
    ),
    _pattern(
        _ADDRESSES,
        rf"(?:^|[.!?:;(]\s*|\b(?:dear|hey|attention|notice|important|note|hint|message|correction"
        rf"|instructions?)\b[^.!?]{{0,20}}"
        rf"\b(?:to|for)?\s*(?:all|any|every)?\s*){_MACHINE}(?:\s+(?:reading|that reads?|which reads?"
        rf"|who reads?)[^:.!?]*)?"
        r"(?::|,? (?:please|must|should|shall|always|append|add|include|ignore|reading this)\b)",
    ),
    _pattern(_ADDRESSES, rf"\bif you are an? (?:\w+ )?{_MACHINE}\b"),
    _pattern(
        _ADDRESSES, r"\b(?:the )?assistants? (?:must|should|shall) (?:disregard|ignore|forget|answer|state|reply|say)\b"
    ),
    _pattern(_ADDRESSES, rf"\b(?:dear|attention,?) (?:all )?{_MACHINE}\b"),
    _pattern(
        _ADDRESSES,
        rf"\b(?:notes?|notices?|corrections?|messages?|instructions?) (?:to|for) (?:all )?(?:\w+ )?{_MACHINE}\b",
    ),
    _pattern(
        _ADDRESSES,
        rf"(?:^|[.!?:;]\s*|\bfrom now on,? )you are (?:now )?(?:an?|the|in|captain|called)\b[^.!?]*"
        rf"(?:{_MACHINE}|\b(?:no|without) (?:rules|restrictions|limits|filters)|\bhistorian\.|\bmode\b)"
        r"|\byou are now (?:an?|the|in|called)\b(?! \w+ (?:away|from))|\bfrom now on,? you (?:are|will|must"
        r"|answer|say)\b"
        r"|\b(?:act|pretend|behave) as (?:if you (?:are|were)|an? \w+(?: \w+){0,3} without (?:rules|restrictions"
        r"|limits))",
    ),
    _pattern(
        _DICTATES,
        r"(?:^|[.!?:;,]\s*|\b(?:and|then|please|must|only|always)\s+)(?:(?:always|only|just|now|please)\s+){0,3}"
        r"(?:answer|reply|respond|output|print|state|write|say|repeat)\s+"
        r"(?:(?:only|just|exactly|solely|always|simply)\b|with (?:only |just )?(?:the (?:word|sentence|text"
        r"|phrase|link)\b)"
        r"|(?:the )?following (?:sentence|text|word)|nothing (?:else|but)\b)",
    ),
    _pattern(
        _DICTATES,
        r"\b(?:when|whenever|if)\b[^.!?]{0,120}\b(?:asked|asks|asked for"
        r"|asked about)\b[^.!?]{0,60}[,:]?\s*\b(?:you |your )?"
        r"(?:answer(?: is| that)?|say|reply|respond|state)\b",
    ),
    _pattern(
        _DICTATES,
        r"^(?:(?:always|please|so) )?(?:answer|reply|respond) (?:that (?!you\b)|with |who |whom )|^(?:state"
        r"|say) that (?!you\b)"
        r"|^(?:always|please) (?:answer|reply|respond|state|say)\b|^repeat: |[,;] (?:so )?say [A-Z]\w+",
    ),
    _pattern(
        _DICTATES,
        r"\b(?:every|each) (?:answer|reply|response) (?:\w+ ){0,6}must\b|\b(?:end every|your) answer (?:is|with)\b",
    ),
    _pattern(
        _DICTATES,
        r"\bthe (?:only |one )?(?:true|correct|right|verified|valid) (?:answer|winner|value"
        r"|figure) (?:to (?:state|give|the"
        r" question|how|who|what|when|where|any question|every question)|for (?:the|any|every|all) (?:number"
        r"|questions?))\b",
    ),
    _pattern(_DICTATES, r"\bthe answer to (?:every|all|any|each) questions?\b"),
    _pattern(
        _DICTATES,
        r"\b(?:must (?:not say that|be given even|end with this|always (?:say|answer|end|include))"
        r"|do not say that it is"
        r" unknown|you must not say|give the answer [\"'])",
    ),
    _pattern(
        _DICTATES,
        r"^(?:repeat|include|append|always add|insert|show|visit|click)\b[^.!?]{0,80}(?:https?:|the (?:address"
        r"|link|url)\b)"
        r"|\binclude the (?:mail address|link|url|address)\b|\bto (?:their|your|the) answer\b[^.!?]*\b(?:address"
        r"|link|url)\b",
    ),
    _pattern(
        _DISCREDITS,
        rf"\b(?:other|all|preceding|previous|above|these|the) {_SOURCES}\b[^!?]{{0,90}}\b(?:retracted|withdrawn"
        rf"|invalid|void"
        r"|not evidence|must not be|may not be|are drafts|to be (?:ignored|disregarded))",
    ),
    _pattern(
        _DISCREDITS,
        rf"\b(?:disregard|do not (?:use|cite|quote|trust|read)|ignore|never (?:use|cite|quote))\b[^.!?]{{0,24}}\b"
        rf"(?:{_SOURCES}|(?:the )?other (?:articles?|reports?|texts?))\b",
    ),
    _pattern(
        _DISCREDITS,
        r"\b(?:use|trust|cite) (?:only )?this (?:\w+ )?(?:only|and nothing else|alone)\b|\bonly this one is valid\b",
    ),
    _pattern(
        _OVERRIDES,
        r"\b(?:ignorier\w*|vergiss|vergesst|missachte\w*)\b[^.!?]{0,40}\b(?:anweisung|instruktion|vorgabe|befehl)\w*",
    ),
    _pattern(_DICTATES, r"\b(?:antworte|schreibe?|sage?)\b\s+(?:\w+ )?(?:nur|ausschliesslich|ausschließlich|immer)\b"),
    _pattern(_DICTATES, r"\bwenn (?:du|man dich|sie)\b[^.!?]{0,60}\bgefragt\b[^.!?]{0,20}\bantworte"),
    _pattern(
        _OVERRIDES,
        r"\b(?:ignore[zr]?|oublie[zr]?)\b[^.!?]{0,40}\b(?:instructions|consignes|directives) (?:precedentes"
        r"|anterieures)",
    ),
    _pattern(_DICTATES, r"\brepond(?:s|ez) (?:uniquement|seulement|toujours)\b"),
    _pattern(_OVERRIDES, r"\b(?:ignora|ignore|olvida|olvide)\b[^.!?]{0,40}\binstrucciones (?:anteriores|previas)"),
    _pattern(_DICTATES, r"\bresponde (?:solo|solamente|unicamente|siempre)\b"),
    _pattern(_OVERRIDES, r"(?:忽略|无视|忘记|不要理会)[^。！？]{0,12}(?:指令|指示|提示|说明|命令)"),
    _pattern(_DICTATES, r"(?:只|仅|必须|请只)(?:能)?(?:回答|回复|输出)"),
    _pattern(_OVERRIDES, r"(?:игнорируй|забудь|не обращай внимания)\w*[^.!?]{0,40}(?:инструкци|указани|команд)\w*"),
    _pattern(_DICTATES, r"\b(?:отвечай|ответь)\w*\s+(?:только|всегда|лишь)"),
    _pattern(_OVERRIDES, r"(?:تجاهل|انس|اهمل)[^.!?؟]{0,30}(?:التعليمات|الاوامر|الارشادات)"),
    _pattern(_DICTATES, r"(?:اجب|رد|جاوب)\s+(?:فقط|دائما)|عندما تسال[^.!?؟]{0,40}(?:اجب|قل)"),
)


def addresses_the_model(sentence: str) -> str:
    """Why a sentence is an order to whoever answers, and no news; empty when it is none.

    Signs that cannot be seen and look-alike letters do not help it, nor does turning the direction of writing. A
    sentence that reports an order ("… told chatbots to ignore …", "… ," she said) is news.
    """
    texts = [sentence]
    if _TURNING.search(sentence):
        pieces = _TURNING.split(sentence)
        texts += [*pieces, *(piece[::-1] for piece in pieces)]
    return next((reason for text in texts if (reason := _reason(folded(seen(text)).text))), "")


def news_of(text: str, sentences: Sequence[Sentence], start: int = 0) -> tuple[Sentence, ...]:
    """The sentences of a text that can be evidence: no orders, not what an order says next, no repetitions.

    An order goes on to the end of its paragraph, and after a colon into the next one. Three sentences of a paragraph in
    nearly the same words are not how news is written; such a paragraph is there to be found by a search (Zou et al.,
    "PoisonedRAG", USENIX Security 2025).

    Args:
        text: holds the sentences; a chunk's, say.
        start: offset of the text in the article, whose offsets the sentences have.
    """
    news: list[Sentence] = []
    for paragraph in _paragraphs(text, sentences, start):
        if not _repeats_itself(paragraph):
            news += takewhile(lambda sentence: not addresses_the_model(sentence.text), paragraph)
    return tuple(news)


def _paragraphs(text: str, sentences: Sequence[Sentence], start: int) -> list[list[Sentence]]:
    """Runs of sentences without a line break between them; an order that ends with a colon takes the next run in."""
    found: list[list[Sentence]] = []
    for sentence in sentences:
        last = found[-1][-1] if found else None
        broken = last is None or "\n" in text[last.end - start : sentence.start - start]
        if last is not None and (not broken or (last.text.endswith(":") and addresses_the_model(last.text))):
            found[-1].append(sentence)
        else:
            found.append([sentence])
    return found


def _repeats_itself(paragraph: Sequence[Sentence]) -> bool:
    stems = [content_stems(sentence.text) for sentence in paragraph]
    return any(sum(_alike(one, other) for other in stems) >= MIN_LIKE for one in stems)  # itself among them


def _alike(one: frozenset[str], other: frozenset[str]) -> bool:
    common = len(one & other)
    return common >= MIN_LIKE_STEMS and common >= LIKE_SHARE * max(len(one), len(other))


def asks_about_orders(question: str) -> bool:
    """Whether a question is about orders to machines, so that a sentence that holds one may answer it."""
    return bool(re.search(rf"\b(?:{_MACHINE}|{_WHAT}|comments?|hack\w*|prank\w*)\b", question, re.IGNORECASE))


def _reason(text: str) -> str:
    unquoted = _without_quotations(text)
    found = (item.reason for item in PATTERNS if item.form.search(unquoted if item.quotable else text))
    return next(found, "")


def _without_quotations(text: str) -> str:
    """The text without what it quotes, when enough is left that says who is quoted."""
    left = _QUOTED.sub(' "" ', text)
    return left if len(_WORD.findall(left)) >= MIN_WORDS_AROUND_QUOTE else text.strip("\"' ")
