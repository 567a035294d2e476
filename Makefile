# Every target sets up what it needs: a fresh machine wants only Python 3.11 or later and make.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.PHONY: demo test lint format up clean

$(READY): pyproject.toml
	$(PYTHON) -c 'import sys; assert sys.version_info >= (3, 11), "nascore needs Python 3.11 or later"'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[worker,local,images,dev]'
	touch $@

demo: $(READY)  ## start the whole service, score architectures of both benches over HTTP, print their ranking
	$(BIN)/python -m benchmarks.demo

# One process more than CI has cores: a test of a service waits for a good part of its time.
test: $(READY)  ## every test, against a real PostgreSQL and a real Valkey
	$(BIN)/python -m pytest -n 3

lint: $(READY)  ## ruff, mypy --strict, the import rules, the Docker files
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/hadolint docker/*.Dockerfile
	$(BIN)/check-jsonschema --quiet --builtin-schema vendor.compose-spec docker-compose*.yml

format: $(READY)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

up: $(READY)  ## the whole service on this machine
	$(BIN)/nascore up

clean:
	rm -rf $(VENV)
