#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# tools.sh - instructions of a map and of an unmap call of a page while each tool looks on, in each
# mode, beside nobody looking on. Fails when a call costs more than the limits allow. Runs in the VM,
# under --icount.
set -eu
top=$(cd "$(dirname "$0")/../.." && pwd -P)
build=$top/build
PATH=$build/tools:$PATH
scratch=$(mktemp -d /tmp/ioasid-bench.XXXXXX)
looker=''
trap '[ -z "$looker" ] || kill "$looker"; rm -rf "$scratch"' EXIT

# wait_for FILE PATTERN - until a line matches.
wait_for() {
	tries=0
	until grep -q "$2" "$1" 2>/dev/null; do
		tries=$((tries + 1))
		[ "$tries" -lt 600 ] || { cat "$scratch"/err "$scratch"/out >&2; return 1; }
		sleep 0.1
	done
}

# measure NAME LIMIT
measure() {
	printf '%s|%s|%s' "$1" "$2" "$("$build/tests/bench/tools" | tr ' ' '|')" >>"$scratch/costs"
}

# end_measure - events that the tool lost meanwhile; - if it doesn't say.
end_measure() {
	lost=$(sed -n 's/.*lost events: \([0-9]*\).*/\1/p' "$scratch/out" "$scratch/err" | tail -n 1)
	echo "|${lost:--}" >>"$scratch/costs"
}

# measure_with LIMIT FILE PATTERN COMMAND... - while the command runs, once FILE has the pattern;
# LIMIT is that of percents, - for none.
measure_with() {
	limit=$1 file=$2 pattern=$3
	shift 3
	"$@" >"$scratch/out" 2>"$scratch/err" &
	looker=$!
	wait_for "$scratch/$file" "$pattern"
	sleep 3 # that it has begun is not what it costs
	measure "$(echo "$*" | sed "s,ioasid-trace ,,; s, -o $scratch/recording,,")" "$limit"
	kill -INT "$looker"
	wait "$looker" || { cat "$scratch/err" >&2; return 1; }
	looker=''
	end_measure
}

# nobody NAME
nobody() {
	: >"$scratch/out"
	: >"$scratch/err"
	measure "$1" -
	end_measure
}

traced() {
	limit=$1
	shift
	measure_with "$limit" err tracing ioasid-trace "$@"
}

nobody nobody
traced 15 hist
for by in process ioas device size policy; do
	traced 15 hist --by "$by"
done
traced - phases
traced - slow --min-us 1000
traced - pins
traced 30 record -o "$scratch/recording"
traced - record --stacks -o "$scratch/recording"
measure_with - out PID ioasid-top -b
nobody 'nobody again'

awk -F'|' '
	function percent(now, before) { return sprintf("%+.1f%%", 100 * (now - before) / before) }
	function row(a, b, c, d, e, f, g, h, i) {
		printf "%-18s %6s %7s %6s %7s %8s %8s %5s %5s\n", a, b, c, d, e, f, g, h, i
	}
	NR == 1 {
		for (i = 3; i <= 6; i++) base[i] = $i
		print "instructions of a call of 4 KiB; +tool: with the tool at work on the same processor"
		row("who looks on", "map", "", "unmap", "", "+tool", "+tool", "limit", "lost")
	}
	{
		row($1, $3, percent($3, base[3]), $4, percent($4, base[4]), percent($5, base[5]),
			percent($6, base[6]), $2 == "-" ? "-" : $2 "%", $7)
	}
	$2 != "-" && $3 > base[3] * (100 + $2) / 100 { over = over "\n  " $1 ": more than " $2 " %" }
	END {
		if (!over) exit
		print "a 4K map costs too much with" over
		exit 1
	}' "$scratch/costs"
