# The two commands of the README, `make bench` and `make test`, do their own set-up (scripts/setup); the rest are short-cuts.
.DEFAULT_GOAL := help
.PHONY: docs help setup bench test test-long lint format lock clean distclean
SHELL := /bin/bash
VENV := .venv/bin

help:  ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## */\t/' | expand -t 14

setup:  ## all that `make test` and `make bench` need; done already: a look, nothing more
	@scripts/setup test

bench:  ## trains and runs two networks on Fashion-MNIST and shows what each cost (BENCH="…" for options)
	@scripts/setup bench
	@$(VENV)/impact-tracker bench $(BENCH)

test: setup  ## every check that belongs to a change: lint, types, sanitizer, C++, Python, then those that time something
	@scripts/test

test-long: setup  ## clang-tidy, sanitizers, the worker against torch 2, 64-bit Arm under qemu, packages, long fuzzing, peers: hours
	@scripts/test-long

lint: setup  ## ruff, mypy strict, clang-format, shellcheck; clang-tidy on what differs from the last tag
	@scripts/lint

format: setup  ## ruff format and clang-format, in place
	@$(VENV)/ruff check --fix-only --quiet . ; $(VENV)/ruff format .
	@find cpp tests benchmarks -name '*.[ch]pp' -print0 | xargs -0 -r $(VENV)/clang-format -i

docs: setup  ## the documentation as a site: build/docs/html/index.html
	@$(VENV)/python -m sphinx -q -W --keep-going -b html docs build/docs/html && $(VENV)/python -m sphinx -q -b man docs build/docs/man
	@echo "build/docs/html/index.html; man pages in build/docs/man"

lock:  ## choose the environments' versions anew: requirements/test.txt and bench.txt
	@scripts/lock

clean:  ## what was built
	rm -rf build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find python tests -name __pycache__ -type d -prune -exec rm -rf {} +

distclean: clean  ## the virtual environment too
	rm -rf .venv .cache
