"""BM25 over the chunks' words, in a Tantivy index derived from the catalog."""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from index.articles import Chunk, Window
from index.errors import DamagedError, IndexStateError
from index.store.bm25 import DECIMALS, Bounds, Term, WordStatistics, occurrences_in, score
from index.store.records import Scored, row_key

if TYPE_CHECKING:
    import tantivy

ANALYZER = "news_english"
WRITER_MEMORY = 64_000_000  # bytes that Tantivy may hold before it writes a segment
WORD = re.compile(r"\w+")
FIELDS = ("id", "title", "text", "source", "published")  # in the order of the schema
RANKED = ("title", "text")  # the fields whose words are searched
SPARE_ROWS = 10  # so many more are asked for: keys decide between equal scores, and shared statistics rank otherwise
MOST_ROWS = 10_000
TRIED_WORDS = 100  # a word may stand in deleted rows alone


class LexicalIndex:
    """Ranks chunks by BM25 (Robertson & Zaragoza, 2009; Tantivy's k1 = 1.2, b = 0.75) of title and text.

    Words are lower-cased, folded to ASCII, rid of English stop words and stemmed (Snowball English).
    The index holds nothing that the catalog does not: it can be deleted and built again at any time.
    Rows have the keys of ``index.store.records.row_key``.
    """

    def __init__(self, folder: Path) -> None:
        import tantivy

        folder.mkdir(parents=True, exist_ok=True)
        schema = (
            tantivy.SchemaBuilder()
            .add_text_field("id", stored=True, tokenizer_name="raw", index_option="basic")
            .add_text_field("title", tokenizer_name=ANALYZER, index_option="freq")
            .add_text_field("text", tokenizer_name=ANALYZER, index_option="freq")
            .add_text_field("source", tokenizer_name="raw", index_option="basic")
            .add_integer_field("published", indexed=True, fast=True)
            .build()
        )
        with _explained(folder):
            self._index = tantivy.Index(schema, path=str(folder))
        self._folder = folder
        self._schema = schema
        self._analyzer = _analyzer()
        self._index.register_tokenizer(ANALYZER, self._analyzer)
        self._sizes: WordStatistics | None = None  # as of the last change or reload

    def count(self) -> int:
        """Number of chunks that can be found, as of the last opening, change or ``reload``."""
        return int(self._index.searcher().num_docs)

    def reload(self) -> None:
        """See what other processes have committed."""
        with _explained(self._folder):
            self._index.reload()
        self._sizes = None

    def keys(self) -> Iterator[str]:
        """The key of every row."""
        import tantivy

        searcher = self._index.searcher()
        if searcher.num_docs:
            for _, address in searcher.search(tantivy.Query.all_query(), searcher.num_docs, count=False).hits:
                yield str(searcher.doc(address).get_first("id"))

    def put(self, chunks: Iterable[Chunk], version: int) -> None:
        """Put in chunks under a version, all at once."""
        self._write(((chunk, version) for chunk in chunks), (), clear=False)

    def delete(self, keys: Iterable[str]) -> None:
        """Take out rows, all at once; those that are not there are gone already."""
        self._write((), keys, clear=False)

    def rebuild(self, chunks: Iterable[tuple[Chunk, int]]) -> None:
        """Start anew with these chunks and versions alone."""
        self._write(chunks, (), clear=True)

    def _write(self, chunks: Iterable[tuple[Chunk, int]], deleted: Iterable[str], *, clear: bool) -> None:
        import tantivy

        with _explained(self._folder):
            writer = self._index.writer(heap_size=WRITER_MEMORY, num_threads=1)
            if clear:
                writer.delete_all_documents()
            for key in deleted:
                writer.delete_documents_by_term("id", key)
            for chunk, version in chunks:
                key = row_key(chunk.article.id, chunk.number, version)
                article = chunk.article
                document = tantivy.Document(id=key, title=article.title, text=chunk.text, source=article.source)
                if article.published_at is not None:
                    document.add_integer("published", article.published_at)
                writer.add_document(document)
            writer.commit()
            writer.wait_merging_threads()
            self._index.reload()
        self._sizes = None

    def search(
        self, question: str, limit: int, window: Window, source: str = "", among: Collection[str] | None = None
    ) -> tuple[str, ...]:
        """Keys of the best chunks for the question's words, best first; of one source, if it is named.

        Args:
            among: only rows with these keys.
        """
        return tuple(found.key for found in self.scored(question, limit, window, source, among))

    def scored(
        self,
        question: str,
        limit: int,
        window: Window,
        source: str = "",
        among: Collection[str] | None = None,
        shared: WordStatistics | None = None,
    ) -> tuple[Scored, ...]:
        """The same with their BM25 scores; rows with equal scores by their keys.

        Args:
            shared: the statistics of all indexes that are searched, by which words are weighed; None takes its own. The
                lengths of rows are still compared with its own average, so that scores are within ``bounds`` of those
                that ``scores`` gives, and all rows are given that can be among the best by these.
        """
        terms = self._terms(question)
        if not terms:  # nothing but stop words, which Tantivy would take for all documents
            return ()
        restrictions = list(self._restrictions(window, source, among))
        searcher = self._index.searcher()
        if shared is None:
            hits = searcher.search(_all_of(self._any_of(terms), restrictions), limit + SPARE_ROWS, count=False).hits
            return best_first(Scored(_key(searcher, address), score) for score, address in hits)[:limit]
        own, bounds = self.statistics(question), self.bounds(shared)
        query = _all_of(self._any_of(terms, {term: shared.idf(term) / own.idf(term) for term in terms}), restrictions)
        several = limit + SPARE_ROWS
        while True:
            hits = searcher.search(query, several, count=False).hits
            likely = bounds.likely([Scored(_key(searcher, address), found) for found, address in hits], limit)
            if len(likely) < several or several >= MOST_ROWS:
                return likely
            several = min(MOST_ROWS, 2 * several)

    def scores(self, question: str, keys: Collection[str], shared: WordStatistics) -> dict[str, float]:
        """Row key → BM25 score by the statistics of all indexes that are searched, for the rows that are there."""
        import tantivy

        terms = self._terms(question)
        if not terms or not keys:
            return {}
        searcher, plain = self._index.searcher(), self._any_of(terms)
        rows = tantivy.Query.term_set_query(self._schema, "id", list(keys))
        found = {}
        for _, address in searcher.search(rows, len(keys), count=False).hits:
            explanation = plain.explain(searcher, address).to_json()
            found[_key(searcher, address)] = score(occurrences_in(explanation, FIELDS), shared)
        return found

    def bounds(self, shared: WordStatistics) -> Bounds:
        """How far ``scored`` is from ``scores``."""
        return Bounds.between(self._lengths(), shared)

    def statistics(self, question: str) -> WordStatistics:
        """What BM25 knows of the question's words, as of the last opening, change or ``reload``."""
        searcher, terms = self._index.searcher(), self._terms(question)
        found_in = {(part, word): searcher.doc_freq(part, word) for part, word in dict.fromkeys(terms)}
        return replace(self._lengths(), found_in=found_in)

    def _lengths(self) -> WordStatistics:
        """Its rows and their lengths, without any words."""
        if self._sizes is None:
            self._sizes = self._read_sizes(self._index.searcher())
        return self._sizes

    def _terms(self, question: str) -> list[Term]:
        words = self._analyzer.analyze(" ".join(WORD.findall(question.lower())))
        return [(part, word) for word in words for part in RANKED]

    def _any_of(self, terms: Iterable[Term], boosts: Mapping[Term, float] | None = None) -> "tantivy.Query":
        """A query for any of the terms.

        Terms side by side in one query let Tantivy skip whole blocks of documents that cannot be among the best.
        """
        import tantivy

        queries = ((term, tantivy.Query.term_query(self._schema, *term)) for term in terms)
        boosted = (
            query if boosts is None else tantivy.Query.boost_query(query, boosts[term]) for term, query in queries
        )
        return tantivy.Query.boolean_query([(tantivy.Occur.Should, query) for query in boosted])

    def _read_sizes(self, searcher: "tantivy.Searcher") -> WordStatistics:
        """The number of rows, and the words in each field; deleted rows count until Tantivy has merged them away.

        Tantivy tells them only where it explains a score, so that one word of each field is looked up.
        """
        rows, lengths = searcher.num_docs, dict.fromkeys(RANKED, 0)
        for part in RANKED:
            for word, _ in searcher.terms_with_prefix(part, "", limit=TRIED_WORDS):
                query = self._any_of([(part, word)])
                for _, address in searcher.search(query, 1, count=False).hits:
                    (found,) = occurrences_in(query.explain(searcher, address).to_json(), FIELDS)
                    rows, lengths[part] = found.rows, round(found.average * found.rows)
                if lengths[part]:
                    break
        return WordStatistics(rows, lengths)

    def _restrictions(self, window: Window, source: str, among: Collection[str] | None) -> "Iterator[tantivy.Query]":
        """What rows must fulfil besides; their scores stay as they are."""
        import tantivy

        if window.bounded:
            wide = window.wide  # whose days those of the catalog are chosen from
            inside = tantivy.Query.range_query(
                self._schema,
                "published",
                tantivy.FieldType.Integer,
                wide.since,
                wide.until,
                include_upper=wide.until is None,
            )
            yield tantivy.Query.const_score_query(inside, 0.0)
        if source:
            yield tantivy.Query.const_score_query(tantivy.Query.term_query(self._schema, "source", source), 0.0)
        if among is not None:
            rows = tantivy.Query.term_set_query(self._schema, "id", list(among))
            yield tantivy.Query.const_score_query(rows, 0.0)


