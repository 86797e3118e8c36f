# Two commands do everything, set-up included: `make demo` and `make test`.
.DEFAULT_GOAL := help
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready

.PHONY: help demo test unit lint lock format clean

help:
	@echo "make demo   run the sample PRP end to end on the local workspace"
	@echo "make test   all checks: format, lint, types, import rules, docstrings, tests"
	@echo "make unit   the tests that start no processes and no Spark (under a minute)"
	@echo "make lock   renew requirements.lock"

$(READY): requirements.lock pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check "uv>=0.5,<1"
	$(BIN)/uv pip install --quiet --compile-bytecode --require-hashes -r requirements.lock
	$(BIN)/uv pip install --quiet --no-deps -e .
	@touch $(READY)

demo: $(READY)
	$(BIN)/prp-mcp demo

lint: $(READY)
	$(BIN)/ruff format --check prp_mcp tests benchmarks
	$(BIN)/ruff check prp_mcp tests benchmarks
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/interrogate --quiet prp_mcp

unit: $(READY)
	$(BIN)/pytest -m "not spark and not process"

# Two processes: a second one halves the wait on two cores, more would crowd out what the tests start.
test: lint
	$(BIN)/pytest -n 2 --dist loadgroup

format: $(READY)
	$(BIN)/ruff format prp_mcp tests benchmarks
	$(BIN)/ruff check --fix prp_mcp tests benchmarks

lock: $(READY)
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header --all-extras --group dev pyproject.toml -o requirements.lock

clean:
	rm -rf .venv .demo .mypy_cache .ruff_cache .pytest_cache .hypothesis
