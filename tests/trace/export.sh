#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# Recordings of calls that never were: every mode, filter and export shows exactly what is in them, and
# files that are not what they should be are named. Needs no kernel module.
# shellcheck disable=SC1091,SC2154 # tap has it
. "$(dirname "$0")/../tools/tap"

here=$top/tests/trace
data=$scratch/data
sums=$scratch/sums

# synthesize CALLS [PAGE_SIZE] - a recording in $data, its sums in $sums.
synthesize() {
	"$build/tests/trace/synthetic" "$data" "$@" >"$sums"
}

# wanted EXPRESSION - of the sums.
wanted() {
	jq -r "$1" "$sums"
}

# report ARGUMENT... - of $data, in JSON, to $scratch/report.
report() {
	ioasid-trace report "$data" --json "$@" >"$scratch/report"
}

# total OPERATION EXPRESSION - of hist's records.
total() {
	jq -r "select(.record == \"hist\" and .operation == \"$1\") | $2" "$scratch/report"
}

# folded PATTERN - nanoseconds of lines whose stack matches.
folded() {
	awk -v p="$1" '{ ns = $NF; sub(/ [0-9]+$/, "") } $0 ~ p { sum += ns } END { print sum + 0 }' \
		"$scratch/folded"
}

check_reports() {
	report
	for operation in map unmap; do
		is "$1 calls, hist: calls of $operation, errors and their time" \
			"$(total $operation '"\(.count) \(.errors) \(.sum)"')" \
			"$(wanted ".$operation | \"\\(.events - .failed) \\(.failed) \\(.total_ns)\"")"
		is "$1 calls, hist: the buckets of $operation add up" \
			"$(total $operation '.buckets | map(.count) | add')" \
			"$(wanted ".$operation | .events - .failed")"
	done
	is "$1 calls: nothing was lost" \
		"$(jq -r 'select(.record == "lost") | .events' "$scratch/report")" 0

	report --op pin,unpin
	is "$1 calls, --op pin,unpin" "$(total pin .count) $(total unpin .count) $(total map .count)" \
		"$(wanted '"\(.pin.events) \(.unpin.events) "')"
	report --by process --op map
	is "$1 calls, --by process adds up" \
		"$(total map '"\(.count) \(.errors)"' | awk '{ n += $1; e += $2 } END { print n, e }')" \
		"$(wanted '.map | "\(.events - .failed) \(.failed)"')"
	report -p 202 --op map
	is "$1 calls, -p: every third" "$(total map '.count + .errors')" $(($1 / 3))
	report -i 2 --op map
	is "$1 calls, -i: the same, in the address space of that process" \
		"$(total map '.count + .errors')" $(($1 / 3))
	report slow --min-us 0 --op map
	is "$1 calls, slow: each" "$(jq -s '[.[] | select(.operation == "map")] | length' \
		"$scratch/report")" "$1"
	is "$1 calls, slow: those that failed" \
		"$(jq -s '[.[] | select(.operation == "map" and .errno == "ENOMEM")] | length' \
			"$scratch/report")" "$(wanted .map.failed)"
	is "$1 calls, slow: no user address" "$(grep -c '"va"' "$scratch/report")" 0
	report slow --min-us 0 --op map --addresses
	is "$1 calls, slow --addresses: each has one" "$(grep -c '"va"' "$scratch/report")" "$1"
}

check_exports() {
	ioasid-trace export "$data" --perfetto -o "$scratch/trace.json"
	is "$1 calls, --perfetto: sound, and every sum is right" \
		"$("$here/perfetto.py" "$scratch/trace.json" "$sums" 2>&1)" ""
	is "$1 calls, --perfetto: no user address" "$(grep -c '"va"' "$scratch/trace.json")" 0
	ioasid-trace export "$data" --perfetto --addresses >"$scratch/trace.json"
	is "$1 calls, --perfetto --addresses: sound, too" \
		"$("$here/perfetto.py" "$scratch/trace.json" "$sums" 2>&1)" ""
	is "$1 calls, --perfetto --addresses: they are there" \
		"$(grep -c '"va"' "$scratch/trace.json" | awk '{ print ($1 > 0) }')" 1

	ioasid-trace export "$data" --folded >"$scratch/folded"
	is "$1 calls, --folded: a line is a stack, a blank and a number" \
		"$(grep -Evc '^([^;]+;)+[a-z]+ [0-9]+$' "$scratch/folded")" 0
	for phase in policy pinning placement table flush; do
		is "$1 calls, --folded: $phase of calls that did not fail" \
			"$(folded ";(map|unmap);$phase\$")" \
			"$(wanted ".map.phases.$phase + .unmap.phases.$phase")"
	done
	is "$1 calls, --folded: all of their time" "$(folded ';(map|unmap);[a-z]+$')" \
		"$(wanted '.map.total_ns + .unmap.total_ns')"
	is "$1 calls, --folded: the stacks, outermost first" \
		"$(cut -d';' -f1-6 "$scratch/folded" | grep ';map$' | sort -u)" \
		"alpha;main;[libdma.so];ioasid_ioctl_[k];map_[k];map
alpha;main;work;ioasid_ioctl_[k];map_[k];map
be:ta \"2\";main;work;ioasid_ioctl_[k];map_[k];map"
	is "$1 calls, --folded: no address" "$(grep -c 0x "$scratch/folded")" 0
	ioasid-trace export "$data" --folded --addresses >"$scratch/folded"
	is "$1 calls, --folded --addresses: of what has no name" \
		"$(grep -o ';0x[0-9a-f]*' "$scratch/folded" | sort -u)" ";0x7f0000001000"
	ioasid-trace export "$data" --folded --op pin >"$scratch/folded"
	is "$1 calls, --folded --op pin" "$(folded ';pin;[a-z]+$') $(folded ';map;')" \
		"$(wanted .pin.total_ns) 0"
}

