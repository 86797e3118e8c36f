"""A command line, read once: words, program, gate it stands for, allowed or why not, outdated forms."""
