"""The reference: the only place where course content is written by hand."""
