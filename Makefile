# The commands of every day. `make` alone lists them.
#   PYTHON=...     the interpreter that makes the environment (default: the first of 3.13, 3.12, 3.11 that works)
#   RCS_HOME=...   the folder that holds everything that is not code (default: ./rcs_home)

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

VENV := .venv
PY := $(VENV)/bin/python
LOCKED := $(VENV)/.locked
STAMP := $(VENV)/.installed
MANIFEST := dbt_project/target/manifest.json
DBT_SOURCES := $(shell find dbt_project \( -name target -o -name logs -o -name dbt_packages \) -prune -o -type f -print 2>/dev/null)
WORKERS ?= 2
UV ?= uv
DAGSTER_PORT ?= 3000

# dbt is started as a process of its own.
export PATH := $(CURDIR)/$(VENV)/bin:$(PATH)
# No tool of ours reports home.
export DBT_SEND_ANONYMOUS_USAGE_STATS ?= 0
export DO_NOT_TRACK ?= 1
export GX_ANALYTICS_ENABLED ?= false
export DAGSTER_DISABLE_TELEMETRY ?= 1
export DG_CLI_CONFIG ?= $(CURDIR)/deploy/dg.toml

.PHONY: help env run test test-long bench dev lint format lock clean generate manifest

help:  ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))

env: $(STAMP)  ## make the environment in .venv from the lock

run: $(STAMP)  ## the demonstration programme, from deliveries to a release
	$(VENV)/bin/rcs run-demo

# A file's tests stay on one worker: what its fixtures build is built once.
test: $(MANIFEST)  ## every test but the long ones
	$(PY) -m pytest -n $(WORKERS) --dist loadfile -m "not long"

test-long: $(MANIFEST)  ## the long tests
	@# pytest answers 5 where there is nothing to run
	$(PY) -m pytest -n $(WORKERS) --dist loadfile -m long || { status=$$?; [ $$status -eq 5 ] || exit $$status; }

bench: $(MANIFEST)  ## our speed against the bare engine's
	$(PY) -m benchmarks

# Dagster's pages, on this machine only. A job started in the background of a script inherits an ignored SIGINT,
# and Dagster then ignores SIGTERM as well: restore both before starting it.
dev: export RCS_HOME := $(abspath $(or $(RCS_HOME),rcs_home))
dev: export DAGSTER_HOME = $(RCS_HOME)/dagster
dev: $(MANIFEST)  ## Dagster's pages on http://127.0.0.1:3000
	@mkdir -p "$$DAGSTER_HOME"
	@[ -e "$$DAGSTER_HOME/dagster.yaml" ] || cp deploy/dagster.yaml "$$DAGSTER_HOME/dagster.yaml"
	@exec $(PY) -c 'import os, signal, sys; [signal.signal(s, signal.SIG_DFL) for s in (signal.SIGINT, signal.SIGTERM)]; os.execvp(sys.argv[1], sys.argv[1:])' \
		$(VENV)/bin/dagster dev -w workspace.yaml -h 127.0.0.1 -p $(DAGSTER_PORT)

lint: $(STAMP)  ## style, types, SQL and secrets
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/mypy
	$(VENV)/bin/sqlfluff lint --nocolor --disable-progress-bar dbt_project
	git ls-files -z | xargs -0 $(VENV)/bin/detect-secrets-hook --baseline .secrets.baseline

format: $(STAMP)  ## mend what a formatter can mend
	$(VENV)/bin/ruff check --fix .
	$(VENV)/bin/ruff format .
	$(VENV)/bin/sqlfluff fix --nocolor --disable-progress-bar dbt_project

generate: $(STAMP)  ## rewrite the committed files that come from contracts
	$(PY) -m rcs_pipeline.warehouse.generate
	$(PY) -m rcs_pipeline.release.diagram

manifest: $(MANIFEST)  ## dbt's manifest, which the Dagster definitions read

$(MANIFEST): $(STAMP) $(DBT_SOURCES)
	$(VENV)/bin/dbt --quiet parse --project-dir dbt_project --profiles-dir dbt_project
	@touch $@

# Locks hold hashes and no addresses: the machine's own configuration says where packages come from.
# UPGRADE=--upgrade takes newer versions, or UPGRADE="--upgrade-package duckdb".
UV_COMPILE = $(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-annotate --no-strip-extras \
	--no-emit-index-url --no-emit-find-links --custom-compile-command "make lock" $(UPGRADE)

lock:  ## resolve the dependencies again (needs uv)
	@command -v $(UV) >/dev/null || { echo "make lock needs uv, which is not on the path: pip install uv, or UV=/path/to/uv." >&2; exit 2; }
	$(UV_COMPILE) --extra dev pyproject.toml --output-file requirements.lock
	echo "datacontract-cli" | $(UV_COMPILE) - --output-file .ci/datacontract.lock

clean:  ## remove what can be made again; deliveries, releases and .venv stay
	rm -rf dbt_project/target dbt_project/logs .pytest_cache .ruff_cache .mypy_cache .hypothesis build *.egg-info
	find . \( -name .venv -o -name .git -o -name rcs_home \) -prune -o -type d -name __pycache__ -print0 | xargs -0 rm -rf

# The environment is current while its stamps are newer than the lock and pyproject.toml. The lock is complete, so
# nothing is resolved here (older releases of pip stumble over extras in hash mode); every file's hash is checked.
$(LOCKED): requirements.lock
	@python="$(PYTHON)"; \
	works() { "$$1" -c 'import sys, venv, ensurepip; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))' >/dev/null 2>&1; }; \
	for candidate in $(if $(PYTHON),,python3.13 python3.12 python3.11 python3); do \
		if [ -z "$$python" ] && works "$$candidate"; then python="$$candidate"; fi; \
	done; \
	if [ -z "$$python" ]; then \
		echo "No Python from 3.11 to 3.13 with its venv module was found on the path. Install one (Debian: apt install python3-venv) or run: make PYTHON=/path/to/python ..." >&2; exit 2; \
	fi; \
	if ! works "$$python"; then \
		echo "PYTHON=$$python is not a Python from 3.11 to 3.13 with its venv module: name one that is." >&2; exit 2; \
	fi; \
	echo "Making $(VENV) with $$("$$python" --version) (a minute or two, once)"; \
	"$$python" -m venv --clear $(VENV)
	$(PY) -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes --requirement requirements.lock
	@touch $@

$(STAMP): $(LOCKED) pyproject.toml
	$(PY) -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	$(PY) -m pip check
	@touch $@
