"""The programs that check a project, and which of their options would make them do something else or check nothing."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

RUN_THE_PROJECT = frozenset({"pytest", "unittest"})
"""Those of the checkers that import the project's own code; the others only read it."""


@dataclass(frozen=True)
class Forbidden:
    """Options of one program that are not for a PRP to give. Long names have no dashes, short ones are letters.

    `long`, `short` reach outside or start something else. `idle`, `idle_short` leave the checking undone, or part of
    it. `valued` are the short ones that take a value. `fine` maps an option, dashes and all, to the values it may have
    nevertheless. `abbreviated`: the program completes the beginning of an option.
    """

    long: tuple[str, ...] = ()
    short: str = ""
    idle: tuple[str, ...] = ()
    idle_short: str = "h"
    valued: str = ""
    fine: Mapping[str, re.Pattern[str]] = field(default_factory=dict)
    abbreviated: bool = False


_TEMPLATERS = re.compile(r"(?:jinja|raw|placeholder)\Z")
_RULE_SETS = re.compile(r"(?:relaxed|default)\Z")

FORBIDDEN: Mapping[str, Forbidden] = {
    "pytest": Forbidden(
        long=(
            "override-ini", "plugins", "pyargs", "pastebin", "tx", "px", "rsyncdir", "rsyncignore", "looponfail",
            "pdb", "pdbcls", "trace", "debug", "remote-data",
        ),
        short="opf",
        idle=(
            "version", "help", "collect-only", "collectonly", "co", "fixtures", "funcargs", "fixtures-per-test",
            "markers", "setup-plan", "setupplan", "setup-only", "setuponly", "cache-show",
            "suppress-no-test-exit-code", "suppress-tests-failed-exit-code",
        ),
        idle_short="Vh",
        valued="kmcnWr",
        fine={"-p": re.compile(r"no:[\w.-]+\Z")},
    ),
    "ruff": Forbidden(
        long=("watch", "stdin-filename", "extension"),
        short="w",
        idle=(
            "version", "help", "exit-zero", "ignore", "extend-ignore", "per-file-ignores", "extend-per-file-ignores",
            "show-files", "show-settings", "fix", "fix-only", "unsafe-fixes", "add-noqa", "diff",
        ),
        idle_short="Vhe",
        valued="o",
    ),
    "mypy": Forbidden(
        long=(
            "python-executable", "plugins", "install-types", "non-interactive", "custom-typing-module", "shadow-file",
            "custom-typeshed-dir", "pdb", "command", "find-occurrences",
        ),
        short="c",
        idle=("version", "help"),
        idle_short="Vh",
        valued="mp",
        abbreviated=True,
    ),
    "pyright": Forbidden(
        long=(
            "project", "pythonpath", "venvpath", "venv-path", "typeshedpath", "typeshed-path", "watch", "createstub",
            "verifytypes", "ignoreexternal",
        ),
        short="pvtw",
        idle=("version", "help"),
    ),
    "sqlfluff": Forbidden(
        long=("library-path", "templater", "extra-config-path", "stdin-filename", "plugin"),
        short="t",
        idle=("version", "help", "nofail", "ignore"),
        idle_short="hi",
        valued="derpf",
        fine={"-t": _TEMPLATERS, "--templater": _TEMPLATERS},
    ),
    "yamllint": Forbidden(
        long=("config-data",),
        short="d",
        idle=("version", "help", "list-files"),
        idle_short="hv",
        valued="cf",
        fine={"-d": _RULE_SETS, "--config-data": _RULE_SETS},
        abbreviated=True,
    ),
    "black": Forbidden(
        long=("code", "stdin-filename"), short="c", idle=("version", "help", "line-ranges"), valued="ltW"
    ),
    "isort": Forbidden(
        long=("formatter", "virtual-env", "conda-env"),
        idle=(
            "version", "version-number", "vn", "help", "show-config", "show-files", "stdout", "overwrite-in-place",
            "skip", "skip-glob", "extend-skip", "extend-skip-glob", "sg", "filename",
        ),
        idle_short="hVds",
        valued="abfijloprtw",
        abbreviated=True,
    ),
    "flake8": Forbidden(
        long=("stdin-display-name", "diff"),
        idle=("version", "help", "bug-report", "exit-zero", "ignore", "extend-ignore", "per-file-ignores"),
        valued="j",
        abbreviated=True,
    ),
    "pylint": Forbidden(
        long=(
            "load-plugins", "init-hook", "evaluation", "from-stdin", "unsafe-load-any-extension",
            "extension-pkg-allow-list", "extension-pkg-whitelist",
        ),
        idle=(
            "version", "help", "long-help", "help-msg", "exit-zero", "disable", "ignore", "ignore-patterns",
            "ignore-paths", "list-msgs", "list-msgs-enabled", "list-groups", "list-conf-levels", "list-extensions",
            "generate-rcfile", "generate-toml-config",
        ),
        idle_short="hd",
        valued="efjrs",
        abbreviated=True,
    ),
    "unittest": Forbidden(idle=("help",), valued="kspt", abbreviated=True),
    "py_compile": Forbidden(idle=("help",), abbreviated=True),
    "compileall": Forbidden(short="i", idle=("help",), idle_short="hx", valued="dsperjo", abbreviated=True),
}  # fmt: skip

CHECKERS = frozenset(FORBIDDEN)
"""Modules that `python -m` may run without a person's word."""
