#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# ioasid-top writes the same rows in every form, and others can read them: on made-up samples,
# natively. Some of it with sanitizers.
# shellcheck disable=SC1091,SC2154 # tap has it
. "$(dirname "$0")/../tools/tap"

readers=$top/tests/top/readers
tool=$build/tests/top/ioasid-top
export TZ=UTC LC_ALL=C.UTF-8
unset TOP_PROCESSES TOP_NAMES
mib=1048576

# write FORMAT-AND-OPTIONS... - into $scratch/out; of two snapshots.
write() {
	"$tool" -n 2 -d 0.01 "$@" >"$scratch/out" || echo "$* ended with $?" >>"$scratch/out"
}

# Figures that the scene of probe.c makes.
write --json
is "JSON of processes is valid" "$("$readers" json "$scratch/out")" \
	"process 13 refusal 10 schema 1 system 2"
"$readers" json "$scratch/out" process pid pinned charged limit mapped shared >"$scratch/json"
is "a process whose charge grows" "$(grep ^1013 "$scratch/json")" \
	"1013 $((3900 * mib)) $((3900 * mib)) $((4096 * mib)) $((3900 * mib)) 0
1013 $((3908 * mib)) $((3908 * mib)) $((4096 * mib)) $((3908 * mib)) 0"
is "without limit there is none, and what is shared costs nothing" \
	"$(grep ^2003 "$scratch/json" | uniq)" \
	"2003 $((1024 * mib)) $((1024 * mib)) null $((4096 * mib)) $((3072 * mib))"
is "its trend, and pressure" "$("$readers" json "$scratch/out" process pid trend pressure |
	grep ^1013)" '1013 "steady" 95.215
1013 "rising" 95.41'
is "calls of the interval and since the beginning, rates and times" \
	"$("$readers" json "$scratch/out" process pid maps unmaps reused_maps refusals maps_total \
		maps_per_second reuse_percent p50_ns p99_ns | grep ^1013)" \
	"1013 0 0 0 0 0 null null null null
1013 101 97 89 2 101 50.5 88.119 17407 17407"
is "the whole" "$("$readers" json "$scratch/out" system maps unmaps reused_maps refusals \
	maps_total refusals_total processes devices groups containers | tail -n 1)" \
	"6143 6132 6108 10 6143 10 6 6 6 4"
is "refusals tell who, how much, whose limit and which policy" \
	"$("$readers" json "$scratch/out" refusal pid asked used limit errno stage whose policy |
		grep ^3001)" \
	"3001 $((64 * mib)) $((96 * mib)) $((128 * mib)) 12 \"charge\" \"process\" \"tenant_quota\"
3001 $((64 * mib)) $((96 * mib)) $((128 * mib)) 12 \"charge\" \"user\" \"tenant_quota\"
3001 $((64 * mib)) null null 14 \"pin\" null null"
is "who was refused all is there, having nothing" \
	"$("$readers" json "$scratch/out" process pid pins refusals | grep ^4001)" "4001 0 5"

# Counters over 23 intervals.
"$tool" --json -n 24 -d 0.01 >"$scratch/out"
for key in maps unmaps reused_maps refusals; do
	is "$key of the intervals add up to the total" "$("$readers" json "$scratch/out" process \
		pid "$key" | awk '{ sum[$1] += $2 } END { for (p in sum) print p, sum[p] }' | sort)" \
		"$("$readers" json "$scratch/out" process pid "${key}_total" |
			awk '{ last[$1] = $2 } END { for (p in last) print p, last[p] }' | sort)"
done
is "23 intervals of 101 maps" "$("$readers" json "$scratch/out" process pid maps_total |
	grep ^1013 | tail -n 1)" "1013 $((23 * 101))"

# same WHAT OPTION... - all forms have the same rows in the same order, with the same figures.
same() {
	what=$1 record=$2 keys=$3 metric=$4 label=$5
	shift 5
	write --json "$@"
	# shellcheck disable=SC2086 # several keys
	"$readers" json "$scratch/out" "$record" time $keys | tr -d '"' >"$scratch/json"
	write --csv "$@"
	# shellcheck disable=SC2086
	"$readers" csv "$scratch/out" time $keys | tr -d '"' >"$scratch/csv"
	is "$what: CSV has what JSON has" "$(cat "$scratch/csv")" "$(cat "$scratch/json")"
	last=$(tail -n 1 "$scratch/json" | cut -d ' ' -f 1)
	sed -n "s/^$last //p" "$scratch/json" | cut -d ' ' -f 1,2 >"$scratch/last"
	has "$what: there are rows" "$(cat "$scratch/last")" .
	"$tool" -n 2 -d 0.01 --openmetrics -o "$scratch/prom" "$@"
	is "$what: and so have the metrics" "$("$readers" prometheus "$scratch/prom" "$metric" \
		"$label" | tr -d '"')" "$(cat "$scratch/last")"
	"$tool" -n 2 -d 0.01 --openmetrics=1.0 -o "$scratch/prom" "$@"
	is "$what: by OpenMetrics' rules, too" "$("$readers" openmetrics "$scratch/prom" \
		"$metric" "$label" | tr -d '"')" "$(cat "$scratch/last")"
	"$tool" -b -n 2 -d 0.01 --bytes "$@" >"$scratch/table"
	is "$what: the table has as many" \
		"$(awk 'table && NF { n++ } /PINNED|MAPPED/ && !/:/ { table = 1; n = 0 }
			END { print n + 0 }' "$scratch/table")" "$(wc -l <"$scratch/last")"
}

