#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# ioasid-trace counts every map and unmap call once, also when it shows intervals.
# shellcheck disable=SC1091,SC2154 # tap has it
. "$(dirname "$0")/tap"

# total OPERATION KEY - of the last reading in JSON.
total() {
	jq -r "select(.record == \"hist\" and .scope == \"total\" and .operation == \"$1\") | .$2" \
		"$scratch/trace"
}

# 23 pages mapped, 1009 times in all, by pages; 7 calls fail.
start_tracer --json
workload memory 23 map 1009 fail 7 unmap >/dev/null
end_tracer
is "1009 map calls" "$(total map count)" 1009
is "7 map calls that failed, not among them" "$(total map errors)" 7
is "1009 pages mapped" "$(total map pages)" 1009
is "all but 23 were pinned already" "$(total map reused)" 986
is "1009 unmap calls" "$(total unmap count)" 1009
is "1009 pages unmapped" "$(total unmap pages)" 1009
is "no unmap call failed" "$(total unmap errors)" 0
for operation in map unmap; do
	is "the buckets of $operation add up to the calls" \
		"$(total $operation 'buckets | map(.count) | add')" 1009
	is "times of $operation are in order and not 0" "$(total $operation \
		'| [0 < .p50, .p50 <= .p90, .p90 <= .p99, .p99 <= .max,
		.max * .count >= .sum, .sum >= .p50 * .count / 2] | all' | tr -d '\n')" true
	is "the longest $operation is in the last bucket" "$(total $operation \
		'| .max >= .buckets[-1].from and .max < .buckets[-1].below')" true
done
is "nothing was lost" "$(jq -r 'select(.record == "lost") | .events' "$scratch/trace")" 0

# One process of two.
start_worker wait memory 5 map 23 wait unmap
start_tracer --json -p "$worker"
go_on
workload memory 3 map 101 unmap >/dev/null
end_worker
end_tracer
is "-p: 23 map calls of that process alone" "$(total map count)" 23
is "-p: 23 unmap calls of that process alone" "$(total unmap count)" 23

# Intervals, with calls in more than one of them.
start_worker wait memory 5 map 23 wait map 101 wait unmap wait
start_tracer --json 0.2
for _ in 1 2 3; do
	go_on
	sleep 0.5
done
end_worker
end_tracer
is "intervals add up to the whole" "$(jq -rs '[.[] | select(.scope == "interval") |
	select(.operation == "map") | .count] | add' "$scratch/trace")" 124
is "the whole is right" "$(total map count) $(total unmap count)" "124 124"
several=$(jq -rs '[.[] | select(.scope == "interval" and .operation == "map" and .count > 0)] |
	length > 1' "$scratch/trace")
is "more than one interval has calls" "$several" true
is "each interval's buckets add up" "$(jq -rs '[.[] | select(.record == "hist") |
	.count == ([.buckets[].count] | add // 0)] | all' "$scratch/trace")" true

start_tracer --json 0.2 3
wait_tracer
is "INTERVAL COUNT ends by itself" "$status $(jq -r 'select(.record == "lost" and
	.scope == "interval") | .interval' "$scratch/trace" | xargs)" "0 1 2 3"
start_tracer --json -d 0.3
wait_tracer
is "-d ends by itself" "$(total map count)" 0

# The picture for people has the same numbers.
start_tracer
workload memory 23 map 23 unmap >/dev/null
end_tracer
text=$(cat "$scratch/trace")
has "text: calls, errors and pages of map" "$text" '^map: 23 calls, 0 errors, 23 pages$'
has "text: calls, errors and pages of unmap" "$text" '^unmap: 23 calls, 0 errors, 23 pages$'
has "text: lost events are shown" "$text" '^lost events: 0$'
is "text: the lines of both pictures add up" "$(awk '$2 == "-" && /\|/ { n += $4 }
	END { print n }' "$scratch/trace")" 46
is "no line is longer than 80" "$(awk 'length > 80' "$scratch/trace")" ""
finish
