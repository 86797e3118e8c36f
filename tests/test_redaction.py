"""Secrets are masked in every form, whole or cut, and harmless text stays as it is."""

import base64
import json
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prp_mcp.redaction import MASK, Redactor

SECRET = 'Zq7/pL+w9 x\\"Vk3mT5rY'
REDACTOR = Redactor([SECRET])


@pytest.mark.guarantee("secrets")
@pytest.mark.parametrize(
    "form",
    [
        SECRET,
        quote(SECRET, safe=""),
        json.dumps(SECRET)[1:-1],
        base64.b64encode(SECRET.encode()).decode(),
        base64.b64encode(SECRET.encode()).decode().rstrip("="),
        SECRET.encode().hex(),
        SECRET.encode().hex().upper(),
        SECRET[:4] + "\x1b[31m" + SECRET[4:],
        SECRET[:9] + "\u200b" + SECRET[9:],
        SECRET[:5] + "\x00" + SECRET[5:11] + "\x85" + SECRET[11:],
    ],
)
def test_a_secret_is_masked_in_every_form_and_whatever_hides_in_it(form):
    shown = REDACTOR.text(f"before {form} after")
    assert shown == f"before {MASK} after"


@pytest.mark.guarantee("secrets")
@given(st.integers(8, len(SECRET)), st.text("ab ", max_size=5))
def test_a_secret_that_was_cut_is_masked_as_far_as_it_is_there(length, around):
    assert SECRET[:8] not in REDACTOR.text(f"{around}{SECRET[:length]}... (12 more)")
    assert SECRET[-8:] not in REDACTOR.text(SECRET[-length:] + around)


@pytest.mark.parametrize(
    "text",
    [
        "update 7c9e6679-7425-40de-944b-e07fc1f90ae7 is RUNNING",
        "sha256 e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        "/Workspace/Users/me@example.com/.bundle/orders/dev/files/src/a.py:41",
        "line one\n\tline two, 50,312 rows",
        "Zq7/pL",
    ],
)
def test_harmless_text_is_not_altered(text):
    assert REDACTOR.text(text) == text


def test_what_hides_text_is_taken_out():
    assert Redactor().text("a\x1b[2Jb\u202ec\u2028d\x9be\rf\n") == "abcde\rf\n"


@pytest.mark.parametrize("value", ["/home/me/keys/service.json", "https://example.com/x", "correcthorsebattery"])
def test_what_begins_as_harmless_text_does_is_masked_only_whole(value):
    redactor = Redactor([value])
    assert redactor.text(f"a {value} b") == f"a {MASK} b"
    assert redactor.text(value[:12] + " more") == value[:12] + " more"