same processes process "pid pinned charged mapped maps_total" ioasid_pinned_bytes pid
same "processes by name, inverted" process "pid pinned command" ioasid_pinned_bytes pid \
	-s command -I
same "one process" process "pid pinned" ioasid_pinned_bytes pid -p 2003
same "processes of ada" process "pid pinned" ioasid_pinned_bytes pid -F ADA
same cgroups cgroup "path pinned charged maps_total" ioasid_cgroup_pinned_bytes cgroup \
	--view cgroups
same users user "user pinned charged maps_total" ioasid_user_pinned_bytes user --view users
same "address spaces" ioas "ioas mapped mappings maps_total" ioasid_ioas_mapped_bytes ioas \
	--view ioas -s pid
same devices device "device mapped mappings" ioasid_device_mapped_bytes device --view devices
same pins pin "pin pinned charged runs" ioasid_pin_pinned_bytes pin --view pins -p 1013

# Amounts of groups are the sums of their processes'.
write --json --view users
"$readers" json "$scratch/out" user user pinned maps refusals >"$scratch/users"
is "a user's sums" "$(grep ada "$scratch/users" | tail -n 1)" "\"ada\" $((160 * mib)) 7 3"
is "policies" "$(write --json --view policies && "$readers" json "$scratch/out" policy kind policy \
	state asked refused ejections | tail -n 2)" '"account" "tenant_quota" "default" 1009 10 1
"place" "builtin" "builtin" null null 0'
write --json --tree=mapping
is "the tree has each row once" "$("$readers" json "$scratch/out")" \
	"cgroup 11 ioas 20 mapping 60 process 13 refusal 10 schema 1 system 2"
is "a filter leaves what matches with what is above and below it" \
	"$("$tool" --once --json --tree=ioas -F ada | jq -r 'select(.depth != null) |
		"\(.depth) \(.command // .ioas // .path)"' | xargs)" \
	"0 /user.slice/user-1000.slice/session-2.scope 1 trainer 2 trainer 1 old-trainer 2 old-trainer"

# Orders.
order() {
	"$tool" --once --json "$@" | jq -r 'select(.record == "process") | .pid' | xargs
}
is "sorted by pinned memory at first" "$(order)" "1009 1013 2003 2011 3001 3011"
is "--invert" "$(order -I)" "3011 3001 2011 2003 1013 1009"
is "--sort pid: names from the smallest on" "$(order -s pid)" "1009 1013 2003 2011 3001 3011"
is "--sort PRESS%: what has none comes last" "$(order -s 'PRESS%')" \
	"1009 1013 3001 3011 2003 2011"
is "--sort pressure --invert: there, too" "$(order -s pressure -I)" "3011 3001 1013 1009 2003 2011"

# Tables.
for view in processes cgroups users ioas devices policies tree; do
	"$tool" --once --view $view >"$scratch/table"
	is "--view $view fits 80 columns" "$(wc -L <"$scratch/table" | awk '$1 > 80')" ""
	is "--view $view leaves no blanks at ends" "$(grep ' $' "$scratch/table")" ""
	"$tool" --once --view $view -U >"$scratch/table"
	is "--view $view -U is ASCII" "$(LC_ALL=C tr -d '\n -~' <"$scratch/table" | wc -c)" 0
	"$tool" --view $view --sort help >"$scratch/help"
	is "--sort help of $view: a key, a name and a help each, in 100 columns" \
		"$(awk 'NF < 3 || length > 100' "$scratch/help")" ""
done
has "the table of a wide terminal has more" "$("$tool" --once -w 200)" ' AVGRUN HUGE% STALE '
is "and no more than it is wide" "$("$tool" --once -w 200 | wc -L)" 200
has "the header says whose limit is near" "$("$tool" --once)" \
	'^limit near: 1009 qemu-system-x86 97.5%, 1013 qemu-system-x86 95.2%$'
