#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# ioasid-trace's modes show exactly what a workload does: 23 of this, 1009 of that, told apart by
# process, address space, size and policy; phases that add up; slow calls with their stacks; pins;
# and what was lost.
# shellcheck disable=SC1091,SC2154 # tap has it
. "$(dirname "$0")/tap"

page=$(getconf PAGESIZE)
schema=$top/docs/ioasid-trace.schema.json

# trace RECORD EXPRESSION - of each such record of what was traced, a line each.
trace() {
	jq -r "select(.record == \"$1\") | $2" "$scratch/trace"
}

valid() {
	is "$1: every line is as the schema says" \
		"$("$top/tests/tools/valid" "$schema" <"$scratch/trace" 2>&1)" ""
}

# loaded - names of the tracer's programs that are in the kernel.
loaded() {
	bpftool prog show -j | jq -r '.[] | select(.name // "" | test("^(on_|walk)")) | .name' |
		sort | xargs
}

# usage WHAT PATTERN ARGUMENT... - a usage error that says what is wrong.
usage() {
	what=$1 pattern=$2 status=0
	shift 2
	ioasid-trace "$@" >"$scratch/said" 2>&1 || status=$?
	is "$what is a usage error" "$status" 2
	has "$what: and says so" "$(cat "$scratch/said")" "$pattern"
}

# hist: filters, and what is not needed is not there.
start_tracer --json hist --op map
is "--op map: only that program is loaded" "$(loaded)" on_map
workload memory 23 map 1009 fail 3 unmap pin >/dev/null
end_tracer
is "--op map: 1009 calls, 3 errors, and no other operation" \
	"$(trace hist '"\(.operation) \(.count) \(.errors) \(.pages) \(.bytes / .pages) \(.reused)"')" \
	"map 1009 3 1009 $page 986"
is "p50 <= p90 <= p99 <= p99.9 <= max" "$(trace hist '[0 < .p50, .p50 <= .p90, .p90 <= .p99,
	.p99 <= .p999, .p999 <= .max, .max <= .sum] | all')" true
valid hist
start_tracer --json --op pin,unpin
workload memory 23 map 1009 unmap >/dev/null
end_tracer
is "--op pin,unpin: each of 1009 maps asks for a page, 23 are let go" \
	"$(trace hist '"\(.operation) \(.count) \(.reused) \(.pages)"' | xargs)" \
	"pin 1009 986 1009 unpin 23 0 23"

# By process: two, and a third that comes while it goes on.
start_worker wait memory 23 map 23 wait unmap
start_tracer --json --by process
go_on
workload memory 5 map 1009 unmap >/dev/null
first=$worker
end_worker
end_tracer
is "by process: 23 calls of one" "$(trace hist \
	"select(.pid == $first) | \"\\(.operation) \\(.count) \\(.pages) \\(.command)\"" | xargs)" \
	"map 23 23 workload unmap 23 23 workload"
is "by process: 1009 of the other" "$(trace hist \
	"select(.pid != $first) | \"\\(.operation) \\(.count) \\(.pages) \\(.command)\"" | xargs)" \
	"map 1009 1009 workload unmap 1009 1009 workload"
is "each one's buckets add up" "$(trace hist '.count == ([.buckets[].count] | add)' | sort -u)" true
valid "hist --by process"

# By address space; then one of them alone.
start_worker wait map 23 space map 1009 wait map 7 unmap
start_tracer --json --by ioas
go_on
end_tracer
is "by ioas: 23 in one, 1009 in another" "$(trace hist .count | sort -n | xargs)" "23 1009"
second=$(trace hist 'select(.count == 1009) | .ioas')
start_tracer --json -i "$second" --op map,unmap
end_worker
end_tracer
is "-i: calls of that address space alone" "$(trace hist '"\(.operation) \(.count)"' | xargs)" \
	"map 7 unmap 1016"
valid "hist --by ioas"

# By size and by policy.
start_tracer --json --by size --op map
workload memory 23 map 1009 whole 23 >/dev/null
end_tracer
is "by size: 1009 calls of a page, 23 of 16 to 31" \
	"$(trace hist '"\(.from_pages) \(.to_pages) \(.count) \(.pages)"' | xargs)" \
	"1 1 1009 1009 16 31 23 529"
