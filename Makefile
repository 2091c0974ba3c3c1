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

.PHONY: all help root module $(floors) demo check check-all shell sparse style kernels \
	clean distclean compile_commands.json
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
	@exec sudo --preserve-env=CI,SEED,STEPS,RUNS,TEST,KERNEL,MIRROR,MIRROR_SECURITY \
		$(MAKE) $(MAKEOVERRIDES) $(MAKECMDGOALS)

else

#: build the module for KERNEL, the tools, the policies and the tests
all: module $(floors)

#: show this
help:
	@echo 'make [VERB] [KERNEL=stock|backports|debug|peer|DIRECTORY]'
	@echo
	@awk '/^#: /{ text = substr($$0, 4) } \
		/^[a-z_.-]+:/ && text { sub(/:.*/, ""); printf "  %-24s %s\n", $$0, text; text = "" }' \
		Makefile
	@echo
	@echo 'check and check-all also take TEST=group,group SEED= STEPS= RUNS=; groups: tests/groups'

#: make the Debian 13 root in build/root, or add to it what scripts/packages gained
root:
	@scripts/root

#: build the module for KERNEL
module: root
	@if [ -f kernel/Kbuild ]; then scripts/module $(KERNEL); fi

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

#: remove what was built; keep the root and the kernels
clean:
	rm -rf build/mod build/sparse build/bpf build/tools build/tests build/examples build/check \
		build/vm compile_commands.json

#: remove everything that was made or downloaded
distclean: clean
	rm -rf --one-file-system build

endif
