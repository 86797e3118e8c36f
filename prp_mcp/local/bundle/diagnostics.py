"""What is wrong with a bundle, said the way the Databricks CLI says it."""

from dataclasses import dataclass, field
from typing import NamedTuple


class Location(NamedTuple):
    """A place in a file: path relative to the bundle's root, line and column from 1."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        """Return `file:line:column`."""
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True)
class Diagnostic:
    """One finding; `severity` is Error, Warning or Recommendation."""

    severity: str
    summary: str
    detail: str = ""
    paths: tuple[str, ...] = ()
    locations: tuple[Location, ...] = ()

    def text(self) -> str:
        """Return it as the CLI prints it, with the blank line that ends it."""
        lines = [f"{self.severity}: {self.summary}"]
        lines += [f"  {'at' if not number else '  '} {path}" for number, path in enumerate(self.paths)]
        lines += [f"  {'in' if not number else '  '} {place}" for number, place in enumerate(self.locations)]
        if self.detail:
            lines += ["", self.detail]
        return "\n".join(lines) + "\n\n"


class BundleError(Exception):
    """Stop: the bundle or its deployment has an error that ends the command with exit code 1."""

    def __init__(self, summary: str, *, detail: str = "", paths: tuple[str, ...] = (), at: Location | None = None):
        super().__init__(summary)
        self.diagnostic = Diagnostic("Error", summary, detail, paths, (at,) if at else ())


class SeveralError(BundleError):
    """Stop with a diagnostic that names several places."""

    def __init__(self, diagnostic: Diagnostic):
        super().__init__(diagnostic.summary)
        self.diagnostic = diagnostic


@dataclass
class Findings:
    """The warnings and recommendations met on the way."""

    found: list[Diagnostic] = field(default_factory=list)

    def warn(self, summary: str, *, detail: str = "", path: str = "", at: Location | None = None) -> None:
        """Add a warning."""
        paths, places = (path,) if path else (), (at,) if at else ()
        self.found.append(Diagnostic("Warning", summary, detail, paths, places))

    def recommend(self, summary: str, *, detail: str = "") -> None:
        """Add a recommendation."""
        self.found.append(Diagnostic("Recommendation", summary, detail))

    def count(self, severity: str) -> int:
        """Return how many there are of a severity."""
        return sum(entry.severity == severity for entry in self.found)
