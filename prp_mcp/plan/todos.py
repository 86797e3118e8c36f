"""Tasks as the items of an agent's to-do list."""

from prp_mcp.plan.model import Plan

_CONTENT = 200
_VERB_TABLE = """
    add adapt adjust analyse analyze apply assert attach audit automate backfill benchmark bind bootstrap build
    calculate capture catalog change check clean cleanse collect compare compile compute configure confirm connect
    convert copy cover create debug declare deduplicate define delete deliver deploy derive describe design detect
    develop document drop enable encrypt enforce enrich ensure establish estimate evaluate execute expose extend
    extract fetch filter finalise finalize fix flatten format generate grant handle harden hash identify implement
    import improve include ingest initialise initialize inject inspect install integrate introduce investigate join
    land load log make map mark mask measure merge migrate mirror model modify monitor move normalise normalize
    optimise optimize orchestrate organise organize parametrise parametrize parse partition plan populate prepare
    preserve process produce profile protect provide provision publish put quarantine read record refactor register
    remove rename render replace report resolve restore restructure review rewrite roll run schedule seed select set
    setup simplify split standardise standardize start stop store stream summarise summarize tag test track transform
    trigger tune type unify update upgrade upload use validate verify version wire wrap write
"""
_VERBS = frozenset(_VERB_TABLE.split())
_IRREGULAR = {"setup": "setting up", "tie": "tying", "die": "dying", "lie": "lying"}
_DOUBLED_TABLE = """
    begin commit cut drop get log map plan put quit rerun run set ship skip split stop swap tag trim wrap
"""
_DOUBLED = frozenset(_DOUBLED_TABLE.split())


def todos(plan: Plan) -> list[dict[str, str]]:
    """Return the plan's tasks, in order, as TodoWrite items (content, activeForm, status pending)."""
    return [
        {"content": task.title[:_CONTENT], "activeForm": active_form(task.title[:_CONTENT]), "status": "pending"}
        for task in plan.tasks
    ]


def active_form(title: str) -> str:
    """Turn "Create bronze table" into "Creating bronze table"; a title that begins with no verb stays whole."""
    first, gap, rest = title.partition(" ")
    verb = first.rstrip(":").lower()
    if verb not in _VERBS:
        return f"Working on: {title}"
    return f"{participle(verb).capitalize()}{gap}{rest}"


def participle(verb: str) -> str:
    """Return the present participle of a verb in lower case ("run" -> "running")."""
    if verb in _IRREGULAR:
        return _IRREGULAR[verb]
    if verb in _DOUBLED:
        return f"{verb}{verb[-1]}ing"
    if verb.endswith("e") and not verb.endswith(("ee", "oe", "ye")):
        return f"{verb[:-1]}ing"
    return f"{verb}ing"
