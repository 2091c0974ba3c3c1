#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# uid_quota lets a user exceed the quota by a burst, for a while.
# shellcheck disable=SC1091,SC2154 # tap has it
. "$(dirname "$0")/../tools/tap"

page=$(getconf PAGESIZE)
burst_ms=3000

# last - the worker's last answer.
last() {
	grep -v '^waiting' "$scratch/worker" | tail -n 1
}

works "it is loaded" ioasidctl policy load "$bpf/uid_quota.bpf.o" --set quota_pages=100 \
	--set burst_pages=50 --set burst_ms=$burst_ms
has "more than quota and burst is refused" "$(workload uid 4711 memory 151 whole 1)" \
	"^map EDQUOT .* used=0 limit=$((150 * page)) reason=11\$"
start_worker uid 4711 memory 120 whole 1 wait memory 30 whole 1 wait memory 1 whole 1 wait \
	unmap memory 100 whole 1 wait memory 50 whole 1 wait
has "20 pages beyond the quota are granted" "$(last)" '^map ok'
go_on
has "and the rest of the burst" "$(last)" '^map ok'
has "another user has a quota of his own" "$(workload uid 4712 memory 100 whole 1)" '^map ok'
sleep $((burst_ms / 1000 + 1))
go_on
has "then nothing more is granted" "$(last)" \
	"^map EDQUOT .* used=$((150 * page)) limit=$((150 * page)) reason=11\$"
go_on
has "what is within the quota is granted" "$(last)" '^map ok'
go_on
has "and another burst may begin" "$(last)" '^map ok'
end_worker

# A burst that is over: what was granted stays, one page is refused until some are given back.
start_worker uid 4711 memory 90 whole 1 memory 20 whole 1 wait memory 1 whole 1 wait
has "ten pages beyond the quota are granted" "$(last)" '^map ok'
sleep $((burst_ms / 1000 + 1))
go_on
has "a page is refused when the time is over, and the quota is the limit" "$(last)" \
	"^map EDQUOT .* asked=$page used=$((110 * page)) limit=$((100 * page)) reason=11\$"
end_worker
works "it is unloaded" ioasidctl policy unload uid_quota
works "the audit is clean" ioasidctl audit
finish
