#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# ioasidctl policy map shows and changes what is in a policy's maps, exactly; constants take values
# with suffixes, and policy show tells them.
# shellcheck disable=SC1091,SC2154 # tap has it
. "$(dirname "$0")/../tools/tap"

# map WORD... - of the policy ctl_books.
map() {
	ioasidctl policy map ctl_books "$@"
}

works "a policy with maps is loaded" ioasidctl policy load "$bpf/bad/ctl_books.bpf.o" \
	--set limit=1M --set sign=-0x7fff --set tiny=255 --set owner=seven77 --set strict=false

# Constants.
is "the constants are as set" "$(ioasidctl policy show ctl_books --json | jq -c .constants)" \
	'{"limit":1048576,"sign":-32767,"tiny":255,"strict":false,"owner":"seven77"}'
has "in words" "$(ioasidctl policy show account)" \
	'^constants limit=1048576 sign=-32767 tiny=255 strict=false owner=seven77$'
for value in sign=32768 sign=-32769 tiny=256 tiny=1K tiny=-1 limit=16777216T limit=1KK limit=K \
	limit=1k strict=2 owner=eight888 limit=; do
	refuses "a value that does not fit: $value" 'is no value' \
		ioasidctl policy swap "$bpf/bad/ctl_books.bpf.o" --set "$value"
done
works "limits of what fits" ioasidctl policy swap "$bpf/bad/ctl_books.bpf.o" \
	--set limit=16777215T --set sign=-32K --set tiny=0
is "are stored" "$(ioasidctl policy show ctl_books --json | jq -c '[.constants[]]')" \
	'[18446742974197923840,-32768,0,true,"nobody"]'
ioasidctl policy swap "$bpf/bad/ctl_books.bpf.o"

# A map of structures.
is "a map is empty" "$(map books)" ''
works "an entry is made" map books 7 pages=3G delta=-5 owner=me
is "it is shown" "$(map books)" '7: pages=3221225472 delta=-5 closed=false owner=me'
works "one field is changed" map books 7 closed=true
is "the others keep what they have" "$(map books 7)" \
	'7: pages=3221225472 delta=-5 closed=true owner=me'
works "another" map books 0x5 pages=0x10
is "all, in order" "$(map books)" '5: pages=16 delta=0 closed=false owner=
7: pages=3221225472 delta=-5 closed=true owner=me'
is "as JSON" "$(ioasidctl policy map account books 7 --json)" '{"record":"entry","policy":"ctl_books","map":"books","key":7,'\
'"value":{"pages":3221225472,"delta":-5,"closed":true,"owner":"me"}}'
refuses "a field that is not there" "there is no field 'nonsense'" map books 7 nonsense=1
refuses "a value that does not fit" "'3G' is no value for 'delta' of 4 bytes" map books 7 delta=3G
refuses "a word that is no field" "'3' is not FIELD=VALUE" map books 7 3
is "none of these changed it" "$(map books 7)" '7: pages=3221225472 delta=-5 closed=true owner=me'
works "an entry is removed" map books 7 --delete
refuses "it is gone" "the map 'books' has no entry 7" map books 7
refuses "and can't be removed again" "the map 'books' has no entry 7" map books 7 --delete
refuses "a key that is none" "'x' is no key of 8 bytes" map books x
for key in 1 2 3 4 6 7 8; do
	map books $key pages=1
done
refuses "a map that is full" 'cannot be stored .*; the map is full' map books 9 pages=1

# A cgroup as a key.
mkdir -p /sys/fs/cgroup/ctl/map
id=$(stat -c %i /sys/fs/cgroup/ctl/map)
map books 8 --delete
works "a cgroup's path is its id" map books /ctl/map pages=2M
is "which is the key" "$(map books "$id")" "$id: pages=2097152 delta=0 closed=false owner="
is "and by its path" "$(map books /ctl/map --json | jq -c '[.key, .value.pages]')" "[$id,2097152]"
refuses "a cgroup that is not there" 'there is no cgroup /nonsense' map books /nonsense
rmdir /sys/fs/cgroup/ctl/map /sys/fs/cgroup/ctl

# It is what the policy sees.
own=$(stat -c %i "/sys/fs/cgroup$(sed -n 's/^0:://p' /proc/self/cgroup)")
map books 7 --delete
has "a page is granted" "$(workload memory 1 whole 1)" '^map ok'
works "our cgroup is closed" map books "$own" closed=true
has "and refused" "$(workload memory 1 whole 1)" '^map EDQUOT .* policy=ctl_books '
map books "$own" --delete
works "a pair of cgroup and user" map pairs "cgroup=$own,uid=0" -- -1
is "is shown" "$(map pairs)" "cgroup=$own uid=0 spare=0: -1"
has "and refused" "$(workload memory 1 whole 1)" '^map EDQUOT .* policy=ctl_books '
works "is removed" map pairs "uid=0,cgroup=$own" --delete

# Other kinds of maps.
is "an array has all its entries" "$(map counts)" '0: 3
1: 0
2: 0'
works "a plain value is set" map counts 1 1M
is "and shown" "$(map counts 1 --json | jq -c '[.key, .value]')" '[1,1048576]'
is "a map for each processor has a value for each" \
	"$(map each --json | jq -s -c '[length, (map(.value) | add), .[0].cpu]')" "[$(nproc --all),3,0]"
has "with the processor" "$(map each)" '^0 cpu 1: [0-9]+$'
refuses "these are for reading" 'these are for reading' map each 0 1
refuses "a ring buffer has no entries" "the map 'events' is a ringbuf: it has no entries" map events
refuses "constants can't be changed" 'holds constants; .* policy swap' \
	map ctl_book.rodata 0 limit=1
is "variables can be seen" "$(map ctl_book.bss)" '0: charged=0'
works "and changed" map ctl_book.bss 0 charged=12
is "so that they are" "$(map ctl_book.bss 0)" '0: charged=12'
refuses "a map that is not there" "no map 'nonsense'; it has: .*books" map nonsense
refuses "a policy that is not there" "there is no policy 'nonsense'" \
	ioasidctl policy map nonsense books
is "its maps are kept in bpffs" "$(cd /sys/fs/bpf/ioasid/maps/ctl_books && echo *)" \
	'books counts ctl_book_bss ctl_book_rodata each events pairs'
works "it is unloaded" ioasidctl policy unload ctl_books
is "nothing of it is left there" "$(find /sys/fs/bpf/ioasid -mindepth 1)" \
	'/sys/fs/bpf/ioasid/maps'
for words in '' ctl_books 'ctl_books books --delete' 'ctl_books books 7 pages=1 --delete'; do
	status=0
	# shellcheck disable=SC2086 # several words
	ioasidctl policy map $words >/dev/null 2>&1 || status=$?
	is "'policy map $words' is a usage error" "$status" 2
done
finish
