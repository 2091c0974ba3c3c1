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

# Two devices share 23 pages, mapped one by one; a third has 7 others as a whole.
before=$(date +%s%3N)
start_worker memory 23 map 23 device 0 device 1 space memory 7 whole 1 device 2 wait \
	map 5 wait detach wait
look
after=$(date +%s%3N)
is "3 devices in 3 groups, of no container" "$(counted)" "3 3 0"
is "each by its PCI address, with its group" "$(devices '"\(.device) \(.group) \(.container)"')" \
	"$(for i in 0 1 2; do echo "$(address "$i") $(group "$i") null"; done)"
is "what each reaches" "$(devices '"\(.mapped) \(.mappings)"')" "$((23 * page)) 23
$((23 * page)) 23
$((7 * page)) 1"
is "the first two share the address space and the table, the third has others" \
	"$(jq -cs '[.[] | select(.record == "device")] |
		[.[0].ioas == .[1].ioas, .[0].table == .[1].table,
		.[0].ioas == .[2].ioas, .[0].table == .[2].table]' "$scratch/top")" \
	"[true,true,false,false]"
is "whose they are" "$(devices '"\(.pid) \(.command)"' | sort -u)" "$worker workload"
is "since when" "$(devices "$before - 1000 < .since and .since < $after" | sort -u)" true
is "entries of a page are possible" "$(devices ".page_sizes | index($page) != null" | sort -u)" true
is "the process has three devices, and no container" \
	"$(jq -r 'select(.record == "process") | "\(.devices) \(.containers)"' "$scratch/processes")" \
	"3 0"
ioasid-top --once >"$scratch/plain"
is "the table of processes says so" "$(awk -v pid="$worker" '$1 == pid { print $2, $4, $NF }' \
	"$scratch/plain")" "workload $((30 * page / 1024))K 3"
is "the table of devices has the same" "$(awk '/:.*:/ && NF == 9 { print $1, $2, $3, $5, $6, $7, $8 }' \
	"$scratch/table")" "$(for i in 0 1 2; do
		case $i in 2) amount="$((7 * page / 1024))K 1" ;; *) amount="$((23 * page / 1024))K 23" ;; esac
		echo "$(address "$i") $(group "$i") - $worker workload $amount"
	done)"
has "its header counts them" "$(head -n 1 "$scratch/table")" \
	'^[0-9:]{8}  3 devices in 3 groups, 0 containers$'
is "no line is longer than 80" "$(cat "$scratch/table" "$scratch/plain" | awk 'length > 80')" ""
is "--sort mapped, maps: the largest first" "$(ioasid-top --once --json --view devices -s maps |
	jq -r 'select(.device) | .device' | tail -n 1)" "$(address 2)"
is "-p of another process shows none" "$(ioasid-top --once --json --view devices -p 1 |
	jq -c 'select(.record == "device")')" ""
go_on
look
is "what is mapped later is counted" "$(devices '"\(.mapped) \(.mappings)"' | tail -n 1)" \
	"$((12 * page)) 6"
go_on
look
is "detached, they are gone" "$(counted) $(devices .device)" "0 0 0 "
is "the process is still there" "$(jq -r 'select(.record == "process") | .devices' \
	"$scratch/processes")" 0
end_worker

# Killed in the middle of it.
start_worker memory 5 device 0 device 3 whole 1 wait
look
is "2 devices" "$(counted)" "2 2 0"
kill -KILL "$worker"
wait "$worker" 2>/dev/null
worker=''
exec 8>&-
look
is "a process that was killed has none" "$(counted)" "0 0 0"

# Devices come and go while somebody looks on.
ioasid-top -d 0.01 --json --view devices >"$scratch/looks" &
looker=$!
wait_for "$scratch/looks" system
for round in $(seq 20); do
	is "5003 times attached and detached under the looks of ioasid-top, round $round" \
		"$(workload memory 23 whole 1 bounce 5003 | grep bounce)" "bounce 5003 ok, 0 failed"
	! grep -q '"device"' "$scratch/looks" || break
done
kill -INT "$looker"
wait "$looker" || fail "ioasid-top ends cleanly"
say "$(grep -c system "$scratch/looks") looks, seen $(grep -c '"device"' "$scratch/looks") times"
is "each look saw the device right, or not at all" \
	"$(jq -r 'select(.record == "device") | "\(.device) \(.mapped)"' "$scratch/looks" | sort -u)" \
	"$(address 0) $((23 * page))"

echo 1 >/sys/module/ioasid/parameters/fail_nth
refuses "a walk that gets no memory says so" 'devices cannot be walked: Cannot allocate memory' \
	ioasid-top --once --view devices
is "it was that" "$(cat /sys/module/ioasid/parameters/fail_nth)" 0

# Events.
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

# What is refused: by a limit, and by the hardware, on a device and before there is one.
start_tracer --json --events
prlimit --memlock="$((20 * page))" setpriv --bounding-set=-ipc_lock \
	"$build/tests/tools/workload" device 0 memory 23 whole 1 at 0xfee00000 memory 1 \
	at 0xfee00000 detach >"$scratch/limited"
workload at 0xfee00000 device 1 fail 7 >"$scratch/window"
end_tracer
# shellcheck disable=SC2016 # jq's
is "a map that the limit refuses tells asked, used and limit, as the program is told" \
	"$(events map 'select(.stage == "charge") |
		"\(.errno) stage=2 code=12 policy=\(.policy) asked=\(.pages * '"$page"') used=\(.used * '"$page"') limit=\(.limit * '"$page"')"' |
		head -n 1)" "$(sed -n 's/^map \(ENOMEM .*\)/\1/p' "$scratch/limited" | head -n 1)"
