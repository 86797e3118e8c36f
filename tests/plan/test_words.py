"""Simple commands as words, and what is never looked at further."""

import importlib
import pkgutil
import re

import pytest

import prp_mcp.plan
from prp_mcp.plan.calls import MAX_COMMAND, called, calls
from prp_mcp.plan.servers import stays
from prp_mcp.plan.words import MAX_LETTERS, words_of

_CLASS = re.compile(r"\[\^?\]?[^\]]*\]")


@pytest.mark.parametrize(
    ("part", "texts"),
    [
        ("a  b\tc", ["a", "b", "c"]),
        ("a 'b c' \"d e\"", ["a", "b c", "d e"]),
        ("a'b'\"c\"d", ["abcd"]),
        (r'''a\ b 'c\' "d\\e"''', ["a b", "c\\", "d\\e"]),
        ("a '' b", ["a", "", "b"]),
        ("a <b> 2>&1 >c", ["a", "<b>", "2>&", "1", ">", "c"]),
        ("a --b='c d'", ["a", "--b=c d"]),
        ("(a b)", ["(", "a", "b", ")"]),
        ("", []),
    ],
)
def test_words_are_cut_as_a_shell_cuts_them(part, texts):
    found = words_of(part)
    assert found is not None
    assert [word.text for word in found] == texts


@pytest.mark.parametrize("part", ["a 'b", 'a "b', "a \\", "a & b", "a " + "b" * MAX_LETTERS])
def test_what_cannot_be_cut_into_words_is_not_understood(part):
    assert words_of(part) is None
    assert called(part) is None


@pytest.mark.parametrize("word", ["$a", '"$a"', "`a`", "<a>", "{a,b}", "~", "a${b}c", "$(a)"])
def test_a_word_that_a_shell_would_change_is_not_sure(word):
    assert not all(each.is_sure and not each.is_sign for each in words_of(f"x {word}") or ())


@pytest.mark.parametrize("word", ["'$a'", "'`a`'", r"\$a", "'<a>'", "'{a,b}'", "a~", '"~"'])
def test_a_word_that_a_shell_leaves_alone_is_sure(word):
    assert all(each.is_sure for each in words_of(f"x {word}") or ())


def test_only_unquoted_signs_make_a_pattern():
    assert [word.is_pattern for word in words_of("a* 'b*' \"c?\" d[1]") or ()] == [True, False, False, True]


def test_a_command_longer_than_what_is_looked_at_is_not_understood():
    assert calls("echo a\n" * (MAX_COMMAND // 7 - 1) + "pytest") is not None
    assert calls("echo a\n" * (MAX_COMMAND // 7) + "pytest tests") is None


@pytest.mark.parametrize(
    "part",
    [
        "npm run dev",
        "npm run dev:web",
        "yarn --cwd=web start",
        "python3 -m uvicorn a:b",
        "python app/manage.py runserver 80",
        "docker compose -f a.yml up",
        "docker-compose up",
        "flask --app a run",
        "tail -5f a.log",
        "tail --follow=name a.log",
        "databricks -t dev bundle sync --watch",
        "vite",
        "vite dev",
        "jupyter lab",
        "jupyter-notebook",
        "'uvicorn' a:b",
    ],
)
def test_what_does_not_end_by_itself_is_known(part):
    assert stays(part)


@pytest.mark.parametrize(
    "part",
    [
        "npm run build",
        "npm test",
        "npm run developer-docs",
        "docker compose up -d",
        "docker compose down",
        "tail -n 5 a.log",
        "databricks bundle sync",
        "vite build",
        "python",
        "python -m pytest",
        "python manage.py test",
        "flask db upgrade",
        "grep uvicorn a.txt",
        "",
    ],
)
def test_what_ends_is_left_alone(part):
    assert not stays(part)


def test_no_pattern_looks_for_one_thing_behind_another_over_the_rest_of_a_line():
    """Two `.*` in one alternative cost the square of the letters: such things are looked for word by word."""
    for module in pkgutil.iter_modules(prp_mcp.plan.__path__, "prp_mcp.plan."):
        for name, value in vars(importlib.import_module(module.name)).items():
            if isinstance(value, re.Pattern):
                plain = _CLASS.sub("", re.sub(r"\\.", "", value.pattern))
                assert max(part.count(".*") for part in plain.split("|")) <= 1, f"{module.name}.{name}"
