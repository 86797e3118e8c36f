import pytest

from tests.plan.texts import plan


def expectations(validation: str) -> list[str | None]:
    return [command.expected for command in plan(validation=validation).commands]


@pytest.mark.parametrize(
    ("comment", "said"),
    [
        ("Expected: no errors", "no errors"),
        ("EXPECTED OUTPUT: 3 rows", "3 rows"),
        ("Expected (after a minute): IDLE", "IDLE"),
        ("Expect 3 rows", "3 rows"),
        ("Expect: 3 rows", "3 rows"),
        ("Output expected: 3", "3"),
        ("Should see: one row", "one row"),
        ("Should return 0 rows", "Should return 0 rows"),
        ("should be 0", "should be 0"),
        ("Must be zero", "Must be zero"),
        ("The result should not be empty", "The result should not be empty"),
        ("✅ 12 passed", "12 passed"),
        ("✅ Expected: 12 passed", "12 passed"),
        ("=> 3", "3"),
        ("→ 3", "3"),
        ("-> 3", "3"),
        ("no rows expected", "no rows expected"),
        ("Run the tests", None),
        ("Should we also test the gold layer?", None),
        ("This must run first", None),
        ("works as expected", None),
        ("unexpected: nothing", None),
        ("Expected", None),
        ("", None),
    ],
)
def test_a_comment_says_what_is_expected(comment, said):
    assert expectations(f"```bash\nmake a\n# {comment}\n```") == [said]


@pytest.mark.parametrize(
    ("script", "said"),
    [
        ("make a\n# Expected: a\nmake b\n# Expected: b", ["a", "b"]),
        ("# Expected: a\nmake a\n# Expected: b\nmake b", ["a", "b"]),
        ("make a # Expected: a\nmake b # Expected: b", ["a", "b"]),
        ("make a\n\n# Step b\n# Expected: b\nmake b", [None, "b"]),
        ("make a\n\n# Expected: a\n\nmake b", ["a", None]),
        ("make a\n# Expected: a\n\n# Step b\nmake b", ["a", None]),
        ("# Expected: a\n\nmake a", ["a"]),
        ("make a\n# Expected results:\n# - x\n#   * y\n# 3. z\n# no item\nmake b", ["x; y; z", None]),
        ("make a\n# Expected results:\n# - x\n\n# - y", ["x"]),
        ("make a \\\n  b # Expected: a\nmake c", ["a", None]),
        ("make a\n# Expected: x\n# => y", ["x; y"]),
    ],
)
def test_a_comment_belongs_to_the_command_a_reader_would_give_it_to(script, said):
    assert expectations(f"```bash\n{script}\n```") == said


@pytest.mark.parametrize(
    ("behind", "said"),
    [
        ("Expected: b is fine", "b is fine"),
        ("**Expected**: b is\nfine", "b is fine"),
        ("- **Expected:** fine", "fine"),
        ("**EXPECT**: fine", "fine"),
        ("**Expected output**: 3 rows", "3 rows"),
        ("Expected results:\n\n- one\n- two\n\nMore.", "one; two"),
        ("Expected output:\n\n```\n3 rows\n```", 'output contains "3 rows"'),
        ("**Expected output**\n\n```text\n\n3 rows\n\n```", 'output contains "3 rows"'),
        ("Expected output:\n\n```\n3 rows\n4 rows\n```", None),
        ("Expected output:\n\n```json\n{}\n```", None),
        ("Expected output:", None),
        ("Then wait.\n\nExpected: late", None),
        ("### Level 2\n\nExpected: late", None),
        ("The expected: thing", None),
    ],
)
def test_prose_right_behind_a_block_belongs_to_its_last_command(behind, said):
    assert expectations(f"```bash\nmake a\nmake b\n```\n\n{behind}") == [None, said]


def test_what_is_expected_is_bounded():
    said = expectations(f"```bash\nmake a\n# Expected: {'x' * 2000}\n```\n\nExpected: {'y' * 2000}")
    assert [len(each or "") for each in said] == [500]
    shown = expectations(f"```bash\nmake a\n```\n\nExpected output:\n\n```\n{'z' * 2000}\n```")
    assert shown == ['output contains "' + "z" * 500 + '"']
