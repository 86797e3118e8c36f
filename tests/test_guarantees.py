"""Every promise has a test, and every test that claims a promise names a real one."""

import re
from pathlib import Path

from tests.guarantees import GUARANTEES


def test_every_guarantee_is_proven_by_a_test_and_no_test_names_another():
    texts = [path.read_text() for path in Path(__file__).parent.rglob("test_*.py")]
    named = {found for text in texts for found in re.findall(r"mark\.guarantee\(\"([a-z-]+)\"\)", text)}
    assert named == set(GUARANTEES)
