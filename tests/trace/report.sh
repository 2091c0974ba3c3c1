#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# ioasid-trace's models, fed with made-up events of every kind: what they show is what the events
# have, to the nanosecond; percentiles are compared with a sort. Needs no kernel.
# shellcheck disable=SC1091,SC2154 # tap has it
. "$(dirname "$0")/../tools/tap"

feed=$build/tests/trace/feed
here=$top/tests/trace
seed=${SEED:-1}
schema=$top/docs/ioasid-trace.schema.json
say "SEED=$seed"

# expected OPERATIONS AWK-ARGUMENT... - sorted; of the events in $scratch/raw.
expected() {
	operations=$1
	shift
	awk -v operations="$operations" "$@" -f "$here/expect.awk" "$scratch/raw" |
		LC_ALL=C sort >"$scratch/expected"
}

# found KEY ARGUMENT... - what hist shows in JSON, as expected() has it; KEY is jq's.
found() {
	key=$1
	shift
	"$feed" hist "$seed" "$events" json "$@" >"$scratch/json"
	jq -r "select(.record == \"hist\" and .count + .errors > 0) | [.operation, $key, .count, .errors, .pages, .reused,
		.sum, .max, .p50, .p90, .p99, .p999] | @tsv" "$scratch/json" |
		LC_ALL=C sort >"$scratch/found"
}

# agrees WHAT - exactly, and percentiles to 3.2 %.
agrees() {
	is "$1: calls, errors, pages, reused, sum and max are exact" \
		"$(cut -f 1-8 "$scratch/found" | LC_ALL=C sort)" \
		"$(cut -f 1-8 "$scratch/expected" | LC_ALL=C sort)"
	is "$1: percentiles are at most 3.2 % off" "$(LC_ALL=C join -t '	' -j 1 \
		"$scratch/found.keyed" "$scratch/expected.keyed" | awk -F'	' '
		function off(a, b) { return a > b ? a - b : b - a }
		{
			for (i = 2; i <= 5; i++)
				if (off($i, $(i + 4)) > $(i + 4) * 0.032 + 0.5)
					print $1, $i, $(i + 4)
		}')" ""
}

# keyed FILE - percentiles behind operation and key in one field.
keyed() {
	awk -F'	' -v OFS='	' '{ print $1 "/" $2, $9, $10, $11, $12 }' "$scratch/$1" |
		LC_ALL=C sort >"$scratch/$1.keyed"
}

compare() {
	keyed found
	keyed expected
	agrees "$1"
}

valid() {
	is "$1: every line is as the schema says" "$("$top/tests/tools/valid" "$schema" <"$scratch/json" 2>&1)" ""
}

# fits WHAT ARGUMENT... - in 80 columns, colours aside.
fits() {
	what=$1
	shift
	"$feed" "$@" >"$scratch/text"
	is "$what fits 80 columns" "$(awk 'length > 80' "$scratch/text")" ""
}

check_hist() {
	expected "map unmap attach detach"
	found '"all"'
	compare "hist of $events events"
	valid "hist of $events events"
	is "its buckets add up" "$(jq -r 'select(.record == "hist") |
		.count == ([.buckets[].count] | add // 0)' "$scratch/json" | sort -u)" true
	is "every time is in its bucket, to 6.25 %" "$(jq -r 'select(.record == "hist") | .buckets[] |
		.from < .below and (.below - .from == 1 or (.below - .from) * 16 <= .from)' \
		"$scratch/json" | sort -u)" true
	is "bytes are pages" "$(jq -r 'select(.record == "hist") | .bytes / .pages' "$scratch/json" |
		grep -v null | sort -u | xargs)" "$(getconf PAGESIZE)"
	fits "hist of $events events" hist "$seed" "$events"
	is "text: calls, errors and pages are the same" \
		"$(awk '/^[a-z]+: [0-9]+ calls/ && $2 + $4 { sub(":", ""); print $1, $2, $4, $6 }' "$scratch/text")" \
		"$(for operation in map unmap attach detach; do
			awk -v o="$operation" '$1 == o { print o, $3, $4, $5 }' "$scratch/expected"
		done)"
	is "text: the pictures' lines add up" "$(awk '$2 == "-" && /\|/ { n += $4 } END { print n + 0 }' \
		"$scratch/text")" "$(awk '{ n += $3 } END { print n }' "$scratch/expected")"
	has "text: lost events, of their CPU" "$(xargs <"$scratch/text")" \
		'lost events: 7 CPU 1: 7 found the buffer full'
}

