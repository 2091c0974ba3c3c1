#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# An ioasid.ko without BTF says so when it is loaded and in sysfs, refuses policies with the reason,
# and does everything else.
# shellcheck disable=SC1091,SC2154 # tap has it
. "$(dirname "$0")/../tools/tap"

page=$(getconf PAGESIZE)
btf=/sys/class/misc/ioasid/policy/btf

# unload - the kernel may hold on to the module for a moment after a policy has left.
unload() {
	tries=0
	until rmmod ioasid 2>"$scratch/rmmod"; do
		tries=$((tries + 1))
		[ "$tries" -le 100 ] || return 1
		sleep 0.1
	done
}

is "the module as it is built has BTF" "$(cat "$btf")" 1
objcopy --remove-section .BTF --remove-section .BTF.base "$module" "$scratch/ioasid.ko"
is "a copy of it has none" "$(readelf -S --wide "$scratch/ioasid.ko" | grep -cE ' \.BTF(\.base)? ')" 0
works "the module goes" unload
dmesg --clear
works "the one without comes" insmod "$scratch/ioasid.ko"
has "it says so, and what to do" "$(dmesg)" \
	'ioasid: this ioasid.ko has no BTF, so BPF policies and tools .*build it with pahole'
is "and in sysfs" "$(cat "$btf")" 0
is "the built-in policies decide" "$(policy account name) $(policy place name)" "builtin builtin"
refuses "a policy is refused, and the reason told" 'ioasid module has no BTF' \
	ioasidctl policy load "$bpf/uid_quota.bpf.o"
is "nothing is attached" "$(grep -c '^policy ' /sys/class/misc/ioasid/policy/account)" 0
said=$(workload table memory 23 map 23 whole 1 pin query unmap)
has "pages are mapped" "$said" '^map 23 ok, 0 failed'
has "and pinned, and charged once" "$said" \
	"^query pinned=$((23 * page)) charged=$((23 * page)) .* mapped=$((46 * page)) "
has "and unmapped" "$said" '^unmap 24 ok'
works "the audit is clean" ioasidctl audit
works "it goes" unload
works "the one with BTF comes back" insmod "$module"
is "and has it" "$(cat "$btf")" 1
works "a policy is loaded" ioasidctl policy load "$bpf/uid_quota.bpf.o"
is "and decides" "$(policy account name)" uid_quota
works "it is unloaded" ioasidctl policy unload account
finish
