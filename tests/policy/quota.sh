#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# uid_quota refuses the first page beyond the quota, for all of a user's processes together, and
# the refusal explains itself.
# shellcheck disable=SC1091,SC2154 # tap has it
. "$(dirname "$0")/../tools/tap"

page=$(getconf PAGESIZE)
# shellcheck disable=SC3045 # the shells of Debian have it
ulimit -l 4096
limit=$((4096 * 1024))

# as_user WORD... - the workload as user 4711.
as_user() {
	workload uid 4711 "$@"
}

is "without the policy a user gets 24 pages" \
	"$(as_user memory 24 whole 1 | grep -c '^map ok')" 1
ioasidctl policy load "$bpf/uid_quota.bpf.o" --set quota_pages=23 || fail "uid_quota is loaded"

refused=$(policy account refused)
said=$(as_user memory 23 whole 1 memory 1 whole 1 query)
is "23 pages are within the quota of 23" "$(echo "$said" | grep -c '^map ok')" 1
refusal=$(echo "$said" | grep '^map E')
has "one page more is refused with EDQUOT" "$refusal" '^map EDQUOT '
has "at the charge" "$refusal" ' stage=2 code=122 '
has "the refusal names the policy" "$refusal" ' policy=uid_quota '
has "what was asked for" "$refusal" " asked=$page "
has "what the user has" "$refusal" " used=$((23 * page)) "
has "the quota, and that it is the user's" "$refusal" " limit=$((23 * page)) reason=11\$"
has "nothing of what was refused is left" "$said" "^query pinned=$((23 * page)) charged=$((
	23 * page)) "

tracing=/sys/kernel/tracing
echo 1 >$tracing/events/ioasid/ioasid_charge/enable
echo >$tracing/trace
refusal=$(as_user memory 24 whole 1)
echo 0 >$tracing/events/ioasid/ioasid_charge/enable
has "the tracepoint tells whose quota it was" "$(cat $tracing/trace)" \
	' pages=24 used=0 limit=23 policy=uid_quota ret=-122 reason=11$'
has "24 pages at once are refused" "$refusal" \
	"^map EDQUOT .* asked=$((24 * page)) used=0 "

start_worker uid 4711 memory 20 whole 1 wait
is "another process of the user gets what is left" "$(as_user memory 3 whole 1 |
	grep -c '^map ok')" 1
has "and no more than that" "$(as_user memory 4 whole 1)" \
	"^map EDQUOT .* used=$((20 * page)) "
is "another user has a quota of his own" "$(workload uid 4712 memory 23 whole 1 |
	grep -c '^map ok')" 1
end_worker
is "what is given back can be had again" "$(as_user memory 23 whole 1 | grep -c '^map ok')" 1
is "memory that is pinned already costs nothing" "$(as_user memory 23 whole 1 space whole 1 |
	grep -c '^map ok')" 2

is "the policy counts what it refused" "$(policy account refused)" $((refused + 3))
works "it is unloaded" ioasidctl policy unload uid_quota
is "the user gets 24 pages again" "$(as_user memory 24 whole 1 | grep -c '^map ok')" 1
has "the hard limit holds" "$(as_user memory 1025 whole 1)" \
	"^map ENOMEM stage=2 code=12 policy=builtin asked=$((1025 * page)) used=0 limit=$limit\$"
works "the audit is clean" ioasidctl audit
finish