check_by() {
	for by in process ioas device size policy; do
		case $by in
		process) key=.pid ;;
		ioas) key=.ioas ;;
		size) key=.from_pages ;;
		*) key=".$by // \"-\"" ;;
		esac
		expected "map unmap attach detach" -v by=$by
		found "($key)" by $by
		compare "hist of $events events by $by"
		valid "hist by $by"
		fits "hist by $by" hist "$seed" "$events" by $by
		is "text: the rows' calls and errors are the same" \
			"$(awk '/^  / && !/CALLS|CPU/ { print $(NF - 8), $(NF - 7) }' "$scratch/text" | sort)" \
			"$(awk '{ print $3, $4 }' "$scratch/expected" | sort)"
	done
	expected "pin unpin" -v by=process
	found .pid by process op pin op unpin
	compare "hist --by process --op pin,unpin"
	expected "map unmap attach detach" -v pid=103
	found '"all"' pid 103
	compare "-p 103"
	expected "unmap" -v ioas=2
	found '"all"' ioas 2 op unmap
	compare "-i 2 --op unmap"
	awk -v o=unmap -v from="$((events / 3))" 'NR > from' "$scratch/raw" >"$scratch/late"
	cp "$scratch/raw" "$scratch/all"
	cp "$scratch/late" "$scratch/raw"
	expected "map unmap attach detach" -v by=process
	cp "$scratch/all" "$scratch/raw"
	found .pid by process after "$((events / 3))" interval 2
	# The longest time is known to its bucket when it was not surpassed.
	is "an interval has what came in it" "$(cut -f 1-7 "$scratch/found" | LC_ALL=C sort)" \
		"$(cut -f 1-7 "$scratch/expected" | LC_ALL=C sort)"
	is "its longest time is as long, or of the same bucket" "$(paste "$scratch/found" \
		"$scratch/expected" | awk '$3 && ($8 < $20 || $8 > $20 * 1.0625 + 1)')" ""
}

