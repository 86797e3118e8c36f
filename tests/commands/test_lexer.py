"""Simple commands as words, and what is never looked at further."""

import importlib
import pkgutil
import re
import shlex

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import prp_mcp.commands
import prp_mcp.plan
from prp_mcp.commands.calls import MAX_COMMAND
from prp_mcp.commands.lexer import lex
from prp_mcp.commands.line import read_line
from prp_mcp.commands.parts import MAX_LETTERS
from prp_mcp.commands.plain_words import NeedsShell, plain_parts

PIECES = [
    *(
        "pytest",
        " ",
        "  ",
        "\t",
        " && ",
        "a",
        "'b c'",
        '"d e"',
        '"f\'g"',
        "\\ ",
        "\\\\",
        "''",
        "*",
        "'*'",
        "[a]",
        "=",
        "-x",
    ),
    *(" # h", "#", "1", " 2>&1", "2", ">", "<", "|", ";", "&", "\n", "(", ")", "{", "$X", "<id>", "'", '"', "\\", "~"),
]

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


@pytest.mark.parametrize("word", ["a!", '"a!"', "a}", "--x=~/a", "a\u2013b", "\uff11", "a\u200bb"])
def test_a_word_that_could_be_another_than_it_looks_is_not_sure(word):
    assert not all(each.is_sure for each in words_of(f"x {word}") or ())


def test_a_blank_of_another_kind_makes_the_words_on_both_sides_unsure():
    found = words_of("a b\u00a0c d") or ()
    assert [(word.text, word.is_sure) for word in found] == [("a", True), ("b", False), ("c", False), ("d", True)]


def test_an_escaped_blank_before_a_sign_belongs_to_its_word():
    assert [[word.text for word in part.words] for part in read_line("a\\ ; b").parts] == [["a "], ["b"]]


@pytest.mark.parametrize(
    "text",
    [
        "cat 'a <<EOF\ndatabricks bundle destroy",
        "cat # <<EOF\ndatabricks bundle destroy",
        "cat <<EOF\nx\nEOF\ndatabricks bundle destroy",
        "cat <<EOF <<-END\nx\nEOF\n\tEND\ndatabricks bundle destroy",
        "cat <<< EOF\ndatabricks bundle destroy",
        "echo x >| databricks bundle destroy",
        "echo x |& databricks bundle destroy",
        "echo x &>y & databricks bundle destroy",
        "make <id>& databricks bundle destroy",
    ],
)
def test_no_quote_sign_or_here_document_hides_what_follows(text):
    assert any(part.program == ("databricks", "bundle", "destroy") for part in read_line(text).parts)


def test_the_text_of_a_here_document_is_no_command_and_its_quotes_are_none():
    line = read_line("cat <<EOF | make it\nit's $X\nEOF\nmake '$Y' b")
    assert [part.text for part in line.parts] == ["cat <<EOF", "make it", "make '$Y' b"]
    assert [line.text[start:end] for start, end in line.literal] == ["'$Y'"]


@given(st.lists(st.sampled_from(PIECES), max_size=14).map("".join))
@settings(max_examples=300, deadline=None)
def test_nothing_of_a_command_is_lost_between_its_words(text):
    for part in lex(text).parts:
        assert without_blanks("".join(word.raw for word in part.words)) == without_blanks(part.text)


@given(st.lists(st.sampled_from(PIECES), max_size=14).map("".join))
@settings(max_examples=300, deadline=None)
def test_what_needs_no_shell_has_the_words_that_a_shell_would_pass(text):
    text = text.replace("#", "")  # the library takes one inside a word for a comment
    try:
        found = plain_parts(read_line(text))
    except NeedsShell:
        return
    words = shlex.split(text.replace("&&", " && "))
    # Quoted, the sign is spread out too.
    texts = [word.text.replace("&&", " && ") for part in found for word in part]
    assert texts == [word for word in words if word not in ("&&", "2>&1")]


def without_blanks(text):
    return "".join(text.split())
