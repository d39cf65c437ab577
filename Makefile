# Every target prints the plain commands that it runs; none of them needs Make.
PYTHON ?= python3
SHELL := /bin/bash
PY := .venv/bin/python

.DEFAULT_GOAL := help
.PHONY: help install demo reference test test-all results base lint test-lmms-eval

help:
	@echo "make demo      the whole story on 2 cores in about 12 minutes: data, four mixtures, tables, a page (outputs/demo/)"
	@echo "make test      the tests (some 25 minutes on 2 cores, in three workers)"
	@echo "make test-all  the same, its long series, and 2,000 damaged inputs of each kind instead of 100; commands start afresh"
	@echo "make test-lmms-eval  the exported probe in lmms-eval, in an environment of its own (.venv-lmms)"
	@echo "make results   the demo's ablation with three seeds and another encoder, about 2 hours on 2 cores (tables kept in results/world/)"
	@echo "make reference after make demo: keep its numbers as those that the documents show"
	@echo "make base      rebuild the tiny base from nothing (2 hours on 2 cores; llavapose/assets/tiny_base/)"
	@echo "make install   .venv from pyproject.toml and constraints.txt; the others do it where it is missing"
	@echo "make lint      ruff and pyright"

install: .venv/.installed

.venv/.installed: pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(None if (3, 11) <= sys.version_info[:2] < (3, 14) else "error: Python %d.%d; expected 3.11 to 3.13, e.g. make install PYTHON=python3.12" % sys.version_info[:2])'
	$(PYTHON) -m venv .venv
	$(PY) -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	touch $@

demo: install
	$(PY) generate.py
	$(PY) train.py -m experiment=demo data=full,conv,detail,complex

reference: install
	$(PY) -m llavapose.report.reference outputs/demo llavapose/assets/reference/demo
	$(PY) -m tests.docs.refresh

test: install
	OMP_NUM_THREADS=1 $(PY) -m pytest -n 3 --dist loadfile -m "not long"

test-all: install
	LLAVAPOSE_FRESH=1 LLAVAPOSE_FUZZ=2000 OMP_NUM_THREADS=1 $(PY) -m pytest -n 3 --dist loadfile

test-lmms-eval: install .venv-lmms/.installed
	OMP_NUM_THREADS=1 $(PY) -m pytest -q tests/lmms_eval

# lmms-eval's own requirements are for all its tasks and models; these are what a LLaVA and our task need of it.
.venv-lmms/.installed: constraints-lmms.txt
	$(PYTHON) -m venv .venv-lmms
	.venv-lmms/bin/python -m pip install --quiet --disable-pip-version-check -r constraints-lmms.txt
	.venv-lmms/bin/python -m pip install --quiet --disable-pip-version-check --no-deps lmms-eval==0.7.3
	touch $@

results: install
	@git diff --quiet HEAD || (echo "error: the working tree has changes: commit them first, for the tables name the commit that made them"; exit 1)
	$(PY) train.py -m experiment=world data=full,conv,detail,complex seed=0,1,2 resume=false
	$(PY) -m llavapose.base --vision captions --out outputs/base_captions
	$(PY) train.py -m experiment=world data=full model.base=outputs/base_captions sweep_dir=outputs/world_captions resume=false
	$(PY) -m llavapose.report.reference outputs/world_results results/world
	$(PY) -m llavapose.report.reference outputs/world_captions results/world/captions_encoder
	git rev-parse HEAD | tee results/world/commit.txt > results/world/captions_encoder/commit.txt
	$(PY) -m tests.docs.refresh

base: install
	$(PY) -m llavapose.base

lint: install
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m pyright