# Phases: sums by operation and size, from the events.
check_phases() {
	awk '
	function bits(value, n) { for (n = 0; value >= 1; n++) value = int(value / 2); return n }
	function add(id) {
		calls[id]++; sum[id] += $3
		for (i = 0; i < 6; i++) phase[id, i] += $(10 + i)
	}
	!$2 && ($1 == "map" || $1 == "unmap" || $1 == "pin") {
		add($1 " all")
		add($1 " " (bits($6) ? 2 ^ (bits($6) - 1) : 0))
	}
	END {
		for (id in calls) {
			line = id " " calls[id] " " sum[id]; left = sum[id]
			for (i = 0; i < 6; i++) { line = line " " phase[id, i] + 0; left -= phase[id, i] }
			print line " " left
		}
	}' "$scratch/raw" | sort >"$scratch/expected"
	"$feed" phases "$seed" "$events" json op map op unmap op pin >"$scratch/json"
	is "phases of $events events: each part of each size is exact" "$(jq -r '
		select(.record == "phases" and .count > 0) | . as $r | [.operation, (.from_pages // "all"), .count, .sum,
		(("policy", "charge", "pinning", "placement", "table", "flush", "other") |
			$r.phases[.] // 0)] | map(tostring) | join(" ")' "$scratch/json" | sort)" \
		"$(cat "$scratch/expected")"
	valid phases
	fits phases phases "$seed" "$events" op map op unmap op pin
	is "text: every bar is full" "$(grep '^  |' "$scratch/text" | awk '{ print length }' |
		sort -u)" 76
	is "text: a bar's letters are as many as its share" "$(awk -v wide=72 '
		$1 == "SIZE" { columns = NF; for (i = 4; i <= NF; i++) title[i] = $i }
		/%/ { for (i = 4; i <= columns; i++) share[i] = $i + 0 }
		/^  \|/ {
			letters["POLICY"] = "y"; letters["CHARGE"] = "c"; letters["PINNING"] = "p"
			letters["PLACEMENT"] = "l"; letters["TABLE"] = "t"; letters["FLUSH"] = "f"
			letters["OTHER"] = "[.]"
			for (i = 4; i <= columns; i++) {
				off = gsub(letters[title[i]], "&") - share[i] / 100 * wide
				if (off > 1.1 || off < -1.1) print
			}
		}' "$scratch/text")" ""
	"$feed" phases "$seed" "$events" json op map >"$scratch/whole"
	"$feed" phases "$seed" "$events" json op map interval 2 after 11 >"$scratch/late"
	"$feed" phases "$seed" 11 json op map >"$scratch/early"
	all='select(.record == "phases" and .from_pages == null)'
	is "what came before and what came after add up" \
		"$(jq -s "[.[] | $all] | [(map(.sum) | add), (map(.phases.pinning) | add)]" \
			"$scratch/early" "$scratch/late" | xargs)" \
		"$(jq -s "[.[] | $all] | [(map(.sum) | add), (map(.phases.pinning) | add)]" \
			"$scratch/whole" | xargs)"
	"$feed" phases "$seed" "$events" colour | sed 's/\x1b\[[0-9;]*m//g' >"$scratch/plain"
	"$feed" phases "$seed" "$events" >"$scratch/text"
	is "text: colours change nothing but colours" "$(cmp "$scratch/plain" "$scratch/text" 2>&1)" ""
	is "text: without colours there are none" "$(grep -c "$(printf '\033')" "$scratch/text")" 0
}

check_pins() {
	awk '
	function add(id) {
		seen[id] = 1
		if ($1 == "unpin") { unpins[id]++; unpinned[id] += $6; stale[id] += $18; lived[id] += $16; return }
		if ($2) { errors[id]++; return }
		if ($7) { reuses[id]++; reused[id] += $7; return }
		pins[id]++; pages[id] += $6; runs[id] += $17
		if (largest[id] < $6) largest[id] = $6
		for (i = 0; i < 20; i++) size[id, i] += $(19 + i)
	}
	$1 == "pin" || $1 == "unpin" { add("all"); add($4) }
	END {
		for (id in seen) {
			line = id " " pins[id] + 0 " " pages[id] + 0 " " largest[id] + 0 " " runs[id] + 0
			line = line " " reuses[id] + 0 " " reused[id] + 0 " " errors[id] + 0
			line = line " " unpins[id] + 0 " " unpinned[id] + 0 " " stale[id] + 0 " " lived[id] + 0
			for (i = 0; i < 20; i++) if (size[id, i]) line = line " " 2 ^ i ":" size[id, i]
			print line
		}
	}' "$scratch/raw" | sort >"$scratch/expected"
	"$feed" pins "$seed" "$events" json >"$scratch/json"
	is "pins of $events events: of each process and of all" "$(jq -r 'select(.record == "pins") |
		[.pid // "all", .pins, .pages, .largest, .runs, .reuses, .reused, .errors,
		.lived.count, .unpinned, .stale, .lived.sum,
		(.run_sizes[] | "\(.from_pages):\(.count)")] | map(tostring) | join(" ")' \
		"$scratch/json" | sort)" "$(cat "$scratch/expected")"
	valid pins
	fits pins pins "$seed" "$events"
	is "text: as many runs are drawn" "$(awk '/runs  distribution/ { on = 1; next } /^$/ { on = 0 }
		on { sub(/ \|.*/, ""); n += $NF } END { print n + 0 }' "$scratch/text")" \
		"$(awk '$1 == "all" { print $5 }' "$scratch/expected")"
}

check_slow() {
	from=100000
	calls=$(awk -v from=$from '$1 ~ /map|tach/ && ($2 || $3 >= from)' "$scratch/raw" | wc -l)
	failed=$(awk '$1 ~ /map|tach/ && $2' "$scratch/raw" | wc -l)
	"$feed" slow "$seed" "$events" json from $from stack >"$scratch/json"
	is "slow of $events events: those that are slow or failed, in order" \
		"$(jq -r 'select(.record == "slow") | [.operation, if .errno then 12 else 0 end, .duration,
			.pid] | @tsv' "$scratch/json")" \
		"$(awk -v from=$from -v OFS='	' '$1 ~ /map|tach/ && ($2 || $3 >= from) {
			print $1, $2, $3, $4 }' "$scratch/raw")"
	is "how many" "$(jq -r 'select(.record == "slow_sum") | "\(.count) \(.errors)"' \
		"$scratch/json")" "$calls $failed"
	valid slow
	is "phases add up to the whole" "$(jq -r 'select(.record == "slow") |
		.duration == ([.phases[]] | add)' "$scratch/json" | sort -u)" true
	is "a charge that was refused has asked, used, whose and which policy" "$(jq -r '
		select(.stage == "charge") | .asked == .pages and .used >= 0 and .policy == "uid_quota" and
		(.reason | IN("process", "user", "cgroup", "all"))' "$scratch/json" | grep -vc true)" 0
	is "no user address without --addresses" "$(jq -r 'select(.va or .user[]?.address) | .time' \
		"$scratch/json" | head -n 1)" ""
	"$feed" slow "$seed" "$events" json from $from stack addresses >"$scratch/json"
	valid "slow --addresses"
	is "with --addresses each map has its own" "$(jq -r 'select(.record == "slow" and
		.operation == "map") | .va > 0 and .user[2].address == 16386' "$scratch/json" |
		grep -vc true)" 0
	fits "slow" slow "$seed" "$events" from $from stack
	is "text: as many" "$(grep -Ec '^ +[0-9.]+ (un)?map |^ +[0-9.]+ (at|de)tach ' "$scratch/text")" \
		"$calls"
	is "text: no user address" "$(grep -Ec '(^|[ ,])va 0x|0x400' "$scratch/text")" 0
	has "text: the sum" "$(cat "$scratch/text")" "^$calls calls shown, $failed of them failed$"
	is "text: a stack for each, a '?' where nothing is known" \
		"$(grep -c '^    user   user_0+0x0 \[object\]$' "$scratch/text") $(grep -c '^           ?$' \
			"$scratch/text")" "$calls $((2 * calls))"
	fits "slow --addresses" slow "$seed" "$events" from $from stack addresses
}

for events in 23 1009; do
	"$feed" raw "$seed" "$events" >"$scratch/raw"
	is "$events events" "$(wc -l <"$scratch/raw")" "$events"
	check_hist
	check_by
	check_phases
	check_pins
	check_slow
done

# Nothing at all.
"$feed" hist 1 0 json >"$scratch/json"
is "no events: four records of nothing" "$(jq -c 'select(.record == "hist") |
	[.count, .sum, .p50, .max, .buckets]' "$scratch/json" | sort | uniq -c | xargs)" \
	"4 [0,0,0,0,[]]"
valid "no events"
for mode in phases pins slow; do
	"$feed" $mode 1 0 json >"$scratch/json"
	valid "no events in $mode"
	fits "no events in $mode" $mode 1 0
done
finish
