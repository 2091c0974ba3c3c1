#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# shellcheck disable=SC2154 # of tests/tools/tap
# default.sh - ioasid-vfio as what VFIO's containers get without anybody asking, by the file for
# modprobe.d, and back to type1: prints TAP. As docs/vfio.md tells to do it, in a machine of --vfio.
# shellcheck disable=SC1091,SC2154 # tap has it
set -u
. "$(dirname "$0")/tap"

release=$(uname -r)
modules=$scratch/tree/lib/modules/$release
configuration=/etc/modprobe.d/ioasid-vfio.conf

# install_modules - a tree where modprobe finds VFIO's modules and ours, and no others.
install_modules() {
	local from=/lib/modules/$release
	mkdir -p "$modules/updates"
	cp "$from"/modules.builtin* "$from"/modules.order "$modules/"
	(cd "$from" && modprobe --show-depends vfio-pci && modprobe --show-depends vfio_iommu_type1) |
		awk '$1 == "insmod" { print $2 }' | sort -u | while read -r file; do
		install -D "$file" "$modules/${file#"$from/"}"
	done
	cp "$build/mod/${KERNEL:-stock}"/kernel/ioasid{,-vfio}.ko "$modules/updates/"
	depmod -b "$scratch/tree" "$release"
	mount --bind "$modules" "$from"
}

# unload_all - vfio and all that use it.
unload_all() {
	rmmod vfio-pci vfio-pci-core ioasid_vfio vfio_iommu_type1 vfio 2>/dev/null
	rmmod ioasid 2>/dev/null
	is "$1: vfio is not loaded" "$(loaded vfio)" no
}

loaded() {
	if [ -d "/sys/module/$1" ]; then echo yes; else echo no; fi
}

# load WHEN WHO - vfio-pci alone is asked for; who serves?
load() {
	modprobe vfio-pci
	is "$1: $2 serves" "$("$build/tests/vfio/served" 2>&1)" "$2"
}

# permit - what type1 was told on the kernel's command line, where interrupts aren't remapped.
permit() {
	grep -q 'type1.allow_unsafe_interrupts=1' /proc/cmdline || return 0
	echo 'options ioasid-vfio allow_unsafe_interrupts=1' >>"$configuration"
}

install_modules
unload_all 'to begin with'
load 'without the file' type1
is 'without the file: nothing of ours is loaded' "$(loaded ioasid_vfio)" no

modprobe ioasid-vfio allow_unsafe_interrupts=1
is 'loaded by hand, beside type1: ioasid-vfio serves' "$("$build/tests/vfio/served" 2>&1)" \
	ioasid-vfio
rmmod ioasid_vfio
is 'unloaded by hand: type1 serves' "$("$build/tests/vfio/served" 2>&1)" type1

unload_all 'before the file comes'
cp "$top/kernel/vfio/ioasid-vfio.conf" "$configuration"
permit
load 'with the file' ioasid-vfio
is 'with the file: type1 is not loaded' "$(loaded vfio_iommu_type1)" no

unload_all 'before the file goes'
rm "$configuration"
load 'without the file again' type1
is 'without the file again: nothing of ours is loaded' "$(loaded ioasid_vfio)" no
# As the machine was.
umount "/lib/modules/$release"
insmod "$module"
finish
