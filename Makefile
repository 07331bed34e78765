# Two commands: `make run` starts Beian, `make test` checks everything. `make` alone lists the rest.
# Needs Python 3.11 or newer and make. Node is used when it is there (20 or newer), else installed into .venv.

SHELL := /bin/sh
PYTHON ?= $(firstword $(foreach p,python3 python3.14 python3.13 python3.12 python3.11,$(shell \
	$(p) -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 && echo $(p))))
VENV := .venv
PY := $(VENV)/bin/python
PIP := $(PY) -m pip --disable-pip-version-check
BEIAN := $(VENV)/bin/beian
DIST := webapp/static/dist
BEIAN_DEMO ?= 1
export BEIAN_DEMO

# What was installed or built is remembered by the content it came from, never by dates: a fresh clone has none.
key = $(shell cat $(1) 2>/dev/null | cksum | cut -d' ' -f1)
RUNTIME := $(VENV)/.runtime-$(call key,requirements.lock)
TOOLS := $(VENV)/.dev-$(call key,requirements.lock requirements-dev.lock)
MODULES := node_modules/.installed-$(call key,package-lock.json .npmrc)
FRONTEND := $(DIST)/.built-$(call key,package-lock.json $(sort $(wildcard webapp/assets/*.* webapp/assets/*/*.*)))
CATALOGUES := $(wildcard webapp/translations/*/LC_MESSAGES/*.po)
MESSAGES := $(VENV)/.messages-$(call key,$(CATALOGUES))

# A virtual environment whose Python was removed or replaced is made anew, with everything in it.
BROKEN := $(shell test -d $(VENV) && ! $(PY) -c '' >/dev/null 2>&1 && echo broken)
$(PY) $(RUNTIME) $(TOOLS): $(if $(BROKEN),FORCE)
FORCE:

# The machine's Node when it is new enough, else the wheel's in .venv/bin.
NODE_IS_NEW := node -e 'process.exit(parseInt(process.versions.node) < 20 ? 1 : 0)' >/dev/null 2>&1 \
	&& command -v npm >/dev/null 2>&1
WITH_NODE := export PATH="$(CURDIR)/$(VENV)/node:$$PATH";

.DEFAULT_GOAL := help
.PHONY: FORCE help run dev test lint format docs bench faults soak screenshots frontend tools browser translations lock clean distclean

help: ## list the targets
	@echo "Beian. Targets:"
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## (.*)/  make \1	\2/' | expand -t 21

run: $(RUNTIME) $(MESSAGES) $(FRONTEND) ## start Beian with demo data on 127.0.0.1:8000 (BEIAN_DEMO=0 without)
	@exec $(BEIAN) run

dev: $(TOOLS) $(MESSAGES) $(FRONTEND) ## the same, restarting at every change of code, styles or scripts
	@$(WITH_NODE) node webapp/assets/build.mjs --watch & watcher=$$!; trap 'kill $$watcher' EXIT INT TERM; \
	$(BEIAN) run --reload

test: $(TOOLS) $(MESSAGES) $(FRONTEND) lint browser ## everything: linters, types, layers, then the whole suite on both databases and in a browser
	@echo "Running the test suite."
	@$(PY) -m pytest -n 2 $(ARGS)

lint: $(TOOLS) ## ruff, mypy and the import layers
	@echo "Checking style, types and layers."
	@$(PY) -m ruff check .
	@$(PY) -m ruff format --check .
	@$(PY) -m mypy
	@$(PY) -c 'from importlinter.cli import lint_imports_command as check; check()' --no-cache

format: $(TOOLS) ## put the Python code into its one format
	@$(PY) -m ruff check --fix . ; $(PY) -m ruff format .

docs: $(TOOLS) ## check the documentation: links, settings, operations, rules all there
	@$(PY) -m pytest tests/documentation $(ARGS)

bench: $(TOOLS) $(MESSAGES) $(FRONTEND) ## measure; JSON in var/bench.json
	@mkdir -p var && $(PY) -m bench --out var/bench.json $(ARGS)

faults: $(TOOLS) $(MESSAGES) $(FRONTEND) ## kill the server 200 times under load on each database and check what is left
	@BEIAN_FAULT_ROUNDS=$${BEIAN_FAULT_ROUNDS:-200} $(PY) -m pytest tests/faults -n 0 $(ARGS)

soak: $(TOOLS) $(MESSAGES) $(FRONTEND) ## run load for ten minutes (BEIAN_SOAK_MINUTES), checking memory, files and records; then many sequences of acts (BEIAN_MACHINE_SEQUENCES)
	@BEIAN_SOAK_MINUTES=$${BEIAN_SOAK_MINUTES:-10} $(PY) -m bench.soak $(ARGS)
	@BEIAN_MACHINE_SEQUENCES=$${BEIAN_MACHINE_SEQUENCES:-5000} $(PY) -m pytest -n 0 tests/tasks/test_machine.py

screenshots: $(TOOLS) $(MESSAGES) $(FRONTEND) browser ## pictures of every page, phone, desk and dark, in var/screenshots
	@$(PY) -m tests.support.screenshots var/screenshots $(ARGS)

frontend: $(FRONTEND) ## build styles and scripts

tools: $(TOOLS) ## install what developers need

browser: $(TOOLS) ## find a Chromium for the tests, or install one
	@$(PY) -m tests.support.chromium

translations: $(TOOLS) ## collect the sentences, update webapp/translations, compile
	@mkdir -p var webapp/translations
	@$(PY) -m babel.messages.frontend -q extract -F babel.cfg -k lazy_gettext -k _l --no-location --omit-header \
		-o var/messages.pot .
	@test -f webapp/translations/en/LC_MESSAGES/messages.po \
		&& $(PY) -m babel.messages.frontend -q update -i var/messages.pot -d webapp/translations --no-fuzzy-matching --ignore-pot-creation-date \
		|| $(PY) -m babel.messages.frontend -q init -i var/messages.pot -d webapp/translations -l en
	@$(PY) -m babel.messages.frontend -q compile -d webapp/translations
	@echo "webapp/translations is up to date; untranslated sentences have an empty msgstr."

lock: $(TOOLS) ## resolve the dependencies again and write the lock files
	@compile() { $(PY) -m uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header \
		--no-annotate --no-emit-index-url $$UPGRADE "$$@"; }; \
	compile pyproject.toml -o requirements.lock && \
	compile pyproject.toml --group dev -c requirements.lock -o requirements-dev.lock && \
	compile --group node -o requirements-node.lock
	@$(WITH_NODE) npm install --package-lock-only --ignore-scripts
	@! grep -nE '"resolved"|://' requirements*.lock && ! grep -n '"resolved"' package-lock.json \
		|| { echo "A lock file holds a download address; it must not."; exit 1; }

clean: ## remove what was built (keeps .venv, node_modules and var/)
	@rm -rf $(DIST) .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache build *.egg-info
	@find . -name __pycache__ -not -path './$(VENV)/*' -not -path './node_modules/*' -prune -exec rm -rf {} +

distclean: clean ## also remove .venv and node_modules; the data in var/ stays
	@rm -rf $(VENV) node_modules

# ---- how things get there

$(PY):
	@test -n "$(PYTHON)" || { echo "Beian needs Python 3.11 or newer; none was found. Install it, or name it: make run PYTHON=/path/to/python3"; exit 1; }
	@$(if $(BROKEN),echo "The virtual environment does not work here any more; making it anew."; )rm -rf $(VENV)
	@echo "Creating the virtual environment in $(VENV) with $$($(PYTHON) --version)."
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); echo "Python's venv module does not work. On Debian: apt-get install python3-venv"; exit 1; }

$(RUNTIME): | $(PY)
	@echo "Installing the libraries named in requirements.lock."
	@$(PIP) install -qq --require-hashes --no-deps -r requirements.lock
	@printf '%s\n' '#!/bin/sh' 'root="$$(cd "$$(dirname "$$0")/../.." && pwd)"' 'PYTHONPATH="$$root$${PYTHONPATH:+:$$PYTHONPATH}" exec "$$root/$(PY)" -m webapp.cli "$$@"' > $(BEIAN)
	@chmod +x $(BEIAN)
	@rm -f $(VENV)/.runtime-* && touch $@

$(TOOLS): $(RUNTIME)
	@echo "Installing the tools named in requirements-dev.lock."
	@$(PIP) install -qq --require-hashes --no-deps -r requirements-dev.lock
	@rm -f $(VENV)/.dev-* && touch $@

$(MESSAGES): $(RUNTIME)
	@$(if $(CATALOGUES),$(PY) -m babel.messages.frontend -q compile -d webapp/translations,:)
	@rm -f $(VENV)/.messages-* && touch $@

$(MODULES): | $(PY)
	@$(NODE_IS_NEW) || test -x $(VENV)/node/node || { \
		echo "There is no Node 20 or newer here; installing it into $(VENV) as a Python package."; \
		$(PIP) install -qq --require-hashes --no-deps -r requirements-node.lock && mkdir -p $(VENV)/node && \
		for tool in node npm; do ln -sf ../bin/$$tool $(VENV)/node/$$tool; done; }
	@echo "Installing the front end's packages named in package-lock.json."
	@$(WITH_NODE) npm ci --ignore-scripts --no-audit --no-fund --loglevel=error >/dev/null
	@touch $@

$(FRONTEND): $(MODULES)
	@echo "Building the front end."
	@$(WITH_NODE) node webapp/assets/build.mjs
	@touch $@
