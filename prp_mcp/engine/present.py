"""Look at everything evidence is bound to, as it is now."""

from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path

from prp_mcp.credentials import Credentials
from prp_mcp.digest import digest
from prp_mcp.errors import UsageError
from prp_mcp.gates.order import Material
from prp_mcp.journal.runs import Effect, Run, pair
from prp_mcp.journal.store import Journal, Kind
from prp_mcp.plan.model import Plan
from prp_mcp.plan.names import MAX_BYTES, check_name
from prp_mcp.plan.reading import read_plan
from prp_mcp.policy import Policy, read_policy
from prp_mcp.repo.bundle_file import BundleFile, find_root, read_bundle_file
from prp_mcp.repo.git import GitFacts, Repository
from prp_mcp.repo.tree import Tree, read_tree
from prp_mcp.settings import Settings

DEPLOYMENTS = ("deploy", "restore", "destroy")
"""The effects that change what is deployed."""


@dataclass(frozen=True)
class Present:
    """The repository, the policy and the credentials at one moment."""

    repository: Repository
    root: Path
    policy: Policy
    settings: Settings
    credentials: Credentials
    prp: str
    target: str
    plan: Plan | None
    git: GitFacts
    tree: Tree = field(repr=False)

    @cached_property
    def bundle(self) -> BundleFile:
        """Return what the bundle's YAML says. Raises UsageError when it is unusable."""
        return read_bundle_file(self.root)

    @cached_property
    def tested(self) -> Tree:
        """Return the tree a validation command sees: tests and documents too, but no PRP."""
        return read_tree(self.repository, ("PRPs/",))

    @property
    def inside(self) -> Path:
        """Return the bundle's folder relative to the top of the work tree."""
        return self.root.relative_to(self.repository.top)

    def materials(self, run: Run, journal: Journal) -> dict[Material, str]:
        """Return the digest of every material for `run`."""
        thresholds = [self.policy.quality.model_dump(), dict(self.plan.thresholds) if self.plan else {}]
        return {
            Material.PRP: self.plan.digest if self.plan else "",
            Material.BASE: digest([self.credentials.host, self.credentials.fingerprint, self.target]),
            Material.TREE: self.tree.id,
            Material.TESTED: self.tested.id,
            Material.CONFIGURATION: digest([self.target, dict(self.settings.variables), asdict(self.git)]),
            Material.DEPLOYMENT: current_deployment(run, journal),
            Material.UPDATE: digest(updates_of(run)) if updates_of(run) else "",
            Material.THRESHOLDS: digest(thresholds),
            Material.POLICY: digest([self.policy.model_dump(), self.settings.grants.model_dump()]),
        }


def locate(folder: Path) -> tuple[Repository, Path]:
    """Return the repository around `folder` and the bundle's folder in it."""
    repository = Repository(folder)
    return repository, find_root(folder, repository.top)


def look(folder: Path, settings: Settings, prp: str, target: str) -> Present:
    """Look at the work tree around `folder`, the policy, and the PRP called `prp`."""
    repository, root = locate(folder)
    policy = read_policy(root)
    return Present(
        repository=repository,
        root=root,
        policy=policy,
        settings=settings,
        credentials=settings.credentials(),
        prp=prp,
        target=target,
        plan=_plan(root, prp, strict=policy.prp.strict),
        git=repository.facts(),
        tree=read_tree(repository, _exclude(policy, root.relative_to(repository.top))),
    )


def prp_path(root: Path, name: str) -> Path:
    """Return the path of the PRP called `name`, exact in case, a regular file within the size limit.

    Raises UsageError that names the PRPs there are.
    """
    folder = root / "PRPs"
    wanted = f"{check_name(name)}.md"
    there = sorted(entry.name for entry in folder.iterdir()) if folder.is_dir() else []
    path = folder / wanted
    if wanted not in there or path.is_symlink() or not path.is_file():
        known = ", ".join(name[:-3] for name in there if name.endswith(".md") and "_execution_summary" not in name)
        raise UsageError(
            f"there is no PRP {name!r} in PRPs/",
            remedy=f"Use one of: {known}." if known else "Create PRPs/NAME.md (`prp-mcp init` writes a template).",
        )
    if path.stat().st_size > MAX_BYTES:
        raise UsageError(
            f"PRPs/{wanted} is larger than {MAX_BYTES // 1024} KiB", remedy="Split the PRP.", location=wanted
        )
    return path


def updates_of(run: Run) -> dict[str, str]:
    """Return the latest update of each pipeline that `run` started since its latest deployment."""
    deployed = [effect.intent.seq for effect in run.effects if effect.name in DEPLOYMENTS]
    since = deployed[-1] if deployed else 0
    started = [effect for effect in run.done("start") if effect.intent.seq > since]
    return {effect.intent.body["request"]["key"]: effect.result["update"] for effect in started}


def deployments(run: Run, journal: Journal) -> list[Effect]:
    """Return every deployment to the run's host, bundle and target, by any run, oldest first."""
    records = [record for kind in (Kind.INTENT, Kind.OUTCOME) for record in journal.of_kind(kind)]
    found = pair(sorted(records, key=lambda record: record.seq))
    return [item for item in found if item.name in DEPLOYMENTS and tuple(item.intent.body["key"]) == run.key]


def current_deployment(run: Run, journal: Journal) -> str:
    """Return what names the latest deployment to the run's key (an unsettled one too), or an empty string."""
    found = deployments(run, journal)
    if not found:
        return ""
    latest = found[-1]
    return latest.outcome.hash if latest.outcome else latest.token


def _plan(root: Path, prp: str, *, strict: bool) -> Plan | None:
    if not (root / "PRPs" / f"{prp}.md").exists():
        return None  # removed since it was loaded: the evidence of its gate is stale then
    try:
        return read_plan(prp_path(root, prp).read_text("utf-8"), prp, strict=strict)
    except UnicodeDecodeError as error:
        raise UsageError(f"PRPs/{prp}.md is not UTF-8", remedy="Save it as UTF-8.") from error


def _exclude(policy: Policy, inside: Path) -> tuple[str, ...]:
    if inside == Path("."):
        return policy.tree.exclude
    anchored = [
        f"/{inside.as_posix()}/{pattern.lstrip('/')}" if "/" in pattern else pattern for pattern in policy.tree.exclude
    ]
    return tuple(anchored)
