"""The table of kinds: what sources may write leads to exactly one kind."""

from prp_mcp.local.runner.all_kinds import KINDS


def test_no_word_or_function_belongs_to_two_kinds():
    for field in ("words", "decorators", "creators"):
        named = [name for kind in KINDS for name in getattr(kind, field)]
        assert len(named) == len(set(named)), field


def test_a_kind_that_can_be_declared_without_a_query_is_stored():
    assert [kind.name for kind in KINDS if kind.creators and kind.write is None] == []
    assert len({kind.name for kind in KINDS}) == len(KINDS)
