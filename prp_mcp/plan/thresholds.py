"""The data quality a PRP demands, as rates between 0 and 1."""

import re
from collections.abc import Iterator, Mapping

from prp_mcp.plan.document import Document, Fence, Text, plain_text
from prp_mcp.plan.model import PrpFinding

OVERALL = "*"
"""The key of a rate that holds for every expectation."""

_MAX_YAML = 20_000
_MAX_DEPTH = 4
_WHAT = (
    r"(?:data[ -]quality(?:[ -](?:score|threshold|rate|target))?|quality (?:score|threshold|rate)"
    r"|(?:expectation )?pass rate)"
)
_RATE = r"(?P<rate>\d{1,3}(?:\.\d{1,4})?)\s*%"
_LEAST = r"(?:>=?|\u2265|at least|minimum(?: of)?|min\.?|above|over|of|is|=|:|exceeds|\u2192)"
_BEFORE = re.compile(rf"{_RATE}\+?\s+(?:or (?:better|higher|more)\s+)?(?:overall\s+)?{_WHAT}\b", re.IGNORECASE)
_AFTER = re.compile(rf"\b{_WHAT}\b[^.;%\d]{{0,30}}?{_LEAST}\s*(?:at least\s+)?{_RATE}", re.IGNORECASE)
_BARE = re.compile(rf"\b{_WHAT}\s*(?:>=?|\u2265|at least|of at least)\s*(?P<rate>0\.\d{{1,6}}|1\.0+)\b", re.IGNORECASE)


def read_thresholds(document: Document) -> tuple[dict[str, float], list[PrpFinding]]:
    """Return the rates a PRP states: `*` for the overall one, `dataset.expectation` for those of a `quality:` block.

    The overall rate is the strictest that the prose states; a `quality:` block wins over prose.
    """
    stated = [each for text in document.texts for each in _stated(text)]
    rates: dict[str, float] = {}
    findings: list[PrpFinding] = []
    if stated:
        rates[OVERALL] = max(rate for _, rate in stated)
        findings += _disagreement(stated, rates[OVERALL])
    for fence in document.fences:
        if fence.language in ("yaml", "yml", "") and re.search(r"^quality\s*:", fence.text, re.MULTILINE):
            given, wrong = _block(fence)
            rates.update(given)
            findings += wrong
    return rates, findings


def _stated(text: Text) -> Iterator[tuple[int, float]]:
    if "quality" not in text.text.lower() and "pass rate" not in text.text.lower():
        return
    plain = plain_text(text.text)
    for pattern, scale in ((_BEFORE, 100.0), (_AFTER, 100.0), (_BARE, 1.0)):
        for found in pattern.finditer(plain):
            rate = round(float(found["rate"]) / scale, 8)
            if 0 < rate <= 1:
                yield text.line, rate


def _disagreement(stated: list[tuple[int, float]], strictest: float) -> Iterator[PrpFinding]:
    for line, rate in stated:
        if rate != strictest:
            why = f"this line states a quality of {rate:g}, another one {strictest:g}; the stricter one counts"
            yield PrpFinding("threshold-differs", "note", line, 1, f"{rate:g}", why, "State one rate.")
            return


def _block(fence: Fence) -> tuple[dict[str, float], list[PrpFinding]]:
    import yaml

    problem = None
    tree: object = None
    if len(fence.text) > _MAX_YAML:
        problem = f"the quality block is longer than {_MAX_YAML} characters"
    elif re.search(r"[:\-]\s+[&*]\w", fence.text):
        problem = "the quality block uses YAML anchors"
    else:
        try:
            tree = yaml.safe_load(fence.text)
        except (yaml.YAMLError, RecursionError, ValueError) as error:
            problem = f"the quality block is not valid YAML ({str(error).splitlines()[0][:120]})"
    if problem:
        fix = "Write it as 'quality:' and below it 'dataset: {expectation: 99.5%}'."
        return {}, [PrpFinding("threshold-block", "error", fence.line, 1, "quality:", problem, fix)]
    rates: dict[str, float] = {}
    findings: list[PrpFinding] = []
    for name, value in _leaves(tree.get("quality") if isinstance(tree, dict) else None, (), 0):
        rate = _rate(value)
        if rate is None:
            findings.append(_bad_rate(fence, name, value))
        else:
            rates[name] = rate
    return rates, findings


def _leaves(tree: object, path: tuple[str, ...], depth: int) -> Iterator[tuple[str, object]]:
    if isinstance(tree, Mapping) and depth < _MAX_DEPTH:
        for key, value in tree.items():
            yield from _leaves(value, (*path, str(key)), depth + 1)
    elif path:
        name = ".".join(path)
        yield (OVERALL if name in ("*", "overall", "default", "threshold") else name), tree


def _rate(value: object) -> float | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, str):
        found = re.fullmatch(r"\s*(?:>=?\s*)?(\d{1,3}(?:\.\d{1,6})?)\s*(%?)\s*", value)
        if not found:
            return None
        if found[2]:
            return _within(float(found[1]) / 100)
        number = float(found[1])
    elif isinstance(value, int | float):
        number = float(value)
    else:
        return None
    # 99.5 without a sign can only be per cent.
    return _within(number / 100 if 1 < number <= 100 else number)


def _within(rate: float) -> float | None:
    return round(rate, 8) if 0 <= rate <= 1 else None


def _bad_rate(fence: Fence, name: str, value: object) -> PrpFinding:
    lines = fence.text.split("\n")
    last = name.rsplit(".", 1)[-1]
    offset = next((index for index, line in enumerate(lines) if last in line), 0)
    return PrpFinding(
        "threshold-rate",
        "error",
        fence.content_line + offset,
        1,
        f"{name}: {str(value)[:80]}",
        f"{name} has no rate between 0 and 1",
        "Write 0.995 or 99.5%.",
    )
