"""BM25 over the chunks' words, in a Tantivy index derived from the store."""

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from index.articles import Chunk, Window
from index.errors import IndexStateError

if TYPE_CHECKING:
    import tantivy

ANALYZER = "news_english"
WRITER_MEMORY = 64_000_000  # bytes that Tantivy may hold before it writes a segment
WORD = re.compile(r"\w+")


class LexicalIndex:
    """Ranks chunks by BM25 (Robertson & Zaragoza, 2009; Tantivy's k1 = 1.2, b = 0.75) of title and text.

    Words are lower-cased, folded to ASCII, rid of English stop words and stemmed (Snowball English).
    The index holds nothing that the store does not: it can be deleted and built again at any time.
    A marker file stands from before the first uncommitted change until after the commit, so that
    a crash in between is seen at the next start.
    """

    def __init__(self, folder: Path) -> None:
        import tantivy

        folder.mkdir(parents=True, exist_ok=True)
        self._stale_marker = folder / "stale"
        schema = (
            tantivy.SchemaBuilder()
            .add_text_field("id", stored=True, tokenizer_name="raw", index_option="basic")
            .add_text_field("article", tokenizer_name="raw", index_option="basic")
            .add_text_field("title", tokenizer_name=ANALYZER, index_option="freq")
            .add_text_field("text", tokenizer_name=ANALYZER, index_option="freq")
            .add_integer_field("published", indexed=True, fast=True)
            .build()
        )
        try:
            self._index = tantivy.Index(schema, path=str(folder))
        except (ValueError, OSError) as error:
            raise IndexStateError(
                f"the word index in {folder} cannot be opened: {error}",
                f"delete that folder; it is built again from the stored articles at the next start: {folder}",
            ) from error
        self._schema = schema
        self._index.register_tokenizer(ANALYZER, _analyzer())

    @property
    def stale(self) -> bool:
        """Whether a change was begun and not committed."""
        return self._stale_marker.exists()

    def mark_stale(self) -> None:
        self._stale_marker.touch()

    def count(self) -> int:
        """Number of chunks that can be found."""
        self._index.reload()
        return int(self._index.searcher().num_docs)

    def replace(self, chunks: Iterable[Chunk], removed_articles: Iterable[str]) -> None:
        """Take out all chunks of some articles, put in others, and commit both at once."""
        self._write(chunks, removed_articles, clear=False)

    def rebuild(self, chunks: Iterable[Chunk]) -> None:
        """Start anew with these chunks alone."""
        self._write(chunks, (), clear=True)

    def _write(self, chunks: Iterable[Chunk], removed_articles: Iterable[str], *, clear: bool) -> None:
        import tantivy

        writer = self._index.writer(heap_size=WRITER_MEMORY, num_threads=1)
        if clear:
            writer.delete_all_documents()
        for article in removed_articles:
            writer.delete_documents_by_term("article", article)
        for chunk in chunks:
            document = tantivy.Document(
                id=chunk.id, article=chunk.article.id, title=chunk.article.title, text=chunk.text
            )
            if chunk.article.published_at is not None:
                document.add_integer("published", chunk.article.published_at)
            writer.add_document(document)
        writer.commit()
        writer.wait_merging_threads()
        self._stale_marker.unlink(missing_ok=True)
        self._index.reload()

    def search(self, question: str, limit: int, window: Window) -> tuple[str, ...]:
        """Ids of the best chunks for the question's words, best first."""
        words = " ".join(WORD.findall(question.lower()))
        query, problems = self._index.parse_query_lenient(words, ["title", "text"])
        if problems:  # nothing but stop words, which Tantivy would take for all documents
            return ()
        if window.bounded:
            query = self._within(query, window)
        searcher = self._index.searcher()
        hits = searcher.search(query, limit, count=False).hits
        return tuple(str(searcher.doc(address).get_first("id")) for _, address in hits)

    def _within(self, query: "tantivy.Query", window: Window) -> "tantivy.Query":
        import tantivy

        inside = tantivy.Query.range_query(
            self._schema,
            "published",
            tantivy.FieldType.Integer,
            window.since,
            window.until,
            include_upper=window.until is None,
        )
        restriction = tantivy.Query.const_score_query(inside, 0.0)
        return tantivy.Query.boolean_query([(tantivy.Occur.Must, query), (tantivy.Occur.Must, restriction)])


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
