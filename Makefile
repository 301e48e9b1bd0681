# The commands of this project. `make` lists them; each sets up what it needs by itself.

SHELL := /usr/bin/env bash
.DEFAULT_GOAL := help
.NOTPARALLEL:
# rustup's cargo is found right after scripts/setup.sh has brought it, without a new shell.
export PATH := $(PATH):$(or $(CARGO_HOME),$(HOME)/.cargo)/bin
# Arguments for `make demo`, for example ARGS="--for 30s", and for `docker build` in `make image`.
ARGS ?=

.PHONY: help
help: ## List the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: demo
demo: ## Watch raw articles become records: embedded mock broker, live page (ARGS="--for 30s")
	@DATELINE_NO_TLS=1 scripts/setup.sh build
	cargo run --release --no-default-features --bin dateline -- demo $(ARGS)

.PHONY: demo-kafka
demo-kafka: ## The same on a real Apache Kafka, exactly once (KAFKA_BOOTSTRAP uses a cluster of yours)
	@scripts/setup.sh $(if $(KAFKA_BOOTSTRAP),build,test)
	cargo build --release --bin dateline
	scripts/kafka.sh with bash -c 'exec "$${CARGO_TARGET_DIR:-target}"/release/dateline demo --kafka "$$KAFKA_BOOTSTRAP" $(ARGS)'

.PHONY: build
build: ## Build the release binary, with TLS, SASL and every codec
	@scripts/setup.sh build
	cargo build --release --bin dateline

.PHONY: image
image: ## Build the container image dateline:VERSION (needs Docker; ARGS="--build-arg RUNTIME_IMAGE=...")
	version=$$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -n 1) \
	    && docker build -f deploy/Dockerfile -t "dateline:$$version" --build-arg VERSION="$$version" \
	    --build-arg REVISION="$$(git describe --always --dirty --abbrev=40 2>/dev/null || echo unknown)" $(ARGS) .

.PHONY: image-test
image-test: ## Run the image on a real Kafka: read-only, not root, without capabilities; prints its size (needs Docker)
	@scripts/setup.sh test
	scripts/image-test.sh

.PHONY: test
test: lint doc unit page kafka ## Check everything: fmt, clippy, docs, unit, suite, tidy, the page, real Kafka

.PHONY: lint
lint: ## Check formatting and lints
	@scripts/setup.sh build
	cargo fmt --check
	cargo clippy --all-targets -- -D warnings

.PHONY: doc
doc: ## Build the API documentation; warnings are errors
	@scripts/setup.sh build
	RUSTDOCFLAGS="-D warnings" cargo doc --no-deps

.PHONY: unit
unit: ## Run every test that needs no broker
	@scripts/setup.sh build
	cargo test --lib --bins --test suite --test tidy

.PHONY: page
page: ## Test the live page in headless Chromium; leaves pictures in target/page (CHROMIUM names another program)
	@scripts/setup.sh build
	scripts/page-test.sh

.PHONY: kafka
kafka: ## Run the tests on real Apache Kafka (KAFKA_BOOTSTRAP uses a broker of yours)
	@scripts/setup.sh build
	scripts/kafka-suite.sh --skip long_ --skip proofs::cluster --skip proofs::upgrade

.PHONY: prove
prove: ## Run the long proofs of delivery (docs/delivery.md), some three hours; DATELINE_SEED=N repeats, ARGS=kills picks
	@scripts/setup.sh build
	scripts/prove.sh $(ARGS)

.PHONY: chart
chart: ## Check Helm chart and Dockerfile (needs Go, which builds helm and the checkers once)
	@scripts/setup.sh build
	scripts/chart-test.sh

.PHONY: observe
observe: ## Try dashboard and alerts on a real Kafka and Prometheus: no query empty, each alert fires (ten minutes)
	@scripts/setup.sh build
	scripts/observe-test.sh

.PHONY: fuzz
fuzz: ## Fuzz every decoder and the whole way of a record from the examples, SECONDS_EACH=60 (TARGETS="xml mail" picks)
	@scripts/setup.sh build
	command -v cargo-fuzz >/dev/null || cargo install cargo-fuzz --version 0.13.2
	fuzz/run.sh $(or $(SECONDS_EACH),60) $(TARGETS)

.PHONY: supply
supply: ## Check licences, origins and weaknesses of the dependencies; write a bill of materials to target/sbom
	@scripts/setup.sh build
	scripts/supply.sh

.PHONY: readers
readers: ## Try every reader of examples/readers on real Kafka and a schema registry (PARTS="json clickhouse")
	@scripts/setup.sh test
	scripts/readers-test.sh $(PARTS)

.PHONY: models
models: ## Rebuild every model and gazetteer from open data; an hour with a GPU (DATA=../shared/data)
	DATA=$(or $(DATA),../shared/data) scripts/models.sh

.PHONY: eval
eval: ## Measure names and topics on labelled news, beside spaCy (DATA=../shared/data)
	@scripts/setup.sh build
	cargo build --release --example eval
	for part in names errors reliability curve chains topics; do \
	    echo "# $$part" && DATA=$(or $(DATA),../shared/data) target/release/examples/eval $$part || exit 1; \
	done
	DATA=$(or $(DATA),../shared/data) benches/peers/run.sh

.PHONY: bench
bench: ## Speed: the pipe on a real Kafka beside its peers (docs/benchmarks.md), then the encoder; half an hour
	@scripts/setup.sh test
	benches/pipe/run.sh $(ARGS)
	cargo bench --bench encoder

.PHONY: fmt
fmt: ## Format the sources
	cargo fmt

.PHONY: golden
golden: ## Accept the golden files as the code writes them now; read the diff before you commit it
	INSTA_UPDATE=always cargo test --lib --test suite

.PHONY: clean-kafka
clean-kafka: ## Stop the test broker and delete its data and jars
	scripts/kafka.sh stop
	rm -rf target/kafka
