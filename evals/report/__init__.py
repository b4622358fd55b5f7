"""The report of a run: a page to read, and the same numbers as Markdown, CSV and JUnit XML.

recorded   each question with its record, its outcome and its scores
series     the numbers behind the plots
plots      the plots, as SVG text
page       everything that the page shows, as values and as HTML
question   what the page shows of one question
exports    Markdown, CSV, JUnit XML
"""
