"""Keep secrets out of everything that is stored or shown."""

import base64
import json
import re
from collections.abc import Iterable
from typing import Any
from urllib.parse import quote

MASK = "[redacted]"

# Anchored forms of Databricks, OAuth and Azure secrets; anything looser altered harmless log lines when tried.
_PATTERNS = re.compile(
    r"\b(?:dapi|dose|dkea)[0-9a-f]{32}(?:-\d+)?\b"
    r"|\beyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{5,}"
    r"|(?<=Bearer )[A-Za-z0-9._~+/=-]{12,}"
    r"|\b[A-Za-z0-9_~.-]{3}8Q~[A-Za-z0-9_~.-]{34}\b"
    r"|(?<=://)[^/\s:@]{1,256}:[^/\s@]{1,256}(?=@)"
)
# Terminal escapes, C0 and C1 controls, line separators, bidirectional overrides, zero-width and tag characters: they
# hide text from a person, and one inside a secret would hide it from the mask.
_HIDDEN = re.compile(
    r"\x1b\[[0-9;?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)"
    "|[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u200b-\u200f\u2028\u2029\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff"
    "\U000e0000-\U000e007f]"
)
LEAST = 6
"""Letters of a value that is held as a secret; a shorter one would be found everywhere."""

_TELLING = 8
"""Letters of a secret's beginning or end that give it away where the rest was cut off."""


class Redactor:
    """Mask known secret values, in every form they are likely to be printed in, and secret-shaped text."""

    def __init__(self, secrets: Iterable[str] = ()):
        forms = {form for secret in secrets if len(secret) >= LEAST for form in _forms(secret)}
        self._forms = sorted(forms, key=len, reverse=True)
        # Whole ones first: two forms may begin alike, and the beginning of one must not keep the other from being seen.
        self._whole = re.compile("|".join(map(re.escape, self._forms))) if forms else None
        self._begun = re.compile("|".join(map(_begun, self._forms))) if forms else None
        self._ends = _ends(self._forms)

    def text(self, value: str) -> str:
        """Return `value` without characters that hide text, and without secrets or what was left of one by a cut.

        In this order: normalised first, masked then. Whoever shortens a text shortens what this returns, or loses
        nothing by it: the beginning of a secret is masked as the whole is.
        """
        value = _HIDDEN.sub("", value)
        if self._whole and self._begun:
            value = self._begun.sub(MASK, self._without_end(self._whole.sub(MASK, value)))
        return _PATTERNS.sub(MASK, value)

    def tree(self, value: Any) -> Any:
        """Return the JSON-like `value` with every string in it, keys too, redacted."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, dict):
            return {self.text(str(key)): self.tree(item) for key, item in value.items()}
        if isinstance(value, (list, tuple)):
            return [self.tree(item) for item in value]
        return value

    def _without_end(self, value: str) -> str:
        """Mask the end of a secret with which a text begins whose beginning was cut off."""
        for form, start in self._ends.get(value[:_TELLING], ()):
            if value.startswith(form[start:]):
                return MASK + value[len(form) - start :]
        return value


def _begun(form: str) -> str:
    """Return a pattern of a secret or at least its first letters; a short one only counts whole."""
    is_plain = form.startswith(("/", "~", ".", "http")) or form[:_TELLING].isalpha()  # it begins as harmless text does
    if is_plain or len(form) < _TELLING + 4:
        return re.escape(form)
    rest = [re.escape(letter) for letter in form[_TELLING:]]
    return re.escape(form[:_TELLING]) + "(?:".join(["", *rest]) + ")?" * len(rest)


def _ends(forms: Iterable[str]) -> dict[str, list[tuple[str, int]]]:
    """Return, by the letters it begins with, each end of a form that gives it away: the form and where the end starts.

    A text is looked up in it once; to try every end on every text took most of the time of masking.
    """
    found: dict[str, list[tuple[str, int]]] = {}
    for form in forms:
        for start in range(1, len(form) - _TELLING + 1):
            found.setdefault(form[start : start + _TELLING], []).append((form, start))
    return found


def _forms(secret: str) -> set[str]:
    encoded = base64.b64encode(secret.encode()).decode()
    hexed = secret.encode().hex()
    in_text = (quote(secret, safe=""), json.dumps(secret)[1:-1])
    return {secret, *in_text, encoded, encoded.rstrip("="), hexed, hexed.upper()}
