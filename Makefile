# Everything runs in .venv, which the first command makes. `make help` lists the targets.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready
TASK   ?=
NOTEBOOK ?= 1
WORKERS  ?= logical
OUT    ?= build/grades

.DEFAULT_GOAL := help
.PHONY: help setup demo test lab check grade release release-check validate data bench mutate bundle docs docs-check clean

help:                ## list the targets
	@grep -E '^[a-z-]+: .*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 16

$(READY): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed; name one: make PYTHON=python3.12"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing the course and its tools into $(VENV): once, a minute or a few."
	$(BIN)/python -m pip install --disable-pip-version-check -c constraints.txt -e ".[lab,teach,test,site,dask]"
	@touch $@

setup: $(READY)      ## make .venv and install everything into it

demo: setup          ## run the solution notebooks, grade the example submissions, show the results
	@$(BIN)/python -m grader demo --out build/demo

test: setup          ## run all tests, at most four at a time; one after another: make test WORKERS=0
	$(BIN)/ruff check .
	$(BIN)/python -m pytest -n $(WORKERS) --maxprocesses 4 --dist loadfile --no-loadscope-reorder

lab: setup           ## open the notebooks in JupyterLab: make lab, or make lab NOTEBOOK=3
	$(BIN)/jupyter lab --LabApp.default_url=/lab/tree/$(firstword $(wildcard notebooks/0$(NOTEBOOK)_*.ipynb) notebooks)

check: setup         ## check your work: make check, or make check TASK=1.2
	@$(BIN)/python -m grader check $(TASK)

grade: setup         ## grade submissions: make grade SUBMISSIONS=folder OUT=folder
	@test -n "$(SUBMISSIONS)" || { echo "Say what to grade: make grade SUBMISSIONS=folder"; exit 2; }
	@$(BIN)/python -m grader grade "$(SUBMISSIONS)" --out "$(OUT)"

release: setup       ## make starter/, notebooks/ and the recorded cases from solution/
	$(BIN)/python -m grader release

release-check: setup ## say whether anything differs from what a release would make
	$(BIN)/python -m grader release --check

validate: setup      ## execute the solution notebooks and the untouched ones
	$(BIN)/python -m pytest tests/test_solution_notebooks.py tests/test_untouched_notebooks.py -v

data: setup          ## fetch the real data sets
	$(BIN)/python -m toolkit.data fetch all

bench: setup         ## measure; the tables land in benchmarks/results
	@for name in grading_speed order rollouts clipping rnn_speed cells collapse attacks front_page; do $(BIN)/python -m benchmarks.$$name; done
	@echo "Half an hour and more each: $(BIN)/python -m benchmarks.memory, and so forget_bias, longest_lag"
	@echo "Six minutes: $(BIN)/python -m benchmarks.linear_recurrence"
	@echo "Seven minutes and ten: $(BIN)/python -m benchmarks.reviews, and so padding"
	@echo "Half an hour: $(BIN)/python -m benchmarks.interpreting"
	@echo "A class of a thousand: $(BIN)/python -m benchmarks.grading_scale"
	@echo "The real series, once fetched: $(BIN)/python -m benchmarks.real_series"
	@echo "The real reviews, once fetched: $(BIN)/python -m benchmarks.packing (two minutes), and so imdb (45)"
	@echo "The real plays, once fetched: $(BIN)/python -m benchmarks.shakespeare, and so transformer (45 minutes each)"
	@echo "The real pairs, once fetched: $(BIN)/python -m benchmarks.multi30k (an hour)"

mutate: setup        ## try the checks on mutants of the reference: make mutate, or make mutate TASK=2.2
	$(BIN)/python -m benchmarks.mutate $(TASK)

bundle: setup        ## write the students' zip
	$(BIN)/python -m grader bundle

docs: setup          ## build the site: the students' in build/site/student, the instructors' in build/site/instructor
	$(BIN)/python -m docs.site

docs-check: setup    ## look at the students' site in a browser, with axe-core from npm
	npm --prefix docs/accessibility ci --no-audit --no-fund
	$(BIN)/python -m pytest tests/test_site.py tests/test_site_in_a_browser.py

clean:               ## remove what was built, not the environment
	rm -rf build .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -not -path './$(VENV)/*' -prune -exec rm -rf {} +
