#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# table.sh - what page tables' operations cost per entry, in ns and in instructions.
#
# All in user space, where a table page comes from malloc(): that is in 'map', as it is in a kernel.
# The ns are this machine's; the instructions are the same on every machine with this compiler.
set -eu
built=$(cd "$(dirname "$0")/../.." && pwd -P)/build/tests/bench
scratch=$(mktemp -d /tmp/ioasid-bench.XXXXXX)
trap 'rm -rf "$scratch"' EXIT

valgrind --tool=callgrind --callgrind-out-file="$scratch/out" "$built/table" \
	2>"$scratch/log" || { cat "$scratch/log" >&2; exit 1; }
for file in "$scratch"/out.*; do
	awk '/^desc: Trigger: Client Request: / { sub(/.*Request: /, ""); name = $0 }
		/^(totals|summary): / { n = $2 }
		END { if (name) print name "|" n }' "$file"
done >"$scratch/instructions"
"$built/table" >"$scratch/ns"

awk -F'|' '
	FNR == NR { count[$1 "|" $2 "|" $4] = $5 / $3; next }
	FNR == 1 {
		printf "%-18s %-10s %7s  %9s %9s  %9s %9s\n", "", "", "", "map", "unmap", \
			"map", "unmap"
		printf "%-18s %-10s %7s  %9s %9s  %9s %9s\n", "format", "mapped", "entries", \
			"ns", "ns", "instr.", "instr."
	}
	$1 != before && before { print "" }
	{
		before = $1
		printf "%-18s %-10s %7d  %9.1f %9.1f  %9.1f %9.1f\n", $1, $2, $3, $4, $5,
			count[$1 "|" $2 "|map"], count[$1 "|" $2 "|unmap"]
	}' "$scratch/instructions" "$scratch/ns"
