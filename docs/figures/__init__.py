"""The figures of the book, each made by a function here: diagrams, and charts of what stands in `benchmarks/results`.

`python -m docs.figures` draws them all into `docs/images`, `python -m docs.figures NAME …` those of these names. What is to be
seen on one, in words, is the alt text of the page that shows it.
"""
