#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# What the tools say when something is missing: what it is, and what to do.
# shellcheck disable=SC1091,SC2154 # tap has it
. "$(dirname "$0")/tap"

# as_nobody COMMAND... - without any right.
as_nobody() {
	setpriv --reuid=65534 --regid=65534 --clear-groups --inh-caps=-all --bounding-set=-all "$@"
}

for tool in ioasid-top ioasid-trace; do
	refuses "$tool without root" "$tool: must be root .*sudo $tool" \
		as_nobody "$build/tools/$tool" -d 1
done
refuses "loading a policy without root" 'must be root' \
	as_nobody "$build/tools/ioasidctl" policy load "$bpf/uid_quota.bpf.o"

for tool in ioasid-top ioasid-trace ioasidctl; do
	works "$tool --help" "$tool" --help
	works "$tool -h" "$tool" -h
	has "$tool --version" "$($tool --version)" "^$tool [0-9]"
	is "$tool --help fits 80 columns" "$($tool --help | awk 'length > 80')" ""
	status=0
	$tool --nonsense >/dev/null 2>&1 || status=$?
	is "$tool with an unknown option is a usage error" "$status" 2
done

# What the kernel tests may have loaded on top of it goes first.
[ ! -d /sys/module/ioasid_emu ] || rmmod ioasid_emu
if ! rmmod ioasid; then
	fail "the module can be taken out"
	finish
fi
missing='the ioasid module is not loaded; load it with: modprobe ioasid'
refuses "ioasid-top without the module" "^ioasid-top: $missing" ioasid-top --once
refuses "ioasid-trace without the module" "^ioasid-trace: $missing" ioasid-trace -d 1
refuses "ioasidctl audit without the module" "^ioasidctl: $missing" ioasidctl audit
refuses "ioasidctl policy list without the module" "^ioasidctl: $missing" ioasidctl policy list
refuses "ioasidctl policy load without the module" "^ioasidctl: $missing" \
	ioasidctl policy load "$bpf/uid_quota.bpf.o"

objcopy --remove-section=.BTF --remove-section=.BTF.base "$module" "$scratch/ioasid.ko"
if insmod "$scratch/ioasid.ko"; then
	refuses "ioasid-top with a module without BTF" 'module has no BTF; build it' \
		ioasid-top --once
	refuses "loading a policy into a module without BTF" 'module has no BTF; build it' \
		ioasidctl policy load "$bpf/uid_quota.bpf.o"
	works "the audit works all the same" ioasidctl audit
	rmmod ioasid
else
	skip "a module without BTF" "it does not load"
fi
works "the module can be loaded again" insmod "$module"
works "the tools work again" ioasid-top --once
finish
