"""The one place that writes to the terminal: colours where a person looks, plain lines elsewhere."""

import json
import sys
from typing import Any

from rich.console import Console
from rich.markup import escape

_STYLES = {
    "passed": "bold green",
    "failed": "bold red",
    "inconclusive": "bold yellow",
    "running": "cyan",
    "error": "bold red",
    "refused": "bold red",
}


class Screen:
    """Write to standard output; messages about the program itself go to standard error."""

    def __init__(self) -> None:
        self._out = Console(highlight=False, soft_wrap=True)
        self._err = Console(stderr=True, highlight=False, soft_wrap=True)
        self.live = self._out.is_terminal

    def line(self, text: str = "") -> None:
        """Write one line as it is."""
        self._out.print(escape(text))

    def verdict(self, verdict: str, label: str, text: str) -> None:
        """Write a verdict, what it belongs to, and its sentence."""
        style = _STYLES.get(verdict, "white")
        self._out.print(f"[{style}]{verdict:>12}[/]  [bold]{escape(f'{label:<18}')}[/] {escape(text)}")

    def detail(self, text: str) -> None:
        """Write a subordinate line."""
        self._out.print(f"[dim]{' ' * 14}{escape(text)}[/]")

    def progress(self, text: str) -> None:
        """Write a passing line: in place on a terminal, as a line of its own elsewhere."""
        if self.live:
            self._out.print(f"[dim]{' ' * 14}{escape(text[:100]):<100}[/]", end="\r")
        else:
            self.detail(text)

    def json(self, value: Any) -> None:
        """Write a value as one JSON document."""
        sys.stdout.write(json.dumps(value, ensure_ascii=False, indent=None if not self.live else 2) + "\n")
        sys.stdout.flush()

    def raw(self, text: str) -> None:
        """Write text for another program, byte for byte."""
        sys.stdout.write(text)
        sys.stdout.flush()

    def error(self, summary: str, remedy: str) -> None:
        """Write an error and what to do about it to standard error."""
        self._err.print(f"[bold red]error:[/] {escape(summary)}")
        self._err.print(f"[dim]{escape(remedy)}[/]")
