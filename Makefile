# PY=python uses the environment that is active, .venv otherwise
PY = .venv/bin/python

.PHONY: setup book site test lint bench clean
setup: $(if $(filter .venv/%,$(PY)),.venv/.installed)

.venv/.installed: pyproject.toml constraints.txt
	test -x .venv/bin/python || python3 -m venv .venv
	.venv/bin/python -m pip install -q -c constraints.txt -e '.[book,dev]' wordllama rapidocr onnxruntime
	.venv/bin/python -m pip install -q -c constraints.txt --no-deps gan-face-generate # of [foreign], without what only its training needs
	touch $@

book: setup # execute every chapter at profile quick, then compile them into _build/html
	$(PY) -m lt book --profile quick

site: setup # compile the published notebooks as they are
	$(PY) -m lt build

lint: setup
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy
	$(PY) -c "from importlinter.cli import lint_imports_command as lint; lint()"
	if command -v npm > /dev/null; then $(MAKE) --no-print-directory node_modules/.installed && npm run --silent lint; fi

node_modules/.installed: package.json
	npm install --no-audit --no-fund --no-package-lock --ignore-scripts --silent
	touch $@

test: lint
	$(PY) -m pytest --ignore tests/test_browser.py --ignore tests/test_pages.py
	LT_PROFILE=quick $(PY) -m pytest --nbval --nbval-current-env book
	$(PY) -m lt build
	$(PY) -m pytest tests/test_browser.py tests/test_pages.py

bench: setup
	for file in benchmarks/*_step.py; do $(PY) $$file || exit 1; done

clean:
	rm -rf _build .pytest_cache .ruff_cache .hypothesis
