#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# A policy that answers nonsense is ejected: the call goes on under the built-in policy, nothing is
# lost, and the last exit tells what happened.
# shellcheck disable=SC1091,SC2154 # tap has it
. "$(dirname "$0")/../tools/tap"

page=$(getconf PAGESIZE)

# state KIND - the active policy, how many were ejected, and how the last one left.
state() {
	ioasidctl policy list --json |
		jq -r "select(.kind == \"$1\") | \"\\(.name) \\(.ejections) \\(.last_exit)\""
}

# ejected WHAT KIND FILE EXIT ARGUMENT... - load FILE; 24 mappings, of which one at least ejects it,
# work all the same; the last exit matches EXIT.
ejected() {
	what=$1 kind=$2 file=$3 exit=$4
	shift 4
	ejections=$(state "$kind" | cut -d ' ' -f 2)
	if ! ioasidctl policy load "$bpf/bad/$file.bpf.o" "$@"; then
		fail "$what: it is loaded"
		return
	fi
	has "$what: it is active" "$(state "$kind")" "^$file $ejections "
	ejections=$((ejections + 1))
	said=$(workload table memory 23 whole 1 map 23 query)
	has "$what: every page is mapped" "$said" '^map 23 ok, 0 failed'
	has "$what: and the whole" "$said" '^map ok'
	has "$what: nothing is lost" "$said" \
		"^query pinned=$((23 * page)) charged=$((23 * page)) .* mapped=$((46 * page)) "
	has "$what: the built-in policy took over once, and the last exit tells why" \
		"$(state "$kind")" "^builtin $ejections $exit"
	works "$what: the audit is clean" ioasidctl audit
}

if is_brief; then
	ejected "an IOVA in use" place place_used "invalid_iova $((1 << 32)) .* in use"
	ejected "charge() returns 5" account account_errno 'invalid_errno 5 '
	finish
fi
ejected "an unaligned IOVA" place place_unaligned "invalid_iova $(((1 << 30) + 8)) .* unaligned"
ejected "an IOVA out of range" place place_out "invalid_iova $((1 << 47)) .* out of range"
ejected "a range that ends out of range" place place_out \
	"invalid_iova $(((1 << 47) - 4096)) .* out of range" --set across=1
ejected "an IOVA in use" place place_used "invalid_iova $((1 << 32)) .* in use"
ejected "place() returns 5" place place_errno 'invalid_errno 5 '
ejected "place() returns -9999" place place_errno 'invalid_errno -9999 ' --set error=-9999
ejected "place() returns -EDQUOT, for others to return" place place_errno 'invalid_errno -122 ' \
	--set error=-122
ejected "group() returns 0" place group_size 'invalid_length 0 ' --set bytes=0
ejected "group() cuts a page" place group_size 'invalid_length 8191 ' --set bytes=8191
ejected "group() takes more than there is" place group_size 'invalid_length 1048576 ' \
	--set bytes=1048576 --set over=1
ejected "charge() returns 5" account account_errno 'invalid_errno 5 '
ejected "charge() returns -9999" account account_errno 'invalid_errno -9999 ' --set error=-9999
ejected "charge() returns -ENOSPC, for others to return" account account_errno \
	'invalid_errno -28 ' --set error=-28

# What refuses with an errno of the list is no error of the policy.
ioasidctl policy load "$bpf/bad/place_errno.bpf.o" --set error=-28
has "-ENOSPC of place() refuses" "$(workload whole 1)" \
	'^map ENOSPC stage=4 code=28 policy=place_errno '
is "and the policy stays" "$(policy place name)" place_errno
works "until it is unloaded" ioasidctl policy unload place
works "a good one can follow" ioasidctl policy load "$bpf/top_down.bpf.o"
is "and is active" "$(policy place name)" top_down
finish
