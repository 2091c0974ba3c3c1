#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# What ioasid-trace records is reported and exported exactly, also when the recording was cut off.
# shellcheck disable=SC1091,SC2154 # tap has it
. "$(dirname "$0")/tap"

data=$scratch/data

# report ARGUMENT... - of the recording, in JSON, to $scratch/report.
report() {
	ioasid-trace report "$data" --json "$@" >"$scratch/report" 2>"$scratch/report.err"
}

# total OPERATION EXPRESSION - of hist's records.
total() {
	jq -r "select(.record == \"hist\" and .operation == \"$1\") | $2" "$scratch/report"
}

# lost - events, as the report says.
lost() {
	jq -r 'select(.record == "lost") | .events' "$scratch/report"
}

# recorded - events, as the recorder says.
recorded() {
	sed -n 's/^ioasid-trace: \([0-9]*\) events in .*/\1/p' "$scratch/trace.err"
}

# perfetto EXPRESSION - of each entry of the export.
perfetto() {
	ioasid-trace export "$data" --perfetto | jq -r ".traceEvents[] | $1"
}

# 23 pages mapped, 1009 times in all, by pages; 7 calls fail.
start_tracer record -o "$data" --buffer 16M
workload memory 23 map 1009 fail 7 unmap >/dev/null
end_tracer
has "what was recorded is said" "$(cat "$scratch/trace.err")" \
	"^ioasid-trace: [0-9]+ events in $data, lost events: 0$"
is "only root may read it" "$(stat -c %a "$data")" 600
all=$(recorded)
report
is "1009 map calls, 7 that failed, of 1009 pages, 23 of them new" \
	"$(total map '"\(.count) \(.errors) \(.pages) \(.pages - .reused)"')" "1009 7 1009 23"
is "1009 unmap calls" "$(total unmap '"\(.count) \(.errors) \(.pages)"')" "1009 0 1009"
is "their buckets add up" "$(total map '.buckets | map(.count) | add')" 1009
is "nothing was lost" "$(lost)" 0
sum=$(total map .sum)
report --by process --op map
is "all by one process" "$(total map '"\(.count) \(.errors)"')" "1009 7"
report phases --op map
is "phases are of as many calls, and of the same time" \
	"$(jq -r 'select(.record == "phases" and .from_pages == null) | "\(.count) \(.sum)"' \
		"$scratch/report")" "1009 $sum"
report slow --min-us 0 --op map
is "slow has each" "$(jq -s '[.[] | select(.operation == "map")] | length' "$scratch/report")" 1016
is "as a slice for each map call of a process" \
	"$(perfetto 'select(.ph == "X" and .name == "map" and .pid < 4194305) | .name' | wc -l)" 1009
is "an instant for each that failed" \
	"$(perfetto 'select(.ph == "i" and .pid < 4194305) | .name' | sort | uniq -c |
		grep map: | xargs)" "7 map: EFAULT"
is "in the end nothing is pinned, and at most 23 pages were" \
	"$(perfetto 'select(.ph == "C") | .args.bytes' | awk '{ if ($1 > most) most = $1 }
		END { print $1 + 0, most / 4096 }')" "0 23"
is "folded: all of the time of map calls" "$(ioasid-trace export "$data" --folded |
	awk '/;?map;[a-z]+ / { n += $NF } END { print n }')" "$sum"
has "--header" "$(ioasid-trace report "$data" --header)" "^kernel: +$(uname -r)$"

# With stacks.
start_tracer record -o "$data" --stacks
workload memory 5 map 23 unmap >/dev/null
end_tracer
report slow --min-us 0 --op map
ioasid-trace export "$data" --folded >"$scratch/folded"
is "each call has a kernel stack with the module in it, and a user stack with ioctl" \
	"$(grep -Ec '^workload;.*ioctl.*;ioasid_[a-z_]*_\[k\];.*;(un)?map;table [0-9]+$' \
		"$scratch/folded" | awk '{ print ($1 > 1) }')" 1
[ "$failures" -eq 0 ] || say "$(head -n 5 "$scratch/folded")"
ioasid-trace export "$data" --perfetto >"$scratch/trace.json"
is "the export for Perfetto is sound" \
	"$("$top/tests/trace/perfetto.py" "$scratch/trace.json" 2>&1)" ""

# One process of two.
start_worker wait memory 5 map 23 wait unmap
start_tracer record -o "$data" -p "$worker"
go_on
workload memory 3 map 101 unmap >/dev/null
end_worker
end_tracer
report
is "-p: 23 map calls of that process alone" "$(total map .count) $(total unmap .count)" "23 23"

# What was recorded a second ago is there when the recorder is killed.
start_tracer record -o "$data"
workload memory 5 map 23 unmap >/dev/null
size=0
while [ "$size" -lt 10000 ]; do
	size=$(stat -c %s "$data")
	sleep 0.2
done
kill -KILL "$tracer"
wait "$tracer" 2>/dev/null
tracer=''
report
is "killed: it is reported all the same" "$(total map .count) $(total unmap .count)" "23 23"
has "killed: with a note" "$(cat "$scratch/report.err")" \
	"^ioasid-trace: $data was cut off after [0-9]+ events; this is as far as it goes$"

# A disk that is full.
mkdir "$scratch/disk"
mount -t tmpfs -o size=64k none "$scratch/disk"
data=$scratch/disk/data
start_tracer record -o "$data"
workload memory 23 map 1009 unmap >/dev/null
wait_tracer
is "a full disk ends it" "$status" 1
has "a full disk is named" "$(cat "$scratch/trace.err")" \
	"^ioasid-trace: $data cannot be written: No space left on device; what came before can be"
report
is "what came before can be reported" "$(total map '.count > 23')" true
umount "$scratch/disk"
data=$scratch/data
refuses "a directory that is not there" 'cannot be written: No such file or directory' \
	ioasid-trace record -o "$scratch/nowhere/data" -d 1

# A buffer that is too small: what is lost is counted.
start_tracer record -o "$data" --buffer 4K
workload memory 23 map 1009 fail 7 unmap >/dev/null
end_tracer
report
is "some were lost" "$(lost | awk '{ print ($1 > 0) }')" 1
is "what was recorded and what was lost are all there was" $(($(recorded) + $(lost))) "$all"
has "the recorder says so" "$(cat "$scratch/trace.err")" "lost events: $(lost)$"
has "text: lost events are shown" "$(ioasid-trace report "$data")" "^lost events: $(lost)"

start_tracer record -o "$data" -d 0.3
wait_tracer
report
is "-d ends by itself" "$status $(total map .count)" "0 0"
finish
