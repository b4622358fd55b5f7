# make help lists the targets. Each makes .venv when it is missing or out of date.
PYTHON ?= python3
Q ?= Who did Blinken meet?
ARTICLES ?= evals/datasets/newsroom/articles
# Each set of articles has an index of its own, so that answers never mix them.
INDEX ?= .index/$(shell printf '%s' '$(ARTICLES)' | cksum | cut -d' ' -f1)
BIN := .venv/bin
# One for each version of Python, so that make PYTHON=python3.13 sets up anew.
READY := .venv/.ready-$(shell $(PYTHON) -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null)
SUITE ?= smoke
export Q ARTICLES INDEX SUITE

.DEFAULT_GOAL := help
.PHONY: help ask chat test eval bench fast check format clean

help:  ## list the targets
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):[^#]*## /\1\t/' | expand -t 10
	@echo
	@echo 'Examples:'
	@echo '  make ask Q="Who did Blinken meet?"'
	@echo '  make ask Q="What happened to the ferry?" ARTICLES=path/to/articles'

$(READY): requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo 'Python 3.11 or newer is needed; name one: make PYTHON=python3.12 …' >&2; exit 1; }
	@echo 'Setting up .venv (once, about a minute) …' >&2
	@rm -f .venv/.ready-*
	@test "$$($(BIN)/python -c 'import sys; print(sys.version_info[:2])' 2>/dev/null)" = \
		"$$($(PYTHON) -c 'import sys; print(sys.version_info[:2])')" || $(PYTHON) -m venv --clear .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

ask: $(READY)  ## answer Q="…" from the sample newsroom, or from ARTICLES=PATH
	@$(BIN)/assistant ask "$$Q" --index "$$INDEX" --add "$$ARTICLES" || test $$? -eq 3

chat: $(READY)  ## ask one question after another
	@$(BIN)/assistant index add "$$ARTICLES" --index "$$INDEX"
	@$(BIN)/assistant chat --index "$$INDEX"

# Ray, for the tests of clusters alone: 75 MB that answers on one machine do not need.
CLUSTER := $(READY)-cluster
$(CLUSTER): $(READY) requirements-cluster.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes \
		-r requirements-cluster.txt && touch $@ || \
		echo 'Ray cannot be installed now: the tests of clusters are skipped.' >&2

test: $(CLUSTER)  ## run all tests; fetches the embedded models first
	@$(BIN)/assistant models pull
	@$(BIN)/python -m pytest --numprocesses auto --maxprocesses 4 --dist loadfile

eval: $(READY)  ## ask a small question set and score the answers (SUITE=newsroom: the whole newsroom)
	@$(BIN)/python -m evals run "$$SUITE"
	@$(BIN)/python -m evals report "$$SUITE"
	@$(BIN)/python -m evals score "$$SUITE"

bench: $(READY)  ## measure how long answers take, beside what the models alone need
	@$(BIN)/python -m evals bench --output bench.json

# Without what would be fetched from elsewhere than the package registry, and what answers do not need: the second engine
# for schemas, and TLS. The package's own build links with these libraries all the same, so that empty ones stand in.
NATIVE := -DGGML_NATIVE=ON -DLLAMA_LLGUIDANCE=OFF -DLLAMA_BUILD_BORINGSSL=OFF -DLLAMA_BUILD_TESTS=OFF
# Tiles of AMX stop llama.cpp with an illegal instruction where they are compiled in (its pull request 26954, open).
NO_AMX := -mno-amx-tile -mno-amx-int8 -mno-amx-bf16
fast: $(READY)  ## build llama.cpp for this very processor, so that it reads faster
	@for tool in cmake c++; do command -v $$tool >/dev/null || \
		{ echo "make fast needs a C++ compiler and CMake; $$tool is missing" >&2; exit 1; }; done
	@echo 'Building llama.cpp for this processor (some ten minutes on two cores) …' >&2
	@set -e; work=$$(mktemp -d); trap 'rm -rf "$$work"' EXIT; pip="$(CURDIR)/$(BIN)/python -m pip"; \
		awk '/^xllamacpp==/ {found = 1} found {print; if (!/\\$$/) exit}' requirements.txt >"$$work/pin.txt"; \
		$$pip --quiet --disable-pip-version-check download --require-hashes --no-deps --no-binary xllamacpp \
			--requirement "$$work/pin.txt" --dest "$$work"; \
		tar -xzf "$$work"/xllamacpp-*.tar.gz -C "$$work"; rm "$$work"/*.tar.gz; cd "$$work"/xllamacpp-*; \
		mkdir -p thirdparty/llama.cpp/build/empty; \
		for library in llguidance ssl crypto; do \
			printf '!<arch>\n' >"thirdparty/llama.cpp/build/empty/lib$$library.a"; done; \
		without=$$(c++ $(NO_AMX) -x c++ -E /dev/null >/dev/null 2>&1 && echo '$(NO_AMX)' || true); \
		CFLAGS="$$without" CXXFLAGS="$$without" CMAKE_ARGS='$(NATIVE)' $$pip --quiet --disable-pip-version-check \
			wheel --no-deps --wheel-dir "$$work" .; cd "$(CURDIR)"; \
		$$pip --quiet --disable-pip-version-check install --force-reinstall --no-deps "$$work"/xllamacpp-*.whl; \
		$(BIN)/assistant models stop; \
		ASSISTANT_KEEP_WARM_SECONDS=0 $(BIN)/assistant ask "$$Q" --index "$$work/index" --add "$$ARTICLES" >/dev/null || \
			test $$? -eq 3 || { $$pip --quiet --disable-pip-version-check install --force-reinstall --no-deps --require-hashes \
			-r "$$work/pin.txt"; echo 'What was built does not run here; the package as it was is back.' >&2; exit 1; }
	@echo 'Answers now use it; make clean takes it away again, and make eval asks whether they are the same.' >&2

check: $(READY)  ## lint, format, types and layout rules
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/python -m pytest tests/project/test_layout.py

format: $(READY)  ## format the code
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

clean:  ## remove .venv, the sample indexes and caches; models and eval runs stay
	rm -rf .venv .index .hypothesis .mypy_cache .pytest_cache .ruff_cache dist
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
