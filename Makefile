# Everything sets itself up: a virtual environment in .venv, from the registries only.
VENV := .venv
PY := $(VENV)/bin/python
STAMP := $(VENV)/.installed

.DEFAULT_GOAL := help
# Hundreds of servers and runs start here: what was compiled once is kept, whatever else the environment says of that.
unexport PYTHONDONTWRITEBYTECODE
.PHONY: help demo cluster test proof machine samples bench generate wanted fixtures lint clean

help: ## List these habits
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

$(STAMP): pyproject.toml
	python3 -m venv $(VENV)
	$(PY) -m pip install --quiet --disable-pip-version-check --upgrade pip
	$(PY) -m pip install --quiet --disable-pip-version-check -e '.[whisper,test]'
	@touch $(STAMP)

demo: $(STAMP) ## Run the whole story: spoken consultation in, transcript, notes and graded report out; CLUSTER=1: by a cluster
	$(if $(CLUSTER),$(PY) -m tests.clusters --transcriber whisper --demo report,$(VENV)/bin/scribe-conformance demo --report-dir report)

cluster: $(STAMP) ## Start PostgreSQL, an S3 server, Redis and five processes that share them, until Ctrl-C (WITH="--workers 3")
	$(PY) -m tests.clusters --fixed-port $(WITH)

test: $(STAMP) lint ## Run everything CI runs
	$(PY) -m scribe_data.generate --check
	$(PY) -m mock_server.scenarios.page --check
	$(PY) -m mock_server.choices.page --check
	$(PY) -m scribe_data.build --check
	@# the proof runs whatever the rest gave: a run of CI tells all that is wrong
	@$(PY) -m pytest -q -n 3 --dist loadfile --no-loadscope-reorder --ignore=tests/proof; unit=$$?; \
	$(PY) -m pytest -q -n 3 --dist loadgroup tests/proof && exit $$unit

proof: $(STAMP) ## Run the kit against every fault, fifty draws of a conforming stranger, two hundred of the mock and twenty of research sessions; and all kills
	SCRIBE_PROOF=1 SCRIBE_SEEDS=50 SCRIBE_VARIED=200 $(PY) -m pytest -q -n 2 --dist loadgroup tests/proof tests/mock_server/durability tests/mock_server/storage $(shell grep -rl "^from tests.whole import" tests --include="test_*.py" --exclude-dir=proof)

machine: $(STAMP) ## What the state machine finds: every sequence fault with ten seeds, and no conforming server
	SCRIBE_PROOF=1 SCRIBE_MACHINE=1 $(PY) -m pytest -q -n 2 tests/proof/test_machine.py
	$(PY) -m tests.proof.machine

samples: $(STAMP) ## Remake the pages of reports/, which make test compares; what faults have no row yet is driven
	$(PY) -m tests.proof.samples

bench: $(STAMP) ## Measure speed and memory as ratios against a floor in the same run
	$(PY) -m bench

generate: $(STAMP) ## Regenerate the lifecycle table and its page from the spec, and the pages of scenarios and choices
	$(PY) -m scribe_data.generate
	$(PY) -m mock_server.scenarios.page
	$(PY) -m mock_server.choices.page

wanted: $(STAMP) ## Record anew which journeys a part of the requirements needs
	$(PY) -m tests.proof.wanted
	$(PY) -m tests.proof.wanted --research

fixtures: $(STAMP) ## Rebuild the audio (needs Debian's flite)
	$(PY) -m scribe_data.build

lint: $(STAMP) ## Formatting, style, types, who may import whom
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/ruff check .
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports

clean: ## Remove what the commands above made
	rm -rf $(VENV) report scribe-mock-data
