"""The kinds of datasets, a module each: how a kind is declared, planned, made, written and read."""
