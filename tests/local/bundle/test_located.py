"""YAML that would grow beyond all bounds is refused."""

from tests.local.bundle.small import ROOT, good


def test_an_alias_bomb_is_refused(write, run):
    lines = ["a: &a [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"{new}: &{new} [{', '.join([f'*{old}'] * 10)}]" for old, new in zip("abcdefgh", "bcdefghi", strict=True)]
    good(write, ROOT + "\n".join(lines) + "\n")
    ran = run("bundle", "validate")
    assert ran.exit == 1
    assert "excessive aliasing" in ran.err


def test_deep_nesting_is_refused(write, run):
    good(write, ROOT + "x: " + "[" * 5000 + "]" * 5000 + "\n")
    ran = run("bundle", "validate")
    assert ran.exit == 1
    assert "failed to load" in ran.err