valid "hist --by size"
ioasidctl policy load "$bpf/top_down.bpf.o"
start_tracer --json --by policy
workload memory 3 map 23 at 0x40000000 unmap >/dev/null
ioasidctl policy unload top_down
workload memory 3 map 1009 unmap >/dev/null
end_tracer
is "by policy: each call by who has placed it" "$(trace hist \
	'select(.operation == "map") | "\(.policy) \(.count)"' | sort | xargs)" \
	"builtin 1009 fixed 1 top_down 23"
is "by policy: unmap calls have none" "$(trace hist \
	'select(.operation == "unmap") | "\(.policy) \(.count)"')" "null 1033"
valid "hist --by policy"
start_tracer --json --by device --op map
workload map 23 >/dev/null
end_tracer
is "by device: none is attached" "$(trace hist '"\(.device) \(.count)"')" "null 23"
valid "hist --by device"

# Intervals of each mode add up to the whole; cumulative ones rise to it.
for mode in 'hist --by process' phases 'pins'; do
	case $mode in
	hist*) record=hist count=.count ;;
	phases) record=phases count='select(.from_pages | not) | .count' ;;
	pins) record=pins count='select(.pid | not) | .pins + .reuses' ;;
	esac
	operation='.operation == "map" or .record == "pins"'
	start_worker wait memory 5 map 23 wait map 1009 wait unmap
	# shellcheck disable=SC2086 # words
	start_tracer --json $mode 0.2
	go_on
	sleep 0.5
	go_on
	sleep 0.5
	end_worker
	end_tracer
	is "$mode: intervals add up to the whole" "$(jq -s "[.[] | select(.record == \"$record\" and
		.scope == \"interval\") | select($operation) | $count] | add" "$scratch/trace")" 1032
	is "$mode: the whole is right" "$(trace $record \
		"select(.scope == \"total\" and ($operation)) | $count")" 1032
	is "$mode: calls came in more than one interval" "$(jq -s "[.[] | select(.record == \"$record\" and
		.scope == \"interval\") | select($operation) | $count | select(. > 0)] | length > 1" \
		"$scratch/trace")" true
	valid "$mode in intervals"
done
start_worker wait map 23 wait
start_tracer --json --cumulative --op map 0.2
go_on
sleep 0.5
end_worker
end_tracer
is "--cumulative: an interval has all since the start" "$(trace hist '"\(.scope) \(.count)"' |
	tail -n 2 | xargs)" "cumulative 23 total 23"
is "and has no less than the one before" "$(trace hist .count | sort -nc 2>&1)" ""

# Phases.
start_tracer --json phases --op map,unmap,pin
workload memory 23 map 1009 whole 23 fail 5 unmap >/dev/null
end_tracer
# The whole of 23 pages that are pinned one by one is looked for page by page.
is "phases: calls of each size, and of all" "$(trace phases \
	'"\(.operation) \(.from_pages) \(.count)"' | xargs)" \
	"map null 1032 map 1 1009 map 16 23 unmap null 1032 unmap 1 1009 unmap 16 23 pin null 1538 pin 1 1538"
is "phases add up to the whole" "$(trace phases '.sum == ([.phases[]] | add)' | sort -u)" true
is "the sizes add up to all" "$(jq -s '[.[] | select(.record == "phases")] | group_by(.operation) |
	map((map(select(.from_pages) | .phases.pinning) | add) ==
	(.[] | select(.from_pages | not) | .phases.pinning)) | all' "$scratch/trace")" true
is "every phase that has to do takes time" "$(trace phases 'select(.operation == "map") | .phases |
	[.policy, .pinning, .placement, .other] | map(. > 0) | all' | sort -u)" true
valid phases

# Slow: all of them are, with 0. Of one process, whose functions are on the stack.
start_worker wait memory 23 map 23 wait unmap wait
start_tracer --json slow --min-us 0 -p "$worker"
workload map 101 unmap >/dev/null
go_on
wait_for "$scratch/trace" '"operation":"map"'
go_on
end_tracer
is "slow: 23 map and 23 unmap calls" "$(trace slow '"\(.operation) \(.command)"' | sort | uniq -c |
	xargs)" "23 map workload 23 unmap workload"
