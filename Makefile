# make demo: install, run the main job on the built-in data, name its report.
# make findings: what the published methods do on chorus, eight paired seeds each; about an hour on two cores.
# make competitions: which rule of choosing a run loses least, over twenty simulated competitions; 90 minutes on two cores.
# make instruments: the same on a real shift; needs timidity, fluid-soundfont-gm and freepats (apt-get).
# make test: install with the test tools, run everything a landing must pass.
PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
export OMP_NUM_THREADS ?= 1
# Tests of a file stay in one process, all that start Ray in a single one (tests/conftest.py).
PARALLEL := --numprocesses 2 --dist loadgroup --no-loadscope-reorder

.PHONY: demo findings competitions instruments test test-all lint clean

demo: .venv/demo.stamp
	$(BIN)/platform sweep loss

findings: .venv/demo.stamp
	mkdir -p results
	$(BIN)/python benchmarks/findings.py results/findings.jsonl

competitions: .venv/demo.stamp
	mkdir -p results
	$(BIN)/python benchmarks/competitions.py --json results/competitions.json

instruments: .venv/demo.stamp
	mkdir -p results
	$(BIN)/python benchmarks/instruments.py --json results/instruments.json

test: lint
	$(BIN)/python -m pytest -m "not long" $(PARALLEL)

test-all: lint
	$(BIN)/python -m pytest $(PARALLEL)

lint: .venv/test.stamp
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy --num-workers 2
	$(BIN)/lint-imports

# The stamps are newer than what they were made from, so a second run installs nothing. Python compiles what it imports;
# to compile all that is installed would take a minute.
.venv/demo.stamp: pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(PIP) install --quiet --no-compile --constraint constraints.txt --editable .
	touch $@

.venv/test.stamp: .venv/demo.stamp
	$(PIP) install --quiet --no-compile --constraint constraints.txt --editable '.[test]'
	touch $@

clean:
	rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .import_linter_cache dist build
