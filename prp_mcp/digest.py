"""The digest by which everything evidence is bound to is compared."""

import hashlib
import json
from typing import Any


def digest(value: Any) -> str:
    """Return the SHA-256 (hex) of a JSON-like value in canonical form."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=str)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
