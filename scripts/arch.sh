# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=sh disable=SC2034,SC2154
# arch.sh - what differs between the processors that kernels are for. Sourced after lib.sh.

# arch_of KERNEL - set, for the processor of that kernel:
#
#	arch		its name, as in Debian; and as in the kernel, kbuild_arch
#	foreign		the directory of what is needed for it (scripts/foreign); empty for our own
#	compiler	what the names of the compiler and its tools begin with; empty for our own
#	emulator	the program of qemu, with the words emulated for the machine and emulated_cpu
#	console		the kernel's words for its console
#	early_modules	the modules without which it doesn't probe other devices
arch_of() {
	arch=amd64 kbuild_arch=x86 foreign='' compiler='' early_modules=virtio_iommu
	emulator=qemu-system-x86_64 emulated=q35 emulated_cpu=max,la57=off
	console='no_timer_check console=ttyS0 earlyprintk=serial,ttyS0,115200'
	case $1 in
	arm64)
		arch=arm64 kbuild_arch=arm64 foreign=$build/foreign/arm64 early_modules=''
		compiler=aarch64-linux-gnu-
		emulator=qemu-system-aarch64 emulated=virt,gic-version=3 emulated_cpu=max
		console='console=ttyAMA0 earlycon' ;;
	riscv64)
		arch=riscv64 kbuild_arch=riscv foreign=$build/foreign/riscv64 early_modules=''
		compiler=riscv64-linux-gnu-
		emulator=qemu-system-riscv64 emulated=virt,aia=none emulated_cpu=max
		console='console=ttyS0 earlycon' ;;
	esac
}

# iommu_options ARGS - qemu's words for an IOMMU; ARGS as for -device.
iommu_options() {
	case $arch in
	amd64) echo "-device $1,intremap=off" ;;
	arm64) echo "-machine iommu=$1" ;;
	riscv64) echo "-device $1" ;;
	esac
}

# iommu_words - the kernel's words to leave it alone. What is behind an IOMMU without a driver is
# probed when the kernel doesn't wait for the driver any longer.
iommu_words() {
	case $arch in
	amd64) echo "intel_iommu=off amd_iommu=off iommu=off intremap=off" ;;
	arm64) echo "initcall_blacklist=arm_smmu_driver_init deferred_probe_timeout=0" ;;
	riscv64) echo "initcall_blacklist=riscv_iommu_pci_driver_init deferred_probe_timeout=0" ;;
	esac
}

# vfio_options IOMMU - qemu's words for an IOMMU that the guest's kernel drives. Those that remap
# interrupts do it for x2APIC, too: in xAPIC mode one of the guest's processors lost its timer now
# and then.
vfio_options() {
	case $1 in
	intel-iommu) echo "-device $1,intremap=on,eim=on,caching-mode=on" ;;
	amd-iommu) echo "-device $1,intremap=on,xtsup=on" ;;
	amd-iommu | virtio-iommu) echo "-device $1-pci" ;;
	esac
}

# vfio_words IOMMU - the kernel's words to drive it. virtio-iommu remaps no interrupts, and kernels
# from 7.x on find that QEMU's amd-iommu doesn't either.
vfio_words() {
	case $1 in
	intel-iommu) echo "intel_iommu=on" ;;
	amd-iommu | virtio-iommu) echo "vfio_iommu_type1.allow_unsafe_interrupts=1" ;;
	esac
}
