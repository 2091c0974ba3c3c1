#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# What ioasidctl says when a policy can't be loaded: what it is, why, and what to do.
# shellcheck disable=SC1091,SC2154 # tap has it
. "$(dirname "$0")/../tools/tap"

bad=$bpf/bad
only=/sys/class/misc/ioasid/policy/builtin_only

# The verifier.
refuses "a program that the verifier refuses is named" \
	"^ioasidctl: the verifier refuses the program 'ctl_write_charge' of .*ctl_write.bpf.o:" \
	ioasidctl policy load "$bad/ctl_write.bpf.o"
said=$(sed 's/ of .*:$//; s/; all that the verifier/\n&/' "$scratch/said")
is "with the line and the reason, and what to do" "$said" \
	"ioasidctl: the verifier refuses the program 'ctl_write_charge'
  ctl_write.bpf.c:14: request->pages = 0;
  a policy's arguments are for reading; it answers by what it returns, and by ioasid's kfuncs
ioasidctl: answer by what the callback returns, and by ioasid's kfuncs
; all that the verifier says: -v"
refuses "-v shows all" '^processed [0-9]+ insns' ioasidctl policy load -v "$bad/ctl_write.bpf.o"
refuses "a kfunc that is not there" \
	'load a newer ioasid, or ask for it in the policy with ioasid_has_kfunc' \
	ioasidctl policy load "$bad/ctl_missing.bpf.o"
works "a policy that asks first is loaded" \
	ioasidctl policy load "$bad/ctl_missing.bpf.o" --set ask=true
has "and works" "$(workload table memory 1 whole 1)" '^map ok'
is "its own way" "$(policy place name)" ctl_missing
ioasidctl policy unload place

# The file.
refuses "two defaults in a file" "two account policies, 'one' and 'other'; one can be active" \
	ioasidctl policy load "$bad/ctl_two.bpf.o"
refuses "no name" "'nameless' has no good .name" ioasidctl policy load "$bad/ctl_nameless.bpf.o"
refuses "a bad name" "'blank' has no good .name" ioasidctl policy load "$bad/ctl_blank.bpf.o"
refuses "no link" "'unlinked' is in the section .struct_ops; it has to be in .struct_ops.link" \
	ioasidctl policy load "$bad/ctl_unlinked.bpf.o"
refuses "bad flags" 'its flags are none that a policy of its kind may have' \
	ioasidctl policy load "$bad/ctl_flags.bpf.o"
refuses "init() that refuses" "the account policy 'ctl_init': No space left on device; either its init" \
	ioasidctl policy load "$bad/ctl_init.bpf.o"
refuses "as if one were there" "Device or resource busy; either its init" \
	ioasidctl policy load "$bad/ctl_init.bpf.o" --set error=-16
is "none of these has loaded anything" "$(policy account name) $(policy place name)" \
	"builtin builtin"

# What is in the way.
ioasidctl policy load "$bpf/uid_quota.bpf.o" || fail "uid_quota is loaded"
refuses "another default" \
	"another account policy, 'uid_quota', is loaded; to replace it: ioasidctl policy swap" \
	ioasidctl policy load "$bad/ctl_books.bpf.o"
echo 1 >$only
wait_for /sys/class/misc/ioasid/policy/account '^name builtin'
refuses "when BPF policies are switched off" "switched off; to let them come: echo 0 >$only" \
	ioasidctl policy load "$bpf/uid_quota.bpf.o"
is "the log tells who was thrown out" "$(ioasidctl policy log account --json | head -n 1 |
	jq -r '"\(.name) \(.exit)"')" 'uid_quota builtin_only'
echo 0 >$only
works "and when they are on again it comes" ioasidctl policy load "$bpf/uid_quota.bpf.o"
ioasidctl policy unload account

# Rights.
as_nobody() {
	setpriv --reuid=65534 --regid=65534 --clear-groups --inh-caps=-all --bounding-set=-all "$@"
}
for words in "load $bpf/uid_quota.bpf.o" "swap $bpf/uid_quota.bpf.o" 'unload account' 'show' \
	'map x y'; do
	# shellcheck disable=SC2086 # several words
	refuses "policy ${words%% *} without root" 'must be root .*; try: sudo ioasidctl' \
		as_nobody "$build/tools/ioasidctl" policy $words
done

# bpffs.
umount /sys/fs/bpf
works "without bpffs it is mounted" ioasidctl policy load "$bpf/uid_quota.bpf.o"
has "which it says" "$(cat "$scratch/said")" 'mounted bpffs on /sys/fs/bpf'
ioasidctl policy unload account
umount /sys/fs/bpf
mount -t tmpfs -o ro none /sys/fs
refuses "where it can't be mounted" 'without it: ioasidctl policy load --hold' \
	ioasidctl policy load "$bpf/uid_quota.bpf.o"
ioasidctl policy load --hold "$bpf/uid_quota.bpf.o" >"$scratch/held" 2>&1 &
holder=$!
wait_for "$scratch/held" attached
is "a held one needs none" "$(policy account name)" uid_quota
kill $holder
wait $holder
umount /sys/fs
mount -t bpf bpf /sys/fs/bpf

for verb in load swap unload eject list show stats log map; do
	works "policy $verb --help" ioasidctl policy $verb --help
	works "policy $verb -h" ioasidctl policy $verb -h
	is "policy $verb --help fits 80 columns" \
		"$(ioasidctl policy $verb --help | awk 'length > 80')" ''
	has "policy $verb --help has an example" "$(ioasidctl policy $verb --help)" \
		"^  ioasidctl policy $verb"
	status=0
	ioasidctl policy $verb --nonsense >/dev/null 2>&1 || status=$?
	is "policy $verb with an unknown option is a usage error" "$status" 2
done
works "policy -h" ioasidctl policy -h
has "policy -V" "$(ioasidctl policy -V)" '^ioasidctl [0-9]'
works "the audit is clean" ioasidctl audit
finish
