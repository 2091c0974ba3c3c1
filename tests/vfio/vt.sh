#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# ioasid-top and ioasid-trace show devices: each by its PCI address, each attach and detach once. In
# a machine whose kernel drives an IOMMU, with edu devices behind it.
# shellcheck disable=SC1091,SC2154 # tap has it
. "$(dirname "$0")/tap"

page=$(getconf PAGESIZE)
edu=$build/mod/${KERNEL:-stock}/tests/module/ioasid-edu.ko
if ! [ -d /sys/module/ioasid_edu ] && ! insmod "$edu"; then
	fail "the driver of the edu devices can be loaded"
	finish
fi
# The devices by their PCI addresses, in order of the driver's numbers.
addresses=$(find /sys/bus/pci/drivers/ioasid-edu -name '*:*' -printf '%f\n' | sort)

# unload MODULE - as soon as the last BPF program that used it is gone.
unload() {
	tries=0
	until rmmod "$1" 2>/dev/null || [ "$tries" -ge 100 ]; do
		tries=$((tries + 1))
		sleep 0.1
	done
}

# address N - of the device.
address() {
	printf '%s\n' "$addresses" | sed -n "$(($1 + 1))p"
}

# group N - the number of its IOMMU group.
group() {
	basename "$(readlink "/sys/bus/pci/devices/$(address "$1")/iommu_group")"
}

# look - what ioasid-top sees now, for what follows.
look() {
	ioasid-top --once --json --view devices >"$scratch/top"
	ioasid-top --once --json >"$scratch/processes"
	ioasid-top --once --view devices >"$scratch/table"
}

# devices EXPRESSION - of each device's record, a line each.
devices() {
	jq -r "select(.record == \"device\") | $1" "$scratch/top"
}

# counted - what the system's record says.
counted() {
	jq -r 'select(.record == "system") | "\(.devices) \(.groups) \(.containers)"' "$scratch/top"
}

is "there are four edu devices" "$(printf '%s\n' "$addresses" | wc -l)" 4
look
is "at first no device is attached" "$(counted) $(devices .device)" "0 0 0 "
ioasid-top --once >"$scratch/plain"
is "the table of processes has no column of them" "$(grep -c DEVS "$scratch/plain")" 0

# events OPERATION EXPRESSION - of each such event, a line each.
events() {
	jq -r "select(.record == \"event\" and .operation == \"$1\") | $2" "$scratch/trace"
}
# total OPERATION EXPRESSION - of what was counted in all.
total() {
	jq -r "select(.record == \"hist\" and .scope == \"total\" and .operation == \"$1\") | $2" \
		"$scratch/trace"
}

start_tracer --json --events
workload memory 5 map 5 bounce 23 >/dev/null
end_tracer
for operation in attach detach; do
	is "23 events of $operation, each of the device with 5 pages" \
		"$(events $operation '"\(.device) \(.devices) \(.group) \(.container) \(.pages) \(.errno)"' |
			sort | uniq -c | xargs)" "23 $(address 0) 1 $(group 0) null 5 null"
	is "23 $operation calls are counted, of 115 pages" \
		"$(total $operation '"\(.count) \(.errors) \(.pages)"')" "23 0 115"
	is "the time of each is told" "$(events $operation '.duration > 0' | sort -u)" true
	is "and the buckets of $operation add up" \
		"$(total $operation '.buckets | map(.count) | add')" 23
done
is "attach and detach come in turns" "$(jq -r 'select(.record == "event") | .operation' \
	"$scratch/trace" | uniq | uniq -c | wc -l)" 46
is "nothing was lost" "$(jq -r 'select(.record == "lost") | .events' "$scratch/trace")" 0

start_tracer --events
prlimit --memlock="$((20 * page))" setpriv --bounding-set=-ipc_lock \
	"$build/tests/tools/workload" memory 3 map 3 device 0 memory 23 whole 1 detach >/dev/null
end_tracer
text=$(cat "$scratch/trace")
has "text: an attach" "$text" "^ +[0-9.]+ attach +[0-9]+ +[0-9]+ $(address 0) group $(group 0): $((
	3 * page / 1024))K, [0-9.]+[num]?s$"
has "text: a detach" "$text" "^ +[0-9.]+ detach +[0-9]+ +[0-9]+ $(address 0) group $(group 0): $((
	3 * page / 1024))K, [0-9.]+[num]?s$"
has "text: a refusal" "$text" "^ +[0-9.]+ map +[0-9]+ +[0-9]+ $((23 * page / 1024))K: $(
	)ENOMEM charge/builtin, [0-9]+K of $((20 * page / 1024))K used( by process)?$"
has "text: the counts" "$text" '^attach: 1 calls, 0 errors, 3 pages$'
is "text: no line is longer than 80" "$(awk 'length > 80' "$scratch/trace")" ""
start_tracer
workload bounce 3 fail 1 >/dev/null
end_tracer
is "without --events there are none, but the counts" \
	"$(grep -Ec 'group|EFAULT' "$scratch/trace") $(grep '^attach' "$scratch/trace")" \
	"0 attach: 3 calls, 0 errors, 0 pages"

# By device: one was there before, one comes to it, one comes to another address space; they go.
start_worker device 3 memory 7 map 7 wait map 5 device 0 map 23 space device 1 map 101 detach map 7 \
	wait
start_tracer --json --by device --op map
go_on
end_tracer
is "calls by device: each counts for all devices that its address space had then" \
	"$(jq -r 'select(.record == "hist") | "\(.device) \(.count)"' "$scratch/trace" | sort)" \
	"$({
		echo "$(address 0) 23"
		echo "$(address 1) 101"
		echo "$(address 3) 28"
		echo "null 7"
	} | sort)"
end_worker

finish
