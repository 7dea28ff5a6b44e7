# Every target sets up what it needs: a virtual environment in .venv, made once and made again
# when pyproject.toml changes. Nothing outside this folder is touched.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP_INSTALL := $(BIN)/python -m pip install --disable-pip-version-check -qq

BOARD ?=
PORT ?=
MODEL ?=
PICO_UF2 ?=

# A caller's own Python settings must not leak into the environment made here.
# Without byte code on the disk every worker and every command of the tests compiles all again.
unexport PYTHONPATH PYTHONHOME PYTHONDONTWRITEBYTECODE
# pip must install into .venv whatever the caller's pip.conf says; its mirrors stay as they are.
export PIP_USER := 0
export PIP_TARGET :=

with_port = $(if $(PORT),--port '$(PORT)')

.DEFAULT_GOAL := help
.PHONY: help demo test every-test test-wheel test-train bench faults evidence control-evidence flash monitor push lint format clean

help: ## list these targets
	@echo "usage: make TARGET [NAME=value ...]"
	@awk 'BEGIN { FS = ":.*## " } /^[a-z-]+:.*## / { printf "  %-10s %s\n", $$1, $$2 }' \
		$(MAKEFILE_LIST)

demo: $(VENV)/.base $(if $(filter emulated_pico,$(BOARD)),$(VENV)/.emulator) ## the whole story on a board made of software [BOARD=emulated_pico PICO_UF2=file.uf2]
	@$(BIN)/rivulet demo --board '$(or $(BOARD),virtual)' $(if $(PICO_UF2),--uf2 '$(PICO_UF2)')

test: $(VENV)/.test $(if $(PICO_UF2),$(VENV)/.emulator) ## formatting, lint, types and every test [MICROPYTHON=interpreter] [PICO_UF2=file.uf2]
	@$(MAKE) --no-print-directory --jobs=2 lint every-test

# More workers than two cores: almost half of the time tests wait, for boards and for timers. The
# longest files begin first: see pytest_collection_modifyitems in tests/conftest.py.
every-test: $(VENV)/.test
	@$(BIN)/python -m pytest -q -n 4 --dist loadfile --no-loadscope-reorder

test-wheel: $(VENV)/.test ## build the wheel, install it elsewhere, and run what works there
	@$(BIN)/python -m pytest -q tests/wheel

test-train: $(VENV)/.train ## the tests that need PyTorch: training, gradients, parity with ncps
	@$(BIN)/python -m pytest -q -n 2 tests/parity tests/train tests/learn tests/controllers tests/tutorials

bench: $(VENV)/.base $(if $(PICO_UF2),$(VENV)/.emulator) ## the benchmark, its table and picture [PICO_UF2=file.uf2: on an emulated Pico]
	@$(BIN)/rivulet bench $(if $(PICO_UF2),--uf2 '$(PICO_UF2)' --write docs/bench/emulated_pico,--write build/bench/this_computer)

faults: $(VENV)/.base $(if $(PICO_UF2),$(VENV)/.emulator) ## inject every fault there is; the table of what became of each [PICO_UF2=file.uf2: on an emulated Pico too]
	@$(BIN)/rivulet faults

evidence: $(VENV)/.train ## liquid cells against recurrent ones, trained anew: docs/evidence.md (100 minutes, resumes)
	@$(BIN)/python -m host_tools.evidence.evidence

control-evidence: $(VENV)/.train ## controllers under losses and delays, trained anew: docs/evidence-control.md (15 minutes, resumes)
	@$(BIN)/python -m host_tools.controllers.evidence

flash: $(VENV)/.base ## the firmware onto a board [PORT=/dev/ttyACM0] [BOARD=rpi_pico]
	@$(BIN)/rivulet flash --board '$(or $(BOARD),rpi_pico)' $(with_port)

monitor: $(VENV)/.base ## watch a board live [PORT=/dev/ttyACM0]
	@$(BIN)/rivulet monitor $(with_port)

push: $(VENV)/.base ## a converted model into a running board: MODEL=file.safetensors [PORT=/dev/ttyACM0]
	@test -n '$(MODEL)' || { echo "push: say which model: make push MODEL=file.safetensors" >&2; exit 2; }
	@$(BIN)/rivulet push '$(MODEL)' $(with_port)

lint: $(VENV)/.test ## check formatting, lint and types
	@$(BIN)/python -m ruff format --check .
	@$(BIN)/python -m ruff check .
	@$(BIN)/python -m mypy
	@$(BIN)/lint-imports --no-cache

format: $(VENV)/.test ## rewrite the sources in the project's format
	@$(BIN)/python -m ruff check --fix-only .
	@$(BIN)/python -m ruff format .

clean: ## remove everything that was made here, .venv included
	@rm -rf $(VENV) build .mypy_cache .pytest_cache .ruff_cache .hypothesis *.egg-info
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/.created:
	@command -v '$(PYTHON)' >/dev/null || { \
		echo "$(PYTHON) was not found: install Python 3.11 or newer, or name one: make PYTHON=/path/to/python3" >&2; \
		exit 2; }
	@'$(PYTHON)' -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "Python 3.11 or newer is needed and $(PYTHON) is $$('$(PYTHON)' -V 2>&1): name a newer one: make PYTHON=python3.12" >&2; \
		exit 2; }
	@'$(PYTHON)' -c 'import ensurepip, venv' 2>/dev/null || { \
		echo "$(PYTHON) cannot make virtual environments: apt-get install python3-venv" >&2; \
		exit 2; }
	@echo "[1/2] creating $(VENV)"
	@'$(PYTHON)' -m venv --clear $(VENV)
	@touch $@

$(VENV)/.base: $(VENV)/.created pyproject.toml
	@echo "[2/2] installing rivulet and the packages it is pinned to (once, about a minute)"
	@$(PIP_INSTALL) -e .
	@touch $@

$(VENV)/.test: $(VENV)/.base
	@echo "installing the test tools (once, about a minute)"
	@$(PIP_INSTALL) -e '.[test,control]'
	@touch $@

$(VENV)/.train: $(VENV)/.test
	@echo "[3/3] installing PyTorch and what trains with it (once, some minutes)"
	@$(PIP_INSTALL) -e '.[test,control,train]'
	@touch $@

$(VENV)/.emulator: $(VENV)/.base
	@echo "installing the emulator of a Pico (once)"
	@$(PIP_INSTALL) -e '.[emulator]'
	@touch $@