is "all of that process" "$(trace slow '"\(.pid) \(.thread)"' | sort -u)" "$worker $worker"
is "phases add up to each call's time" "$(trace slow '.duration == ([.phases[]] | add)' | sort -u)" \
	true
is "kernel stack: down from the system call" "$(trace slow '[.kernel[] | select(.object == "ioasid") |
	.function] | last' | sort -u)" ioasid_ioctl
is "kernel stack: nothing of tracing" "$(trace slow '.kernel[0].object' | sort -u)" ioasid
is "user stack: the program's function by name" "$(trace slow '[.user[] |
	select(.object == "workload") | .function] | index("main") != null' | sort -u)" true
has "user stack: and what it called" "$(trace slow '[.user[] | .function] | join(" ")' | sort -u)" \
	'ioctl .*main'
is "no user address" "$(trace slow '.va // .user[].address // "none"' | sort -u)" none
end_worker
is "how many there were" "$(trace slow_sum '"\(.count) \(.errors)"')" "46 0"
valid slow
start_tracer slow --min-us 1000000000
workload map 23 fail 5 unmap >/dev/null
prlimit --memlock="$((20 * page))" setpriv --bounding-set=-ipc_lock \
	"$build/tests/tools/workload" memory 3 map 3 memory 23 whole 1 >/dev/null
end_tracer
text=$(cat "$scratch/trace")
has "text: what failed is shown however fast" "$text" '^6 calls shown, 6 of them failed$'
kib=$((page / 1024))
has "text: a limit is explained" "$text" "^    refused: ENOMEM charge/builtin, $((3 * kib))K of $(
	)$((20 * kib))K used( by process)?, asked $((23 * kib))K$"
is "text: five times nothing to pin" "$(grep -c '^    refused: EFAULT pin' "$scratch/trace")" 5
is "text: no line is longer than 80" "$(awk 'length > 80' "$scratch/trace")" ""
ioasidctl policy load "$bpf/uid_quota.bpf.o" --set quota_pages=23
start_tracer --json slow --min-us 1000000000
workload uid 4711 memory 7 whole 1 memory 101 whole 1 unmap >/dev/null
end_tracer
ioasidctl policy unload uid_quota
is "slow: which policy refused, whose limit it was, and by how much" "$(trace slow \
	'"\(.errno) \(.stage) \(.reason) \(.policy) \(.asked) \(.used) \(.limit)"')" \
	"EDQUOT charge user uid_quota 101 7 23"
valid "slow, refused"
start_tracer slow --min-us 0 --addresses
kill -STOP "$tracer"
workload map 3 >/dev/null
kill -CONT "$tracer"
end_tracer
is "--addresses: of each map" "$(grep -Ec '(, |^    )va 0x' "$scratch/trace")" 3
start_tracer slow --min-us 0 --op map
kill -STOP "$tracer"
workload map 3 >/dev/null
kill -CONT "$tracer"
end_tracer
is "a process that has gone: its functions are not known, and it says so" \
	"$(grep -c '^    user   unknown: the process has gone$' "$scratch/trace")" 3

# Pins.
start_worker wait memory 23 map 1009 wait unmap wait
start_tracer --json pins
go_on
workload memory 1009 whole 1 >/dev/null
go_on
end_tracer
is "pins: 23 of a page, found again 986 times; let go, none stale" "$(trace pins \
	"select(.pid == $worker) | \"\\(.pins) \\(.pages) \\(.largest) \\(.reuses) \\(.reused) \\(.unpinned) \\(.stale)\"")" \
	"23 23 1 986 986 23 0"
is "pins: of another process 1009 pages" "$(trace pins \
	"select(.pid and .pid != $worker) | \"\\(.pages) \\(.reuses) \\(.unpinned)\"")" "1009 0 1009"
is "all together" "$(trace pins 'select(.pid | not) | "\(.pages) \(.reused) \(.unpinned)"')" \
	"1032 986 1032"
