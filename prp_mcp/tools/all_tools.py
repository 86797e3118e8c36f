"""The table of tools, in the order of the gates; this list is what every edge serves."""

from prp_mcp.engine.tool import Tool
from prp_mcp.tools import (
    check_environment,
    check_governance,
    compile_check,
    deploy,
    load_prp,
    pipeline_events,
    poll_status,
    quality_metrics,
    record_check,
    rollback,
    run_status,
    run_validation,
    start_pipeline,
    validate_bundle,
    write_summary,
)

TOOLS: tuple[Tool, ...] = (
    load_prp.TOOL,
    check_environment.TOOL,
    validate_bundle.TOOL,
    compile_check.TOOL,
    deploy.TOOL,
    start_pipeline.TOOL,
    poll_status.TOOL,
    quality_metrics.TOOL,
    check_governance.TOOL,
    run_validation.TOOL,
    record_check.TOOL,
    write_summary.TOOL,
    rollback.TOOL,
    run_status.TOOL,
    pipeline_events.TOOL,
)
