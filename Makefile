# Two commands matter: `make demo` and `make test`. Both set everything up from nothing.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
CARGO_PROFILE ?= fast
WHEEL_PROFILE ?= release
WHEEL_DIR ?= dist
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: demo test test-rust test-python test-slow lint fmt wheel bench chaos soak fuzz pictures docs build clean help

help:  ## what can be made
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

$(VENV)/.installed: pyproject.toml scripts/install
	PYTHON=$(PYTHON) VENV=$(VENV) scripts/install
	@touch $@

build: $(VENV)/.installed  ## build the extension into the virtual environment
	VENV=$(VENV) CARGO_PROFILE=$(CARGO_PROFILE) scripts/build

demo: build  ## a two-datacenter cluster on this machine runs a job and loses a worker
	@$(BIN)/shoal demo

test: build  ## every test, Rust and Python
	VENV=$(VENV) scripts/test

test-rust:  ## Rust tests only
	VENV=$(VENV) scripts/test rust

test-python: build  ## Python tests only
	VENV=$(VENV) scripts/test python

test-slow: build  ## ten thousand jobs that ended in every way leave nothing; minutes
	SHOAL_SLOW=1 $(BIN)/python -m pytest -q -s tests/sim/test_cleanup.py -m slow

lint: build  ## formatting, lints, types, layers
	VENV=$(VENV) scripts/lint

fmt: $(VENV)/.installed  ## format everything
	cargo fmt --all
	$(BIN)/ruff format python tests benches examples
	$(BIN)/ruff check --fix python tests benches examples

wheel: $(VENV)/.installed  ## one abi3 wheel in dist/
	$(BIN)/maturin build --profile $(WHEEL_PROFILE) --locked --out $(WHEEL_DIR)

bench: build  ## every comparison, printed with its ratios
	VENV=$(VENV) scripts/bench

chaos: build  ## many seeds of the simulated cluster, over both cores (MINUTES=10)
	$(BIN)/shoal simulate chaos --minutes $(or $(MINUTES),10)

soak: build  ## ten minutes of membership churn, half a minute of forged datagrams
	SHOAL_LEAK_SECONDS=600 SHOAL_FLOOD_SECONDS=30 $(BIN)/pytest tests/cluster/membership/test_churn.py \
		-k "long_churn or flood"

fuzz:  ## every decoder for a bounded time (SECONDS_EACH=30)
	fuzz/run.sh $(or $(SECONDS_EACH),30)

pictures: build  ## screenshots of a real run in docs/pictures, plots in docs/images
	$(BIN)/python -m tests.cluster.web.pictures docs/pictures
	$(BIN)/shoal simulate core coordinates --plot docs/images/coordinates.png
	for trace in diurnal failing; do $(BIN)/shoal route plot --trace $$trace --out target/plots; done
	cp target/plots/diurnal-scores.png target/plots/failing-policies.png docs/images

docs: build  ## the documentation site in site/
	VENV=$(VENV) scripts/docs

clean:  ## remove what was built
	rm -rf target $(VENV) dist site build
