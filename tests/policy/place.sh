#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# top_down changes where mappings go, and nothing else.
# shellcheck disable=SC1091,SC2154 # tap has it
. "$(dirname "$0")/../tools/tap"

# iovas WORD... - where the workload's mappings went, in decimal.
iovas() {
	for iova in $(workload table "$@" | sed -n 's/^map ok iova=\(0x[0-9a-f]*\) .*/\1/p'); do
		echo $((iova))
	done
}

# three_in_order WHAT IOVAS [-nr] - three different ones, growing; with -nr shrinking.
three_in_order() {
	is "$1" "$(echo "$2" | wc -l) $(echo "$2" | xargs)" \
		"3 $(echo "$2" | sort -u "${3:--n}" | xargs)"
}

top_iova=$((1 << 47))
three_in_order "built-in: mappings grow up" "$(iovas memory 1 whole 2 memory 2 whole 1)"
low=$(iovas memory 1 whole 1)
is "built-in: from low addresses" "$((low > 0 && low < 1 << 30))" 1

ioasidctl policy load "$bpf/top_down.bpf.o" || fail "top_down is loaded"
before=$(policy place asked)
three_in_order "top_down: mappings grow down" "$(iovas memory 1 whole 2 memory 2 whole 1)" -nr
high=$(iovas memory 1 whole 1)
is "top_down: from the highest page" "$high" $((top_iova - 4096))

# Ranges of 2 MiB and more are congruent with their memory, so that large entries fit.
workload table memory 1024 whole 1 memory 3 whole 1 >"$scratch/said"
large=$(sed -n '1s/^map ok iova=\(0x[0-9a-f]*\).*/\1/p' "$scratch/said")
is "top_down: a large range is in the highest 8 MiB" "$((large >= top_iova - (8 << 20)))" 1
offset=$(workload table memory 1024 whole 1 | sed -n 's/.* offset=\(.*\)/\1/p')
is "top_down: and congruent with its memory" "$offset" 0x0

is "the policy was asked for each" "$(policy place asked)" $((before + 7))
works "it is unloaded" ioasidctl policy unload place
is "mappings are where they were before" "$(iovas memory 1 whole 1)" "$low"

# pins WORD... - how many the workload has in the end.
pins() {
	workload "$@" query | sed -n 's/^query .* pins=\([0-9]*\) .*/\1/p'
}

is "built-in: a range is one pin" "$(pins memory 10 whole 1)" 1
ioasidctl policy load "$bpf/bad/group_size.bpf.o" || fail "group_size is loaded"
is "group_size: 10 pages in pins of 4" "$(pins memory 10 whole 1)" 3
is "group_size: shared by the next mapping" "$(pins memory 10 whole 2)" 3
has "group_size: all of it is mapped" "$(workload memory 10 whole 1)" '^map ok .* length=40960 '
works "it is unloaded" ioasidctl policy unload place
works "the audit is clean" ioasidctl audit
finish
