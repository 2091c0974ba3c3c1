#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# ioasid-trace --backend vfio counts each map and unmap call of the kernel's own vfio_iommu_type1, and
# times its phases. In a machine whose kernel drives an IOMMU, with edu devices behind it.
# shellcheck disable=SC1091,SC2154 # tap has it
. "$(dirname "$0")/tap"

use_backend type1
one=$(find_devices 0x1234 0x11e8 | head -n 1)
bind "$one" vfio-pci || fail "vfio-pci takes $one"
group=$(basename "$(readlink "/sys/bus/pci/devices/$one/iommu_group")")
iova=0x1000000

# total OPERATION EXPRESSION - of hist's records of the whole.
total() {
	jq -r "select(.record == \"hist\" and .scope == \"total\" and .operation == \"$1\") | $2" \
		"$scratch/trace"
}

# phase OPERATION EXPRESSION - of the record of all sizes.
phase() {
	jq -r "select(.record == \"phases\" and .operation == \"$1\" and .from_pages == null) | $2" \
		"$scratch/trace"
}

# 23 pages one by one; then they are unmapped all at once, and mapped and unmapped as a whole.
run() {
	workload memory 23 container group "$group" pages "$iova" undma "$iova" dma "$iova" \
		undma "$iova" release >"$scratch/work"
}

start_tracer --backend vfio --json
run
end_tracer
is "the program could do it all" "$(grep -c ok "$scratch/work") $(grep pages "$scratch/work")" \
	"6 pages 23 ok, 0 failed"
is "23 map calls of a page, and one of 23" "$(total map '"\(.count) \(.errors) \(.pages)"')" \
	"24 0 46"
is "2 unmap calls of 23 pages" "$(total unmap '"\(.count) \(.errors) \(.pages)"')" "2 0 46"
for operation in map unmap; do
	is "the buckets of $operation add up" "$(total $operation \
		'(.buckets | map(.count) | add) == .count')" true
	is "the times of $operation are in order" "$(total $operation \
		'0 < .p50 and .p50 <= .p99 and .p99 <= .max and .max <= .sum')" true
done
is "nothing was lost" "$(jq -r 'select(.record == "lost") | .events' "$scratch/trace")" 0

start_tracer --backend vfio --json
workload memory 23 container group "$group" pages "$iova" release >/dev/null
workload memory 1009 container group "$group" pages "$iova" release >/dev/null
end_tracer
is "23 and 1009 map calls" "$(total map '"\(.count) \(.pages)"')" "1032 1032"

start_tracer --backend vfio --json --by size
run
end_tracer
is "--by size" "$(jq -r 'select(.record == "hist" and .operation == "map") | "\(.count) \(.pages)"' \
	"$scratch/trace" | sort -n | xargs)" "1 23 23 23"
start_tracer --backend vfio --json --by process
run
end_tracer
is "--by process" "$(total map .count)" 24

# Phases: what is timed is told; the others are in other.
start_tracer phases --backend vfio --json
run
end_tracer
say "$(cat "$scratch/trace.err")"
is "phases: 24 map calls, 2 unmap calls" "$(phase map .count) $(phase unmap .count)" "24 2"
for operation in map unmap; do
	is "phases of $operation: pinning, table and other are timed and add up" "$(phase $operation \
		'.sum as $sum | .phases | (.pinning > 0 and .table > 0 and .other > 0 and
		.pinning + .table + .other == $sum)')" true
	is "phases of $operation: what type1 doesn't have is not there" "$(phase $operation \
		'[.phases.policy, .phases.placement, .phases.flush] | map(. // 0) | add')" 0
done

# Each call.
start_tracer slow --min-us 0 --backend vfio --json
run
end_tracer
is "slow: each map call" "$(jq -s '[.[] | select(.operation == "map")] | length' \
	"$scratch/trace")" 24
is "slow: where each was mapped" "$(jq -r 'select(.operation == "map") | .iova' "$scratch/trace" |
	sort -u | wc -l)" 23
is "slow: a kernel stack with type1 in it" "$(jq -c 'select(.operation == "map") |
	[.kernel[]?.function // empty] | map(select(test("vfio"))) | length > 0' \
	"$scratch/trace" | sort -u)" true

# Failures, and one process of two.
start_worker container group "$group" memory 1 wait memory 23 dma "$iova" dma "$iova" wait
start_tracer --backend vfio --json -p "$worker"
go_on
end_worker
end_tracer
is "a map of what is mapped fails, and counts as an error" \
	"$(total map '"\(.count) \(.errors)"')" "1 1"
start_tracer --backend vfio --json -p 1
run
end_tracer
is "-p of another process: none" "$(total map .count)" 0

# Recorded and exported.
start_tracer record --backend vfio -o "$scratch/data"
run
end_tracer
ioasid-trace report "$scratch/data" --json >"$scratch/trace"
is "recorded: 24 map calls" "$(total map '"\(.count) \(.pages)"')" "24 46"
ioasid-trace export "$scratch/data" --perfetto >"$scratch/trace.json"
is "the export for Perfetto is sound" \
	"$("$top/tests/trace/perfetto.py" "$scratch/trace.json" 2>&1)" ""

status=0
ioasid-trace pins --backend vfio >"$scratch/said" 2>&1 || status=$?
is "pins of it are a usage error" "$status" 2

# The module of ours is not needed for it; and type1 is.
rmmod ioasid
start_tracer --backend vfio --json -d 0.3
wait_tracer
is "without the ioasid module" "$status" 0
modprobe -r vfio_iommu_type1
refuses "without type1" 'VFIO type1 is not loaded; load it with: modprobe vfio_iommu_type1' \
	ioasid-trace --backend vfio -d 1
modprobe vfio_iommu_type1
insmod "$module"
finish
