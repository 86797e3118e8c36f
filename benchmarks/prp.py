"""`python -m benchmarks.prp`: how long PRPs take to be read, real and hostile ones, and whether that grows linearly."""

import argparse
import json
import sys
import time
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path
from statistics import median

from benchmarks.worst_cases import KINDS, Kind
from prp_mcp.errors import UsageError
from prp_mcp.plan.reading import read_plan

CORPUS = Path(__file__).parents[1] / "tests/plan/corpus"
SIZES = (64 * 1024, 128 * 1024, 256 * 1024)
"""Bytes; the last is the most a PRP may have."""

SLOWEST = 2.0
"""Seconds that no PRP may take."""

GROWTH = 3.0
"""Times that twice the bytes may take; 2 is linear, 4 is quadratic. Below `_NOISE` seconds it is not judged."""

_BEST_OF = 3
_NOISE = 0.05


@dataclass(frozen=True)
class Measured:
    """One kind: `kib` read in `ms`; `ratio` of its ms per KiB to the corpus' median (None without a corpus).

    `growth` is the largest growth of the time over a doubling, None where it is too short to tell. `refused` says why
    the largest size was not read; the numbers are those of the largest one that was, or of the refusal.
    """

    kind: str
    kib: float
    ms: float
    ms_per_kib: float
    ratio: float | None
    growth: float | None
    refused: str

    @property
    def verdict(self) -> str:
        """Return what is wrong with it, or nothing."""
        if self.ms > SLOWEST * 1000:
            return f"takes more than {SLOWEST:g} s"
        return f"grows {self.growth:.1f} times over a doubling" if self.growth and self.growth > GROWTH else ""


def seconds(text: str) -> tuple[float, str]:
    """Return the shortest of three times in seconds, and why the text was refused (nothing: it was read)."""
    best, refused = float("inf"), ""
    for _ in range(_BEST_OF):
        start = time.perf_counter()
        try:
            read_plan(text, "benchmark")
        except UsageError as error:
            refused = error.summary
        best = min(best, time.perf_counter() - start)
    return best, refused


def corpus_rates(folder: Path = CORPUS) -> dict[str, float]:
    """Return the ms per KiB of each PRP of the corpus; those that are no UTF-8 are left out."""
    rates: dict[str, float] = {}
    for path in sorted(folder.glob("*.md")):
        data = path.read_bytes()
        if not data:
            continue
        rates[path.stem] = seconds(data.decode("utf-8", "replace"))[0] * 1000 / (len(data) / 1024)
    return rates


def measure(kind: Kind, normal: float | None) -> Measured:
    """Time one kind at each size; `normal` is the corpus' median in ms per KiB."""
    timed: list[tuple[int, float]] = []
    refused = ""
    for size in SIZES:
        text = kind.text(size)
        spent, refused = seconds(text)
        if not refused or not timed:
            timed.append((len(text.encode()), spent))
    bytes_, spent = timed[-1]
    rate = spent * 1000 / (bytes_ / 1024)
    return Measured(
        kind.name,
        round(bytes_ / 1024, 1),
        round(spent * 1000, 1),
        round(rate, 3),
        round(rate / normal, 1) if normal else None,
        growth(timed),
        refused,
    )


def looked_at(kind: Kind, normal: float | None) -> Measured:
    """Measure a kind, and once more when it looks bad: another program may have had the processor meanwhile."""
    found = measure(kind, normal)
    return min(found, measure(kind, normal), key=lambda row: (bool(row.verdict), row.ms)) if found.verdict else found


def growth(timed: Sequence[tuple[int, float]]) -> float | None:
    """Return the largest growth of the time from one (bytes, seconds) to the next, set to a doubling of the bytes."""
    found = [
        (after / before) / (larger / smaller) * 2
        for (smaller, before), (larger, after) in pairwise(timed)
        if after > _NOISE and before > 0
    ]
    return round(max(found), 2) if found else None


def table(rows: Iterable[Measured]) -> str:
    """Return the rows as text, one a line."""
    head = f"{'kind':34} {'KiB':>6} {'ms':>8} {'ms/KiB':>8} {'ratio':>6} {'growth':>6}  refused"
    lines = [
        f"{row.kind:34} {row.kib:>6.1f} {row.ms:>8.1f} {row.ms_per_kib:>8.3f} {_shown(row.ratio):>6}"
        f" {_shown(row.growth):>6}  {row.verdict or row.refused}"
        for row in rows
    ]
    return "\n".join([head, *lines])


def _shown(number: float | None) -> str:
    return "-" if number is None else f"{number:.1f}"


def main(argv: Sequence[str] | None = None) -> int:
    """Measure, print, and return 1 when a kind is too slow or grows faster than its size."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.prp", description=__doc__)
    parser.add_argument("kinds", nargs="*", metavar="KIND", help="only these (default: all)")
    parser.add_argument("--corpus", type=Path, default=CORPUS, metavar="FOLDER", help="of real PRPs (*.md)")
    parser.add_argument("--json", action="store_true", help="one JSON document instead of the table")
    args = parser.parse_args(argv)
    unknown = set(args.kinds) - {kind.name for kind in KINDS}
    if unknown:
        parser.error(f"no such kind: {', '.join(sorted(unknown))}")
    rates = corpus_rates(args.corpus)
    normal = median(rates.values()) if rates else None
    rows = [looked_at(kind, normal) for kind in KINDS if not args.kinds or kind.name in args.kinds]
    bad = [row for row in rows if row.verdict]
    if args.json:
        found = {"corpus": {"prps": len(rates), "ms_per_kib": normal}, "kinds": [asdict(row) for row in rows]}
        print(json.dumps(found, indent=2))
    else:
        worst = f", at worst {max(rates.values()):.3f}" if rates else ""
        print(f"corpus: {len(rates)} PRPs, median {_shown(normal)} ms/KiB{worst}\n\n{table(rows)}\n")
        print(
            f"{len(bad)} of {len(rows)} kinds are too slow or grow too fast" if bad else f"{len(rows)} kinds are fine"
        )
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
