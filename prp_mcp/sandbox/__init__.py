"""Run the repository's own commands where they can do no harm; nothing else of the product runs anything of it."""
