#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# numa_window maps memory of each node in that node's window. With one node in the machine, which is
# what most boots have, that is window 0; the group policy-numa boots one with two.
# shellcheck disable=SC1091,SC2154 # tap has it
. "$(dirname "$0")/../tools/tap"

# iova NODE WORD... - where the last mapping of memory of this node went.
iova() {
	node=$1
	shift
	numactl --membind="$node" workload table "$@" |
		sed -n 's/^map ok iova=\(0x[0-9a-f]*\) .*/\1/p' | tail -n 1
}

works "it is loaded, with windows of 1 TiB" ioasidctl policy load "$bpf/numa_window.bpf.o"
for path in /sys/devices/system/node/node[0-9]*; do
	node=${path##*/node}
	is "memory of node $node is in window $node" $(($(iova "$node" memory 10 whole 1) >> 40)) \
		"$node"
	has "a large range of it is congruent" \
		"$(numactl --membind="$node" workload table huge 1017 whole 1 entries)" \
		'^entries 4K=505 2M=1 1G=0'
done
works "it is unloaded" ioasidctl policy unload numa_window

# Window 0 is 16 pages, of which the first is never used.
works "with windows of 64 KiB" ioasidctl policy load "$bpf/numa_window.bpf.o" \
	--set window_bytes=65536 --set nodes=2
is "10 pages are in the window" "$(iova 0 memory 10 whole 1)" 0x1000
is "20 have no room there and are behind all windows" "$(iova 0 memory 10 whole 2)" 0x20000
works "it is unloaded" ioasidctl policy unload numa_window
refuses "windows of no size are refused" numa_window ioasidctl policy load \
	"$bpf/numa_window.bpf.o" --set window_bytes=0
is "no policy was ejected" "$(policy place ejections)" 0
works "the audit is clean" ioasidctl audit
finish
