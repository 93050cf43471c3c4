# The two commands of the README are `make run` and `make test`; `make help` lists all.
# Needs Python 3.11 or newer and make; everything else is installed into .venv from the lock files.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip install -qq --no-input --disable-pip-version-check \
	--require-hashes --only-binary :all: --no-compile
PYTEST := CHROMIUM="$$(cat .farthing/chromium 2> /dev/null)" $(BIN)/python -m pytest
CODE := app worker migrations tests wsgi.py
TYPED := app worker wsgi.py tests/factories.py
ARGS ?=

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help run test test-fast e2e lint types contracts seed bench verify format lock \
	install browser clean

help: ## List these commands
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' Makefile

run: $(VENV)/.run-installed ## Start everything for a demo: shop, checkout, dashboard, sandbox
	@exec $(BIN)/python -m app.launch

test: install browser ## Run lint, types, import contracts and every test
	@$(MAKE) --no-print-directory -j 2 lint types contracts
	@$(PYTEST) -n 2 --dist loadgroup $(ARGS)

test-fast: install ## Run the tests of the domain and of the code base only
	@$(PYTEST) tests/domain tests/lints tests/codebase $(ARGS)

e2e: install browser ## Run the tests in a real browser
	@$(PYTEST) tests/e2e $(ARGS)

lint: install ## Check style: ruff, its formatter, djlint
	@$(BIN)/ruff check --quiet $(wildcard $(CODE))
	@$(BIN)/ruff format --check --quiet $(wildcard $(CODE)) \
		|| { echo "Some files are not formatted: run make format."; exit 1; }
	@$(BIN)/djlint templates --check --lint > $(VENV)/djlint.log 2>&1 || { cat $(VENV)/djlint.log; exit 1; }

types: install ## Check types: mypy, strict
	@$(BIN)/mypy --no-error-summary $(wildcard $(TYPED))

contracts: install ## Check who may import whom
	@$(BIN)/lint-imports --no-logo > $(VENV)/contracts.log 2>&1 || { cat $(VENV)/contracts.log; exit 1; }

seed: $(VENV)/.run-installed ## Fill an empty database with demo data, while make run is up
	@$(BIN)/python -m app.launch seed

bench: install ## Measure the goals of docs/performance.md beside their yardsticks
	@$(BIN)/python -m tests.bench $(ARGS)

verify: $(VENV)/.run-installed ## Prove the books of the running demo: every invariant of the ledger
	@$(BIN)/python -m app.launch verify

format: install ## Put code and templates into their standard form
	@$(BIN)/ruff check --fix --quiet $(wildcard $(CODE)) || true
	@$(BIN)/ruff format --quiet $(wildcard $(CODE))
	@$(BIN)/djlint templates --reformat --quiet || true

lock: ## Resolve the dependencies of pyproject.toml into the lock files anew (needs uv)
	@command -v uv > /dev/null || { echo "make lock needs uv: python3 -m pip install uv."; exit 1; }
	@uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
		--no-annotate --no-emit-index-url pyproject.toml -o requirements.lock
	@uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
		--no-annotate --no-emit-index-url pyproject.toml --group dev \
		--constraint requirements.lock -o requirements-dev.lock

install: $(VENV)/.dev-installed ## Install what development and tests need

browser: $(VENV)/.dev-installed ## Find or install the Chromium that the tests drive
	@$(BIN)/python -m tests.chromium

clean: ## Remove the environment and all caches; demo data in .farthing stays
	@rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

# --- the environment --------------------------------------------------------------------------------

$(VENV)/.run-installed: requirements.lock | $(BIN)/pip
	@echo "Installing the packages of $< …"
	@$(PIP) -r $<
	@touch $@

$(VENV)/.dev-installed: requirements-dev.lock | $(BIN)/pip
	@echo "Installing the packages of $< …"
	@$(PIP) -r $<
	@touch $@

$(BIN)/pip:
	@command -v $(PYTHON) > /dev/null || { echo "Farthing needs Python 3.11 or newer: no" \
		"$(PYTHON) was found; install it, or name one with PYTHON=/path/to/python3."; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "Farthing needs Python 3.11 or newer, and $(PYTHON) is $$($(PYTHON) -c \
		'import platform; print(platform.python_version())'): install a newer one, or name it" \
		"with PYTHON=/path/to/python3."; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2> /dev/null || { echo "Python's venv module is missing:" \
		"install it (Debian, Ubuntu: apt-get install python3-venv), then run make again."; exit 1; }
	@echo "Creating $(VENV) …"
	@$(PYTHON) -m venv $(VENV)
