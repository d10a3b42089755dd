# Everything runs in .venv, which the first target that needs it sets up.
PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check
RUNTIME := .venv/.runtime
DEVELOPMENT := .venv/.development

.PHONY: help demo demo-keep test test-cluster test-kind test-conformance soak lint bench oracle clean
help:  ## show this help
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | expand -t 20

# The versions are those of requirements-dev.txt; what it lists beyond the dependencies is not installed here.
$(RUNTIME): pyproject.toml requirements-dev.txt
	$(PYTHON) -m venv .venv
	$(PIP) --constraint requirements-dev.txt --editable .
	@touch $@

$(DEVELOPMENT): $(RUNTIME)
	$(PIP) --requirement requirements-dev.txt
	@touch $@

demo: $(RUNTIME)  ## show the life of some Gateways, on a simulated cluster in one process
	@$(BIN)/python -m examples.demo

demo-keep: $(RUNTIME)  ## the same, left running for kubectl
	@$(BIN)/python -m examples.demo --keep

test: $(DEVELOPMENT)  ## run the tests
	$(BIN)/python -m pytest

test-cluster: $(DEVELOPMENT)  ## run tests on a real kube-apiserver (first time: builds it with Go, minutes)
	$(BIN)/python -m pytest -m cluster

test-kind: $(DEVELOPMENT)  ## run the same tests on kind (needs docker and kind)
	$(BIN)/python -m pytest -m kind

test-conformance: $(DEVELOPMENT)  ## run Gateway API's own conformance suite on a real kube-apiserver (needs Go)
	$(BIN)/python -m pytest -m conformance

soak: $(DEVELOPMENT)  ## let a controller live through half an hour of random days and faults (MINUTES=30 SEED=...)
	$(BIN)/python -m tests.soak $(if $(MINUTES),--minutes $(MINUTES)) $(if $(SEED),--seed $(SEED))

lint: $(DEVELOPMENT)  ## check style, types and layers
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

bench: $(DEVELOPMENT)  ## measure plans against Helm's engine, as ratios in one run
	@$(BIN)/python -m benchmarks

oracle: $(DEVELOPMENT)  ## ask the code of Kubernetes itself: strategic merge, CRDs, server-side apply (needs Go)
	GWDEPLOYER_ORACLE=1 $(BIN)/python -m pytest tests/objects tests/crd tests/testing/fields -k oracle

clean:  ## remove what the targets made
	rm -rf .venv dist .pytest_cache .mypy_cache .ruff_cache .import_linter_cache