for calls in 23 1009; do
	synthesize "$calls"
	check_reports "$calls"
	check_exports "$calls"
done

report phases
is "phases: the pinning of map" "$(jq 'select(.record == "phases" and .operation == "map" and
	.from_pages == null) | .phases.pinning' "$scratch/report")" "$(wanted .map.phases.pinning)"
report pins
is "pins: JSON of something" "$(jq -s 'length > 1' "$scratch/report")" true
for mode in hist phases slow pins; do
	ioasid-trace report "$data" "$mode" >"$scratch/text"
	is "$mode as text: lost events are shown" "$(grep -c '^lost events: 0$' "$scratch/text")" 1
	is "$mode as text: no line is longer than 80" "$(awk 'length > 80' "$scratch/text")" ""
done
is "--header says where it was recorded" "$(ioasid-trace report "$data" --header --json |
	jq -r '"\(.kernel) \(.module) \(.page_size) \(.clock) \(.command)"')" \
	"6.12.0 0.1 4096 CLOCK_MONOTONIC ioasid-trace record -o FILE"

# Of a machine with other pages.
synthesize 23 65536
has "64K pages: in bytes" "$(ioasid-trace report "$data" --op map)" "^  1280K in "
ioasid-trace export "$data" --perfetto >"$scratch/trace.json"
is "64K pages: --perfetto" "$("$here/perfetto.py" "$scratch/trace.json" "$sums" 2>&1)" ""

# A file that was cut off, at each byte of its beginning and end, and at some in between.
synthesize 23
size=$(stat -c %s "$data")
header=672
cp "$data" "$scratch/whole"
wrong=''
for length in $(seq 0 7) $(seq 8 53 $((header - 1))); do
	head -c "$length" "$scratch/whole" >"$data"
	! ioasid-trace report "$data" >"$scratch/said" 2>&1 || wrong="$wrong $length"
	grep -Eq 'is empty|is no recording|cut off in its header' "$scratch/said" ||
		wrong="$wrong $length"
done
is "a file that was cut off in its header is refused" "$wrong" ""
last=0 wrong=''
for length in $(seq $header 97 $((size - 1))) $((size - 1)); do
	head -c "$length" "$scratch/whole" >"$data"
	if ! report 2>"$scratch/said"; then
		wrong="$wrong $length"
		continue
	fi
	grep -Eq "^ioasid-trace: $data was cut off after [0-9]+ events; this is as far as it goes$" \
		"$scratch/said" || wrong="$wrong $length"
	now=$(total map '.count + .errors' | grep . || echo 0)
	[ "$now" -ge "$last" ] || wrong="$wrong $length"
	last=$now
	ioasid-trace export "$data" --perfetto 2>/dev/null | jq -e .traceEvents >/dev/null ||
		wrong="$wrong $length"
done
is "one that was cut off later is reported as far as it goes, with a note" "$wrong" ""
is "but for the end of it, all" "$last" 23

# damaged OFFSET BYTES - what is said of the file with that in it.
damaged() {
	cp "$scratch/whole" "$data"
	printf '%b' "$2" | dd of="$data" bs=1 seek="$1" conv=notrunc status=none
	{ ioasid-trace report "$data" >/dev/null; } 2>&1
}
has "another version" "$(damaged 12 '\0002')" \
	'is a recording of version 2, and this ioasid-trace reads version 1; report it with'
has "the other byte order" "$(damaged 8 '\0001\0002\0003\0004')" 'the other byte order'
has "no magic" "$(damaged 0 x)" 'is no recording of ioasid-trace'
has "an unknown kind of record" "$(damaged $header '\0377')" 'is damaged after 0 events'
has "a record that is longer than any" "$(damaged $((header + 4)) '\0377\0377\0377\0377')" \
	'is damaged after 0 events'
has "a count that is not the events'" "$(damaged $((size - 8)) '\0011')" 'is damaged after'
wrong=''
for offset in $(seq $header 31 $((size - 1))); do
	damaged "$offset" '\0377\0377\0377\0377' >"$scratch/said" || wrong="$wrong $offset"
	! grep -Evq 'is damaged after|was cut off after' "$scratch/said" || wrong="$wrong $offset"
done
is "garbage anywhere: no more than a note" "$wrong" ""

cp "$scratch/whole" "$data"
refuses "a file that is not there" "^ioasid-trace: /nowhere cannot be read: No such file" \
	ioasid-trace report /nowhere
refuses "a directory" "is no file that was recorded" ioasid-trace report "$scratch"
refuses "text" "is no recording of ioasid-trace" ioasid-trace report "$here/export.sh"
refuses "an export to a full disk" "^ioasid-trace: /dev/full cannot be written: No space left" \
	ioasid-trace export "$data" --perfetto -o /dev/full
refuses "a report to a full disk" "^ioasid-trace: the output cannot be written: No space left" \
	sh -c "ioasid-trace report '$data' >/dev/full"
for command in record report export; do
	works "$command --help" ioasid-trace "$command" --help
	is "$command --help fits 80 columns" \
		"$(ioasid-trace "$command" --help | awk 'length > 80')" ""
done
status=0
ioasid-trace export "$data" >/dev/null 2>&1 || status=$?
is "an export as nothing is a usage error" "$status" 2
for wrong in 'pins --op map' 'pins -i 2' '--op pin -i 2' 'slow --by process' '--min-us 5' nonsense; do
	status=0
	# shellcheck disable=SC2086 # words
	ioasid-trace report "$data" $wrong >/dev/null 2>&1 || status=$?
	is "report $wrong is a usage error" "$status" 2
done
finish
