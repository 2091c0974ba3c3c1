#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# vfio.sh - VFIO type1, iommufd and ioasid-vfio side by side: the same maps and unmaps of the same
# memory for the same kind of device, in instructions. Runs in the VM, under --icount.
set -eu
top=$(cd "$(dirname "$0")/../.." && pwd -P)
program=$top/build/tests/bench/vfio
mods=$top/build/mod/${KERNEL:-peer}/kernel
scratch=$(mktemp -d /tmp/ioasid-bench.XXXXXX)
trap 'rm -rf "$scratch"' EXIT

# The edu devices, PCI id 1234:11e8.
devices=$(for device in /sys/bus/pci/devices/*; do
	[ "$(cat "$device/vendor" "$device/device" | tr '\n' ' ')" != '0x1234 0x11e8 ' ] ||
		echo "${device##*/}"
done | head -n 2)

modprobe vfio_iommu_type1 allow_unsafe_interrupts=1 || :
modprobe vfio-pci
modprobe iommufd || :
for device in $devices; do
	echo vfio-pci >"/sys/bus/pci/devices/$device/driver_override"
	echo "$device" >/sys/bus/pci/drivers_probe
done

# shellcheck disable=SC2086 # two words
"$program" container $devices >"$scratch/type1"
# shellcheck disable=SC2086
"$program" iommufd $devices >"$scratch/iommufd"
insmod "$mods/ioasid.ko"
insmod "$mods/ioasid-vfio.ko" allow_unsafe_interrupts=1
# shellcheck disable=SC2086
"$program" container $devices >"$scratch/ioasid"

for name in type1 iommufd ioasid; do
	sed "s/^/$name|/" "$scratch/$name"
done | awk -F'|' '
	{
		if (!($2 in seen)) { order[++works] = $2; seen[$2] = 1 }
		for (i = 3; i <= NF; i++) cost[$1, $2, i] = $i
	}
	END {
		split("map unmap map,again unmap,again", operations, " ")
		printf "%-17s %-12s %11s %11s %11s %7s %7s\n", "memory", "operation", "type1",
			"iommufd", "ioasid", "/type1", "/iommufd"
		for (w = 1; w <= works; w++)
			for (i = 3; i <= 6; i++) {
				name = operations[i - 2]
				sub(/,/, " ", name)
				a = cost["type1", order[w], i]
				b = cost["iommufd", order[w], i]
				c = cost["ioasid", order[w], i]
				printf "%-17s %-12s %11d %11d %11d %7.2f %7.2f\n",
					i == 3 ? order[w] : "", name, a, b, c, c / a, c / b
			}
	}'
