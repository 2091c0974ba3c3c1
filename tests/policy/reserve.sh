#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# reserve keeps pages free for those who are on its lists.
# shellcheck disable=SC1091,SC2154 # tap has it
. "$(dirname "$0")/../tools/tap"

page=$(getconf PAGESIZE)
cgroups=/sys/fs/cgroup

# gets WHAT PAGES WORD... - the workload gets so many pages and not one more.
gets() {
	what=$1 pages=$2
	shift 2
	is "$what $pages pages" "$(workload "$@" memory "$pages" whole 1 | grep -c '^map ok')" 1
	has "and not one more" "$(workload "$@" memory $((pages + 1)) whole 1)" '^map EDQUOT '
}

start_worker memory 100 whole 1 wait unmap wait
refuses "a reserve that is more than all is no policy" "reserve" \
	ioasidctl policy load "$bpf/reserve.bpf.o" --set total_pages=10 --set reserve_pages=11
works "it is loaded over live pins" ioasidctl policy load "$bpf/reserve.bpf.o" \
	--set total_pages=1000 --set reserve_pages=300
gets "beside 100 pages of another, somebody gets" 600
has "a refusal tells what all have, and may have" "$(workload memory 601 whole 1)" \
	"^map EDQUOT .* policy=reserve asked=$((601 * page)) used=$((100 * page)) limit=$((
	700 * page)) reason=13\$"
gets "a user gets as many," 600 uid 4711
works "the user becomes important" ioasidctl policy map reserve users 4711 important=1
gets "and gets the reserve," 900 uid 4711
gets "another user does not," 600 uid 4712

mkdir -p $cgroups/router/inner
works "a cgroup becomes important" ioasidctl policy map reserve cgroups /router important=1
echo 0 >$cgroups/router/inner/cgroup.procs
gets "what is below it gets the reserve," 900
echo 0 >$cgroups/cgroup.procs
gets "others do not," 600
go_on
gets "what is given back can be had:" 700
end_worker
is "all is counted back" \
	"$(ioasidctl policy map reserve usage 0 --json | jq -c '.value | [.used, .refused]')" \
	"[0,8]"
works "it is unloaded" ioasidctl policy unload reserve
rmdir $cgroups/router/inner $cgroups/router
works "the audit is clean" ioasidctl audit
finish
