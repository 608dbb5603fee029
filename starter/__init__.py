"""The modules that you fill in. Each notebook says which one, and when."""
