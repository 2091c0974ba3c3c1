#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# cgroup_quota limits cgroups with all that is below them, exactly, and says so.
# shellcheck disable=SC1091,SC2154 # tap has it
. "$(dirname "$0")/../tools/tap"

page=$(getconf PAGESIZE)
cgroups=/sys/fs/cgroup
mkdir -p $cgroups/vm1/a $cgroups/vm1/b $cgroups/vm2

# in_cgroup PATH WORD... - the workload, in this cgroup.
in_cgroup() {
	(
		echo 0 >"$cgroups$1/cgroup.procs"
		shift
		exec workload "$@"
	)
}

# usage PATH FIELD - what the policy has counted for the cgroup.
usage() {
	ioasidctl policy map cgroup_quota usage "$1" --json | jq ".value.$2"
}

limit() {
	ioasidctl policy map cgroup_quota limits "$@" || fail "a limit is set: $*"
}

# start_in PATH WORD... - as start_worker, in this cgroup.
start_in() {
	echo 0 >"$cgroups$1/cgroup.procs"
	shift
	start_worker "$@"
	echo 0 >$cgroups/cgroup.procs
}

# Memory is pinned before the policy comes.
start_in /vm1/a memory 100 whole 1 wait unmap wait memory 120 whole 1 wait
works "it is loaded over live pins" ioasidctl policy load "$bpf/cgroup_quota.bpf.o"
is "what was pinned before counts" "$(usage /vm1/a used)" $((100 * page))
is "and for the cgroup above" "$(usage /vm1 used)" $((100 * page))
is "and for the root" "$(usage / used)" $((100 * page))

limit /vm1 hard=$((256 * page)) soft=$((150 * page))
limit /vm1/b hard=$((200 * page))
is "156 pages are left for another below it" \
	"$(in_cgroup /vm1/b memory 156 whole 1 | grep -c '^map ok')" 1
is "the soft limit was exceeded once" "$(usage /vm1 soft_exceeded)" 1
is "the most there was is told" "$(usage /vm1 peak)" $((256 * page))
refusal=$(in_cgroup /vm1/b memory 157 whole 1 memory 1 whole 1)
has "157 pages are refused" "$refusal" '^map EDQUOT stage=2 code=122 policy=cgroup_quota '
has "with what was asked, what all in the cgroup have, its limit, and that it is a cgroup's" \
	"$refusal" " asked=$((157 * page)) used=$((100 * page)) limit=$((256 * page)) reason=12\$"
has "one page is granted after that" "$refusal" '^map ok'
is "the refusal was counted where the limit is" \
	"$(usage /vm1 refused) $(usage /vm1/b refused)" "1 0"
is "nothing of what was refused is left below" "$(usage /vm1/b used)" 0
has "its own limit holds as well" "$(in_cgroup /vm1/b memory 201 whole 1)" \
	"^map EDQUOT .* used=0 limit=$((200 * page)) reason=12\$"
is "a cgroup beside it has no limit" \
	"$(in_cgroup /vm2 memory 1000 whole 1 | grep -c '^map ok')" 1
is "nor has the root" "$(usage / peak)" $((1100 * page))

go_on
is "what is given back was not forgotten" "$(usage /vm1/a used) $(usage /vm1 used)" "0 0"
limit /vm1 hard=$((119 * page))
go_on
has "a limit that is lowered holds at once" "$(tail -n 2 "$scratch/worker")" \
	"^map EDQUOT .* limit=$((119 * page)) reason=12\$"
end_worker

# Two fill what only one has room for, again and again: never more than the limit.
limit /vm1 hard=$((300 * page)) soft=0
refused=$(usage /vm1 refused)
for number in 1 2; do
	mkfifo "$scratch/churn$number"
	in_cgroup /vm1/a memory 290 churn unmap <"$scratch/churn$number" >"$scratch/said$number" &
done
exec 5>"$scratch/churn1" 6>"$scratch/churn2"
wait_for "$scratch/said1" churning && wait_for "$scratch/said2" churning
sleep 5
exec 5>&- 6>&-
wait
has "both were at it" "$(cat "$scratch/said1" "$scratch/said2")" '^churn [0-9]+$'
is "they were refused at times" "$(($(usage /vm1 refused) > refused))" 1
is "at no time they had more than the limit" "$(($(usage /vm1 peak) <= 300 * page))" 1
is "in the end they have nothing" "$(usage /vm1/a used) $(usage /vm1 used) $(usage / used)" \
	"0 0 0"

# The cgroup goes, the pins stay.
mkdir $cgroups/vm2/gone
start_in /vm2/gone memory 50 whole 1 wait unmap wait
is "a third is counted" "$(usage /vm2 used)" $((50 * page))
echo "$worker" >$cgroups/cgroup.procs
rmdir $cgroups/vm2/gone
is "its cgroup is gone, its pins are counted" "$(usage /vm2 used)" $((50 * page))
go_on
is "and given back where they were" "$(usage /vm2 used) $(usage / used)" "0 0"
end_worker

start_in /vm1/b memory 10 whole 1 wait
is "ioasid-top has the limit that holds" "$(ioasid-top --once --json |
	jq "select(.record == \"process\" and .pid == $worker) | .limit")" $((200 * page))
end_worker

limit /vm1 --delete
is "without its limit the cgroup has none" \
	"$(in_cgroup /vm1/a memory 1000 whole 1 | grep -c '^map ok')" 1
works "it is unloaded" ioasidctl policy unload cgroup_quota
works "the audit is clean" ioasidctl audit
rmdir $cgroups/vm1/a $cgroups/vm1/b $cgroups/vm1 $cgroups/vm2
finish
