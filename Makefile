# make demo   install into .venv, run the quickstart
# make test   install into .venv, run every check (at most 10 minutes on 2 cores)
# make clean  remove .venv and what checks leave behind
#
# VENV=...      another folder for the environment
# PYTHON=...    another interpreter, 3.11 or later
# PIP_ARGS=...  passed to pip, e.g. an index with the CPU build of torch

VENV ?= .venv
PYTHON ?= python3
PIP_ARGS ?=
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
WORKERS ?= 2

.PHONY: demo test clean
.DELETE_ON_ERROR:

demo: $(INSTALLED)
	$(BIN)/transferkit run recipes/quickstart.yaml

test: $(INSTALLED)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m pytest -q -n $(WORKERS) -m "not slow"

# torch goes first and alone: its pinned version decides which builds of everything else fit.
$(INSTALLED): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet $(PIP_ARGS) --constraint constraints.txt "$$(grep -E '^torch==' constraints.txt)"
	$(BIN)/python -m pip install --quiet $(PIP_ARGS) --constraint constraints.txt --editable '.[mace,cluster,dev]'
	touch $@

clean:
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache docs/_build
