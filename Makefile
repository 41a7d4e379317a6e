# `make help` explains the targets. Everything is installed into .venv; as root on Debian the system
# packages that the demo and the tests need are installed too.
SHELL := /bin/bash
.DEFAULT_GOAL := help
PYTHON ?= $(shell command -v python3.11 || command -v python3)
UV_VERSION := 0.13.9
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
# Passed on to the command of demo, run and test: make demo ARGS="--for 90s --port 18080"
ARGS ?=
# Files of tests side by side, each file in one process; in the order of their names, so that the slow ones, which start
# real processes, come first and none of them is waited for alone at the end.
SIDE_BY_SIDE := --dist loadfile --no-loadscope-reorder
# With real processes there is one more file at work than there are cores, as most of these tests wait for something.
CORES_AND_ONE := $(shell echo $$(( $$(getconf _NPROCESSORS_ONLN) + 1 )))

.PHONY: help
help: ## Show this help
	@awk 'BEGIN {FS = ":.*## "; print "Usage: make TARGET [ARGS=\"…\"]\n"} /^[a-z-]+:.*## / {printf "  %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: setup
setup: $(INSTALLED) system-packages ## Make .venv and install what is needed (as root on Debian: system packages too)

$(INSTALLED): requirements/dev.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "okrbridge needs Python 3.11 or newer; set PYTHON=…" >&2; exit 2; }
	@$(PYTHON) -c 'import ensurepip' 2>/dev/null || .ci/system-packages python3-venv
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
	@$(BIN)/uv pip sync --quiet --compile-bytecode --python $(BIN)/python --require-hashes requirements/dev.txt
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --editable .
	@touch $@

.PHONY: system-packages
system-packages:
	@.ci/system-packages prometheus postgresql victoria-metrics

.PHONY: demo
demo: setup ## Show okrbridge on a simulated fleet with 46 days of history
	@$(BIN)/okrbridge demo $(ARGS)

.PHONY: run
run: $(INSTALLED) ## Serve config/ on the Prometheus of OKRBRIDGE_PROMETHEUS_URL (default http://127.0.0.1:9090)
	@$(BIN)/okrbridge serve $(ARGS)

.PHONY: check
check: $(INSTALLED) ## Format, lint, types, layers, and the example configuration
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy --num-workers auto
	$(BIN)/lint-imports --no-cache
	$(BIN)/okrbridge validate --strict config

.PHONY: test
test: setup bytecode ## Run all tests, against real servers where a tier needs them
	$(BIN)/pytest --numprocesses $(CORES_AND_ONE) $(SIDE_BY_SIDE) $(ARGS)

.PHONY: test-unit
test-unit: $(INSTALLED) bytecode ## Run the tests that need no server
	$(BIN)/pytest --numprocesses auto $(SIDE_BY_SIDE) -m "not integration and not acceptance" $(ARGS)

# The tests start okrbridge a hundred times. Where Python is told to write no bytecode, as in many containers, each of
# these would compile every module again.
.PHONY: bytecode
bytecode: $(INSTALLED)
	@$(BIN)/python -m compileall -q src

PEERS := benchmarks/.peers

$(PEERS)/.installed: requirements/peers.txt $(INSTALLED)
	@$(PYTHON) -m venv $(PEERS)
	@$(BIN)/uv pip sync --quiet --python $(PEERS)/bin/python --require-hashes requirements/peers.txt
	@touch $@

.PHONY: bench-accuracy
bench-accuracy: setup ## Measure counts against the truth, beside other engines; prints a table and one line of JSON
	$(BIN)/python -m benchmarks.accuracy $(ARGS)

.PHONY: bench-scale
bench-scale: setup $(PEERS)/.installed ## Measure what ten thousand SLOs cost; prints a table and one line of JSON
	@.ci/system-packages wrk
	$(BIN)/python -m benchmarks.scale --slo-generator $(PEERS)/bin/python $(ARGS)

.PHONY: bench-forecast
bench-forecast: $(INSTALLED) ## Measure how well forecasts of key results are calibrated; prints a table and one line of JSON
	$(BIN)/python -m benchmarks.forecast $(ARGS)

.PHONY: docs
docs: $(INSTALLED) ## Write the generated reference again (OpenAPI, JSON Schema)
	$(BIN)/okrbridge config openapi > docs/reference/openapi.json
	$(BIN)/okrbridge config schema > docs/reference/okrbridge.schema.json

.PHONY: requirements
requirements: $(INSTALLED) ## Resolve the versions and hashes of requirements/ again
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
		--custom-compile-command "make requirements" -o requirements/base.txt pyproject.toml
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
		--custom-compile-command "make requirements" -c requirements/base.txt --group dev -o requirements/dev.txt pyproject.toml
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
		--custom-compile-command "make requirements" -o requirements/peers.txt requirements/peers.in

.PHONY: clean
clean: ## Remove .venv and what tools leave behind
	rm -rf $(VENV) $(PEERS) .mypy_cache .ruff_cache .pytest_cache .hypothesis
