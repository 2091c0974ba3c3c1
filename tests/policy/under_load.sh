#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Each policy that comes with ioasid is loaded, swapped for itself and unloaded while two processes
# map and unmap: these see nothing of it but its refusals, and the books are right in the end.
# shellcheck disable=SC1091,SC2154 # tap has it
. "$(dirname "$0")/../tools/tap"

rounds=2
manners=''
# A slow machine's policies come and go in a minute each, unless the load lets them pass.
is_brief && rounds=1 && manners='nice -n 10'
[ -z "${FULL:-}" ] || rounds=10

# start_load - two processes at work.
start_load() {
	for number in 1 2; do
		rm -f "$scratch/in$number"
		mkfifo "$scratch/in$number"
		$manners workload uid $((4710 + number)) table memory 700 churn unmap query \
			<"$scratch/in$number" >"$scratch/out$number" 2>&1 &
	done
	exec 5>"$scratch/in1" 6>"$scratch/in2"
	wait_for "$scratch/out1" churning && wait_for "$scratch/out2" churning
}

end_load() {
	exec 5>&- 6>&-
	wait
}

# state KIND NAME - what the file says that tells of policies of this kind. Starting a program for
# that takes seconds where this test is run.
state() {
	sed -n "s/^$2 //p" "/sys/class/misc/ioasid/policy/$1"
}

# cycle FILE - load, swap, unload.
cycle() {
	ioasidctl policy load "$1" && sleep 0.2 && ioasidctl policy swap "$1" && sleep 0.2 || return
	for kind in account place; do
		[ "$(state $kind name)" = builtin ] || ioasidctl policy unload $kind || return
	done
}

# asked - decisions of all policies, ever.
asked() {
	echo $(($(state account asked) + $(state place asked)))
}

ejections=$(state account ejections)/$(state place ejections)
start_load
for file in "$bpf"/*.bpf.o; do
	name=$(basename "$file" .bpf.o)
	before=$(asked)
	done=0
	for round in $(seq $rounds); do
		if ! cycle "$file" >"$scratch/said" 2>&1; then
			say "round $round:" "$(cat "$scratch/said")"
			break
		fi
		done=$((done + 1))
	done
	is "$name: loaded, swapped and unloaded $rounds times" "$done" "$rounds"
	is "$name: was asked meanwhile" $(($(asked) > before)) 1
	works "$name: the audit is clean" ioasidctl audit
done
end_load
for number in 1 2; do
	has "process $number did its work" "$(cat "$scratch/out$number")" '^churn [0-9]+$'
	has "process $number has nothing left" "$(cat "$scratch/out$number")" \
		'^query pinned=0 charged=0 .* pins=0 mappings=0 '
done
is "no policy was ejected" "$(state account ejections)/$(state place ejections)" "$ejections"
works "the audit is clean" ioasidctl audit
finish
