# Two commands matter: `make demo` and `make test`. Both rest on `make setup`, which does nothing where that is done.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# Two processes wherever it runs: integration holds real models, and the browser's pages have time limits.
UNIT := $(BIN)/python -m pytest tests/unit --numprocesses=auto --dist=loadfile
INTEGRATION := $(BIN)/python -m pytest tests/integration --numprocesses=2 --dist=loadfile
E2E := $(BIN)/python -m pytest tests/e2e --numprocesses=2 --dist=load
export PIP_DISABLE_PIP_VERSION_CHECK = 1

.PHONY: setup demo test coverage unit integration e2e lint lock revision clean

setup: $(VENV)/.ready

$(VENV)/.ready: requirements.lock pyproject.toml src/inhouse/runtime/engines/embedded/_mixing.c
	@command -v cc >/dev/null || { [ "$$(id -u)" = 0 ] && apt-get update -qq && \
		apt-get install -y -qq gcc libc6-dev >/dev/null; } || \
		{ echo "Inhouse needs a C compiler: sudo apt-get install gcc libc6-dev"; exit 1; }
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Inhouse needs Python 3.11 or newer.")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --requirement requirements.lock
	$(BIN)/python -m pip install --quiet --no-deps --editable .
	$(BIN)/inhouse models fetch
	touch $@

demo: setup
	$(BIN)/inhouse demo

test: setup lint browser
	$(UNIT) --cov --cov-report=term:skip-covered
	$(INTEGRATION)
	$(E2E)

# What all tests together cover; half as slow again as `make test`, which reports the unit tests' alone.
coverage: setup browser
	$(UNIT) --cov --cov-report=
	$(INTEGRATION) --cov --cov-append --cov-report=
	$(E2E) --cov --cov-append --cov-report=term:skip-covered

unit: setup
	$(UNIT)

integration: setup
	$(INTEGRATION)

e2e: setup browser
	$(E2E)

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# Debian's Chromium, installed where we may.
.PHONY: browser
browser:
	@command -v chromium >/dev/null || { [ "$$(id -u)" = 0 ] && apt-get update -qq && \
		apt-get install -y -qq chromium fonts-noto-cjk >/dev/null; } || \
		{ echo "The end-to-end tests need Chromium: sudo apt-get install chromium fonts-noto-cjk"; exit 1; }

# What is installed now becomes what everybody installs.
lock: setup
	$(BIN)/python -m pip list --format=freeze --exclude-editable | sed 's/+cpu$$//' | grep -vE '^(inhouse|pip|setuptools)=' > requirements.lock

# make revision m="what changes": the next migration, from the difference between tables and migrations.
revision: setup
	$(BIN)/python -m inhouse.app.revision "$(m)"

clean:
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache
