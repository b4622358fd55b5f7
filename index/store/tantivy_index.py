"""BM25 over the chunks' words, in a Tantivy index derived from the catalog."""

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from index.articles import Chunk, Window
from index.errors import DamagedError, IndexStateError
from index.store.records import row_key

if TYPE_CHECKING:
    import tantivy

ANALYZER = "news_english"
WRITER_MEMORY = 64_000_000  # bytes that Tantivy may hold before it writes a segment
WORD = re.compile(r"\w+")


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

    def count(self) -> int:
        """Number of chunks that can be found, as of the last opening, change or ``reload``."""
        return int(self._index.searcher().num_docs)

    def reload(self) -> None:
        """See what other processes have committed."""
        with _explained(self._folder):
            self._index.reload()

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

    def search(
        self, question: str, limit: int, window: Window, source: str = "", among: Collection[str] | None = None
    ) -> tuple[str, ...]:
        """Keys of the best chunks for the question's words, best first; of one source, if it is named.

        Args:
            among: only rows with these keys.
        """
        import tantivy

        words = self._analyzer.analyze(" ".join(WORD.findall(question.lower())))
        if not words:  # nothing but stop words, which Tantivy would take for all documents
            return ()
        # Terms side by side in one query let Tantivy skip whole blocks of documents that cannot be among the best.
        terms = [tantivy.Query.term_query(self._schema, part, word) for word in words for part in ("title", "text")]
        query = tantivy.Query.boolean_query([(tantivy.Occur.Should, term) for term in terms])
        restrictions = list(self._restrictions(window, source))
        if among is not None:
            rows = tantivy.Query.term_set_query(self._schema, "id", list(among))
            restrictions.append(tantivy.Query.const_score_query(rows, 0.0))
        if restrictions:
            query = tantivy.Query.boolean_query([(tantivy.Occur.Must, part) for part in (query, *restrictions)])
        searcher = self._index.searcher()
        hits = searcher.search(query, limit, count=False).hits
        return tuple(str(searcher.doc(address).get_first("id")) for _, address in hits)

    def _restrictions(self, window: Window, source: str) -> "Iterator[tantivy.Query]":
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
