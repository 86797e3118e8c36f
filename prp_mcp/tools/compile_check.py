"""`compile_check`: every source compiles or parses, nothing is imported or executed."""

from collections.abc import Mapping

from prp_mcp.code.facts import SourceFacts
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
