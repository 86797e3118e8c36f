"""`compile_check`: every source compiles or parses, nothing is imported or executed."""

from collections.abc import Mapping

from prp_mcp.code.event_log import short
from prp_mcp.code.facts import CodeFacts, SourceFacts
from prp_mcp.engine.step import Step
from prp_mcp.engine.tool import Arguments, Fields, Finding, Outcome, Tool, counted
from prp_mcp.gates.order import Gate, Verdict
from prp_mcp.journal.evidence import BundleEvidence, CompileEvidence
from prp_mcp.repo.patterns import matching
from prp_mcp.steps.sources import source_facts


class CompileFields(Fields):
    """How many files were checked, and how many of them were read before, with the same content."""

    files: int
    cached: int


def compile_check(step: Step, _: Arguments) -> Outcome:
    """Check the syntax of every Python and SQL file, and that the pipelines' sources define datasets."""
    found, known = source_facts(step, step.snapshot)
    findings = [
        Finding(f"{path}:{error.line}:{error.column}", error.message, "Correct the syntax.")
        for path, error in found.errors()
    ]
    findings += doubled_expectations(found)
    prefix = step.present.prefix
    within = {item.path.removeprefix(prefix): item for item in found.sources if item.path.startswith(prefix)}
    findings += pipeline_findings(step.run.bundle or BundleEvidence(), within)
    number = len(found.sources)
    fields = CompileFields(files=number, cached=known)
    seen = CompileEvidence(tuple(item.path for item in found.sources[:500]))
    if findings:
        summary = f"{counted(len(findings), 'finding')} in {counted(number, 'file')}."
        return Outcome(Verdict.FAILED, summary, fields, tuple(findings), seen)
    if not number:
        return Outcome(Verdict.INCONCLUSIVE, "There is no Python or SQL file to check.", fields, (), seen)
    return Outcome(Verdict.PASSED, f"{counted(number, 'file')} checked, all compile.", fields, (), seen)


def doubled_expectations(facts: CodeFacts) -> list[Finding]:
    """Return the expectations that share dataset and name: the platform refuses them, nobody could tell them apart."""
    first: dict[tuple[str, str], str] = {}
    findings = []
    for path, item in facts.expectations():
        if item.dataset is None or item.name is None:
            continue  # computed at load time
        place, key = f"{path}:{item.line}", (short(item.dataset), item.name)
        if key in first:
            text = f"the expectation {item.name!r} of {item.dataset} is already defined at {first[key]}"
            findings.append(Finding(f"{place}:1", text, "Give it another name, or remove one of the two."))
        first.setdefault(key, place)
    return findings


def pipeline_findings(bundle: BundleEvidence, facts: Mapping[str, SourceFacts]) -> list[Finding]:
    """Return the pipelines of `bundle` whose sources are not there or define nothing; `facts` by path in the bundle."""
    findings = []
    for key, settings in bundle.pipelines.items():
        paths = list(filter(matching(settings.sources), sorted(facts)))
        if not paths:
            fix = "Correct `libraries`: a glob that matches nothing passes validation."
            findings.append(Finding(f"resources.pipelines.{key}", "the pipeline has no source file", fix))
        elif not any(facts[path].api or facts[path].errors for path in paths):
            fix = "Define datasets with dlt, pyspark.pipelines or SQL."
            findings.append(Finding(paths[0], f"no source of pipeline {key} defines a dataset", fix))
        elif (kinds := {item.kind for path in paths for item in facts[path].datasets}) == {"view"}:
            fix = "Define a streaming table or a materialized view: a pipeline of views alone is refused."
            findings.append(Finding(paths[0], f"pipeline {key} defines no table, only {', '.join(kinds)}s", fix))
    return findings


TOOL = Tool(
    name="compile_check",
    title="Check that sources compile",
    description="Check that every Python source compiles (never imported or executed), every SQL source parses, and "
    "the pipelines' sources define datasets.",
    arguments=Arguments,
    fields=CompileFields,
    run=compile_check,
    kind="read",
    gate=Gate.COMPILE,
    opens_with=Gate.COMPILE,
)
