"""The report of a run: a page to read, and the same numbers as Markdown, CSV and JUnit XML.

recorded   each question with its record, its outcome and its scores
highlight  an article's text with the places that are cited and those that are gold
series     the numbers behind the plots
plots      the plots, as SVG text
page       everything that the page shows, as values
question   what the page shows of one question
html       the page as text
exports    Markdown, CSV, JUnit XML
"""
