#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# ioasid-top shows what is pinned, charged, mapped and shared, by whom, and what calls there are:
# exactly, in every view and every form.
# shellcheck disable=SC1091,SC2154 # tap has it
. "$(dirname "$0")/tap"

page=$(getconf PAGESIZE)
readers=$top/tests/top/readers

# look - what ioasid-top sees now, for what follows.
look() {
	ioasid-top --once --json >"$scratch/top"
}

# top_says PID KEY - of the process's record.
top_says() {
	jq -r "select(.record == \"process\" and .pid == $1) | .$2" "$scratch/top"
}

# same_as_query WHAT - every counter that IOASID_QUERY has too.
same_as_query() {
	said=$(sed -n 's/^query \(.*\)/\1/p' "$scratch/worker" | tail -n 1)
	is "$1: the same as the kernel tells the process" "$(top_says "$worker" '
		| "pinned=\(.pinned) charged=\(.charged) limit=\(.limit // "18446744073709551615") "
		+ "mapped=\(.mapped) shared=\(.shared) pins=\(.pins) mappings=\(.mappings) "
		+ "stale=\(.stale)"')" "$said"
}

# 23 pages, each mapped once; then all 23 as a whole in two more address spaces.
start_worker memory 23 map 23 space whole 1 space whole 1 query wait \
	unmap query wait memory 1009 map 1009 renew map 1009 query wait
look
is "23 pages are pinned and charged once, mapped three times, two of them shared" \
	"$(top_says "$worker" '| "\(.pinned) \(.charged) \(.mapped) \(.shared)"')" \
	"$((23 * page)) $((23 * page)) $((69 * page)) $((46 * page))"
same_as_query "23 pages in 3 address spaces"
is "the command, the user and the cgroup" \
	"$(top_says "$worker" '| "\(.command) \(.user) \(.path)"')" "workload root $(
		sed -n 's/^0:://p' "/proc/$worker/cgroup")"
is "each page is mapped three times, in three address spaces; no limit" \
	"$(top_says "$worker" '| "\(.share * 1) \(.spaces) \(.limit) \(.pressure)"')" "3 3 null null"

ioasid-top --once >"$scratch/table"
is "the table's line has the same" "$(awk -v pid="$worker" '$1 == pid {
	print $2, $3, $4, $5, $7, $8 }' "$scratch/table")" \
	"workload root $((23 * page / 1024))K - $((69 * page / 1024))K 3.00"
is "--bytes has all digits" "$(ioasid-top --once --bytes |
	awk -v pid="$worker" '$1 == pid { print $4, $8 }')" "$((23 * page)) $((69 * page))"
header=$(head -n 1 "$scratch/table")
has "the header has the total and the processes" "$header" \
	"$((23 * page / 1024))K pinned by 1 process "
has "the header has the policies" "$header" 'account: builtin +place: builtin'
is "and the versions, and what was lost" "$(sed -n 3p "$scratch/table")" \
	"ioasid $(cat /sys/module/ioasid/version), Linux $(uname -r)  lost events 0"
is "no line is longer than 80" "$(awk 'length > 80' "$scratch/table")" ""
is "three address spaces, each of 23 mappings, one a pin" \
	"$(ioasid-top --once --json --view ioas -s ioas | jq -r 'select(.record == "ioas") |
		"\(.pid) \(.mapped) \(.mappings)"')" \
	"$worker $((23 * page)) 23
$worker $((23 * page)) 23
$worker $((23 * page)) 23"
is "pins: 23 of a page each, mapped three times" \
	"$(ioasid-top --once --json --view pins -p "$worker" | jq -r 'select(.record == "pin") |
		"\(.pinned) \(.mapped) \(.share * 1) \(.runs) \(.access)"' | sort | uniq -c | xargs)" \
	"23 $page $((3 * page)) 3 1 rw"
is "the tree has them all" "$(ioasid-top --once --json --tree=mapping |
	jq -r 'select(.depth != null) | "\(.depth) \(.record)"' | sort | uniq -c | xargs)" \
	"1 0 cgroup 1 1 process 3 2 ioas 69 3 mapping"
is "and the mappings all that is mapped" "$(ioasid-top --once --json --tree=mapping |
	jq 'select(.record == "mapping") | .mapped' | awk '{ n += $1 } END { print n }')" \
	$((69 * page))

go_on
look
is "unmapped, the process is not shown any more" "$(top_says "$worker" pinned)" ""
is "the kernel says so, too" "$(said pinned)" 0
go_on
look
is "1009 pages, mapped before and after they were renewed, are pinned twice and stale once" \
	"$(top_says "$worker" '| "\(.pinned) \(.stale)"')" "$((2018 * page)) $((1009 * page))"
