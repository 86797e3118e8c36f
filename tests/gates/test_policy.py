"""What policy and grants allow."""

import pytest

from prp_mcp.gates.policy import may_destroy, target_trouble, threshold_for

TARGETS = {"dev": "development", "prod": "production", "none": None}


@pytest.mark.parametrize(
    ("target", "granted", "allowed"),
    [
        ("dev", (), True),
        ("prod", (), False),
        ("none", (), False),
        ("nope", (), False),
        ("prod", ("prod",), True),
        ("dev", ("prod",), False),
        ("nope", ("nope",), False),
    ],
)
def test_only_development_targets_are_allowed_without_a_grant(target, granted, allowed):
    assert (target_trouble(target, TARGETS, granted) == "") is allowed


def test_destroying_outside_development_needs_a_grant():
    assert may_destroy("development", "dev", ())
    assert not may_destroy("production", "prod", ())
    assert may_destroy("production", "prod", ("prod",))


@pytest.mark.parametrize(
    ("policy", "stated", "expected"),
    [
        ({}, {}, 0.95),
        ({}, {"*": 0.99}, 0.99),
        ({}, {"*": 0.5}, 0.95),
        ({}, {"t.e": 0.1}, 0.95),
        ({}, {"t": 0.97}, 0.97),
        ({"t.e": 0.5}, {"*": 0.99}, 0.5),
        ({"t": 0.6}, {}, 0.6),
    ],
)
def test_a_prp_can_only_raise_a_threshold_and_the_policy_decides(policy, stated, expected):
    assert threshold_for("t", "e", 0.95, policy, stated) == expected
