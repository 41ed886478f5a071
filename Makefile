# SPDX-License-Identifier: GPL-2.0-or-later
# A thin front of Meson: `make help` lists what there is.

BUILD  ?= build
prefix ?= /usr/local
PREFIX ?= $(prefix)
# With each change of the prefix, which else moves them.
DIRS    = --sysconfdir=/etc --localstatedir=/var
# The distribution's own Python: the one that its pytest and scapy packages belong to.
PYTHON ?= /usr/bin/python3
SUITE  ?=
SEEDS  ?= 10000
SECONDS ?= 60

export HOLDFAST = $(abspath $(BUILD))/holdfast

all: deps $(BUILD)/build.ninja
	@ninja -C $(BUILD)
	@ln -sfn holdfast $(BUILD)/keepalived
	@ln -sfn holdfast $(BUILD)/genhash

$(BUILD)/build.ninja:
	meson setup $(BUILD) --prefix=$(PREFIX) $(DIRS)

deps:
	@packaging/install-deps.sh packaging/build-deps.txt

test-deps:
	@packaging/install-deps.sh packaging/build-deps.txt packaging/test-deps.txt

demo: need-root all
	@$(PYTHON) demo/demo.py

check: need-root test-deps all
	@$(PYTHON) tests/run.py --build $(BUILD) $(SUITE)

bench: need-root test-deps all
	@$(PYTHON) bench/run.py
	@$(PYTHON) bench/run.py --guest --repeat 1 checks-tcp checks-http death checks-libraries

sim: all
	$(BUILD)/src/sim/sim --seeds $(SEEDS)
	$(BUILD)/src/sim/sim-lvs --seeds $(SEEDS)

fuzz: test-deps
	@$(PYTHON) tests/run.py --build $(BUILD) --fuzz-seconds $(SECONDS) fuzz

# As root, DESTDIR= and prefix= as usual. The names keepalived and genhash are left to
# `make install-links`: the distribution's own package may be there.
install: all
	meson configure $(BUILD) --prefix=$(PREFIX) $(DIRS)
	DESTDIR=$(DESTDIR) meson install -C $(BUILD)

install-links:
	mkdir -p $(DESTDIR)$(PREFIX)/sbin $(DESTDIR)$(PREFIX)/bin
	ln -sfn holdfast $(DESTDIR)$(PREFIX)/sbin/keepalived
	ln -sfn ../sbin/holdfast $(DESTDIR)$(PREFIX)/bin/genhash

# The list of keywords in docs/configuration.md.
docs: all
	@$(PYTHON) docs/generate.py

clean:
	rm -rf $(BUILD) $(BUILD)-asan $(BUILD)-fuzz

need-root:
	@[ "$$(id -u)" -eq 0 ] || { echo "This needs root for network namespaces: sudo make $(MAKECMDGOALS)" >&2; exit 1; }

help:
	@echo 'make                    build $(BUILD)/holdfast, and its names keepalived and genhash'
	@echo 'sudo make demo          two directors in namespaces: crash, takeover, return, planned stop'
	@echo 'sudo make check         every test; SUITE="unit style" runs only these'
	@echo 'sudo make bench         measurements against the distribution'"'"'s keepalived'
	@echo 'make sim SEEDS=N        N seeds of the simulator'
	@echo 'make fuzz SECONDS=N     every fuzz target for N seconds'
	@echo 'sudo make install       prefix=$(PREFIX) DESTDIR=; make install-links adds keepalived and genhash'
	@echo 'make clean              remove what was built'

.NOTPARALLEL:
.PHONY: all deps test-deps demo check bench sim fuzz docs install install-links clean need-root help
