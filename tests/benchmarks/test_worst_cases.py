"""The worst cases are what they say, and each is read or refused; nothing here looks at a clock."""

import json

import pytest

from benchmarks import prp
from benchmarks.prp import Measured, corpus_rates, growth, measure, seconds, table
from benchmarks.worst_cases import KINDS, Kind
from prp_mcp.errors import UsageError
from prp_mcp.plan.names import MAX_BYTES
from prp_mcp.plan.reading import read_plan
from tests.plan.texts import prp as sound

CAPPED = {"brackets", "brackets on lines", "backticks of every length", "yaml, deeply nested"}
"""Kinds that a limit of the reader, or their own form, keeps small."""

BY_NAME = {kind.name: kind for kind in KINDS}


def test_every_kind_has_a_name_of_its_own():
    assert len(BY_NAME) == len(KINDS) >= 80


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_a_kind_fills_the_size_it_is_asked_for_and_no_more(kind):
    size = len(kind.text(MAX_BYTES).encode())
    assert size <= MAX_BYTES
    assert size >= MAX_BYTES * 0.9 or kind.name in CAPPED
    assert kind.text(MAX_BYTES).count("## ") >= 4


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_every_kind_is_read_or_refused_with_a_reason(kind):
    assert answer(kind.text(12_000)) in ("read", "refused")


def answer(text: str) -> str:
    try:
        plan = read_plan(text, "worst")
    except UsageError as error:
        return "refused" if error.summary and error.remedy else "refused without a reason"
    return "read" if plan.title == "Worst case" and any(section.role for section in plan.sections) else "misread"


def lines(name: str) -> list[str]:
    return BY_NAME[name].text(MAX_BYTES).split("\n")


def test_kinds_are_what_they_say():
    assert sum(line == "#" for line in lines("100,000 headings")) > 100_000
    assert max(line.count("|a") for line in lines("a table of 10,000 columns")) == 10_000
    assert max(len(line) for line in lines("one huge line")) > 80_000
    assert max(len(line) - len(line.lstrip()) for line in lines("nested lists")) >= 100
    assert max(line.count("> ") for line in lines("nested quotes")) == 60
    assert sum(line.startswith("### Task ") for line in lines("tasks, each on 200 others")) > 100
    assert sum("DEPENDENCIES" in line for line in lines("a huge yaml block of tasks")) > 3_000
    assert BY_NAME["comments, never closed"].text(MAX_BYTES).count("-->") == 0
    assert BY_NAME["bindings"].text(MAX_BYTES).count("<id_") > 10_000
    assert lines("sql fences").count("```sql") > 2_000


def test_reading_is_timed_and_a_refusal_is_an_answer():
    assert seconds(sound())[1] == ""
    assert "lines" in seconds("\n" * 20_000)[1]


def test_growth_is_that_of_a_doubling_and_not_told_where_it_is_too_short():
    assert growth([(100, 0.1), (200, 0.2), (400, 0.4)]) == 2
    assert growth([(100, 0.1), (200, 0.4)]) == 4
    assert growth([(100, 0.1), (400, 0.4)]) == 2
    assert growth([(100, 0.001), (200, 0.04)]) is None
    assert growth([(100, 0.1)]) is None


def test_a_kind_that_is_refused_is_told_with_the_size_that_was_read():
    found = measure(Kind("newlines", "context", lambda size: "\n" * (size // 16)), 1.0)
    assert "more than" in found.refused
    assert found.kib < 256


@pytest.mark.parametrize(
    ("ms", "growth", "verdict"), [(10.0, 2.0, ""), (2001.0, 2.0, "takes more"), (600.0, 3.5, "grows 3.5 times")]
)
def test_what_is_slow_or_grows_too_fast_fails_the_benchmark(ms, growth, verdict):
    row = Measured("x", 256.0, ms, 1.0, None, growth, "")
    assert row.verdict.startswith(verdict)
    assert bool(row.verdict) == bool(verdict)
    assert row.verdict in table([row])


def test_the_corpus_is_measured_prp_by_prp(tmp_path):
    (tmp_path / "a.md").write_text(sound())
    (tmp_path / "empty.md").write_text("")
    (tmp_path / "odd.md").write_bytes(b"# x\xff")
    assert set(corpus_rates(tmp_path)) == {"a", "odd"}
    assert corpus_rates(tmp_path / "none") == {}


def test_the_program_prints_json_and_ends_with_what_it_found(tmp_path, capsys, monkeypatch):
    (tmp_path / "a.md").write_text(sound())
    assert prp.main(["--json", "--corpus", str(tmp_path), "100,000 headings"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert [row["kind"] for row in found["kinds"]] == ["100,000 headings"]
    assert found["corpus"]["prps"] == 1
    monkeypatch.setattr(prp, "SLOWEST", -1.0)
    assert prp.main(["--corpus", str(tmp_path), "100,000 headings"]) == 1
