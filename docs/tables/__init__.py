"""The tables of the book that hold figures, each made of the records in `benchmarks/results`.

A page holds a table between `<!-- table: NAME -->` and `<!-- end of table -->`; `python -m docs.tables` writes all of them again.
"""
