#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# ioasid-refusals shows each refusal once, with what was asked, used and permitted, and whose limit
# it was.
# shellcheck disable=SC1091,SC2154 # tap and others have it
. "$(dirname "$0")/tap"
. "$(dirname "$0")/others"

tool=$top/tools/bcc/ioasid-refusals
page=$(getconf PAGESIZE)
kib=$((page / 1024))
user=65534

# watch ARGUMENT... - in the background, until it is attached to both events.
watch() {
	trace "$scratch/lines" 2 "$tool" "$@"
}

# records FILTER - of the refusals told in JSON, how many match.
records() {
	jq -rs "[.[] | select(.record == \"refusal\" and ($1))] | length" "$scratch/lines"
}

find_headers

# 1009 calls map where nothing is; 18 of 23 don't fit into what a user may lock; 10 of 23 not into
# what a policy gives.
ioasidctl policy load "$bpf/uid_quota.bpf.o" --set quota_pages=13 >/dev/null
if ! watch --json; then
	finish
fi
workload memory 23 map 23 unmap fail 1009 >/dev/null
prlimit --memlock=$((5 * page)) workload uid $user memory 23 map 23 >/dev/null
prlimit --memlock=unlimited workload uid $user memory 23 map 23 >"$scratch/said"
end_trace
is "Ctrl-C ends it cleanly" "$status" 0
is "1009 addresses with nothing there" "$(records '.stage == "pin" and .error == "EFAULT"')" 1009
is "18 beyond what may be locked" "$(records '.stage == "charge" and .policy == "builtin" and
	.error == "ENOMEM" and .uid == 65534')" 18
is "they used 5 pages of 5, and asked for one" "$(records ".policy == \"builtin\" and
	.asked == $page and .used == $((5 * page)) and .limit == $((5 * page))")" 18
is "10 beyond the policy's quota of the user" "$(records '.policy == "uid_quota" and
	.reason == "user" and .error == "EDQUOT" and .uid == 65534')" 10
is "10 of root, too" "$(records '.uid == 0 and .reason == "user"')" 10
is "both used 13 pages of 13" "$(records ".reason == \"user\" and .asked == $page and
	.used == $((13 * page)) and .limit == $((13 * page))")" 20
is "each refusal is told once" "$(records true)" $((1009 + 18 + 10 + 10))
is "each names its program" "$(records '.command == "workload"')" $((1009 + 18 + 10 + 10))
is "nothing was lost" "$(jq -r 'select(.record == "lost") | .events' "$scratch/lines")" 0
ioasidctl policy unload account

# One process, as a table.
start_worker uid $user memory 5 wait fail 23
watch -p "$worker" -T
workload fail 7 >/dev/null
go_on
end_worker
end_trace
is "-p: the 23 of one process" "$(grep -c ' workload .* EFAULT pin ' "$scratch/lines")" 23
has "-T: with the time of day" "$(cat "$scratch/lines")" \
	"^[0-9:]{8} +[0-9]+ +$user workload +${kib}K +- +- EFAULT pin "
has "how many there were, and how many were lost" "$(cat "$scratch/lines.err")" \
	'^23 refusals, 0 lost$'
is "no line is longer than 89, of which 9 are the time" "$(awk 'length > 89' "$scratch/lines")" ""

# One user, and one cgroup, in sums.
mkdir -p /sys/fs/cgroup/refusals
watch -u nobody 600
workload fail 7 >/dev/null
workload uid $user fail 23 >/dev/null
end_trace
is "-u: the 23 of one user, as a sum" "$(awk '$7 == "pin" { print $1, $2, $4, $5, $6 }' \
	"$scratch/lines")" "23 $((23 * kib))K $user workload EFAULT"
watch -c /refusals 600
workload fail 7 >/dev/null
# shellcheck disable=SC2016 # the inner shell's
sh -c 'echo $$ >/sys/fs/cgroup/refusals/cgroup.procs && exec workload fail 23' >/dev/null
end_trace
is "-c: the 23 of one cgroup" "$(awk '$7 == "pin" { print $1 }' "$scratch/lines")" 23
rmdir /sys/fs/cgroup/refusals

"$tool" --json 1 2 >"$scratch/lines"
is "INTERVAL COUNT ends by itself" "$? $(jq -r .record "$scratch/lines")" "0 lost"

"$tool" -h >"$scratch/help"
is "--help fits 80 columns" "$(awk 'length > 80' "$scratch/help")" ""
status=0
"$tool" -u nosuchuser 2>"$scratch/said" || status=$?
has "an unknown user is a usage error" "$status $(cat "$scratch/said")" "there is no user 'nosuchuser'"
refuses "without root" 'must be root .*sudo ioasid-refusals' \
	setpriv --reuid=65534 --regid=65534 --clear-groups "$tool"
finish
