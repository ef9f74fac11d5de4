# On a bare clone, with Python 3.11 or later and nothing else:
#   make demo   transcribe the demo recording, and say where the MIDI, the picture and the sound are
#   make test   install what the tests need, and run them
#   make check  lint, format, types and tests: what must pass before a change goes in
# The three share one environment in .venv; make clean removes it.

PYTHON ?= $(shell for p in python3.11 python3.12 python3.13 python3; do $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
BIN := .venv/bin
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable

.PHONY: demo test lint check lock clean

demo: .venv/demo-installed
	@$(BIN)/tecla transcribe demo/evening-waltz.ogg --force \
		-o demo-output/evening-waltz.mid -o demo-output/evening-waltz.png -o demo-output/evening-waltz.wav
	@echo "What was heard in demo/evening-waltz.ogg lies in demo-output/: open the .mid in a music program, the .png to see it, the .wav to hear it."

test: .venv/tests-installed
	$(BIN)/python -m pytest

lint: .venv/tests-installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

check: lint test

.venv/bin/python:
	@test -n "$(PYTHON)" || { echo "tecla needs Python 3.11 or later: install it, or name it with make PYTHON=/path/to/python3.11"; exit 1; }
	$(PYTHON) -m venv .venv

.venv/demo-installed: pyproject.toml constraints.txt | .venv/bin/python
	$(INSTALL) .
	@touch $@

.venv/tests-installed: pyproject.toml constraints.txt | .venv/bin/python
	$(INSTALL) '.[archive,live,ray,report,research,score,studio,train,tune,voice,dev]'
	@touch $@ .venv/demo-installed

# Needs uv. The versions are those of constraints.txt.
lock:
	{ sed '/^[^#]/,$$d' requirements.lock; uv pip compile pyproject.toml --extra archive --extra live --extra score --extra studio --constraint constraints.txt \
		--universal --python-version 3.11 --generate-hashes --no-header --no-annotate --no-emit-package tecla; } > requirements.new
	mv requirements.new requirements.lock

clean:
	rm -rf .venv demo-output build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
