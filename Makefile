# SPDX-License-Identifier: GPL-2.0-only
# ioasid - all verbs of the project; `make help` tells them. What is made goes in build/.
#
# Everything runs in the Debian 13 root that scripts/root makes (or on this machine, when it is a
# Debian 13 with the packages of scripts/packages). A floor of the house that has a Makefile of its
# own is built by it: make -C FLOOR O=/absolute/path/to/build/FLOOR

KERNEL ?= stock
MAKEFLAGS += --no-print-directory

top := $(CURDIR)
floors := $(patsubst %/Makefile,%,$(wildcard bpf/Makefile tools/Makefile examples/Makefile \
	tests/*/Makefile))
jobs := $(shell nproc)

.PHONY: all help root module $(floors) demo check check-all bench-memory bench-scale bench-policy \
	bench-table bench-table-native bench-tools bench-vfio screenshots fuzz shell sparse style \
	kernels install uninstall clean distclean compile_commands.json
.DEFAULT_GOAL := all

# Mounting takes root: without it, the whole call is made again, once, under sudo.
ifneq ($(shell id -u),0)
ifneq ($(shell scripts/native && echo native),native)
ifneq ($(MAKECMDGOALS),help)
again := y
endif
endif
endif

ifdef again

all $(MAKECMDGOALS): again ;
.PHONY: again
again:
	@command -v sudo >/dev/null || { echo "make: must be root, and there is no sudo" >&2; false; }
	@exec sudo --preserve-env=CI,SEED,STEPS,RUNS,JOBS,TEST,KERNEL,MIRROR,MIRROR_SECURITY \
		$(MAKE) $(MAKEOVERRIDES) $(MAKECMDGOALS)

else

#: build the module for KERNEL, the tools, the policies and the tests
all: module $(floors)

#: show this
help:
	@echo 'make [VERB] [KERNEL=stock|backports|debug|peer|arm64|riscv64|DIRECTORY]'
	@echo
	@awk '/^#: /{ text = substr($$0, 4) } \
		/^[a-z_.-]+:/ && text { sub(/:.*/, ""); printf "  %-24s %s\n", $$0, text; text = "" }' \
		Makefile
	@echo
	@echo 'check and check-all also take TEST=group,group SEED= STEPS= RUNS= JOBS=; groups: tests/groups'

#: make the Debian 13 root in build/root, or add to it what scripts/packages gained
root:
	@scripts/root

#: build the module for KERNEL, and the tests when it is another processor's
module: root
	@if [ -f kernel/Kbuild ]; then scripts/module $(KERNEL); fi
	@scripts/programs $(KERNEL)

$(floors): root
	@scripts/in-root make -C $@ O=$(top)/build/$@ -j$(jobs) -s

tools: $(filter bpf,$(floors))
$(filter tests/%,$(floors)): $(filter bpf tools,$(floors))

#: boot a VM and show what the module does
demo: all
	@scripts/demo

#: run the tests: on this machine, on the stock kernel, and on the debug kernel if there is one
check: all
	@KERNEL=$(if $(filter command environment,$(word 1,$(origin KERNEL))),$(KERNEL)) scripts/check

#: run every test at full size on every kernel
check-all: all
	@KERNEL=$(if $(filter command environment,$(word 1,$(origin KERNEL))),$(KERNEL)) \
		scripts/check --all

#: a shell in a VM with KERNEL and the module
shell: all
	@tests/vm/run --kernel $(KERNEL) $(if $(wildcard kernel/Kbuild),--insmod) --shell

#: print how much memory the module takes for itself, per GiB that is pinned
bench-memory: all
	@tests/vm/run --kernel $(KERNEL) --insmod --mem 5G --append hugepagesz=1G \
		--append hugepages=1 -- build/tests/bench/memory

#: print the cost of a call in instructions, by how many mappings and pins there are
bench-scale: all
	@tests/vm/run --kernel $(KERNEL) --insmod --mem 4G --smp 1 --icount --timeout 3000 -- \
		build/tests/bench/scale

#: print what asking each BPF policy costs beside the built-in one, in instructions
bench-policy: all
	@tests/vm/run --kernel $(KERNEL) --insmod --smp 1 --icount --timeout 1200 -- \
		tests/bench/policy.sh

#: print what the tools cost those they look at, in instructions; fails when it is over the limits
bench-tools: all
	@tests/vm/run --kernel $(KERNEL) --insmod --smp 1 --icount --timeout 3000 -- \
		tests/bench/tools.sh

#: print what our page tables cost beside generic_pt's, in instructions, and what they cost natively
bench-table: tests/bench
	@scripts/module peer
	@tests/vm/run --kernel peer --insmod build/mod/peer/tests/module/ioasid-pt.ko --smp 1 \
		--icount -- build/tests/bench/peer
	@scripts/in-root tests/bench/table.sh

#: print what ioasid-vfio costs beside VFIO type1 and iommufd, in instructions
bench-vfio: tests/bench
	@scripts/module peer
	@tests/vm/run --kernel peer --mem 5G --smp 1 --icount --timeout 1800 --vfio intel-iommu \
		--append 'hugepagesz=1G hugepages=1' -- tests/bench/vfio.sh

#: boot a VM, and make the pictures of ioasid-top in docs/pictures
screenshots: all
	@scripts/screenshots

#: only the second part of bench-table: per entry, on this machine, without a kernel
bench-table-native: tests/bench
	@scripts/in-root tests/bench/table.sh

#: fuzz TARGET (all if not given): RUNS (50000) inputs for each of its programs, made from SEED
fuzz: tests/fuzz
	@RUNS=$(or $(RUNS),50000) scripts/in-root tests/fuzz/run $(TARGET)

#: check the kernel sources with sparse
sparse: root
	@scripts/module --sparse $(KERNEL)

#: check format, licences and the project's other rules of style
style: root
	@scripts/style

#: build the debug and the peer kernel where they are missing (10 minutes each)
kernels: root
	@scripts/kernels

#: write compile_commands.json for editors and clangd
compile_commands.json: all
	@scripts/compile-commands $(KERNEL) >$@.tmp && mv $@.tmp $@

#: put tools, man pages, policies, headers under DESTDIR and PREFIX (/usr/local)
install: bpf tools
	@DESTDIR='$(DESTDIR)' PREFIX='$(PREFIX)' scripts/install

#: take away what install has put there
uninstall:
	@DESTDIR='$(DESTDIR)' PREFIX='$(PREFIX)' scripts/install --uninstall

#: remove what was built; keep the root and the kernels
clean:
	rm -rf build/mod build/sparse build/bpf build/tools build/tests build/examples build/check \
		build/vm compile_commands.json

#: remove everything that was made or downloaded
distclean: clean
	rm -rf --one-file-system build

endif
