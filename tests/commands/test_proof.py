"""Why a command cannot be run whatever the values are, and whether it can fail."""

import pytest

from prp_mcp.commands.lexer import MAX_LINE
from prp_mcp.commands.line import read_line
from prp_mcp.commands.proof import cannot_fail, why_blocked


@pytest.mark.parametrize(
    ("command", "why"),
    [
        ("databricks bundle destroy --auto-approve", "rollback"),
        ("make a && databricks bundle deploy", "outside the gates"),
        ("npm run dev", "does not end"),
        ("uvicorn app:app", "does not end"),
        ("make serve &", "background"),
        ("while true; do\n  make a\ndone", "does not end"),
        ("make serve & sleep 1", "background"),
        ("uv run uvicorn app:app --reload", "does not end"),
        ("python -m http.server", "does not end"),
        ("docker compose -f a.yml up", "does not end"),
        ("streamlit run a.py", "does not end"),
        ("databricks sync --watch . /x", "does not end"),
        ("databricks bundle sync --watch", "does not end"),
        ("cd web && pnpm dev", "does not end"),
        ("tail -n 5 -f a.log", "does not end"),
        ("curl -H $MY_TOKEN x", "secret $MY_TOKEN"),
        ("databricks bundle logs", "no `bundle logs`"),
        ("pytest || true", "proves nothing"),
        ("xargs databricks bundle logs", "no `bundle logs`"),
        ("'databricks' bundle logs", "no `bundle logs`"),
        ("pytest " + "x" * MAX_LINE, "longer than"),
    ],
)
def test_a_command_that_cannot_be_run_says_why(command, why):
    assert why in (why_blocked(read_line(command)) or "")


@pytest.mark.parametrize(
    "command",
    [
        "pytest a && pytest b",
        "make 2>&1",
        "make &> out",
        "grep uvicorn a.txt",
        "docker compose up -d",
        "while true; do\n make a && break\ndone",
        "make <run_id>",
        "grep '<b>' x.html | wc -l > /dev/null",
        "databricks bundle deploy",
    ],
)
def test_a_command_that_can_be_run_is_not_blocked(command):
    assert why_blocked(read_line(command)) is None


@pytest.mark.parametrize(
    "command",
    [
        "pytest a | cat",
        "echo a; pytest b",
        "pytest a || exit 1",
        "pytest a || (echo bad; exit 1)",
        "pytest a && echo ok",
        "for a in b; do pytest $a; done",
        "pytest '|| true'",
        "echo a; echo b",
        "cat <<EOF | pytest -\n|| true\nEOF",
    ],
)
def test_a_command_that_can_fail_is_left_alone(command):
    assert why_blocked(read_line(command)) is None
    assert not cannot_fail(read_line(command))


def test_what_a_here_document_holds_is_no_command():
    assert why_blocked(read_line("cat <<EOF > x.sh\ndatabricks bundle deploy\nnpm run dev &\nEOF")) is None
    assert "outside the gates" in (why_blocked(read_line("cat <<EOF > x.sh\na\nEOF\ndatabricks bundle deploy")) or "")
