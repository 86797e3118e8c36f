"""The nouns an expectation may count: of everything else it says, nobody knows what it would be."""

import re

_BARE = (
    "anomalies collisions conflicts duplicates errors failures inconsistencies mismatches nulls orphans outliers "
    "problems violations warnings issues findings"
)
"""What a query that finds nothing proves the absence of; not losses or gaps: those are rows that are not there."""

_FAULTY = (
    "bad blank broken conflicting corrupt corrupted dangling duplicate duplicated early empty erroneous expired "
    "failed failing faulty illegal implausible impossible inconsistent incorrect invalid late malformed mismatched "
    "mismatching negative null orphan orphaned overlapping rejected repeated stale unbalanced unexpected unknown "
    "unmatched wrong"
)
_FORMED = re.compile(r"(?:un|mis|mal)[a-z]{2,20}ed")
_NO_NOUN = (
    "a after all allowed an and any are as at be been before between breaks but by can causes could days do does "
    "else even ever except exit fails for from had has have he here hours however if in indicates instead into is "
    "it its just least less like loses loss losses may means might minutes months more most ms must never no none "
    "nor not of on only or other otherwise out outside over per remains says seconds shall should signals since so "
    "some such suggests than that the their them then there they this those though through times to under unless "
    "until up very was weeks were what when where which while who will with within without would years yet you your "
    "zero"
)
_NOUN = re.compile(r"[a-z][a-z0-9_]{0,40}")


def is_finding(phrase: str) -> bool:
    """Return whether `phrase` (lower case) plainly names faults of data: "orphaned claims", "duplicates"."""
    words = phrase.split()
    if len(words) == 1:
        return words[0] in _BARE.split()
    faults = 0
    while faults < len(words) and (words[faults] in _FAULTY.split() or _FORMED.fullmatch(words[faults])):
        faults += 1
    nouns = words[faults:]
    return faults > 0 and 0 < len(nouns) <= 3 and _is_noun(nouns)


def _is_noun(words: list[str]) -> bool:
    *inner, last = words
    if not all(_NOUN.fullmatch(word) and word not in _NO_NOUN.split() for word in words):
        return False
    # A plural in the middle is a noun with a verb behind it: "ids lost", "claims mean".
    is_plural = last == "data" or (last.endswith("s") and not last.endswith("ss"))
    return is_plural and not any(_is_plural(word) or word.endswith(("ed", "ing")) for word in inner)


def _is_plural(word: str) -> bool:
    return word.endswith("s") and not word.endswith(("ss", "us", "is"))
