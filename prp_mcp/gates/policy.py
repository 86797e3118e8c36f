"""Decide, purely, what policy and grants allow."""

from collections.abc import Iterable, Mapping, Sequence

DESTRUCTIVE = frozenset({"delete", "recreate"})


def target_trouble(target: str, targets: Mapping[str, str | None], granted: Sequence[str]) -> str:
    """Return why `target` may not be used, or an empty string.

    `targets` maps each target of the bundle to its mode. Without a grant only development targets are allowed.
    """
    if target not in targets:
        return f"the bundle has no target {target!r}; it has: {', '.join(targets) or 'none'}"
    if target in granted:
        return ""
    mode = targets[target]
    if mode == "development" and not granted:
        return ""
    why = "it is not among the targets you granted" if granted else f"its mode is {mode or 'not set'}"
    return f"target {target!r} is not allowed: {why}"


def may_destroy(mode: str | None, target: str, granted: Sequence[str]) -> bool:
    """Return whether what a run created in `target` may be destroyed by a rollback: destroying deletes tables."""
    return mode == "development" or target in granted


def destructive(actions: Mapping[str, str]) -> list[str]:
    """Return the resources a plan would delete or recreate, with the action."""
    return [f"{action} {key}" for key, action in sorted(actions.items()) if action in DESTRUCTIVE]


def foreign(values: Iterable[str], granted: Sequence[str]) -> list[str]:
    """Return the values that are not granted; no grant allows all."""
    return sorted({value for value in values if value not in granted}) if granted else []


def threshold_for(
    dataset: str, expectation: str, default: float, policy: Mapping[str, float], stated: Mapping[str, float]
) -> float:
    """Return the least pass rate of an expectation: the policy's own entry, else the strictest of default and PRP.

    A PRP can only raise what is demanded: the agent that is measured by it may edit it.
    """
    keys = (f"{dataset}.{expectation}", dataset, expectation)
    for key in keys:
        if key in policy:
            return policy[key]
    return max([default, stated.get("*", 0.0), *(stated[key] for key in keys if key in stated)])
