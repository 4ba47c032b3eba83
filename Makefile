# Two commands do all the set-up: `make replay` and `make test`. Both work in a fresh clone with Rust and
# Python 3.11; everything they install stays in target/ and .tools/.
.DEFAULT_GOAL := help
.PHONY: help replay test tools format lint deny unit emulator

help: ## What there is
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' Makefile | expand -t 12

replay: ## See what Sealwatch would do with the sample events (no AWS account)
	cargo run --quiet --locked --package sealwatch -- replay events --state events/state.json

test: tools format lint deny emulator unit ## Everything that CI checks; installs its tools into .tools/

tools: ## Install the pinned test tools into .tools/
	@tests/emulator/install.sh

format: ## The code is formatted
	cargo fmt --all --check

lint: ## The lints are quiet
	cargo clippy --locked --workspace --all-targets --all-features -- --deny warnings

deny: tools ## Licences, sources and banned crates (offline; advisories are checked in CI)
	.tools/bin/cargo-deny --all-features check --hide-inclusion-graph bans licenses sources

emulator: tools ## The AWS emulator keeps to AWS's documented behaviour
	cd tests/emulator && PYTHONDONTWRITEBYTECODE=1 ../../.tools/venv/bin/python -m unittest --quiet test_strict_moto

unit: tools ## All Rust tests, those with the emulators included
	cargo test --locked --workspace --all-features
