#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# default is the built-in policies in BPF: the same calls have the same results with and without it.
# shellcheck disable=SC1091,SC2154 # tap has it
. "$(dirname "$0")/../tools/tap"

# same_memory WORD... - the workload, with its memory at the same address each time.
same_memory() {
	setarch -R workload "$@"
}

# as_user - a user whose hard limit some of the calls are beyond.
as_user() {
	(
		# shellcheck disable=SC3045 # the shells of Debian have it
		ulimit -l 4096
		same_memory uid 4711 memory 1500 table random "$1"
	)
}

# calls - what random maps and unmaps came to: IOVAs, pins, charges, refusals.
calls() {
	for seed in 1 2 3; do
		same_memory memory 1500 table random $seed
		as_user $seed
	done
	same_memory huge 1600 table random 4
	same_memory allow 3072000 memory 500 random 5
}

calls >"$scratch/builtin"
is "there is something to compare" "$(grep -c '^query' "$scratch/builtin")" 1600
has "and refusals are among it" "$(cat "$scratch/builtin")" '^map ENOMEM .* policy=builtin '
works "both kinds come from one file" ioasidctl policy load "$bpf/default.bpf.o"
is "both are active" "$(policy account name) $(policy place name)" "default default"
calls >"$scratch/default"
is "every IOVA, pin and charge is the same" \
	"$(sed 's/policy=default/policy=builtin/' "$scratch/default" |
		diff "$scratch/builtin" - | head -n 5)" ""
is "the policies were asked" \
	"$(($(policy account asked) > 100)) $(($(policy place asked) > 500))" "1 1"
works "account is unloaded" ioasidctl policy unload account
works "place is unloaded" ioasidctl policy unload place
works "the audit is clean" ioasidctl audit
finish
