"""Quantities as people write them ("at least 1,000", "> 0", "500+", "three"), as a comparison with a number."""

import re
from dataclasses import dataclass
from decimal import Decimal

_WORDS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_SIGNS = {
    **dict.fromkeys(
        (">=", "\u2265", "at least", "minimum", "minimum of", "min", "no fewer than", "no less than"), ">="
    ),
    **dict.fromkeys(("<=", "\u2264", "at most", "maximum", "maximum of", "max", "no more than"), "<="),
    **dict.fromkeys((">", "more than", "greater than", "above", "over"), ">"),
    **dict.fromkeys(("<", "less than", "fewer than", "below", "under"), "<"),
    **dict.fromkeys(("==", "=", "exactly", "equal", "equals", "equal to", "equals to"), "="),
}
# A comma only parts thousands, and never a zero from the rest: "0,995" is no number of ours.
_DIGITS = r"-?(?:[1-9][0-9]{0,2}(?:,[0-9]{3}){1,4}|[0-9]{1,18})(?:\.[0-9]{1,12})?"
_FOUND = re.compile(rf"{_DIGITS}(?:[eE][+-]?[0-9]{{1,2}})?")
_THOUSANDS = re.compile(r"-?[1-9][0-9]{0,2}\.[0-9]{3}")

NUMBER = rf"(?:{_DIGITS}|{'|'.join(_WORDS)})"
"""A number in lower case text, as a part of a regular expression."""

_SAID = "|".join(re.escape(sign) for sign in sorted(_SIGNS, key=len, reverse=True))
QUANTITY = rf"(?:(?P<op>{_SAID}) ?)?(?P<number>{NUMBER})(?P<plus>\+)?(?P<more> or (?:more|greater)| or (?:fewer|less))?"
"""A comparison with a number, whose match `demand` reads."""


@dataclass(frozen=True)
class Demand:
    """A comparison: `sign` is one of = < > <= >=."""

    sign: str
    wanted: Decimal

    def holds(self, value: Decimal) -> bool:
        """Return whether `value` is what was demanded."""
        if value == self.wanted:
            return "=" in self.sign
        return self.sign[0] == (">" if value > self.wanted else "<")


ZERO = Demand("=", Decimal(0))


def demand(found: re.Match[str]) -> Demand | None:
    """Return what a match of `QUANTITY` demands, or None where it can be read in two ways."""
    wanted = number(found["number"])
    said = [_SIGNS[found["op"]]] if found["op"] else []
    if found["plus"]:
        said.append(">=")
    if found["more"]:
        said.append(">=" if found["more"].endswith(("more", "greater")) else "<=")
    return Demand(said[0] if said else "=", wanted) if wanted is not None and len(said) < 2 else None


def number(text: str) -> Decimal | None:
    """Return the number of a text that is one, or None: "1.000" is one in one country and a thousand in another."""
    if text in _WORDS:
        return Decimal(_WORDS.index(text))
    return None if _THOUSANDS.fullmatch(text) else observed_number(text)


def observed_number(text: str) -> Decimal | None:
    """Return the number a program or a query printed, or None when `text` is not just a number."""
    return Decimal(text.replace(",", "")) if _FOUND.fullmatch(text) else None
