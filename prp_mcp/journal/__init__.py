"""Keep the append-only truth about every run, and fold it into the state of runs."""
