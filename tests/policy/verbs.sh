#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# ioasidctl policy swap, eject, unload, list, show, stats, log and load --hold: what they do and
# what they say, as text and as JSON.
# shellcheck disable=SC1091,SC2154 # tap has it
. "$(dirname "$0")/../tools/tap"

# list - as text, but for the counts of what has been.
list() {
	ioasidctl policy list | awk '{ print $1, $2, $3, $NF }'
}

# last FIELD [KIND] - of the newest exit.
last() {
	ioasidctl policy log ${2:+"$2"} --json | head -n 1 | jq -r ".$1"
}

# List.
works "all policies are away" sh -c 'ioasidctl policy unload account; ioasidctl policy unload place; :'
is "the list fits 80 columns" "$(ioasidctl policy list | awk 'length > 80')" ''
is "its heading" "$(ioasidctl policy list | head -n 1)" \
	'KIND    POLICY          STATE       ASKED   REFUSED EJECTIONS  LAST EXIT'
is "the built-in policies are there" "$(list | awk '{ print $1, $2, $3 }' | tail -n 2)" \
	'account builtin builtin
place builtin builtin'
is "show shows nothing" "$(ioasidctl policy show)$(ioasidctl policy show --json)" ''

# Named policies.
works "two named policies are loaded" ioasidctl policy load "$bpf/bad/ctl_named.bpf.o"
works "and a default one" ioasidctl policy load "$bpf/top_down.bpf.o"
is "the list has all" "$(list | awk '{ print $1, $2, $3 }' | tail -n 3)" \
	'place top_down default
place ctl_named named
place ctl.dotted named'
is "as JSON" "$(ioasidctl policy list --json | jq -c '[.kind, .name, .state, .builtin, .link]')" \
	'["account","builtin","builtin",true,null]
["place","top_down","default",false,"/sys/fs/bpf/ioasid/place"]
["place","ctl_named","named",false,"/sys/fs/bpf/ioasid/ctl_named"]
["place","ctl.dotted","named",false,"/sys/fs/bpf/ioasid/ctl_dotted"]'
refuses "a second of a name" "a place policy called 'ctl_named' is loaded; .*unload ctl_named" \
	ioasidctl policy load "$bpf/bad/ctl_named.bpf.o"
is "the default one is unloaded by its kind" \
	"$(ioasidctl policy unload place && policy place name)" builtin
works "a named one by its name" ioasidctl policy unload ctl.dotted
is "the other is still there" "$(ioasidctl policy list --json | jq -r 'select(.state == "named") |
	.name')" ctl_named
works "and goes, too" ioasidctl policy unload ctl_named

# Show.
ioasidctl policy load "$bpf/uid_quota.bpf.o" --set quota_pages=23 || fail "uid_quota is loaded"
workload memory 23 map 23 >/dev/null
workload memory 24 whole 1 >/dev/null
said=$(ioasidctl policy show account)
is "show tells its counts" "$(echo "$said" | grep -vE '^(epoch|link|callbacks|maps| )')" \
	'policy    uid_quota
kind      account
state     default
asked     24
refused   1
constants quota_pages=23 burst_pages=0 burst_ms=10000'
has "its link, and where it is kept" "$said" '^link      [0-9]+, in /sys/fs/bpf/ioasid/account$'
has "a callback" "$said" '^callbacks charge, program [0-9]+$'
has "and another" "$said" '^ +limit, program [0-9]+$'
has "a map" "$said" '^maps      bursts, map [0-9]+$'
has "and its constants' map" "$said" '^ +uid_quot.rodata, map [0-9]+$'
is "show as JSON" "$(ioasidctl policy show --json | jq -c '[.record, .kind, .name, .state, .asked,
	.refused, .link, .callbacks[].name, .maps[].name, .constants]')" \
	'["policy","account","uid_quota","default",24,1,"/sys/fs/bpf/ioasid/account",'\
'"charge","limit","bursts","uid_quot.rodata",{"quota_pages":23,"burst_pages":0,'\
'"burst_ms":10000}]'
works "the programs' ids are real" bpftool prog show id \
	"$(ioasidctl policy show --json | jq '.callbacks[0].program')"

# Stats.
is "stats counts from the beginning" "$(ioasidctl policy stats)" \
	'  SECONDS  KIND    POLICY          STATE          ASKED      REFUSED
      0.0  account uid_quota       default           24            1'
