#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# huge_align, guard_gap, random_iova and pin_size, each with what it changes in exact numbers.
# shellcheck disable=SC1091,SC2154 # tap has it
. "$(dirname "$0")/../tools/tap"

# iovas WORD... - where the workload's mappings went, in a line.
iovas() {
	workload table "$@" | sed -n 's/^map ok iova=\(0x[0-9a-f]*\) .*/\1/p' | xargs
}

# pins WORD... - how many the workload has in the end.
pins() {
	workload "$@" query | sed -n 's/^query .* pins=\([0-9]*\) .*/\1/p'
}

# A page, and a range of more than 2 MiB that has no large piece: it begins 7 pages behind one.
small="memory 1 whole 1 memory 513 whole 1"
# shellcheck disable=SC2086 # words
is "built-in: a hole is made for its length" "$(iovas $small)" "0x1000 0x7000"
works "huge_align is loaded" ioasidctl policy load "$bpf/huge_align.bpf.o"
# shellcheck disable=SC2086
is "huge_align: none is made for what has no large piece" "$(iovas $small)" "0x1000 0x2000"
said=$(workload table memory 1 whole 1 huge 1017 whole 1 entries huge 2041 whole 1 entries)
has "what has one gets its entry" "$said" '^entries 4K=505 2M=1 1G=0'
has "what has three gets three" "$said" '^entries 4K=505 2M=3 1G=0'
works "it is unloaded" ioasidctl policy unload huge_align

is "built-in: mappings are neighbours" "$(iovas memory 1 whole 2 whole 1)" "0x1000 0x2000 0x3000"
works "guard_gap is loaded" ioasidctl policy load "$bpf/guard_gap.bpf.o" --set gap_pages=3
is "guard_gap: three pages are between them, and before" \
	"$(iovas memory 1 whole 2 memory 2 whole 2)" "0x4000 0x8000 0xc000 0x11000"
has "a large range is congruent with its memory all the same" \
	"$(workload table huge 1017 whole 1 entries)" '^entries 4K=505 2M=1 1G=0'
said=$(workload table allow 65536 memory 4 whole 2)
is "16 pages have room for two times four, with three around each" \
	"$(echo "$said" | grep -c '^map ok')" 1
has "not for more" "$said" '^map ENOSPC .* policy=guard_gap '
works "it is unloaded" ioasidctl policy unload guard_gap

works "random_iova is loaded" ioasidctl policy load "$bpf/random_iova.bpf.o"
# shellcheck disable=SC2046 # words
where=$(iovas memory 1 $(yes whole 2 | head -n 32))
is "random_iova: 64 mappings are at 64 places" "$(echo "$where" | xargs -n 1 | sort -u | wc -l)" 64
upper=0
for iova in $where; do
	[ $((iova >> 46)) -eq 0 ] || upper=$((upper + 1))
done
is "some of them in each half: $upper in the upper one" "$((upper > 8 && upper < 56))" 1
# shellcheck disable=SC2046
is "16 large ones are congruent with their memory" \
	"$(workload table memory 1024 $(yes whole 2 | head -n 8) | grep -c ' offset=0x0$')" 16
# shellcheck disable=SC2046
said=$(workload table allow 65536 memory 1 $(yes whole 2 | head -n 8) whole 1)
is "16 pages are filled to the last, with the lowest first" \
	"$(echo "$said" | sed -n 's/^map ok iova=\([^ ]*\) .*/\1/p' | sort -u | wc -l)" 16
has "and no more" "$said" '^map ENOSPC .* policy=random_iova '
works "it is unloaded" ioasidctl policy unload random_iova

is "built-in: 40 pages are one pin" "$(pins memory 40 whole 1)" 1
works "pin_size is loaded" ioasidctl policy load "$bpf/pin_size.bpf.o" --set pin_bytes=65536
is "pin_size: 40 pages from the 7th on are pins of 9, 16 and 15" "$(pins memory 40 whole 1)" 3
is "which the next mapping shares" "$(pins memory 40 whole 2)" 3
works "it is unloaded" ioasidctl policy unload pin_size
works "pin_size is loaded" ioasidctl policy load "$bpf/pin_size.bpf.o" --set pin_bytes=4096
is "pin_size: 40 pins of a page" "$(pins memory 40 whole 1)" 40
works "it is unloaded" ioasidctl policy unload pin_size
refuses "a size that is no power of two is refused" "pin_size" \
	ioasidctl policy load "$bpf/pin_size.bpf.o" --set pin_bytes=12288
is "and the built-in policy stays" "$(policy place name)" builtin
# Free are 5 pages from page 1 on, 2 from page 7 on, 3 from page 10 on, and all behind page 13.
holes="memory 1 at 0x6000 at 0x9000 at 0xd000"
# found FLAGS PAGES... - where ranges of so many pages go.
found() {
	words=$holes flags=$1
	shift
	for pages; do
		words="$words memory $pages whole 1"
	done
	ioasidctl policy load "$bpf/bad/place_window.bpf.o" --set flags="$flags" || return
	# shellcheck disable=SC2086
	iovas $words | cut -d' ' -f4-
	ioasidctl policy unload place
}
is "first fit takes the lowest" "$(found 0 2 3 2 1)" "0x1000 0x3000 0x7000 0xa000"
is "best fit takes the smallest" "$(found 4 2 3 5 1)" "0x7000 0xa000 0x1000 0xe000"
is "also of what is left of one" "$(found 4 4 1 2 2)" "0x1000 0x5000 0x7000 0xa000"
is "from the top down" "$(found 1 1 1)" "0x7ffffffff000 0x7fffffffe000"
is "best fit from the top down takes the end of the smallest" "$(found 5 1 1 1)" \
	"0x8000 0x7000 0xc000"

is "no policy was ejected" "$(policy place ejections)" 0
works "the audit is clean" ioasidctl audit
finish