same_as_query "1009 pages and 1009 stale ones"
is "1009 pins are stale" "$(ioasid-top --once --json --view pins -p "$worker" |
	jq -r 'select(.record == "pin") | .state' | sort | uniq -c | xargs)" "1009 null 1009 stale"
end_worker
is "a process that has ended is gone" "$(ioasid-top --once --json | jq -s 'length')" 2

# What goes on, in three forms at a time, each half a second; the process is in a cgroup of its own
# from before its first call on.
group=/sys/fs/cgroup/ioasid-top-1009
mkdir -p "$group"
start_worker wait memory 23 map 23 wait map 1009 fail 23 wait unmap wait
echo "$worker" >"$group/cgroup.procs"
ioasid-top --json -d 0.5 >"$scratch/json" 2>"$scratch/said" 8>&- &
looker=$!
ioasid-top --csv -d 0.5 >"$scratch/csv" 2>>"$scratch/said" 8>&- &
lookers="$looker $!"
ioasid-top --openmetrics=1.0 -d 0.5 -o "$scratch/prom" 2>>"$scratch/said" 8>&- &
lookers="$lookers $!"
wait_for "$scratch/json" system
wait_for "$scratch/csv" time
wait_for "$scratch/prom" EOF
go_on
wait_for "$scratch/json" '"maps_total":23,'
is "in its cgroup: 23 maps of 23 pages" "$(ioasid-top --once --json --view cgroups |
	jq -r 'select(.path == "/ioasid-top-1009") | "\(.processes) \(.pinned) \(.mappings)"')" \
	"1 $((23 * page)) 23"
go_on
go_on
wait_for "$scratch/json" '"maps_total":1032,"unmaps_total":1032,'
wait_for "$scratch/csv" ',1032,1032,'
wait_for "$scratch/prom" '^ioasid_unmaps_total.* 1032$'
for looker in $lookers; do
	kill -INT "$looker"
	status=0
	wait "$looker" || status=$?
	is "Ctrl-C ends a form cleanly" "$status" 0
done
is "they had nothing to say" "$(cat "$scratch/said")" ""

valid=$("$readers" json "$scratch/json")
has "all that --json said is valid" "$valid" '^process [0-9]+ refusal 23 schema 1 system [0-9]+$'
# sum RECORD KEY - of all intervals.
sum() {
	jq "select(.record == \"$1\") | .$2" "$scratch/json" | awk '{ n += $1 } END { print n }'
}
for record in process system; do
	is "maps, unmaps, maps that pinned nothing and refusals of all intervals: $record" \
		"$(for key in maps unmaps reused_maps refusals; do sum $record $key; done | xargs)" \
		"1032 1032 1009 23"
	is "and the totals: $record" "$(jq -r "select(.record == \"$record\") | \"\\(.maps_total)\
 \\(.unmaps_total) \\(.reused_maps_total) \\(.refusals_total)\"" "$scratch/json" | tail -n 1)" \
		"1032 1032 1009 23"
done
is "a rate is the count by the interval" "$(jq -s '
	(map(select(.record == "system")) | map({ key: "\(.time)", value: .interval_ns })
		| from_entries) as $interval
	| [.[] | select(.record == "process" and .maps_per_second != null)
		| .maps - .maps_per_second * $interval["\(.time)"] / 1e9]
	| map(fabs < 0.01) | all' "$scratch/json")" true
is "maps that pinned nothing are told in percent, too" "$(jq -s '[.[] |
	select(.record == "process" and .maps > 0) | .reused_maps * 100 / .maps - .reuse_percent] |
	length > 0 and (map(fabs < 0.001) | all)' "$scratch/json")" true
is "half of the maps took no longer than 99 of 100" "$(jq 'select(.record == "process" and
	.maps_total > 0) | .p50_ns > 0 and .p50_ns <= .p99_ns' "$scratch/json" | sort -u)" true
is "refusals: who, how much, why" "$(jq -r 'select(.record == "refusal") |
	"\(.pid) \(.command) \(.asked) \(.errno) \(.stage) \(.whose)"' "$scratch/json" | sort |
	uniq -c | xargs)" "23 $worker workload $page 14 pin null"
is "--csv says the same" "$("$readers" csv "$scratch/csv" pid maps unmaps reused_maps refusals |
	tr -d '"' | awk '{ for (i = 2; i <= 5; i++) n[i] += $i }
		END { print $1, n[2], n[3], n[4], n[5] }')" "$worker 1032 1032 1009 23"
for metric in maps 1032 unmaps 1032 reused_maps 1009 refusals 23; do
	case $metric in
	[0-9]*) ;;
	*)
		name=$metric
		continue
		;;
	esac
	is "OpenMetrics: $name" "$("$readers" openmetrics "$scratch/prom" "ioasid_${name}_total" \
		pid command cgroup | tr -d '"')" "$worker workload /ioasid-top-1009 $metric"
	is "OpenMetrics: $name of all" "$("$readers" openmetrics "$scratch/prom" \
		"ioasid_all_${name}_total")" "$metric"
	is "OpenMetrics: $name by address space" "$("$readers" openmetrics "$scratch/prom" \
		"ioasid_ioas_${name}_total" | awk '{ n += $1 } END { print n + 0 }')" 0
