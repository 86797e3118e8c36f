"""Bundles to try the executable on, and the executable: as a process, or called in this one for speed."""

import os
import subprocess
import sys
from dataclasses import dataclass

import pytest

from tests.local.conftest import PATIENCE

SHOP = {
    "databricks.yml": """\
bundle:
  name: shop
include:
  - resources/*.yml
variables:
  catalog:
    description: The catalog to use
    default: main
  schema:
    default: shop
targets:
  dev:
    mode: development
    default: true
  prod:
    mode: production
    workspace:
      root_path: /Workspace/Users/engineer@example.com/.bundle/${bundle.name}/${bundle.target}
    variables:
      schema: shop_prod
    permissions:
      - user_name: engineer@example.com
        level: CAN_MANAGE
""",
    "resources/storage.yml": """\
resources:
  schemas:
    shop:
      catalog_name: ${var.catalog}
      name: ${var.schema}
      comment: Shop tables
      grants:
        - principal: account users
          privileges: [USE_SCHEMA, SELECT]
  volumes:
    raw:
      catalog_name: ${var.catalog}
      schema_name: ${resources.schemas.shop.name}
      name: raw
""",
    "resources/etl.yml": """\
resources:
  pipelines:
    shop_etl:
      name: shop_etl
      catalog: ${var.catalog}
      schema: ${var.schema}
      serverless: true
      root_path: ../src
      libraries:
        - glob:
            include: ../src/flows/**
        - notebook:
            path: ../src/extra.py
      configuration:
        source_path: ${resources.volumes.raw.volume_path}
        limit: 5
""",
    "resources/job.yml": """\
resources:
  jobs:
    refresh:
      name: refresh
      tasks:
        - task_key: refresh_pipeline
          pipeline_task:
            pipeline_id: ${resources.pipelines.shop_etl.id}
""",
    "src/flows/orders.py": "import dlt\n",
    "src/flows/daily.sql": "CREATE MATERIALIZED VIEW daily AS SELECT 1\n",
    "src/extra.py": "# Databricks notebook source\nimport dlt\n",
    ".gitignore": "*.log\n.databricks/\n",
    "noise.log": "ignored\n",
}


@dataclass(frozen=True)
class Ran:
    """What a run of the executable left."""

    exit: object
    out: str
    err: str


@pytest.fixture
def write(tmp_path):
    """Write files into the bundle's folder; None removes one."""

    def write(files):
        for name, text in files.items():
            place = tmp_path / name
            if text is None:
                place.unlink()
                continue
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(text)

    return write


@pytest.fixture
def environment(server):
    return {"DATABRICKS_HOST": server.host, "DATABRICKS_TOKEN": server.token}


@pytest.fixture
def process_run(tmp_path, environment):
    """Run the executable as a process in the bundle's folder."""

    def run(*arguments, **more):
        argv = [sys.executable, "-W", "error", "-m", "prp_mcp.local.bundle", *arguments]
        env = {"PATH": os.environ["PATH"], **environment, **more}
        done = subprocess.run(argv, cwd=tmp_path, env=env, capture_output=True, text=True, timeout=PATIENCE)
        return Ran(done.returncode, done.stdout, done.stderr)

    return run


@pytest.fixture
def run(tmp_path, environment, monkeypatch, capsys):
    """Run the executable's main function in the bundle's folder."""
    from prp_mcp.local.bundle.__main__ import main

    for name in [name for name in os.environ if name.startswith(("DATABRICKS_", "BUNDLE_"))]:
        monkeypatch.delenv(name)

    def run(*arguments, **more):
        monkeypatch.chdir(tmp_path)
        for name, value in {**environment, **more}.items():
            monkeypatch.setenv(name, value)
        capsys.readouterr()
        code: object
        try:
            code = main(arguments)
        except SystemExit as left:
            code = left.code
        out, err = capsys.readouterr()
        return Ran(code, out, err)

    return run


@pytest.fixture
def shop(write, run):
    """The sample bundle; what a test deploys of it is destroyed afterwards."""
    write(SHOP)
    yield SHOP
    write({**SHOP, "resources/extra.yml": ""})
    for target in ("dev", "prod"):
        run("bundle", "destroy", "-t", target, "--auto-approve", "--force-lock")
