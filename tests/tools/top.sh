#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# ioasid-top shows what a process has pinned, charged, mapped and shared: exactly.
# shellcheck disable=SC1091,SC2154 # tap has it
. "$(dirname "$0")/tap"

page=$(getconf PAGESIZE)

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
is "the command and the user" "$(top_says "$worker" '| "\(.command) \(.user)"')" "workload root"

ioasid-top --once >"$scratch/table"
is "the table's line has the same" "$(awk -v pid="$worker" '$1 == pid {
	print $2, $3, $4, $5, $7, $8 }' "$scratch/table")" \
	"workload root $((23 * page / 1024))K $((23 * page / 1024))K $((69 * page / 1024))K $((
		46 * page / 1024))K"
is "--bytes has all digits" "$(ioasid-top --once --bytes |
	awk -v pid="$worker" '$1 == pid { print $4, $7 }')" "$((23 * page)) $((69 * page))"
header=$(head -n 1 "$scratch/table")
has "the header has the total and the processes" "$header" \
	"$((23 * page / 1024))K pinned by 1 process "
has "the header has the policies" "$header" 'account: builtin +place: builtin'
is "no line is longer than 80" "$(awk 'length > 80' "$scratch/table")" ""

go_on
look
is "unmapped, the process is not shown any more" "$(top_says "$worker" pinned)" ""
is "the kernel says so, too" "$(said pinned)" 0
go_on
look
is "1009 pages, mapped before and after they were renewed, are pinned twice and stale once" \
	"$(top_says "$worker" '| "\(.pinned) \(.stale)"')" "$((2018 * page)) $((1009 * page))"
same_as_query "1009 pages and 1009 stale ones"
end_worker
is "a process that has ended is gone" "$(ioasid-top --once --json | jq -s 'length')" 2

# More processes than ioasid-top makes room for at first.
start_worker crowd 101 wait
ioasid-top --once --json >"$scratch/crowd"
is "101 processes, each once" "$(jq -r 'select(.record == "process" and .pinned > 0) | .pid' \
	"$scratch/crowd" | sort -u | wc -l)" 101
is "and they are all there are" "$(jq -r 'select(.record == "system") | "\(.processes) \(.pinned)"' \
	"$scratch/crowd")" "101 $((101 * page))"
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

status=0
ioasid-top --sort nonsense >/dev/null 2>"$scratch/said" || status=$?
is "an unknown column is a usage error" "$status" 2
status=0
ioasid-top -n 1 --json >/dev/full 2>"$scratch/said" || status=$?
is "output that cannot be written is an error" "$status" 1
finish
