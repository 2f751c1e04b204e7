# CETS: `make help` lists what there is. Every target first sets up what it needs.
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory
SHELL := /bin/sh

PY := .venv/bin/python
LOCAL := $(PY) -m deploy.local

# The first Python from 3.11 on that works, PYTHON before all others.
FIND_PYTHON = for p in "$${PYTHON:-python3}" python3 python3.14 python3.13 python3.12 python3.11; do \
	if "$$p" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then echo "$$p"; exit; fi; done

.PHONY: help setup fetch up down status reset token logs demo migrate test unit contract contracts integration e2e test-fault \
	bench check format lock

help: ## this list
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' Makefile

setup: ## make .venv from the lock, unless it is there
	@python=$$($(FIND_PYTHON)); if [ -z "$$python" ]; then \
		echo "CETS needs Python 3.11 or newer, and none was found; install one, or name it: make PYTHON=/path/to/python3" >&2; \
		exit 1; fi; "$$python" -I deploy/local/bootstrap.py

fetch: setup ## download Kafka and PostgreSQL into the cache, unless they are there
	@$(LOCAL) fetch

up: setup ## start the stack: Kafka, PostgreSQL and the five services
	@$(LOCAL) up

down: setup ## stop the stack; its state stays
	@$(LOCAL) down

status: setup ## say what runs
	@$(LOCAL) status

reset: setup ## stop the stack and remove its state
	@$(LOCAL) reset

token: setup ## print a token: make -s token AS=ceiu.analyst [TTL_S=3600]
	@$(LOCAL) token "$(if $(filter command environment,$(origin AS)),$(AS))" $(if $(TTL_S),--ttl-s "$(TTL_S)")

logs: setup ## follow the logs: make logs [OF=intake-http]
	@$(LOCAL) logs $(OF)

demo: setup ## start the stack and show it at work on invented tips
	@$(PY) -m deploy.local.demo

migrate: setup ## bring the schemas of the running stack up to date
	@for s in intake linker referral query audit; do $(PY) -m services.$$s migrate || exit 1; done

# BACKEND=containers runs the tests against Docker containers instead of the local stack's own servers.
export CETS_TEST_BACKEND ?= $(BACKEND)
PYTEST := $(PY) -m pytest

test: check fetch ## everything the build checks: make test [BACKEND=containers]
	@$(PYTEST) tests/unit tests/contract tests/integration tests/e2e
	@$(PYTEST) tests/fault

unit: setup ## the tests that need nothing
	@$(PYTEST) tests/unit

contract: setup ## the tests of events, topics and HTTP documents
	@$(PYTEST) tests/contract

contracts: setup ## write shared/events/asyncapi.json anew
	@$(PY) -m shared.events.asyncapi

integration: fetch ## the tests against real servers
	@$(PYTEST) tests/integration

e2e: fetch ## the tests of the whole stack
	@$(PYTEST) tests/e2e

test-fault: fetch ## the tests that kill things: make test-fault [SEED=1]
	@$(PYTEST) tests/fault $(if $(SEED),--seed "$(SEED)")

bench: fetch ## measure
	@$(PY) -m tests.bench

check: setup ## style, types, architecture, dependencies
	@$(PY) -m ruff check .
	@$(PY) -m ruff format --check .
	@$(PY) -m mypy
	@.venv/bin/lint-imports
	@$(PY) -m deptry .

format: setup ## format the code
	@$(PY) -m ruff check --fix .
	@$(PY) -m ruff format .

LOCK_OPTIONS := --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --no-header --quiet

lock: setup ## resolve the dependencies anew: Python's, and the local stack's jars
	@tools=$$(mktemp -d); trap 'rm -rf "$$tools"' EXIT; \
	$(PY) -m venv "$$tools" && "$$tools/bin/python" -m pip install --quiet --disable-pip-version-check uv && \
	"$$tools/bin/uv" pip compile $(LOCK_OPTIONS) pyproject.toml -o requirements.txt && \
	"$$tools/bin/uv" pip compile $(LOCK_OPTIONS) pyproject.toml --group local --group test -c requirements.txt \
		-o requirements-dev.txt
	@$(LOCAL) lock
