#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Policies are loaded, outlive their loader, stand in each other's way, and go.
# shellcheck disable=SC1091,SC2154 # tap has it
. "$(dirname "$0")/../tools/tap"

works "a policy is loaded" ioasidctl policy load "$bpf/uid_quota.bpf.o" --set quota_pages=23
is "it is active when its loader has ended" "$(policy account name)" uid_quota
is "it is kept in bpffs" "$(policy account link)" /sys/fs/bpf/ioasid/account
is "the list has one line more than kinds" "$(ioasidctl policy list | wc -l)" 3
has "ioasid-top names it" "$(ioasid-top --once)" 'account: uid_quota +place: builtin'
refuses "a second of its kind" "another account policy, 'uid_quota', is loaded; .*unload account" \
	ioasidctl policy load "$bpf/uid_quota.bpf.o"
works "one of another kind" ioasidctl policy load "$bpf/top_down.bpf.o"
is "both are active" "$(policy account name) $(policy place name)" "uid_quota top_down"
is "the module cannot be taken out under them" "$(($(cat /sys/module/ioasid/refcnt) > 0))" 1

works "unloading by kind" ioasidctl policy unload account
is "the other is still there" "$(policy account name) $(policy place name)" "builtin top_down"
is "nothing is kept of it" "$(policy account link)" null
works "unloading by name" ioasidctl policy unload top_down
is "the built-in policies are active" "$(policy account name) $(policy place name)" \
	"builtin builtin"
works "it can be loaded again" ioasidctl policy load "$bpf/uid_quota.bpf.o"
works "and be unloaded again" ioasidctl policy unload uid_quota

before=$(policy account asked)
workload memory 23 map 23 >/dev/null
is "no policy, nobody is asked" "$(policy account asked)" "$before"

umount /sys/fs/bpf
ioasidctl policy load "$bpf/uid_quota.bpf.o" 2>"$scratch/said"
is "without bpffs it is loaded" "$(policy account name)" uid_quota
has "bpffs was mounted, and it says so" "$(cat "$scratch/said")" 'mounted bpffs on /sys/fs/bpf'
works "and it can be unloaded" ioasidctl policy unload account
works "the audit is clean" ioasidctl audit
finish
