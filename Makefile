# PY=python uses the environment that is active, .venv otherwise
PY = .venv/bin/python
PROFILE = quick
JOBS = 2
export OMP_NUM_THREADS = 1

.PHONY: setup cpu book run site links test lint wheel clean
setup: $(if $(filter .venv/%,$(PY)),.venv/.installed)

.venv/.installed: pyproject.toml constraints.txt
	@echo "Fetching PyTorch and about 180 other packages into .venv: 3 GB to download, 7 GB on disk, 3 to 15 minutes."
	@echo "(After make cpu, which fetches PyTorch without CUDA: 0.5 GB more, 2.5 GB on disk in all.)"
	test -x .venv/bin/python || python3 -m venv .venv
	.venv/bin/python -m pip install -q -c constraints.txt -e '.[book,dev,words,reader]'
	.venv/bin/python -m pip install -q -c constraints.txt --no-deps "gan-face-generate; python_version < '3.13'" # of [faces], without what only its training needs
	touch $@

cpu: # before setup: PyTorch without CUDA, a quarter of the disk
	test -x .venv/bin/python || python3 -m venv .venv
	.venv/bin/python -m pip install -q uv
	.venv/bin/python -m uv pip install -q --python .venv/bin/python --torch-backend cpu -c constraints.txt torch torchvision torchaudio

book: setup # execute every chapter at profile quick, then compile them into _build/html
	$(PY) -m lt book --profile $(PROFILE)

run: setup # make run CH=03: execute one chapter; make run: all
	$(PY) -m lt run $(CH) --profile $(PROFILE)

site: setup # compile the published notebooks as they are
	$(PY) -m lt build

links: setup # ask every page elsewhere that the book links to
	$(PY) -c "from jupyter_book.cli.main import main; main()" build . --path-output . --all --builder linkcheck -q

lint: setup
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy
	$(PY) -m codespell_lib .
	$(PY) -c "from importlinter.cli import lint_imports_command as lint; lint()"
	if command -v npm > /dev/null; then $(MAKE) --no-print-directory node_modules/.installed && npm run --silent lint; fi

node_modules/.installed: package.json # optional: checks of JavaScript, and KaTeX, which draws equations while the book is built
	npm install --no-audit --no-fund --no-package-lock --ignore-scripts --silent
	touch $@

test: lint # what trains goes to LT_CACHE, and serves the book as well
	$(PY) -m pytest -q -n $(JOBS) --dist loadfile --ignore-glob 'tests/test_browser*'
	TQDM_DISABLE=1 $(PY) -m pytest -q -n $(JOBS) --dist loadfile --nbval --nbval-current-env book
	$(PY) -m lt build
	$(PY) -m pytest -q -n $(JOBS) tests/test_browser*.py

wheel: setup # dist/: what is published on a package index
	$(PY) -m build

clean:
	rm -rf _build build dist .pytest_cache .ruff_cache .hypothesis .mypy_cache
