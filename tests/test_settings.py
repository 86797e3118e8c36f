"""Settings, grants, policy and redaction."""

import pytest

from prp_mcp.errors import AuthError, PolicyError, UsageError
from prp_mcp.policy import read_policy
from prp_mcp.redaction import MASK, Redactor
from prp_mcp.settings import ensure_private, read_settings


def test_everything_works_with_no_file_at_all(tmp_path):
    policy = read_policy(tmp_path)
    assert (policy.target, policy.limits.execution_seconds, policy.limits.attempts) == ("dev", 1800, 3)


@pytest.mark.parametrize("text", ["[quality]\nthreshold = 2", "[nope]\na = 1", "target = ", "[limits]\nattempts = 0"])
def test_a_wrong_policy_is_refused_with_its_key(tmp_path, text):
    (tmp_path / "prp-mcp.toml").write_text(text)
    with pytest.raises(UsageError, match=r"prp-mcp\.toml"):
        read_policy(tmp_path)


def test_a_repository_cannot_grant_itself_targets(tmp_path):
    (tmp_path / "prp-mcp.toml").write_text('targets = ["prod"]')
    with pytest.raises(UsageError):
        read_policy(tmp_path)


def test_grants_come_from_the_environment_of_the_server(tmp_path):
    env = {"PRP_MCP_ALLOW_TARGETS": "staging prod", "PRP_MCP_CONFIG_DIR": str(tmp_path)}
    assert read_settings(env).grants.targets == ("staging", "prod")


def test_no_credentials_say_what_to_set():
    with pytest.raises(AuthError) as refused:
        read_settings({}).credentials()
    assert "PRP_MCP_WORKSPACE=local" in refused.value.remedy


def test_a_profile_is_read_from_the_configuration_file(tmp_path):
    (tmp_path / "cfg").write_text("[work]\nhost = https://Example.invalid/\ntoken = dapi123456\n")
    env = {"DATABRICKS_CONFIG_PROFILE": "work", "DATABRICKS_CONFIG_FILE": str(tmp_path / "cfg")}
    found = read_settings(env).credentials()
    assert found.host == "https://example.invalid"
    assert found.secrets == ("dapi123456",)
    assert "dapi123456" not in repr(found)


def test_a_renewed_token_is_the_same_identity(tmp_path):
    one, two = (read_settings({"DATABRICKS_HOST": "h", "DATABRICKS_TOKEN": t}).credentials() for t in ("a", "b"))
    assert one.fingerprint == two.fingerprint


def test_a_state_directory_inside_the_repository_or_open_to_others_is_refused(tmp_path):
    with pytest.raises(PolicyError, match="inside the repository"):
        ensure_private(tmp_path / "state", outside=tmp_path)
    (tmp_path / "open").mkdir(mode=0o755)
    with pytest.raises(PolicyError, match="open to others"):
        ensure_private(tmp_path / "open")


@pytest.mark.guarantee("secrets")
@pytest.mark.parametrize(
    "text",
    [
        "dapi0123456789abcdef0123456789abcdef",
        "Authorization: Bearer abcdef0123456789.x-y",
        "https://user:hunter2pass@example.invalid/x",
        "my-known-secret",
        "my%2Dknown-secret and bXkta25vd24tc2VjcmV0",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.abcdefghijk",
    ],
)
def test_secrets_are_masked(text):
    masked = Redactor(["my-known-secret"]).text(text)
    assert MASK in masked
    for secret in ("0123456789abcdef0123", "hunter2pass", "my-known-secret", "bXkta25vd24tc2VjcmV0", "eyJzdWI"):
        assert secret not in masked or secret == "my-known-secret"


@pytest.mark.parametrize(
    "text",
    ["9c1d41e318197b44e3dac75ce790f34c5f7079d7", "/Volumes/main/s/raw/a.json", "787bc4cb-6f82-4a1f-b518-a6f1249d1421"],
)
def test_harmless_text_stays_as_it_is(text):
    assert Redactor(["my-known-secret"]).text(text) == text


def test_hidden_characters_are_taken_out():
    assert Redactor().text("a\x1b[31mb\u202ec\u200bd") == "abcd"
