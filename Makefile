# make demo: install and grow this very repository.  make test: everything.  make check: before every commit.
# make bench-train [QUICK=1]: the speed of training beside transformers' Trainer and TRL.
# make soak [SOAK_MINUTES=20]: adapters of all kinds in random order, each answer compared with stock PEFT;
#   eight processes that write into one PostgreSQL behind a proxy that is cut;
#   a store whose service is killed again and again under several writers; PostgreSQL itself killed, in the middle of a
#   publish too; nodes that are cut off the store, whose disk is full, whose clocks differ; two heads on one registry;
#   a raylet and the head killed.
# make clients: programs that people use, each in its own environment, against the server.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt

# Containers set it: then each of the thousand processes of the tests compiles all modules again.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: demo test check format clean bench-train soak clients

SOAK_MINUTES ?= 20

demo: $(VENV)/.stamp-run
	$(BIN)/gardener grow .

test: $(VENV)/.stamp-dev
	-scripts/postgres.sh install
	-scripts/node_clients.sh install
	-scripts/chromium.sh install
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	scripts/other_pythons.sh
	$(BIN)/pytest --durations=15 -n 2 --dist loadgroup --no-loadscope-reorder

check: $(VENV)/.stamp-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/pytest -m "not slow" -n 2 --dist loadgroup --no-loadscope-reorder

format: $(VENV)/.stamp-dev
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench-train: $(VENV)/.stamp-bench
	$(BIN)/python benchmarks/train.py $(if $(QUICK),--quick)

soak: $(VENV)/.stamp-dev
	SOAK_MINUTES=$(SOAK_MINUTES) $(BIN)/pytest tests/adapters/test_torch_states.py tests/registry/test_transactions.py \
		tests/store/test_object_store.py tests/cluster/test_carrying.py tests/cluster/test_ray_training.py \
		tests/cluster/test_running.py tests/cluster/test_ray_jobs.py tests/cluster/test_ray_home.py \
		tests/cluster/test_ray_serving.py -k soak

clients: $(VENV)/.stamp-dev
	PYTHON=$(PYTHON) scripts/clients.sh install
	# with CI set a client that is not to be had is a failure, not left out
	CI=true $(BIN)/pytest tests/clients $(addprefix tests/serving/test_,openai_api.py ollama_api.py continue.py infill_api.py)

$(VENV)/.stamp-run: pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11) and "Python 3.11 is needed: make PYTHON=/path/to/python3.11")'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(INSTALL) --editable .
	touch $@

$(VENV)/.stamp-dev: $(VENV)/.stamp-run
	$(INSTALL) --editable '.[dev]'
	# merges are compared with it in the tests; its own pins would bring another torch
	$(INSTALL) --no-deps mergekit==0.1.5
	touch $@

$(VENV)/.stamp-bench: $(VENV)/.stamp-run
	$(INSTALL) --editable '.[bench]'
	touch $@

clean:
	rm -rf $(VENV) .venv-3.* build *.egg-info src/*.egg-info .pytest_cache .mypy_cache .ruff_cache