is "as many runs are told apart by size as there are" \
	"$(trace pins '.runs == ([.run_sizes[].count] | add)' | sort -u)" true
is "and they have as many pages as they may" "$(trace pins \
	'([.run_sizes[] | .count * .from_pages] | add) <= .pages and
	([.run_sizes[] | .count * .to_pages] | add) >= .pages' | sort -u)" true
is "each pin that was let go has lived" \
	"$(trace pins 'select(.pid) | "\(.lived.count > 0) \(.lived.p50 > 0)"' | sort -u)" "true true"
is "23 of them in that process" "$(trace pins "select(.pid == $worker) | .lived.count")" 23
end_worker
valid pins
start_tracer pins
workload memory 23 map 23 unmap >/dev/null
end_tracer
has "pins, text" "$(cat "$scratch/trace")" "^pins: 23 made, $((23 * page / 1024))K in 23 runs of"
is "pins, text: no line is longer than 80" "$(awk 'length > 80' "$scratch/trace")" ""

# Lost: a buffer of a page has room for so many events, while the tracer sleeps.
start_tracer --json pins --buffer 4K
kill -STOP "$tracer"
workload memory 23 map 1009 >/dev/null
kill -CONT "$tracer"
end_tracer
is "what did not fit into the buffer is counted, on its CPU" "$(jq -s '
	[.[] | select(.record == "pins" and (.pid | not)) | .pins + .reuses + .lived.count] +
	[.[] | select(.record == "lost") | .events] | add' "$scratch/trace") $(trace lost \
	'.events > 1000 and .events == ([.cpus[]] | add)')" "1032 true"
valid "lost events"
start_tracer pins --buffer 4K
kill -STOP "$tracer"
workload memory 23 map 1009 >/dev/null
kill -CONT "$tracer"
end_tracer
has "text: lost events" "$(cat "$scratch/trace")" '^  CPU [01]: [0-9]+ found the buffer full'
start_tracer --json pins --buffer 4M
kill -STOP "$tracer"
workload memory 23 map 1009 >/dev/null
kill -CONT "$tracer"
end_tracer
is "with a larger buffer nothing is lost" "$(trace lost .events) $(trace pins \
	'select(.pid | not) | .pins + .reuses')" "0 1009"

# More keys than there is room for are counted as lost.
start_tracer --json --by process --op map
workload crowd 101 >/dev/null
end_tracer
is "by process: 101 processes with a call each" \
	"$(trace hist '"\(.count)"' | sort | uniq -c | xargs) $(trace lost .events)" "101 1 0"

# Text of the rest.
for arguments in '--by process' '--by size' '--by policy' 'phases' 'phases --op pin'; do
	# shellcheck disable=SC2086 # words
	start_tracer $arguments
	workload memory 23 map 1009 whole 23 unmap >/dev/null
	end_tracer
	is "$arguments, text: no line is longer than 80" "$(awk 'length > 80' "$scratch/trace")" ""
	has "$arguments, text: lost events are shown" "$(cat "$scratch/trace")" '^lost events: 0$'
	is "$arguments, text: no colours but on a terminal" \
		"$(grep -c "$(printf '\033')" "$scratch/trace")" 0
done

# What makes no sense.
usage "a mode that is none" "'hits' is no mode; there are: hist, phases, slow, pins" hits
usage "a second mode" "what is 'phases'|no number of seconds" hist 1 2 phases
usage "--op nonsense" "'nap' is no operation; there are: map" --op map,nap
usage "--op of another mode" "phases knows not all of 'attach'" phases --op attach
usage "-i nonsense" "'x' is no number of an address space" -i x
usage "-i 0" "'0' is no number of an address space" -i 0
usage "-p nonsense" "'-1' is no process" -p -1
usage "-i with pins" 'pins belong to processes' pins -i 3
usage "--by nonsense" 'There are: process' --by colour
usage "--by with phases" '--by is for hist' phases --by size
usage "--buffer nonsense" 'no size of a buffer' --buffer 3
usage "--min-us with hist" '--min-us is for slow' --min-us 3
usage "slow in intervals" 'not in intervals' slow 1
finish
