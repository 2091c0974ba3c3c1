#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# policy.sh - instructions of a charge and of a placement, under each policy and under none: a map
# and unmap of a page that is pinned for it, and of one that is pinned already. Fails when asking a
# trivial BPF policy costs more than the limit. Runs in the VM, under --icount.
set -eu
top=$(cd "$(dirname "$0")/../.." && pwd -P)
build=$top/build
bpf=$build/bpf
limit=250
PATH=$build/tools:$PATH
scratch=$(mktemp -d /tmp/ioasid-bench.XXXXXX)
trap 'rm -rf "$scratch"' EXIT

measure() {
	echo "$1 $("$build/tests/bench/policy")" >>"$scratch/costs"
}

measure builtin
for file in "$bpf"/bench/*.bpf.o "$bpf"/*.bpf.o; do
	ioasidctl policy load "$file"
	measure "$(basename "$file" .bpf.o)"
	for kind in account place; do
		ioasidctl policy unload "$kind" 2>/dev/null || :
	done
done

awk -v limit="$limit" '
	NR == 1 {
		charge = $2
		place = $3
		printf "%-16s %9s %9s  %9s %9s\n", "policy", "charge", "more", "place", "more"
	}
	{ printf "%-16s %9d %+9d  %9d %+9d\n", $1, $2, $2 - charge, $3, $3 - place }
	$1 == "trivial_charge" && $2 - charge > limit { over = over " charge" }
	$1 == "trivial_place" && $3 - place > limit { over = over " place" }
	END {
		if (over) {
			print "a trivial policy costs more than " limit " instructions:" over
			exit 1
		}
		print "a trivial policy costs at most " limit " instructions"
	}' "$scratch/costs"
