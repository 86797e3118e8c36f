"""Read a request's JSON object field by field; what is not as the API has it is refused where the request comes in."""

import json
from collections.abc import Mapping
from typing import Any

from prp_mcp.local.server.refusal import ApiError, invalid


class Body:
    """A JSON object of a request; `path` is where it stands in the whole. Every reader raises ApiError (400).

    An absent field and a null are the same.
    """

    def __init__(self, given: Mapping[str, Any], path: str = ""):
        self.given = given
        self._path = path

    def __contains__(self, name: str) -> bool:
        return self.given.get(name) is not None

    def required(self, name: str) -> str:
        """Return a text that must be there and must not be empty."""
        found = self.given.get(name)
        if not isinstance(found, str) or not found:
            raise invalid(f"Missing required field: {self._path}{name}")
        return found

    def text(self, name: str, default: str = "") -> str:
        """Return a text."""
        found = self._of(name, str, "a string")
        return default if found is None else str(found)

    def flag(self, name: str) -> bool:
        """Return a boolean, false when absent."""
        return bool(self._of(name, bool, "a boolean"))

    def integer(self, name: str, default: int) -> int:
        """Return a whole number; the API takes its digits as text as well."""
        found = self.given.get(name)
        if isinstance(found, str) and found.isdecimal():
            return int(found)
        if isinstance(found, bool):
            raise self._refusal(name, "a number")
        found = self._of(name, int, "a number")
        return default if found is None else int(found)

    def number(self, name: str, default: float) -> float:
        """Return a number."""
        found = self._of(name, (int, float), "a number")
        return default if found is None else float(found)

    def mapping(self, name: str) -> dict[str, Any]:
        """Return an object as plain data, empty when absent."""
        return dict(self._of(name, dict, "an object") or {})

    def body(self, name: str) -> "Body":
        """Return an object, empty when absent."""
        return Body(self.mapping(name), f"{self._path}{name}.")

    def texts(self, name: str) -> list[str]:
        """Return a list of texts, empty when absent."""
        found = self._of(name, list, "a list") or []
        if not all(isinstance(one, str) for one in found):
            raise self._refusal(name, "a list of strings")
        return list(found)

    def bodies(self, name: str) -> list["Body"]:
        """Return a list of objects, empty when absent."""
        found = self._of(name, list, "a list") or []
        if not all(isinstance(one, dict) for one in found):
            raise self._refusal(name, "a list of objects")
        return [Body(one, f"{self._path}{name}[{number}].") for number, one in enumerate(found)]

    def _of(self, name: str, kind: type | tuple[type, ...], told: str) -> Any:
        found = self.given.get(name)
        if found is not None and not isinstance(found, kind):
            raise self._refusal(name, told)
        return found

    def _refusal(self, name: str, told: str) -> ApiError:
        return invalid(f"{self._path}{name} must be {told}")


def read_body(content: bytes) -> Body:
    """Return the JSON object in a request, an empty one when there is no content. Raises ApiError for anything else."""
    if not content.strip():
        return Body({})
    try:
        given = json.loads(content)
    except (ValueError, RecursionError) as wrong:
        raise ApiError(400, "MALFORMED_REQUEST", f"Could not parse request object: {wrong}") from wrong
    if not isinstance(given, dict):
        raise ApiError(400, "MALFORMED_REQUEST", "Could not parse request object: expected a JSON object")
    return Body(given)
