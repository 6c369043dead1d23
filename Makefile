# `make` alone lists the targets. `make demo` shows the product, `make check` is what CI runs.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.PHONY: help demo dev test check lint doc audit bench sqlx events fmt clean install install-test

# Queries are checked against .sqlx, so that nothing here needs a database to build.
export SQLX_OFFLINE := true

help: ## This list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' Makefile

demo: install ## Start everything, play the scenario, print what happened, stop everything
	cargo build -p infragpt
	cargo run --quiet -p infragpt -- demo

dev: install ## Start everything and stay up until Ctrl-C; data is kept between runs
	cargo build -p infragpt
	cargo run --quiet -p infragpt -- dev

test: install-test ## All tests: real servers, no account, nothing prepared by hand
	cargo nextest run --workspace
	cargo test --quiet --workspace --doc

lint: ## Formatting, and Clippy with warnings denied
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --locked -- -D warnings

doc: ## The API documentation, with warnings denied
	RUSTDOCFLAGS='-D warnings' cargo doc --workspace --no-deps --locked

check: lint test doc ## What CI runs: lint, test, doc, and the audit where cargo-deny is installed
	@if command -v cargo-deny >/dev/null; then $(MAKE) --no-print-directory audit; \
	else echo 'not audited: cargo-deny is not installed (make audit installs it)'; fi

audit: ## Licences, sources and known vulnerabilities of all dependencies (installs cargo-deny; asks the advisory database)
	@scripts/install-servers.sh --audit
	cargo deny --all-features --locked check

bench: install ## Measure ingest and mention-to-answer against the bare NATS operations
	cargo build --release -p infragpt
	cargo run --release --quiet -p infragpt -- bench

sqlx: install ## Renew .sqlx after a query or a migration changed
	scripts/prepare-queries.sh

events: ## Renew docs/events after an event, a consumer or a permission changed
	UPDATE_EVENTS=1 cargo test --quiet -p infragpt-operations catalogue

fmt: ## Format all Rust
	cargo fmt --all

clean: ## Remove what was built; what `make dev` keeps stays
	cargo clean

install: ## nats-server, PostgreSQL and a C compiler, where missing
	@scripts/install-servers.sh

install-test:
	@scripts/install-servers.sh --test
