"""Every tool of the table has its schemas, and each schema holds what a result can have."""

import pytest

from prp_mcp.engine.schema import input_schema, output_schema
from prp_mcp.gates.order import TOOL_OF, Gate
from prp_mcp.tools.all_tools import TOOLS


def test_every_gate_has_its_tool_and_exactly_one_tool_undoes_and_one_begins():
    names = [tool.name for tool in TOOLS]
    assert len(set(names)) == len(names)
    assert {TOOL_OF[gate] for gate in Gate} <= set(names)
    assert [tool.name for tool in TOOLS if tool.undoes] == ["rollback"]
    assert [tool.name for tool in TOOLS if tool.begins] == ["load_prp"]
    assert [tool.name for tool in TOOLS if tool.reads_ended] == ["run_status"]


@pytest.mark.parametrize("tool", TOOLS, ids=lambda tool: tool.name)
def test_a_schema_names_every_field_and_what_the_door_may_add(tool):
    properties = output_schema(tool)["properties"]
    assert set(tool.fields.model_fields) <= set(properties)
    assert {"left_behind", "rollback", "omitted", "findings_total"} <= set(properties)
    assert ("run" in input_schema(tool)["properties"]) is (tool.begins is None)
    assert input_schema(tool)["additionalProperties"] is False
