"""Judge, purely from recorded evidence, which gates hold and which are open."""
