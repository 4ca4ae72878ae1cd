# make demo    set everything up and run the sample study
# make test    set everything up and run every check
# make screenshots   pictures of every window and dock, in build/screenshots
SHELL := /bin/sh
VENV := .venv
BIN := $(VENV)/bin
DEMO := demo
# both are read by numerical libraries; two test processes share the machine's cores
JOBS ?= 2

.PHONY: demo test lint bench screenshots clean setup setup-dev

demo: setup
	$(BIN)/gazestudy demo $(DEMO)

test: setup-dev lint
	$(BIN)/python -m pytest -n $(JOBS) -q

lint: setup-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: setup-dev
	for script in tests/benchmarks/bench_*.py tests/benchmarks/events.py; do echo "== $$script"; PYTHONPATH=. $(BIN)/python $$script || exit 1; done

screenshots: setup
	$(BIN)/python gui/screenshots.py build/screenshots

setup: $(VENV)/.installed
setup-dev: $(VENV)/.installed-dev

$(VENV)/bin/python:
	.ci/system-packages.sh
	"$$(.ci/python.sh)" -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --upgrade pip

$(VENV)/.installed: $(VENV)/bin/python pyproject.toml constraints.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable .
	touch $@

$(VENV)/.installed-dev: $(VENV)/.installed
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --group dev
	touch $@

clean:
	rm -rf $(VENV) $(DEMO) build dist .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
