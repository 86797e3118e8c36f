"""How commands are prepared: from what was read of them once."""

from collections import Counter

from prp_mcp.commands import line
from prp_mcp.commands.lexer import lex
from prp_mcp.suite.preparation import prepare
from tests.suite.test_suite import engine_for


def test_a_command_is_cut_into_words_once_and_again_only_with_values_put_in(tmp_path, monkeypatch):
    written = [
        "python -m pytest tests -q",
        "databricks bundle validate -t dev",
        "make a <warehouse_id>",
        "make $X || x",
    ]
    engine = engine_for(tmp_path, "\n".join(written), "- [ ] `databricks bundle deploy` is done")
    cut: Counter[str] = Counter()

    def counted(text):
        cut[text] += 1
        return lex(text)

    monkeypatch.setattr(line, "lex", counted)
    with engine.opened() as step:
        assert step.present.plan
        prepared = prepare(step, step.present.plan.commands)
    assert [each.way for each in prepared] == ["programs", "gate", "none", "none"]
    assert cut == dict.fromkeys([*written, "databricks bundle deploy", "make a abc123"], 1)
