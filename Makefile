# PY=python uses the environment that is active, .venv otherwise
PY = .venv/bin/python
PROFILE = quick
BUILD = from jupyter_book.cli.main import main; main()

.PHONY: setup cpu book run site links test lint bench wheel clean
setup: $(if $(filter .venv/%,$(PY)),.venv/.installed)

.venv/.installed: pyproject.toml constraints.txt
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
	$(PY) -c "$(BUILD)" build . --path-output . --all --builder linkcheck -q

lint: setup
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy
	$(PY) -m codespell_lib .
	$(PY) -c "from importlinter.cli import lint_imports_command as lint; lint()"
	if command -v npm > /dev/null; then $(MAKE) --no-print-directory node_modules/.installed && npm run --silent lint; fi

node_modules/.installed: package.json
	npm install --no-audit --no-fund --no-package-lock --ignore-scripts --silent
	touch $@

test: lint
	$(PY) -m pytest --ignore-glob 'tests/test_browser*' --ignore tests/test_pages.py
	LT_PROFILE=quick $(PY) -m pytest --nbval --nbval-current-env book
	$(PY) -m lt build
	$(PY) -m pytest tests/test_browser*.py tests/test_pages.py

bench: setup
	for file in benchmarks/*_step.py; do $(PY) $$file || exit 1; done

wheel: setup # dist/: what is published on a package index
	$(PY) -m build

clean:
	rm -rf _build build dist .pytest_cache .ruff_cache .hypothesis
