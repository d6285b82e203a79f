# Two commands do all the set-up: `make demo` and `make test`. Needed: Python 3.11, make.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
UV := $(BIN)/uv
PINNED := -c constraints.txt --override overrides.txt -r headless.txt
DATA ?= data
# where it is set, every process would compile again all that it imports: 1 to 2 s of CPU each
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo test check lint dagster test-models test-ui test-live soak install-all clean

$(UV):
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install -q --disable-pip-version-check uv

# stamps: an environment is made again only when what it is made from changes
$(VENV)/.base: pyproject.toml constraints.txt overrides.txt headless.txt | $(UV)
	$(UV) pip install -q -p $(BIN)/python $(PINNED) -e .
	@touch $@

$(VENV)/.test: $(VENV)/.base
	$(UV) pip install -q -p $(BIN)/python $(PINNED) -e '.[test,lint,ui]'
	@touch $@

demo: $(VENV)/.base  ## the whole pipeline on bundled footage
	$(BIN)/video-assets demo --data $(DATA)

test: $(VENV)/.test  ## the suite: at most 8 minutes on 2 cores
	$(BIN)/python -m pytest -q -rs

lint: $(VENV)/.test
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy video_assets benchmarks
	$(BIN)/dagster definitions validate

check: lint test  ## lint, types, tests

dagster: $(VENV)/.base  ## the Dagster UI on http://127.0.0.1:3000
	$(BIN)/dagster dev

test-ui: $(VENV)/.test  ## the live UI in a browser that is installed (chromium)
	$(BIN)/python -m pytest -q -rs -n 0 -m ui

test-live: $(VENV)/.test  ## a real daemon carries footage to cutdowns and numbers to the next round
	$(BIN)/python -m pytest -q -rs -n 0 -m live

soak: $(VENV)/.test  ## full-size fault and scale tests
	$(BIN)/python -m pytest -q -rs -n 0 -m soak

# the models need 7 to 8 GB: their own environment, so that nothing else waits for them
.venv-models/.done: pyproject.toml constraints.txt overrides.txt headless.txt | $(UV)
	$(PYTHON) -m venv .venv-models
	$(UV) pip install -q -p .venv-models/bin/python $(PINNED) -e '.[test,models]'
	@touch $@

test-models: .venv-models/.done  ## the real whisperx and open_clip code on tiny models
	.venv-models/bin/python -m pytest -q -rs -n 0 -m models video_assets_tests/models

install-all: $(VENV)/.base  ## all nine packages of the stack, with the models: 8 GB
	@echo "installing whisperx, open-clip-torch and torch: about 8 GB"
	$(UV) pip install -p $(BIN)/python $(PINNED) -e '.[models]'

clean:  ## removes environments and caches, never data/
	rm -rf .venv .venv-models .pytest_cache .ruff_cache .mypy_cache *.egg-info
