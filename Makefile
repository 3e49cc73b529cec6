# The commands of the project; CI runs the same ones. `make demo` and `make test` do all the set-up that they need.

PYTHON ?= python3
BIN := .venv/bin
export IMAGESMITH_CACHE_DIR ?= $(CURDIR)/.cache
# Tests wait for Packer and for machines more than they compute; those of one file may share a build.
WORKERS ?= 3
# Tests take the Packer that the tool itself finds: the one that was asked for, on PATH, or in the cache.
WITH_PACKER = IMAGESMITH_PACKER="$${IMAGESMITH_PACKER:-$$($(BIN)/imagesmith toolchain find)}"

.PHONY: demo test lint types setup e2e corpus fuzz bench endurance docs golden clean

demo: setup ## Build a template end to end, in a sandbox
	$(BIN)/python tools/demo.py

# Both parts run, whatever the first one says: a failure in it must not hide one in the second.
test: setup lint types ## Everything that decides whether a change lands
	@export $(WITH_PACKER); failed=0; set -x; \
	$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile -m "not alone" || failed=1; \
	$(BIN)/python -m pytest -m alone || failed=1; \
	exit $$failed

lint: $(BIN)/.installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports

types: $(BIN)/.installed
	$(BIN)/mypy

e2e: setup ## Builds with the Packer that IMAGESMITH_PACKER and PACKER_PLUGIN_PATH name
	$(WITH_PACKER) $(BIN)/python -m pytest tests/e2e

corpus: setup ## Real templates, and the tables of Packer's options, where they are at hand
	$(WITH_PACKER) $(BIN)/python -m pytest tests/corpus

fuzz: setup ## Broken templates, 10,000 of each kind, other ones in every run
	IMAGESMITH_FUZZ_COUNT=$${IMAGESMITH_FUZZ_COUNT:-10000} IMAGESMITH_FUZZ_SEED=$${IMAGESMITH_FUZZ_SEED:-$$(date +%s)} \
	$(WITH_PACKER) $(BIN)/python -m pytest --timeout 7200 tests/test_fuzz.py tests/test_hostile_input.py

bench: setup ## Measure the budgets, as ratios in one run
	$(BIN)/python bench/run.py

endurance: setup ## Two hundred sandbox builds in a row, each with a random fault (about half an hour)
	$(WITH_PACKER) $(BIN)/python bench/endurance.py

docs: $(BIN)/.installed ## Write the pages of the manual that are made from the program
	$(BIN)/python tools/make_docs.py

golden: $(BIN)/.installed ## Write expected files anew
	$(BIN)/python -m pytest tests/test_fixtures.py --update-golden

setup: $(BIN)/.installed ## A Packer and a container engine
	$(BIN)/python tools/setup_machine.py

$(BIN)/.installed: pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[sandbox,dev]'
	touch $@

clean:
	rm -rf .venv .cache .mypy_cache .ruff_cache .pytest_cache
