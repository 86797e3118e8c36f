"""SQL text is split where SQL says, not where letters say."""

import pytest

from prp_mcp.local.runner.fault import PipelineError
from prp_mcp.local.runner.sqltext import closing, split_commas, statements, tokens, unquoted, with_parameters


def test_semicolons_in_strings_names_and_comments_end_no_statement():
    text = "SELECT ';' AS `a;b` -- c;d\n FROM t /* ; */;\n\nSELECT 2;"
    assert [line for line, _ in statements(text)] == [1, 4]


def test_brackets_in_strings_do_not_count():
    found = tokens("f(')', (1))")
    assert closing(found, 1) == len(found) - 1


def test_an_open_bracket_is_refused():
    with pytest.raises(PipelineError):
        closing(tokens("f((1)"), 1)


def test_commas_inside_brackets_do_not_split():
    assert len(split_commas(tokens("a, f(b, c), 'd,e'"))) == 3


@pytest.mark.parametrize(("text", "value"), [("'it''s'", "it's"), ('"a"', "a"), ("`a``b`", "a`b"), ("word", "word")])
def test_literals_give_their_value(text: str, value: str):
    assert unquoted(text) == value


def test_parameters_are_replaced_and_a_missing_one_is_named():
    assert with_parameters("SELECT ${a}", {"a": "1"}) == "SELECT 1"
    with pytest.raises(PipelineError, match="'b'"):
        with_parameters("SELECT ${b}", {"a": "1"})