def _all_of(query: "tantivy.Query", restrictions: "Sequence[tantivy.Query]") -> "tantivy.Query":
    import tantivy

    if not restrictions:
        return query
    return tantivy.Query.boolean_query([(tantivy.Occur.Must, part) for part in (query, *restrictions)])


def _key(searcher: "tantivy.Searcher", address: "tantivy.DocAddress") -> str:
    return str(searcher.doc(address).get_first("id"))


def best_first(found: Iterable[Scored]) -> tuple[Scored, ...]:
    """Best first, and by key where scores are equal but for rounding, so that every division into indexes is alike."""
    return tuple(sorted(found, key=lambda row: (-round(row.score, DECIMALS), row.key)))


def _analyzer() -> "tantivy.TextAnalyzer":
    import tantivy

    steps: Sequence[tantivy.Filter] = (
        tantivy.Filter.remove_long(100),
        tantivy.Filter.lowercase(),
        tantivy.Filter.ascii_fold(),
        tantivy.Filter.stopword("english"),
        tantivy.Filter.stemmer("english"),
    )
    builder = tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.simple())
    for step in steps:
        builder = builder.filter(step)
    return builder.build()


@contextmanager
def _explained(folder: Path) -> Iterator[None]:
    """Tantivy's errors in words for people.

    Raises:
        DamagedError: the files cannot be read.
        IndexStateError: the disk is full, or the folder cannot be written.
    """
    try:
        yield
    except (ValueError, OSError) as error:
        message = " ".join(str(error).split())
        if "No space left" in message or "StorageFull" in message or "File too large" in message:
            raise IndexStateError(f"{folder}: the disk is full", "free some space, then run it again") from error
        if "Permission denied" in message or "Read-only" in message:
            raise IndexStateError(f"cannot write to {folder}: {message}", "choose another index folder") from error
        problem = f"the word index in {folder} cannot be opened: {message}"
        raise DamagedError(problem, "mend it: Library.rebuild()") from error
