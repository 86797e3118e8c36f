"""The judgement from evidence alone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from prp_mcp.gates.judge import GateVerdict, Status, judge
from prp_mcp.gates.order import TOOL_OF, Gate, Material, Verdict, before

WORKSPACE = {Material.WORKSPACE}
SOURCES = WORKSPACE | {Material.TREE, Material.CONFIGURATION}
DEPLOYED = SOURCES | {Material.DEPLOYMENT}
UPDATED = DEPLOYED | {Material.UPDATE}
MADE_STALE_BY = {
    Gate.PRP: {Material.PRP},
    Gate.ENVIRONMENT: WORKSPACE,
    Gate.BUNDLE: SOURCES,
    Gate.COMPILE: {Material.TREE},
    Gate.DEPLOYMENT: DEPLOYED,
    Gate.EXECUTION: UPDATED,
    Gate.QUALITY: UPDATED | {Material.THRESHOLDS},
    Gate.GOVERNANCE: UPDATED,
    Gate.SUITE: UPDATED | {Material.PRP, Material.TESTED},
    Gate.SUMMARY: UPDATED | {Material.PRP, Material.TESTED, Material.THRESHOLDS},
}
"""What each gate is bound to, besides the policy, which all are: the contract, written out."""

NOW = {material: "now" for material in Material}


def evidence(gate, verdict=Verdict.PASSED, materials=NOW, seq=1):
    return GateVerdict(seq, gate, TOOL_OF[gate], verdict, materials, "summary")


def test_without_evidence_only_the_first_gate_is_open():
    standing = judge([], NOW)
    assert standing.states[Gate.PRP].status is Status.OPEN
    assert {standing.states[gate].status for gate in list(Gate)[1:]} == {Status.CLOSED}
    closed = standing.admit(Gate.DEPLOYMENT)
    assert closed is not None
    assert closed.remedy == "load_prp"


@pytest.mark.guarantee("freshness")
@pytest.mark.parametrize(("gate", "material"), [(gate, material) for gate in Gate for material in Material])
def test_a_gate_is_stale_exactly_when_something_it_is_bound_to_changed(gate, material):
    standing = judge([evidence(one) for one in (*before(gate), gate)], {**NOW, material: "changed"})
    state = standing.states[gate]
    is_bound = material is Material.POLICY or material in MADE_STALE_BY[gate]
    assert (state.status is Status.STALE) == is_bound
    assert state.changed == ((material,) if is_bound else ())


def test_only_the_latest_evidence_of_a_gate_counts():
    standing = judge([evidence(Gate.PRP), evidence(Gate.PRP, Verdict.FAILED, seq=2)], NOW)
    assert standing.states[Gate.PRP].status is Status.FAILED
    assert standing.states[Gate.PRP].failures == 1


verdicts = st.sampled_from(list(Verdict))
steps = st.lists(st.tuples(st.sampled_from(list(Gate)), verdicts, st.sampled_from(["now", "then"])), max_size=40)


@pytest.mark.guarantee("order")
@given(steps)
def test_a_gate_is_admitted_only_when_every_gate_before_it_passed_with_present_materials(history):
    records = [
        evidence(gate, verdict, dict.fromkeys(Material, moment), seq)
        for seq, (gate, verdict, moment) in enumerate(history)
    ]
    standing = judge(records, NOW)
    for gate in Gate:
        if standing.admit(gate) is None:
            for earlier in before(gate):
                latest = [record for record in records if record.gate is earlier][-1]
                assert latest.verdict is Verdict.PASSED
                assert latest.materials == NOW
