"""Programs that do not end by themselves."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from prp_mcp.commands.parts import Part
from prp_mcp.commands.programs import is_python


@dataclass(frozen=True)
class Server:
    """Programs that stay when their `first` word, or `anywhere` among their words, is one of those given.

    None given: always. A word of `ends` makes them end.
    """

    programs: str
    first: str = ""
    anywhere: str = ""
    ends: str = ""


SERVERS = (
    Server("uvicorn gunicorn hypercorn http.server jupyter-lab jupyter-notebook ptw pytest-watch watch"),
    Server("npm pnpm yarn bun", first="dev start serve watch"),
    Server("streamlit", first="run"),
    Server("fastapi", first="dev run"),
    Server("jupyter", first="lab notebook"),
    Server("mlflow", first="ui server"),
    Server("mkdocs", first="serve"),
    Server("next dagster", first="dev"),
    Server("airflow", first="webserver scheduler standalone"),
    Server("kubectl", first="port-forward"),
    Server("flask", anywhere="run"),
    Server("manage.py", anywhere="runserver"),
    Server("docker-compose", anywhere="up", ends="-d --detach"),
)
"""What starts something that stays."""

_FOLLOWS = re.compile(r"-\w*[fF]|--follow.*")


def stays(part: Part) -> bool:
    """Return whether a simple command starts something that does not end by itself."""
    words = _program(part.program)
    if not words:
        return False
    program, given = words[0], words[1:]
    if program == "databricks":
        return "sync" in given and "--watch" in given
    if program == "tail":
        return any(_FOLLOWS.fullmatch(word) for word in given)
    if program == "vite":
        return not given or given[0] == "dev"
    return any(_is(server, given) for server in SERVERS if program in server.programs.split())


def _is(server: Server, given: Sequence[str]) -> bool:
    if set(given) & set(server.ends.split()):
        return False
    if server.anywhere:
        return server.anywhere in given
    plain = [word for word in given if not word.startswith("-")]
    # "dev:web" is a script of "dev".
    return not server.first or (bool(plain) and re.split(r"[^\w-]", plain[0], maxsplit=1)[0] in server.first.split())


def _program(words: Sequence[str]) -> list[str]:
    """Return the words from the program on that an interpreter or a manager is told to run."""
    found = list(words)
    if found and is_python(found[0]):
        found = found[2:] if found[1:2] == ["-m"] else [found[1].rpartition("/")[2], *found[2:]] if found[1:] else []
    if found[:2] == ["docker", "compose"]:
        return ["docker-compose", *found[2:]]
    if found[:1] and found[0] in ("npm", "pnpm", "yarn", "bun") and found[1:2] == ["run"]:
        return [found[0], *found[2:]]
    return found