is "as JSON" "$(ioasidctl policy stats --json | jq -c '[.record, .kind, .name, .asked, .refused]')" \
	'["stats","account","uid_quota",24,1]'
ioasidctl policy stats 0.2 100 --json >"$scratch/stats" &
stats=$!
wait_for "$scratch/stats" '"asked":0'
workload memory 5 map 5 >/dev/null
workload memory 24 whole 1 >/dev/null
wait_for "$scratch/stats" '"refused":1'
kill $stats
wait $stats
is "an interval has what came in it" "$(jq -s -c '[map(.asked) | add, max > 0]' "$scratch/stats")" \
	'[6,true]'
is "and what was refused" "$(jq -s 'map(.refused) | add' "$scratch/stats")" 1
is "as many intervals as asked for" "$(ioasidctl policy stats 0.05 3 | wc -l)" 4

# Swap.
epoch=$(ioasidctl policy show account --json | jq .epoch)
link=$(ioasidctl policy show account --json | jq .link_id)
works "it is swapped for itself with another constant" \
	ioasidctl policy swap "$bpf/uid_quota.bpf.o" --set quota_pages=24
has "the new one decides" "$(workload memory 24 whole 1)" '^map ok'
is "it has begun anew on the same link" \
	"$(ioasidctl policy show account --json | jq -c "[.epoch > $epoch, .link_id == $link, .asked]")" \
	'[true,true,1]'
is "the log tells of the old one" "$(last name account) $(last exit) $(last text)" \
	'uid_quota unregistered replaced by another policy'
works "it is swapped for another" ioasidctl policy swap "$bpf/bad/ctl_books.bpf.o"
is "which is kept where it was" "$(policy account name) $(policy account link)" \
	'ctl_books /sys/fs/bpf/ioasid/account'
is "with its maps alone" "$(ls /sys/fs/bpf/ioasid/maps)" ctl_books
refuses "a policy is not swapped for one of another kind" \
	'there is no place policy to replace; to load it: ioasidctl policy load .*top_down' \
	ioasidctl policy swap "$bpf/top_down.bpf.o"
refuses "nor a named one for one that is not there" "there is no policy 'ctl_named' to replace" \
	ioasidctl policy swap "$bpf/bad/ctl_named.bpf.o"
refuses "one whose init() refuses does not come" "No space left .* its init\(\) returned that" \
	ioasidctl policy swap "$bpf/bad/ctl_init.bpf.o"
refuses "nor one that the verifier refuses" "refuses the program 'ctl_write_charge'" \
	ioasidctl policy swap "$bpf/bad/ctl_write.bpf.o"
is "the old one stays" "$(policy account name)" ctl_books
ioasidctl policy load "$bpf/bad/ctl_named.bpf.o" || fail "named ones are loaded"
epoch=$(ioasidctl policy show ctl.dotted --json | jq .epoch)
works "named ones are swapped for those of their names" \
	ioasidctl policy swap "$bpf/bad/ctl_named.bpf.o"
is "both" "$(ioasidctl policy show ctl.dotted --json | jq ".epoch > $epoch") $(ioasidctl policy \
	list --json | jq -r 'select(.state == "named") | .name' | wc -l)" 'true 2'
ioasidctl policy unload ctl_named
ioasidctl policy unload ctl.dotted

# Eject.
workload memory 3 map 3 >/dev/null
ejections=$(policy account ejections)
works "the default one is ejected, and why" ioasidctl policy eject account it is late today
is "it is out" "$(policy account name) $(($(policy account ejections) - ejections))" 'builtin 1'
is "the log has it as JSON" \
	"$(ioasidctl policy log account --json | head -n 1 | jq -c 'del(.at)')" \
	'{"record":"exit","kind":"account","name":"ctl_books","exit":"operator","code":0,'\
'"text":"it is late today","asked":3,"refused":0,"dump":""}'
now=$(date +%s)
at=$(last at account)
is "with the time" "$((now - at >= 0 && now - at < 60))" 1
has "and as text" "$(ioasidctl policy log account | head -n 1)" \
	'^[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9:]{8}  account  ctl_books        operator 0$'
is "with its text below" "$(ioasidctl policy log account | sed -n 2,3p)" \
	'    it is late today
    asked 3, refused 0'