has "--alarm 96" "$("$tool" --once --alarm 96)" '^limit near: 1009 qemu-system-x86 97.5%$'
is "--alarm 99" "$("$tool" --once --alarm 99 | grep -c near)" 0
has "a table has rates from the second on" "$("$tool" -b -n 2 -d 0.01 -p 2011)" ' 2502 '
has "INTERVAL COUNT" "$("$tool" -b 0.01 3 | grep -c PINNED)" '^3$'

# Names with all that names can have.
export TOP_NAMES=awkward
write --json
is "JSON of awkward names is valid" "$("$readers" json "$scratch/out")" \
	"process 13 refusal 10 schema 1 system 2"
"$readers" json "$scratch/out" process command | sort -u >"$scratch/names"
is "and has them as they are, but for what is no UTF-8" "$(cat "$scratch/names")" \
	"$(printf '%s\n' '"\u001b[31mred\u001b[0m"' '"a,b;c"' '"back\\slash"' '"grüße"' \
		'"new\nline"' '"quo\"te"' '"???"' | sort -u)"
write --csv
is "so has CSV" "$("$readers" csv "$scratch/out" command | sort -u)" "$(cat "$scratch/names")"
for format in prometheus openmetrics; do
	version=''
	[ $format = prometheus ] || version='=1.0'
	"$tool" -n 2 -d 0.01 --openmetrics$version -o "$scratch/prom"
	is "labels for $format: no control characters, all the rest" \
		"$("$readers" $format "$scratch/prom" ioasid_pinned_bytes command |
			sed 's/ [0-9.e+]*$//' | sort -u)" \
		"$(sed 's/\\u001b/?/g' "$scratch/names" | sort -u)"
done
for view in processes cgroups users ioas devices; do
	is "a table of awkward names has nothing that a terminal acts on: $view" \
		"$("$tool" --once -w 150 --view $view | LC_ALL=C tr -d '\n -~\200-\377' | wc -c)" 0
done
is "a line a row" "$("$tool" --once | sed '1,/PINNED/d' | wc -l)" 6
unset TOP_NAMES

# Without a file there is one page, and no counters that began just now.
"$tool" --openmetrics >"$scratch/prom"
has "one page" "$("$readers" prometheus "$scratch/prom")" '^families [0-9]+ samples [0-9]+$'
is "without counters of calls" "$(grep -c '^ioasid_maps_total' "$scratch/prom")" 0
is "a file is replaced as a whole" "$(find "$scratch" -name '*.new')" ""
for options in '--openmetrics -d 1' '--openmetrics -n 3' '--openmetrics=2.0' '--view nonsense' \
	'--sort nonsense' '--tree=nonsense' '--view pins' '--alarm 101' '1 2 3' '-w 3' \
	'nonsense'; do
	status=0
	# shellcheck disable=SC2086 # several words
	"$tool" $options >/dev/null 2>&1 || status=$?
	is "$options is a usage error" "$status" 2
done
status=0
"$tool" --once --json >/dev/full 2>/dev/null || status=$?
is "output that cannot be written is an error" "$status" 1
status=0
"$tool" --openmetrics -o /nonexistent/file 2>"$scratch/said" || status=$?
is "so is a file that cannot be" "$status" 1
has "and it is named" "$(cat "$scratch/said")" '/nonexistent/file.new cannot be written'

# Many.
export TOP_PROCESSES=10000
write --json
is "10000 processes more, in JSON" "$("$readers" json "$scratch/out")" \
	"process 20013 refusal 10 schema 1 system 2"
is "and in the sums" "$("$readers" json "$scratch/out" system processes maps | tail -n 1)" \
	"10006 76143"
write --csv
is "in CSV" "$("$readers" csv "$scratch/out" pid | wc -l)" 20013
"$tool" -n 2 -d 0.01 --openmetrics=1.0 -o "$scratch/prom"
is "in metrics" "$("$readers" openmetrics "$scratch/prom" ioasid_maps_total pid | wc -l)" 10007
is "in a table" "$("$tool" --once | sed '1,/PINNED/d' | wc -l)" 10006
unset TOP_PROCESSES

# The same with sanitizers; they end the program when they find something.
tool=$build/tests/top/ioasid-top-sanitized
for names in plain awkward; do
	export TOP_NAMES=$names TOP_PROCESSES=101
	for view in processes cgroups users ioas devices policies tree; do
		for form in -b --json --csv "--openmetrics -o $scratch/prom"; do
			# shellcheck disable=SC2086 # several words
			works "$names, $view, ${form%% *}: no sanitizer minds" \
				"$tool" -n 3 -d 0.01 --view $view $form
		done
	done
	works "$names, pins: no sanitizer minds" "$tool" -n 3 -d 0.01 --view pins -p 1013 -b
	works "$names, mappings: no sanitizer minds" "$tool" -n 3 -d 0.01 --tree=mapping -F 1 -b
done
finish
