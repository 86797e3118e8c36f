"""Hold the result of a command against what a PRP expects of it; `judgement` is the door into this room."""
