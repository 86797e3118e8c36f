"""The PRP's own validation suite: its items, how each is carried out, what a person allowed, how it stands."""
