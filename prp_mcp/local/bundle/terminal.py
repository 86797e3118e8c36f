"""The one place of the bundle executable that writes: results to standard output, the rest to standard error."""

import json
import sys
from typing import Any


def say(text: str) -> None:
    """Write a line to standard error, at once: whoever reads it may want to know how far it got."""
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


def write(text: str) -> None:
    """Write text to standard output as it is."""
    sys.stdout.write(text)
    sys.stdout.flush()


def write_json(value: Any) -> None:
    """Write JSON as Go prints it: sorted keys, two spaces, `<`, `>` and `&` escaped."""
    write(as_json(value) + "\n")


def as_json(value: Any, *, sort: bool = True) -> str:
    """Return JSON in the form in which the CLI prints it."""
    text = json.dumps(value, indent=2, sort_keys=sort, ensure_ascii=False)
    for sign in "<>&":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return text
