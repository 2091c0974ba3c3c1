#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# QEMU's own NVMe driver, in Debian's qemu-img and qemu-io, copies a disk to and from a file, on
# VFIO type1 and on ioasid-vfio; the kernel's driver finds the same on it.
# shellcheck disable=SC1091,SC2154 # tap has it
. "$(dirname "$0")/tap"

disk=$(find_devices 0x1b36 0x0010)
url=nvme://$disk/1
mebibytes=16
image=$scratch/image

# waits_for_disk - until the kernel's driver has it.
waits_for_disk() {
	bind "$disk" nvme || return
	tries=0
	until [ -b /dev/nvme0n1 ] || [ "$tries" -ge 600 ]; do
		tries=$((tries + 1))
		sleep 0.1
	done
	[ -b /dev/nvme0n1 ]
}

# hold - leave the disk open in qemu-io, and its memory mapped; orders come from descriptor 7.
hold() {
	rm -f "$scratch/fifo"
	mkfifo "$scratch/fifo"
	stdbuf -oL qemu-io -f raw "$url" <"$scratch/fifo" >"$scratch/qemu-io" 2>&1 &
	holder=$!
	exec 7>"$scratch/fifo"
	echo 'write -P 0x5a 1M 1M' >&7
	wait_for "$scratch/qemu-io" 'wrote 1048576/1048576'
	echo 'read -P 0x5a 1M 1M' >&7
	wait_for "$scratch/qemu-io" 'read 1048576/1048576'
}

let_go() {
	echo quit >&7
	exec 7>&-
	wait $holder
}

try_backend() {
	use_backend "$1"
	works "$1: vfio-pci takes the disk" bind "$disk" vfio-pci
	head -c $((mebibytes << 20)) /dev/urandom >"$image"
	works "$1: qemu-img writes the disk" qemu-img convert -n -f raw -O raw "$image" "$url"
	works "$1: qemu-img reads it" qemu-img convert -f raw -O raw "$url" "$image.back"
	works "$1: it is the same" cmp "$image" "$image.back"
	works "$1: to the kernel's driver, too" waits_for_disk
	works "$1: all of it" cmp "$image" /dev/nvme0n1

	works "$1: vfio-pci takes the disk again" bind "$disk" vfio-pci
	hold
	if [ "$1" = ioasid-vfio ]; then
		has "$1: qemu-io's memory is pinned, and in the ledger" "$(pinned $holder) $(
			ioasid-top --once --json | jq -r "select(.record == \"process\" and
				.pid == $holder) | .pinned")" '^([1-9][0-9]*) \1$'
	else
		is "$1: ioasid has nothing to do with it" "$(ioasidctl audit --json | jq .pinned)" 0
	fi
	works "$1: qemu-io ends well" let_go
	is "$1: it has read what it has written" "$(grep -c 'Pattern verification failed' \
		"$scratch/qemu-io")" 0
	nothing_pinned "$1: nothing is pinned any more"
}

modprobe nvme
try_backend type1
try_backend ioasid-vfio
use_backend type1
finish
