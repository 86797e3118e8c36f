"""Which programs do not end by themselves."""

import pytest

from prp_mcp.commands.line import read_line
from prp_mcp.commands.servers import stays


@pytest.mark.parametrize(
    "part",
    [
        "npm run dev",
        "npm run dev:web",
        "yarn --cwd=web start",
        "python3 -m uvicorn a:b",
        "python app/manage.py runserver 80",
        "docker compose -f a.yml up",
        "docker-compose up",
        "flask --app a run",
        "tail -5f a.log",
        "tail --follow=name a.log",
        "databricks -t dev bundle sync --watch",
        "vite",
        "vite dev",
        "jupyter lab",
        "jupyter-notebook",
        "'uvicorn' a:b",
    ],
)
def test_what_does_not_end_by_itself_is_known(part):
    assert any(map(stays, read_line(part).parts))


@pytest.mark.parametrize(
    "part",
    [
        "npm run build",
        "npm test",
        "npm run developer-docs",
        "docker compose up -d",
        "docker compose down",
        "tail -n 5 a.log",
        "databricks bundle sync",
        "vite build",
        "python",
        "python -m pytest",
        "python manage.py test",
        "flask db upgrade",
        "grep uvicorn a.txt",
        "",
    ],
)
def test_what_ends_is_left_alone(part):
    assert not any(map(stays, read_line(part).parts))
