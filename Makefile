# Two commands do all the set-up: `make replay` and `make test`. Both work in a fresh clone with Rust and
# Python 3.11; everything they install stays in target/ and .tools/.
.DEFAULT_GOAL := help
.PHONY: help replay test build deploy tools format lint deny unit report emulator template package
# The processors to build for; the tests build for the machine that they run on.
ARCHITECTURE ?= arm64
# The section of samconfig.toml that `make deploy` uses.
CONFIG_ENV ?= default
export SAM_CLI_TELEMETRY = 0
in_deploy = PATH="$(CURDIR)/.tools/deploy/bin:$$PATH"
in_template = PYTHONDONTWRITEBYTECODE=1 .tools/template/bin/python

help: ## What there is
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' Makefile | expand -t 12

replay: ## See what Sealwatch would do with the sample events (no AWS account)
	cargo run --quiet --locked --package sealwatch -- replay events --state events/state.json

test: tools format lint deny template emulator unit report package ## Everything that CI checks; installs its tools into .tools/

build: ## Package the guards and the policy file for AWS (ARCHITECTURE=x86_64 for other processors)
	@tests/emulator/install.sh deploy
	cargo run --quiet --locked --package sealwatch -- check policy.toml
	cargo metadata --locked --quiet --format-version 1 >/dev/null # cargo-lambda itself would change a stale lock file
	$(in_deploy) sam build --parameter-overrides Architecture=$(ARCHITECTURE)

deploy: ## Deploy to the AWS account whose credentials are set; asks before it changes anything
	@tests/emulator/install.sh deploy
	@$(in_deploy) python deploy/deploy.py --config-env $(CONFIG_ENV) --account # before anything is built
	@$(MAKE) --no-print-directory build
	$(in_deploy) sam validate --lint --region us-east-1
	$(in_deploy) python deploy/deploy.py --config-env $(CONFIG_ENV)

tools: ## Install the pinned test tools into .tools/
	@tests/emulator/install.sh

format: ## The code is formatted
	cargo fmt --all --check

lint: tools ## The lints are quiet, of Rust and of Python
	.tools/lint/bin/ruff check --quiet
	cargo clippy --locked --workspace --all-targets --all-features -- --deny warnings

deny: tools ## Licences, sources and banned crates (offline; advisories are checked in CI)
	.tools/bin/cargo-deny --all-features check --hide-inclusion-graph bans licenses sources

template: tools ## The templates hold: permissions, event patterns, alarms, lints
	$(in_template) -m unittest discover --quiet --start-directory tests/template --top-level-directory tests/template

emulator: tools ## The AWS emulator keeps to AWS's documented behaviour
	cd tests/emulator && PYTHONDONTWRITEBYTECODE=1 ../../.tools/venv/bin/python -m unittest --quiet test_strict_moto

unit: tools ## All Rust tests, those with the emulators included
	cargo test --locked --workspace --all-features

report: tools ## The page of a replay in a browser: nothing in it runs or leaves, and it can be read, searched and printed
	TMPDIR="$(CURDIR)/.tools/report/tmp" .tools/node/bin/node --test --test-timeout=300000 --test-reporter=dot tests/report/check.mjs

package: tools ## The packages start under Lambda's runtime interface emulator, on Amazon Linux 2023's glibc, and are as small and quick as before
	$(in_template) -m unittest discover --quiet --start-directory tests/package
	.tools/template/bin/python tests/package/check.py
	.tools/template/bin/python tests/package/baseline.py