is "nothing is kept of it" "$(find /sys/fs/bpf/ioasid -mindepth 1)" /sys/fs/bpf/ioasid/maps
refuses "it can't be ejected again" 'no account policy is loaded' ioasidctl policy eject account
refuses "nor one that nobody knows" "there is no policy 'nonsense'" ioasidctl policy eject nonsense
ioasidctl policy load "$bpf/top_down.bpf.o" || fail "top_down is loaded"
works "one is ejected by its name, and no reason" ioasidctl policy eject top_down
is "which says the log" "$(last text place)" 'ejected by an operator'
ioasidctl policy load "$bpf/bad/place_out.bpf.o" || fail "place_out is loaded"
workload table memory 1 whole 1 >/dev/null
has "the log shows the request with -v" "$(ioasidctl policy log -v place)" '^    length=0x1000 '
has "and its code" "$(ioasidctl policy log place | head -n 1)" "  invalid_iova $((1 << 47))\$"
is "not without" "$(ioasidctl policy log place | grep -c 'length=0x1000')" 0
is "the log fits 80 columns" "$(ioasidctl policy log -v | awk 'length > 80')" ''
is "it has both kinds, the newest first" "$(ioasidctl policy log --json | jq -s -c \
	'[(map(.kind) | unique), (map(.at) | . == (sort | reverse))]')" '[["account","place"],true]'
is "a dead link is in nobody's way" \
	"$(ioasidctl policy load "$bpf/top_down.bpf.o" && policy place link)" /sys/fs/bpf/ioasid/place
ioasidctl policy unload place

# Hold.
ioasidctl policy load --hold "$bpf/uid_quota.bpf.o" >"$scratch/held" &
holder=$!
wait_for "$scratch/held" attached
is "a held policy is active and not kept" "$(policy account name) $(policy account link)" \
	'uid_quota null'
has "show says so" "$(ioasidctl policy show account)" '^link      [0-9]+, held by a program$'
kill $holder
wait $holder
is "its holder ends well" "$?" 0
is "and it goes with its holder" "$(policy account name)" builtin
ioasidctl policy load --hold "$bpf/uid_quota.bpf.o" >"$scratch/held" &
holder=$!
wait_for "$scratch/held" attached
ioasidctl policy eject uid_quota enough of it
wait $holder
is "a holder whose policy is ejected fails" "$?" 1
is "and tells how it ended" "$(cat "$scratch/held")" "account policy 'uid_quota': attached
account policy 'uid_quota': ended: operator 0: enough of it
asked 0, refused 0"
ioasidctl policy load --hold "$bpf/uid_quota.bpf.o" >"$scratch/held" &
holder=$!
wait_for "$scratch/held" attached
works "a held policy can be swapped" ioasidctl policy swap "$bpf/bad/ctl_books.bpf.o"
kill -0 $holder
is "its holder has not noticed" $? 0
works "and unloaded" ioasidctl policy unload account
wait $holder
is "the holder ends" "$(policy account name)" builtin
ioasidctl policy load --hold "$bpf/uid_quota.bpf.o" >"$scratch/held" &
holder=$!
wait_for "$scratch/held" attached
kill -9 $holder
wait $holder
wait_for /sys/class/misc/ioasid/policy/account '^name builtin'
is "a holder that is killed takes it along" "$(policy account name)" builtin

# A program of its own.
handle "$bpf/bad/ctl_named.bpf.o" >"$scratch/handle" &
holder=$!
wait_for "$scratch/handle" '^in 10 ms'
is "a program's policies are active" "$(ioasidctl policy list --json | jq -r '.name' | xargs)" \
	'builtin builtin ctl_named ctl.dotted'
has "a second program is told who is in its way" "$(handle "$bpf/bad/ctl_named.bpf.o")" \
	"^handle: a place policy called 'ctl_named' is loaded; "
workload table memory 1 whole 1 >/dev/null
ioasidctl policy eject ctl_named so that it ends
wait $holder
is "it reports what it sees, and how one ended" "$(cat "$scratch/handle")" \
	"place policy 'ctl_named': not attached
place policy 'ctl.dotted': not attached
place policy 'ctl_named': attached
place policy 'ctl.dotted': attached
in 10 ms: 0
in the end: 1
place policy 'ctl_named': ended: operator 0: so that it ends
asked 0, refused 0
place policy 'ctl.dotted': attached"
is "the other goes with it" "$(ioasidctl policy list --json | jq -r '.name' | xargs)" \
	'builtin builtin'
works "the audit is clean" ioasidctl audit
finish
