# SPDX-License-Identifier: GPL-2.0-only
# expect.awk - from the events that `feed raw` shows, what ioasid-trace's hist has to show: a line for
# each operation and key, sorted by none:
#
#	operation key calls errors pages reused sum max p50 p90 p99 p999
#
# -v by=process|ioas|device|size|policy, -v operations="map unmap", -v pid=, -v ioas=. The
# percentiles are those of the sorted times.

BEGIN {
	FS = OFS = "\t"
	count = split(operations, list, " ")
	for (i = 1; i <= count; i++)
		wanted[list[i]] = 1
}

function bits(value, n) {
	for (n = 0; value >= 1; n++)
		value = int(value / 2)
	return n
}

function add(key, id) {
	id = $1 OFS key
	seen[id] = 1
	if ($2) {
		errors[id]++
		return
	}
	times[id, ++calls[id]] = $3
	pages[id] += $6
	reused[id] += $7
	sum[id] += $3
}

!($1 in wanted) || (pid && $4 != pid) || (ioas && $5 != ioas) { next }
by == "" { add("all") }
by == "process" { add($4) }
by == "ioas" { add($5) }
by == "size" { add(2 ^ (bits($6) - 1) < 1 ? 0 : 2 ^ (bits($6) - 1)) }
by == "policy" { add($8) }
by == "device" {
	devices = split($9, names, ",")
	for (i = 1; i <= devices; i++)
		add(names[i])
}

function percentile(id, n, per_mille, rank) {
	rank = int((n * per_mille + 999) / 1000)
	return n ? sorted[rank] : 0
}

END {
	for (id in seen) {
		n = calls[id] + 0
		delete sorted
		for (i = 1; i <= n; i++) {
			value = times[id, i]
			for (j = i - 1; j >= 1 && sorted[j] > value; j--)
				sorted[j + 1] = sorted[j]
			sorted[j + 1] = value
		}
		print id, n, errors[id] + 0, pages[id] + 0, reused[id] + 0, sum[id] + 0,
			percentile(id, n, 1000), percentile(id, n, 500), percentile(id, n, 900),
			percentile(id, n, 990), percentile(id, n, 999)
	}
}
