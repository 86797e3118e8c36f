"""`compile_check`: every source compiles or parses, nothing is imported or executed."""

import pathspec

from prp_mcp.code.facts import SourceFacts
from prp_mcp.code.sources import read_source
from prp_mcp.engine.step import Step
from prp_mcp.engine.tool import Arguments, Fields, Finding, Outcome, Tool, counted
from prp_mcp.gates.order import Gate, Verdict
from prp_mcp.steps.sources import source_texts


class CompileFields(Fields):
    """How much was checked."""

    files: int
    cached: bool


def compile_check(step: Step, _: Arguments) -> Outcome:
    """Check the syntax of every Python and SQL file, and that the pipelines' sources define datasets."""
    facts = {path: read_source(path, text) for path, text in source_texts(step.snapshot).items()}
    findings = [
        Finding(f"{path}:{error.line}:{error.column}", error.message, "Correct the syntax.")
        for path, found in facts.items()
        for error in found.errors
    ]
    findings += _pipeline_trouble(step, facts)
    fields = {"files": len(facts), "cached": False}
    evidence = {"files": sorted(facts)[:500]}
    if findings:
        return Outcome(
            Verdict.FAILED,
            f"{counted(len(findings), 'finding')} in {counted(len(facts), 'file')}.",
            fields,
            tuple(findings),
            evidence,
        )
    if not facts:
        return Outcome(Verdict.INCONCLUSIVE, "There is no Python or SQL file to check.", fields, (), evidence)
    return Outcome(Verdict.PASSED, f"{counted(len(facts), 'file')} checked, all compile.", fields, (), evidence)


def library_paths(libraries: list[dict[str, object]], file_path: str, paths: list[str]) -> list[str]:
    """Return which of `paths` (relative to the bundle) the resolved `libraries` of a pipeline name.

    `file_path` is the workspace folder that mirrors the bundle's.
    """
    patterns = []
    for library in libraries:
        for kind in ("file", "notebook", "glob"):
            entry = library.get(kind)
            if isinstance(entry, dict):
                named = str(entry.get("path") or entry.get("include") or "").removeprefix(file_path).lstrip("/")
                patterns += [f"/{named}", *([f"/{named}.*"] if kind == "notebook" else [])]
    spec = pathspec.GitIgnoreSpec.from_lines(patterns)
    return [path for path in paths if spec.match_file(path)]


def _pipeline_trouble(step: Step, facts: dict[str, SourceFacts]) -> list[Finding]:
    record = step.run.latest(Gate.BUNDLE, Verdict.PASSED)
    evidence = record.body["evidence"] if record else {}
    inside = step.present.inside.as_posix()
    prefix = "" if inside == "." else f"{inside}/"
    within = {path.removeprefix(prefix): found for path, found in facts.items() if path.startswith(prefix)}
    findings = []
    for key, body in evidence.get("pipelines", {}).items():
        paths = library_paths(body.get("libraries") or [], evidence["file_path"], sorted(within))
        if not paths:
            fix = "Correct `libraries`: a glob that matches nothing passes validation."
            findings.append(Finding(f"resources.pipelines.{key}", "the pipeline has no source file", fix))
        elif not any(within[path].api for path in paths) and not any(within[path].errors for path in paths):
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
    budget=30,
)
