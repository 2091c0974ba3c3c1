#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# ioasid-top shows what a process has pinned, charged, mapped and shared: exactly.
# shellcheck disable=SC1091,SC2154 # tap has it
. "$(dirname "$0")/tap"

page=$(getconf PAGESIZE)

# top_says PID KEY - of the process's JSON record.
top_says() {
	ioasid-top --once --json | jq -r "select(.record == \"process\" and .pid == $1) | .$2"
}

# same_as_query WHAT - every counter that IOASID_QUERY has too.
same_as_query() {
	for key in pinned charged mapped shared pins mappings stale; do
		is "$1: $key is what the kernel tells the process" \
			"$(top_says "$worker" "$key")" "$(said "$key")"
	done
}

# 23 pages, each mapped once; then all 23 as a whole in two more address spaces.
start_worker memory 23 map 23 space whole 1 space whole 1 query wait \
	unmap query wait memory 1009 map 1009 renew map 1009 query wait
is "23 pages are pinned once" "$(top_says "$worker" pinned)" $((23 * page))
is "they are charged once" "$(top_says "$worker" charged)" $((23 * page))
is "they are mapped three times" "$(top_says "$worker" mapped)" $((69 * page))
is "two of the three times are shared" "$(top_says "$worker" shared)" $((46 * page))
same_as_query "23 pages in 3 address spaces"
is "the command" "$(top_says "$worker" command)" workload
is "the user" "$(top_says "$worker" user)" root

line=$(ioasid-top --once | awk -v pid="$worker" '$1 == pid')
is "the table's line has the same" "$(echo "$line" | awk '{ print $2, $3, $4, $5, $7, $8 }')" \
	"workload root $((23 * page / 1024))K $((23 * page / 1024))K $((69 * page / 1024))K $((
		46 * page / 1024))K"
bytes=$(ioasid-top --once --bytes | awk -v pid="$worker" '$1 == pid { print $4, $7 }')
is "--bytes has all digits" "$bytes" "$((23 * page)) $((69 * page))"
header=$(ioasid-top --once | head -n 1)
has "the header has the total and the processes" "$header" \
	"$((23 * page / 1024))K pinned by 1 process "
has "the header has the policies" "$header" 'account: builtin +place: builtin'
long=$(ioasid-top --once | awk 'length > 80')
is "no line is longer than 80" "$long" ""

go_on
is "unmapped, the process is not shown any more" "$(top_says "$worker" pinned)" ""
is "the kernel says so, too" "$(said pinned)" 0
go_on
is "1009 pages, mapped before and after they were renewed, are pinned twice" \
	"$(top_says "$worker" pinned)" $((2018 * page))
same_as_query "1009 pages and 1009 stale ones"
is "the first 1009 are stale" "$(top_says "$worker" stale)" $((1009 * page))
end_worker
is "a process that has ended is gone" "$(ioasid-top --once --json | jq -s 'length')" 2

# More processes than ioasid-top makes room for at first.
start_worker crowd 1031 wait
ioasid-top --once --json >"$scratch/crowd"
is "1031 processes, each once" "$(jq -r 'select(.record == "process" and .pinned > 0) | .pid' \
	"$scratch/crowd" | sort -u | wc -l)" 1031
is "and they are all there are" "$(jq -r 'select(.record == "system") | "\(.processes) \(.pinned)"' \
	"$scratch/crowd")" "1031 $((1031 * page))"
end_worker
for _ in 1 2 3 4 5 6 7 8 9 10; do
	[ "$(ioasidctl audit --json | jq .pins)" -gt 0 ] || break
	sleep 1
done
is "the crowd has gone" "$(ioasidctl audit --json | jq .pins)" 0

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

status=0
ioasid-top --sort nonsense >/dev/null 2>"$scratch/said" || status=$?
is "an unknown column is a usage error" "$status" 2
status=0
ioasid-top -n 1 --json >/dev/full 2>"$scratch/said" || status=$?
is "output that cannot be written is an error" "$status" 1
finish
