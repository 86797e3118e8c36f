"""Look at everything evidence is bound to, as it is now."""

from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from prp_mcp.code.bundle_yaml import BundleYaml
from prp_mcp.credentials import Credentials
from prp_mcp.digest import digest
from prp_mcp.gates.order import Material
from prp_mcp.journal.effect import Deployment
from prp_mcp.journal.runs import Run, deployments_among, pair
from prp_mcp.journal.store import Journal
from prp_mcp.plan.names import PrpName
from prp_mcp.policy import Policy, read_policy
from prp_mcp.repo.bundle_file import find_root, read_bundle_file
from prp_mcp.repo.git import GitFacts, Repository
from prp_mcp.repo.prps import read_prp
from prp_mcp.repo.tree import Tree, read_tree
from prp_mcp.settings import Settings

if TYPE_CHECKING:
    from prp_mcp.plan.model import Plan


@dataclass(frozen=True)
class Present:
    """The repository, the policy and the credentials at one moment."""

    repository: Repository
    root: Path
    policy: Policy
    settings: Settings
    credentials: Credentials
    prp: PrpName
    target: str
    plan: "Plan | None"
    git: GitFacts
    tree: Tree = field(repr=False)

    @cached_property
    def bundle(self) -> BundleYaml:
        """Return what the bundle's YAML says. Raises UsageError when it is unusable."""
        return read_bundle_file(self.root)

    @cached_property
    def tested(self) -> Tree:
        """Return the tree a validation command sees: tests and documents too, but no PRP."""
        return read_tree(self.repository, ("PRPs/",), self.tree)

    @property
    def inside(self) -> Path:
        """Return the bundle's folder relative to the top of the work tree."""
        return self.root.relative_to(self.repository.top)

    @property
    def prefix(self) -> str:
        """Return what paths of the work tree begin with when they lie in the bundle's folder."""
        return "" if self.inside == Path(".") else f"{self.inside.as_posix()}/"

    def materials(self, run: Run, journal: Journal) -> dict[Material, str]:
        """Return the digest of every material for `run`."""
        thresholds = [self.policy.quality.model_dump(), dict(self.plan.thresholds) if self.plan else {}]
        return {
            Material.PRP: self.plan.digest if self.plan else "",
            Material.WORKSPACE: digest([self.credentials.host, self.credentials.fingerprint, self.target]),
            Material.TREE: self.tree.id,
            Material.TESTED: self.tested.id,
            Material.CONFIGURATION: digest([self.target, dict(self.settings.variables), asdict(self.git)]),
            Material.DEPLOYMENT: current_deployment(run, journal),
            Material.UPDATE: _updates_id(run),
            Material.THRESHOLDS: digest(thresholds),
            Material.POLICY: digest([self.policy.model_dump(), self.settings.grants.model_dump()]),
        }


def locate(folder: Path) -> tuple[Repository, Path]:
    """Return the repository around `folder` and the bundle's folder in it."""
    repository = Repository(folder)
    return repository, find_root(folder, repository.top)


def read_present(folder: Path, settings: Settings, prp: PrpName, target: str) -> Present:
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


def _updates_id(run: Run) -> str:
    updates = {key: update.id for key, update in run.updates.items()}
    return digest(updates) if updates else ""


def current_deployment(run: Run, journal: Journal) -> str:
    """Return what names the latest deployment to the run's key (an unsettled one too), or an empty string."""
    found = deployments(run, journal)
    return found[-1].mark if found else ""


def deployments(run: Run, journal: Journal) -> list[Deployment]:
    """Return every deployment to the run's host, bundle and target, by any run, oldest first."""
    return deployments_among(pair(journal.effects_on(run.key)))


def _plan(root: Path, prp: PrpName, *, strict: bool) -> "Plan | None":
    from prp_mcp.plan.reading import read_plan

    text = read_prp(root, prp)  # None: removed since it was loaded; the evidence of its gate is stale then
    return None if text is None else read_plan(text, prp.text, strict=strict)


def _exclude(policy: Policy, inside: Path) -> tuple[str, ...]:
    if inside == Path("."):
        return policy.tree.exclude
    anchored = [
        f"/{inside.as_posix()}/{pattern.lstrip('/')}" if "/" in pattern else pattern for pattern in policy.tree.exclude
    ]
    return tuple(anchored)
