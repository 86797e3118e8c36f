"""Simple commands as words, and what is never looked at further."""

import importlib
import pkgutil
import re

import pytest

import prp_mcp.commands
import prp_mcp.plan
from prp_mcp.commands.calls import MAX_COMMAND
from prp_mcp.commands.line import read_line
from prp_mcp.commands.parts import MAX_LETTERS

_CLASS = re.compile(r"\[\^?\]?[^\]]*\]")


def words_of(text):
    """Return the words of the only simple command of a text, or None when it is not understood."""
    (part,) = read_line(text).every_part
    return part.words if part.is_clear else None


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


@pytest.mark.parametrize("part", ["a 'b", 'a "b', "a \\", "a " + "b" * MAX_LETTERS])
def test_what_cannot_be_cut_into_words_is_not_understood(part):
    assert words_of(part) is None
    assert read_line(part).calls is None


def test_a_command_beside_another_one_is_not_understood():
    assert read_line("a & b").calls is None


@pytest.mark.parametrize("word", ["$a", '"$a"', "`a`", "<a>", "{a,b}", "~", "a${b}c", "$(a)"])
def test_a_word_that_a_shell_would_change_is_not_sure(word):
    assert not all(each.is_sure and not each.is_sign for each in words_of(f"x {word}") or ())


@pytest.mark.parametrize("word", ["'$a'", "'`a`'", r"\$a", "'<a>'", "'{a,b}'", "a~", '"~"'])
def test_a_word_that_a_shell_leaves_alone_is_sure(word):
    assert all(each.is_sure for each in words_of(f"x {word}") or ())


def test_only_unquoted_signs_make_a_pattern():
    assert [word.is_pattern for word in words_of("a* 'b*' \"c?\" d[1]") or ()] == [True, False, False, True]


def test_a_command_longer_than_what_is_looked_at_is_not_understood():
    assert read_line("echo a\n" * (MAX_COMMAND // 7 - 1) + "pytest").calls is not None
    assert read_line("echo a\n" * (MAX_COMMAND // 7) + "pytest tests").calls is None


def test_no_pattern_looks_for_one_thing_behind_another_over_the_rest_of_a_line():
    """Two `.*` in one alternative cost the square of the letters: such things are looked for word by word."""
    modules = [
        *pkgutil.iter_modules(prp_mcp.plan.__path__, "prp_mcp.plan."),
        *pkgutil.iter_modules(prp_mcp.commands.__path__, "prp_mcp.commands."),
    ]
    for module in modules:
        for name, value in vars(importlib.import_module(module.name)).items():
            if isinstance(value, re.Pattern):
                plain = _CLASS.sub("", re.sub(r"\\.", "", value.pattern))
                assert max(part.count(".*") for part in plain.split("|")) <= 1, f"{module.name}.{name}"
