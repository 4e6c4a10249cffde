# `make demo` and `make test` do all the set-up there is.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
JUPYTER := $(VENV)/.jupyter
MANUAL := $(VENV)/.docs

.PHONY: setup demo test quick proofs lint docs bench figures matrix clean

$(STAMP): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade 'pip>=25.1'
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[course]' --group test --group lint --group build
	@touch $(STAMP)

$(JUPYTER): $(STAMP)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --group jupyter
	@touch $(JUPYTER)

$(MANUAL): $(STAMP)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --group docs
	@touch $(MANUAL)

setup: $(STAMP)

demo: $(STAMP)
	@$(BIN)/grader demo

test: $(STAMP)
	$(BIN)/python -m pytest -n 2 --dist loadfile

# While one writes: what functions do, without boxes, other programs or data sets; half a minute on
# two cores. A test that starts a process all the same fails. See tests/kit/quick.py.
quick: $(STAMP)
	$(BIN)/python -m pytest --quick -n 2 --dist worksteal

proofs: $(JUPYTER) $(MANUAL)
	$(BIN)/python -m pytest -m proof -n 2 --dist loadfile
	$(BIN)/python -m pytest -n 2 -m 'hypothesis and not proof' --hypothesis-profile=proofs

lint: $(STAMP)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	git ls-files -z | xargs -0 $(BIN)/codespell
	$(BIN)/python -m pytest tests/house/test_imports.py

# The manual as a site, with pages and pictures of the sample class; the last line is its path.
docs: $(MANUAL)
	@$(BIN)/python docs/site/make_site.py

bench: $(STAMP)
	$(BIN)/python benchmarks/boxes.py
	$(BIN)/python benchmarks/notebooks.py
	$(BIN)/python benchmarks/peers.py
	$(BIN)/python benchmarks/networks.py
	$(BIN)/python benchmarks/whole_set.py
	$(BIN)/python benchmarks/thousands.py
	$(BIN)/python benchmarks/exports.py
	$(BIN)/python benchmarks/class_pages.py
	$(BIN)/grader demo --out build/demo >/dev/null
	$(BIN)/python benchmarks/pages.py build/demo

figures: $(STAMP)
	$(BIN)/python benchmarks/figures.py

# Environments of some gigabytes each; the table goes to docs/reference/platforms.md.
matrix: $(STAMP)
	$(BIN)/python benchmarks/matrix.py

clean:
	rm -rf $(VENV) .matrix build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache
