# Every target is a script of its own in scripts/; this says in which order.

PREFIX ?= /usr/local
DESTDIR ?=
UNITS ?= $(PREFIX)/lib/systemd/system
share = $(DESTDIR)$(PREFIX)/share/scan-executor

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help run test bench check format install clean

help: ## Say what there is
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' Makefile | expand --tabs=12

run: ## Scan real source trees, each in a sandbox of its own (needs root)
	@scripts/install-packages build scanners
	@scripts/require-swift
	@scripts/install-scanners
	@scripts/run

# The same variable as in check, so that one build serves both.
test: export SCAN_EXECUTOR_WARNINGS = error
test: ## Prove every limit against a real kernel, in User-mode Linux where this one cannot (needs root)
	@scripts/install-packages build scanners test browser
	@scripts/require-swift
	@scripts/install-scanners
	@scripts/test

bench: ## Measure launches beside a C floor and other sandboxes; writes bench-results.json (needs root)
	@scripts/install-packages build bench
	@scripts/require-swift
	@scripts/bench

check: ## Check format and lint; warnings are errors
	@scripts/install-packages build check
	@scripts/require-swift
	@scripts/check

format: ## Format the Swift and C sources in place
	@scripts/install-packages check
	@scripts/require-swift
	@scripts/format

install: ## Install below PREFIX (/usr/local), DESTDIR in front; the binary needs no Swift on the host
	@scripts/install-packages build
	@scripts/require-swift
	swift build --configuration release -Xswiftc -static-executable --product scan-executor
	swift build --configuration release -Xswiftc -static-executable --product scan-probe
	install -D -m 755 --strip .build/release/scan-executor "$(DESTDIR)$(PREFIX)/bin/scan-executor"
	install -D -m 755 --strip .build/release/scan-probe "$(DESTDIR)$(PREFIX)/libexec/scan-executor/scan-probe"
	@# Modes are set, not inherited: sandboxes read semgrep's rules under a uid of their own, whatever the umask here.
	for file in $$(cd deploy && find scanners seccomp -type f); do \
		install -D -m 644 "deploy/$$file" "$(share)/$$file" || exit 1; \
	done
	install -D -m 644 deploy/config.yaml "$(share)/config.yaml"
	install -D -m 644 deploy/scan.slice "$(DESTDIR)$(UNITS)/scan.slice"

clean: ## Remove what was built, installed here and measured
	rm -rf .build .venv results bench-results.json
