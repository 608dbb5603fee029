"""Pure functions of results: cards, tables, pages. Nothing here judges, and nothing here prints."""
