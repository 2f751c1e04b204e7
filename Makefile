# CETS: `make help` lists what there is. Every target first sets up what it needs.
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory
SHELL := /bin/sh

PY := .venv/bin/python
LOCAL := $(PY) -m deploy.local

# The first Python from 3.11 on that works, PYTHON before all others.
FIND_PYTHON = for p in "$${PYTHON:-python3}" python3 python3.14 python3.13 python3.12 python3.11; do \
	if "$$p" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then echo "$$p"; exit; fi; done

.PHONY: help setup fetch up down status stop start reset token logs demo migrate test test-long unit contract contracts integration e2e faults \
	test-fault test-audit-log bench bench-audit bench-linking bench-lookup bench-pictures check format lock

help: ## this list
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' Makefile

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

stop: setup ## stop single processes: make stop OF=audit-worker
	@$(LOCAL) stop $(OF)

start: setup ## start what was stopped so: make start OF=audit-worker
	@$(LOCAL) start $(OF)

reset: setup ## stop the stack and remove its state
	@$(LOCAL) reset

token: setup ## print a token: make -s token AS=ceiu.analyst [TTL_S=3600]
	@$(LOCAL) token "$(if $(filter command environment,$(origin AS)),$(AS))" $(if $(TTL_S),--ttl-s "$(TTL_S)")

# 141: the reader of the logs has gone, as head does.
logs: setup ## follow the logs: make logs [OF=intake-http]
	@$(LOCAL) logs $(OF) || [ $$? -eq 141 ]

demo: setup ## start the stack and show it at work on invented tips
	@$(PY) -m deploy.local.demo

migrate: setup ## bring the schemas of the running stack up to date
	@for s in intake linker referral query audit; do $(PY) -m services.$$s migrate || exit 1; done

# BACKEND=containers runs the tests against Docker containers instead of the local stack's own servers.
export CETS_TEST_BACKEND ?= $(BACKEND)
PYTEST := $(PY) -m pytest
# Two at a time, each with servers of its own. What is marked "alone" does not. The many small files come last: whichever
# of the two is done first, there is something left for it to do.
TOGETHER := $(PYTEST) -n 2 --dist loadfile --no-loadscope-reorder -m "not alone"

# The stack of the faults and that of the users' tests stand beside each other: each waits more than it works.
test: check fetch ## check, and all tests: make test [BACKEND=containers]
	@$(TOGETHER) tests/fault/test_audit_log.py tests/integration tests/unit tests/contract
	@$(PYTEST) -m alone tests/integration
	@$(MAKE) --jobs 2 e2e faults

# Properties at ten times the cases (tests/depth.py); some tests then take longer than one may otherwise.
test-long: check fetch ## all tests at full depth, some three quarters of an hour
	@CETS_TEST_LONG=1 $(TOGETHER) --timeout=1800 tests/integration tests/unit tests/contract
	@CETS_TEST_LONG=1 $(PYTEST) --timeout=1800 -m alone tests/integration
	@CETS_TEST_LONG=1 $(PYTEST) --timeout=1800 tests/e2e
	@$(PYTEST) tests/fault/test_fault.py $(foreach seed,1 2 3 4 5,--seed $(seed))
	@$(MAKE) test-audit-log

unit: setup ## the tests of the code alone: no servers, under a minute
	@$(PYTEST) tests/unit

contract: setup ## the tests of events and topics against their stored examples
	@$(PYTEST) tests/contract

contracts: setup ## write shared/events/asyncapi.json anew, after an event changed
	@$(PY) -m shared.events.asyncapi

integration: fetch ## the tests on a Kafka and a PostgreSQL started for the run
	@$(TOGETHER) tests/integration
	@$(PYTEST) -m alone tests/integration

e2e: fetch ## the tests of a whole stack: demo, quiet logs, rest, restart, healing, and what its users see
	@$(PYTEST) tests/e2e

faults: fetch
	@$(PYTEST) tests/fault/test_fault.py

test-fault: fetch ## kill services, Kafka and PostgreSQL under load, then count: make test-fault [SEED=1]
	@$(PYTEST) tests/fault $(if $(SEED),--seed "$(SEED)")

test-audit-log: fetch ## kill the audit log's writer 300 times and its database 25 times, some ten minutes [SEED=1]
	@CETS_TEST_LONG=1 $(PYTEST) tests/fault/test_audit_log.py $(if $(SEED),--seed "$(SEED)")

bench: fetch ## measure speed and delay on a stack of its own, against the targets
	@$(PY) -m tests.bench

# Splink goes into .venv when it is first wanted; the copy of the lock says which one is in there.
bench-linking: fetch ## how well and how fast tips are linked, beside simpler linkers: make bench-linking [ARGS=--quick]
	@cmp -s requirements-bench.txt .venv/bench-made-from || { echo "Installing Splink into .venv (once)." >&2; \
		$(PY) -m pip install --require-hashes --no-deps --no-input --disable-pip-version-check --quiet \
			-r requirements-bench.txt && cp requirements-bench.txt .venv/bench-made-from; }
	@$(PY) -m tests.bench.linking $(ARGS)

bench-audit: fetch ## how fast the audit log is written, proved and verified: make bench-audit [ARGS="--entries 60000"]
	@$(PY) -m tests.bench.audit_log $(ARGS)

bench-lookup: fetch ## how well and fast a person is found among a million: make bench-lookup [ARGS="--quick --variants FOLDER"]
	@$(PY) -m tests.bench.lookup $(ARGS)

bench-pictures: fetch ## how fast and completely near-duplicate pictures are found: make bench-pictures [ARGS="--hashes 50000"]
	@$(PY) -m tests.bench.pictures $(ARGS)

check: setup ## check style, types, imports between rooms, and dependencies
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
		-o requirements-dev.txt && \
	"$$tools/bin/uv" pip compile $(LOCK_OPTIONS) --group bench -c requirements-dev.txt -o requirements-bench.txt
	@$(LOCAL) lock
