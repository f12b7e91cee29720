# Each target works on a fresh machine with Python (3.10 or later) and make alone.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

# Tests start hundreds of processes: their bytecode is kept, also where the caller's variables say no.
test check: export PYTHONDONTWRITEBYTECODE :=

.PHONY: demo test check bench kernels-aot clean

demo: $(VENV)/.run
	$(BIN)/edgers demo -o demo-out

test: $(VENV)/.dev
	$(BIN)/pytest -q --numprocesses auto --dist worksteal

check: $(VENV)/.dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/pytest -q --numprocesses auto --dist worksteal

bench: $(VENV)/.dev
	$(BIN)/python -m edgers.bench.plain_loop
	$(BIN)/python -m edgers.bench.tile_size
	$(BIN)/python -m edgers.bench.mixes
	$(BIN)/python -m edgers.bench.memory
	$(BIN)/python -m edgers.bench.kernels
	$(BIN)/python -m edgers.bench.engines
	$(BIN)/python -m edgers.bench.calibration
	$(BIN)/python -m edgers.bench.int8
	$(BIN)/python -m edgers.bench.object_seams
	$(BIN)/python -m edgers.bench.instance_seams
	$(BIN)/python -m edgers.bench.detector

# CUDA toolkits are fetched with pip into .venv-aot, about 2 GB; no GPU is needed.
kernels-aot: $(VENV)/.run
	$(BIN)/python -m edgers.kernels.aot -o build/kernels-aot

clean:
	rm -rf $(VENV) .venv-aot demo-out build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis

$(VENV)/.run: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install -qq --upgrade pip
	$(BIN)/python -m pip install -qq --editable .
	touch $@

$(VENV)/.dev: $(VENV)/.run tests/requirements.txt
	$(BIN)/python -m pip install -qq --editable '.[dev]' -r tests/requirements.txt
	touch $@
