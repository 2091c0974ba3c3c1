#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# DPDK's testpmd, as Debian has it, sends packets between two network cards: all arrive, on VFIO
# type1 and on ioasid-vfio, and meanwhile its memory is in ioasid's ledger.
# shellcheck disable=SC1091,SC2154 # tap has it
. "$(dirname "$0")/tap"

tree=$build/testpmd
libraries=$tree/usr/lib/x86_64-linux-gnu
drivers=$libraries/dpdk/pmds-25.0
mebibytes=64
packets=$((31 * 32))	# 31 bursts; the rings of the cards take more
cards=$(find_devices 0x8086 0x10d3)

if [ ! -x "$tree/usr/bin/dpdk-testpmd" ]; then
	skip "testpmd" "it could not be downloaded; see scripts/testpmd"
	finish
fi

# start_testpmd - it takes orders from descriptor 7; $said is what it says.
start_testpmd() {
	said=$scratch/testpmd
	rm -f "$scratch/fifo" "$said"
	mkfifo "$scratch/fifo"
	# shellcheck disable=SC2046 # a list of words
	LD_LIBRARY_PATH=$libraries stdbuf -oL "$tree/usr/bin/dpdk-testpmd" --no-huge -m $mebibytes \
		--iova-mode=va --no-telemetry -l 0-1 $(printf -- '-a %s ' $cards) \
		-d "$drivers/librte_bus_pci.so.25" -d "$drivers/librte_mempool_ring.so.25" \
		-d "$drivers/librte_net_e1000.so.25" -- -i --no-mlockall --rxd=1024 --txd=1024 \
		--total-num-mbufs=8192 <"$scratch/fifo" >"$said" 2>&1 &
	testpmd=$!	# stdbuf has become it
	exec 7>"$scratch/fifo"
	wait_for "$said" 'Checking link statuses'
}

order() {
	echo "$*" >&7
}

# received - by each card, as the cards have counted.
received() {
	awk '/NIC statistics for port/ { port = $6 } /RX-packets:/ && port != "" {
		n[port] = $2; port = "" } END { print n[0], n[1] }' "$said"
}

# counts FIELD - of the two ports and of both together, when it has stopped.
counts() {
	awk -v field="$1:" '/Forward statistics|Accumulated/ { on = 1 }
		on { for (i = 1; i < NF; i++) if ($i == field) printf "%s ", $(i + 1) }' "$said"
}

try_backend() {
	use_backend "$1"
	start_testpmd
	order set fwd rxonly
	order start tx_first 31
	tries=0
	until [ "$(received)" = "$packets $packets" ] || [ "$tries" -ge 60 ]; do
		tries=$((tries + 1))
		order show port stats all
		sleep 1
	done
	is "$1: each card has received what the other one has sent" "$(received)" \
		"$packets $packets"
	if [ "$1" = ioasid-vfio ]; then
		is "$1: its memory is pinned" "$(pinned $testpmd)" $((mebibytes << 20))
		is "$1: and in the ledger, charged once, for two devices" "$(ioasid-top --once --json |
			jq -r "select(.record == \"process\" and .pid == $testpmd) |
				\"\(.pinned) \(.charged)\"")" "$((mebibytes << 20)) $((mebibytes << 20))"
	else
		is "$1: ioasid has nothing to do with it" "$(ioasidctl audit --json | jq .pinned)" 0
	fi
	order stop
	wait_for "$said" 'Accumulated forward statistics'
	order quit
	exec 7>&-
	wait $testpmd
	is "$1: testpmd ends well" $? 0
	is "$1: it has received" "$(counts RX-packets)" "$packets $packets $((2 * packets)) "
	is "$1: it has sent" "$(counts TX-packets)" "$packets $packets $((2 * packets)) "
	is "$1: none were dropped" "$(counts RX-dropped)$(counts TX-dropped)" "0 0 0 0 0 0 "
	nothing_pinned "$1: nothing is pinned any more"
}

for card in $cards; do
	works "vfio-pci takes $card" bind "$card" vfio-pci
done
try_backend type1
try_backend ioasid-vfio
use_backend type1
finish