done
end_worker
rmdir "$group"

# A limit of 25 pages, of which 23 are taken: three times 23 more are refused.
# shellcheck disable=SC2317 # start_worker calls it
workload() {
	exec prlimit --memlock=$((25 * page)):$((25 * page)) "$build/tests/tools/workload" "$@"
}
start_worker uid 65534 memory 23 map 23 query wait memory 23 whole 3 wait
ioasid-top --json -d 0.5 >"$scratch/json" 8>&- &
looker=$!
wait_for "$scratch/json" '"record":"process"'
ioasid-top --once >"$scratch/table"
has "92 % of the limit: an alarm" "$(cat "$scratch/table")" \
	"^limit near: $worker workload 92.0%$"
is "and the line says so" "$(awk -v pid="$worker" '$1 == pid { print $3, $4, $5, $6 }' \
	"$scratch/table")" "nobody $((23 * page / 1024))K $((25 * page / 1024))K 92.0"
is "by user" "$(ioasid-top --once --json --view users | jq -r 'select(.record == "user") |
	"\(.user) \(.processes) \(.charged) \(.pressure * 1)"')" "nobody 1 $((23 * page)) 92"
go_on
wait_for "$scratch/json" '"refusals_total":3,'
kill -INT "$looker"
wait "$looker"
is "three refusals, with what was asked, used and the limit" "$(jq -r '
	select(.record == "refusal") | "\(.pid) \(.uid) \(.asked) \(.used) \(.limit) \(.errno) "
	+ "\(.stage) \(.policy)"' "$scratch/json" | sort | uniq -c | xargs)" \
	"3 $worker 65534 $((23 * page)) $((23 * page)) $((25 * page)) 12 charge builtin"
is "each counts once" "$(jq -s '[.[] | select(.record == "process") | .refusals] | add' \
	"$scratch/json")" 3
is "what the process was told" "$(tail -n 2 "$scratch/worker" | head -n 1)" "map 0 ok, 3 failed"
end_worker
unset -f workload

# More processes than ioasid-top makes room for at first.
start_worker crowd 101 wait
ioasid-top --once --json >"$scratch/crowd"
is "101 processes, each once" "$(jq -r 'select(.record == "process" and .pinned > 0) | .pid' \
	"$scratch/crowd" | sort -u | wc -l)" 101
is "and they are all there are" "$(jq -r 'select(.record == "system") | "\(.processes) \(.pinned)"' \
	"$scratch/crowd")" "101 $((101 * page))"
is "101 address spaces" "$(ioasid-top --once --json --view ioas |
	jq -r 'select(.record == "ioas" and .mapped > 0) | .mapped' | sort | uniq -c | xargs)" \
	"101 $page"
end_worker
tries=0
until ioasidctl audit | grep -q '^pins *0$' || [ "$tries" -ge 60 ]; do
	tries=$((tries + 1))
	sleep 0.5
done
has "the crowd has gone" "$(ioasidctl audit)" '^pins +0$'

start_worker memory 23 whole 1 wait
first=$worker first_orders=$scratch/first
workload memory 5 whole 1 wait <"$scratch/orders" >"$first_orders" 2>&1 8>&- &
second=$!
wait_for "$first_orders" waiting
is "-p shows one process" "$(ioasid-top -p "$second" --once --json |
	jq -r 'select(.record == "process") | .pid')" "$second"
is "the system's line counts both" "$(ioasid-top -p "$second" --once --json |
	jq -r 'select(.record == "system") | "\(.processes) \(.pinned)"')" "2 $((28 * page))"
is "sorted by pinned memory, the largest first" "$(ioasid-top --once --json |
	jq -r 'select(.record == "process") | .pid' | xargs)" "$first $second"
order=$(printf '%s\n' "$first" "$second" | sort -n | xargs)
is "--sort pid" "$(ioasid-top --once --json -s pid |
	jq -r 'select(.record == "process") | .pid' | xargs)" "$order"
is "-b -n 3 shows three tables" "$(ioasid-top -b -n 3 -d 0.1 | grep -c '^ *PID ')" 3
is "every line of --json parses" "$(ioasid-top --json -n 3 -d 0.1 | jq -c .record | sort |
	uniq -c | xargs)" '6 process 1 schema 3 system'
end_worker
wait "$second"

ioasid-top -b -d 0.1 >"$scratch/batch" &
batch=$!
wait_for "$scratch/batch" PID
kill -INT "$batch"
status=0
wait "$batch" || status=$?
is "Ctrl-C ends it cleanly" "$status" 0
finish