is "both of them" "$(events map 'select(.stage == "charge") | "\(.errno) \(.pages) \(.limit)"' |
	sort | uniq -c | xargs)" "2 ENOMEM 23 20"
is "a map that hardware does not translate says so" \
	"$(events map 'select(.reason) | "\(.errno) \(.stage) \(.reason) \(.pages)"')" \
	"ERANGE place window 1"
is "a device that does not translate what is mapped says so" \
	"$(events attach 'select(.errno) | "\(.errno) \(.reason) \(.device) \(.group)"')" \
	"EINVAL window $(address 1) $(group 1)"
is "seven maps of nothing" "$(events map 'select(.stage == "pin") | .errno' | uniq -c | xargs)" \
	"7 EFAULT"
is "refusals are counted, too" "$(total map .errors) $(total attach .errors)" "10 1"

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

# VFIO: one container of two groups, one of one, one of the disk's; they all map the same memory.
unload ioasid_edu
disk=$(find_devices 0x1b36 0x0010)
for one in $addresses $disk; do
	bind "$one" vfio-pci || fail "vfio-pci takes $one"
done
last=$(basename "$(readlink "/sys/bus/pci/devices/$disk/iommu_group")")
use_backend ioasid-vfio
start_tracer --json --events
start_worker memory 23 container group "$(group 0)" group "$(group 1)" dma 0x1000000 \
	container group "$(group 2)" dma 0x1000000 dma 0x2000000 container \
	group "$last" dma 0x1000000 query wait release wait
look
is "4 devices in 4 groups, of 3 containers" "$(counted)" "4 4 3"
is "each by its PCI address, with its group" "$(devices '"\(.device) \(.group)"')" \
	"$({
		for i in 0 1 2; do echo "$(address "$i") $(group "$i")"; done
		echo "$disk $last"
	} | sort)"
in_order() {
	jq -cs "[.[] | select(.record == \"device\")] | [[\"$(address 0)\", \"$(address 1)\",
		\"$(address 2)\", \"$disk\"][] as \$one | .[] | select(.device == \$one)] | $1" \
		"$scratch/top"
}
is "two are in one container, and the others in one each" "$(in_order '
	[.[0].container == .[1].container, (map(.container) | unique | length)]')" "[true,3]"
is "each container has its address space" "$(in_order 'map(.ioas) == map(.container) or
	(map(.ioas) | unique | length) == 3')" true
is "what each reaches" "$(in_order 'map([.mapped, .mappings])')" \
	"[[$((23 * page)),1],[$((23 * page)),1],[$((46 * page)),2],[$((23 * page)),1]]"
is "the process has it pinned and charged once, mapped 4 times, in 3 containers with 4 devices" \
	"$(jq -r 'select(.record == "process") | "\(.pid) \(.pinned) \(.charged) \(.mapped) \(.devices) \(.containers)"' \
		"$scratch/processes")" \
	"$worker $((23 * page)) $((23 * page)) $((92 * page)) 4 3"
is "the table of devices has the containers" "$(awk '/:.*:/ && NF == 9 && $3 > 0 { print $1 }' \
	"$scratch/table" | wc -l)" 4
has "its header counts them" "$(head -n 1 "$scratch/table")" '  4 devices in 4 groups, 3 containers$'
is "no line is longer than 80" "$(awk 'length > 80' "$scratch/table")" ""
go_on
look
is "released, they are gone" "$(counted)" "0 0 0"
end_worker
prlimit --memlock="$((20 * page))" setpriv --bounding-set=-ipc_lock \
	"$build/tests/tools/workload" memory 23 container group "$(group 0)" dma 0x1000000 memory 1 \
	dma 0xfee00000 memory 20 dma 0x1000000 >"$scratch/limited"
end_tracer
is "the program is told of a refusal, and how" "$(grep dma "$scratch/limited" | xargs)" \
	"dma ENOMEM dma EINVAL dma ok"
is "the tracer tells by which limit" \
	"$(events map 'select(.stage == "charge") | "\(.errno) \(.pages) \(.used) \(.limit) \(.policy)"')" \
	"ENOMEM 23 0 20 builtin"
is "5 attaches, 5 detaches, each with its container" \
	"$(jq -r 'select(.record == "event" and .device and .container > 0) | .operation' \
		"$scratch/trace" | sort | uniq -c | xargs)" "5 attach 5 detach"
is "each device was attached as often as it should" \
	"$(events attach .device | sort | uniq -c | awk '{ print $2, $1 }')" \
	"$({
		echo "$(address 0) 2"
		for i in 1 2; do echo "$(address "$i") 1"; done
		echo "$disk 1"
	} | sort)"
unload ioasid_vfio

# A module that is older than the tool: the iterator has another name there.
unload ioasid
sed 's/bpf_iter_ioasid_device/bpf_iter_ioasid_gadget/g' "$module" >"$scratch/ioasid.ko"
if insmod "$scratch/ioasid.ko"; then
	refuses "devices of a module that does not tell of them" \
		'^ioasid-top: the loaded ioasid module is older than this tool' \
		ioasid-top --once --view devices
	works "processes are shown all the same" ioasid-top --once
	unload ioasid
else
	skip "a module that does not tell of devices" "it does not load"
fi
works "the module can be loaded again" insmod "$module"
works "devices are told of again" ioasid-top --once --view devices
finish
