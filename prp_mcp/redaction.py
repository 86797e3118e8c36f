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
# Terminal escapes, bidirectional overrides, zero-width and tag characters: they hide text from a person.
_HIDDEN = re.compile(
    r"\x1b\[[0-9;?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)"
    "|[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\u200b-\u200f\u202a-\u202e\u2060-\u2064\u2066-\u2069\ufeff"
    "\U000e0000-\U000e007f]"
)


class Redactor:
    """Mask known secret values, in every form they are likely to be printed in, and secret-shaped text."""

    def __init__(self, secrets: Iterable[str] = ()):
        forms = {form for secret in secrets if len(secret) >= 6 for form in _forms(secret)}
        ordered = sorted(forms, key=len, reverse=True)
        self._exact = re.compile("|".join(map(re.escape, ordered))) if ordered else None

    def text(self, value: str) -> str:
        """Return `value` without secrets and without characters that hide text."""
        if self._exact:
            value = self._exact.sub(MASK, value)
        return _HIDDEN.sub("", _PATTERNS.sub(MASK, value))

    def tree(self, value: Any) -> Any:
        """Return the JSON-like `value` with every string in it, keys too, redacted."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, dict):
            return {self.text(str(key)): self.tree(item) for key, item in value.items()}
        if isinstance(value, (list, tuple)):
            return [self.tree(item) for item in value]
        return value


def _forms(secret: str) -> set[str]:
    encoded = base64.b64encode(secret.encode()).decode()
    return {secret, quote(secret, safe=""), json.dumps(secret)[1:-1], encoded, encoded.rstrip("=")}
