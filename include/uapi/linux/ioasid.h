/* SPDX-License-Identifier: GPL-2.0-only WITH Linux-syscall-note */
/*
 * /dev/ioasid: pin process memory once, map it into I/O address spaces.
 *
 * A program opens /dev/ioasid and issues the ioctls below on the file. The objects it makes (I/O
 * address spaces, tables, pins) have ids that are valid on this file only and go away with the last
 * close of it. The memory that a call names by address is always the calling process's own.
 *
 *	int fd = open("/dev/ioasid", O_RDWR | O_CLOEXEC);
 *	struct ioasid_ioas_alloc as = { .size = sizeof(as) };
 *	ioctl(fd, IOASID_IOAS_ALLOC, &as);
 *
 *	struct ioasid_map map = {
 *		.size = sizeof(map),
 *		.flags = IOASID_MAP_READ | IOASID_MAP_WRITE,
 *		.ioas_id = as.out_id,
 *		.va = (uintptr_t)buffer,	// page-aligned
 *		.length = 2 << 20,		// bytes, a multiple of the page size
 *	};
 *	ioctl(fd, IOASID_MAP, &map);		// map.iova is where it went
 *
 * Sizes, addresses and lengths are in bytes unless a field says otherwise. Addresses and lengths of
 * memory are multiples of the system's page size (IOASID_INFO tells it), except in IOASID_ACCESS.
 *
 * Growing. Every argument starts with its own size in bytes, as the caller's header knows it. A
 * caller older or newer than the kernel works as long as it uses what both know:
 *
 *	EINVAL		size is smaller than the first version of the argument
 *	E2BIG		size is larger than the kernel's, and what lies behind is not all zero
 *	EOPNOTSUPP	a flag, format or scope is unknown, or a reserved field is not zero
 *
 * Errors that every call may return, and what they mean wherever they appear:
 *
 *	EFAULT		the argument, or memory it points to, cannot be read, written or pinned
 *	EINVAL		not page-aligned, zero length, or values that do not go together
 *	EOVERFLOW	address plus length wraps around
 *	ENOENT		there is no object of the wanted kind with this id, or no mapping there
 *	EBADF		a file descriptor is not open
 *	EBUSY		the object is in use
 *	EEXIST		the IOVA range is in use
 *	ERANGE		the IOVA range lies outside what the address space and its tables can
 *			reach, or in a window of an attached device's
 *	ENOSPC		no free IOVA range is large enough
 *	EMSGSIZE	the array is too short for the answer
 *	EACCES		the mapping, the pin, the file or the memory does not permit the access
 *	EPERM		a capability is missing
 *	ENOMEM		no memory, or more pinned memory than the caller's limit permits
 *	EDQUOT, EAGAIN, EPERM	a policy refused; struct ioasid_error tells which and why
 *	EINTR		the caller is being killed
 *	ENOTTY		no such call
 *
 * A call that fails has changed nothing: no pin, no charge, no mapping, no id. Where a call can
 * do part of its work before it fails, its description says so.
 */
#ifndef _UAPI_LINUX_IOASID_H
#define _UAPI_LINUX_IOASID_H

#include <linux/types.h>
#include <linux/ioctl.h>

#define IOASID_ABI_VERSION 1
#define IOASID_TYPE 0xE6

/* Length of a policy's name with its terminating zero. */
#define IOASID_NAME_LEN 16

#define IOASID_INFO _IO(IOASID_TYPE, 0)
#define IOASID_IOAS_ALLOC _IO(IOASID_TYPE, 1)
#define IOASID_DESTROY _IO(IOASID_TYPE, 2)
#define IOASID_PIN _IO(IOASID_TYPE, 3)
#define IOASID_UNPIN _IO(IOASID_TYPE, 4)
#define IOASID_MAP _IO(IOASID_TYPE, 5)
#define IOASID_UNMAP _IO(IOASID_TYPE, 6)
#define IOASID_TABLE_ALLOC _IO(IOASID_TYPE, 7)
#define IOASID_TRANSLATE _IO(IOASID_TYPE, 8)
#define IOASID_ACCESS _IO(IOASID_TYPE, 9)
#define IOASID_QUERY _IO(IOASID_TYPE, 10)
#define IOASID_AUDIT _IO(IOASID_TYPE, 11)
#define IOASID_MAP_FILE _IO(IOASID_TYPE, 12)
#define IOASID_MAP_BATCH _IO(IOASID_TYPE, 13)
#define IOASID_COPY _IO(IOASID_TYPE, 14)
#define IOASID_IOVA_RANGES _IO(IOASID_TYPE, 15)
#define IOASID_ALLOW_IOVAS _IO(IOASID_TYPE, 16)
#define IOASID_RESERVE _IO(IOASID_TYPE, 17)
#define IOASID_CHANGE_OWNER _IO(IOASID_TYPE, 18)
#define IOASID_OPTION _IO(IOASID_TYPE, 19)
#define IOASID_DIRTY _IO(IOASID_TYPE, 20)

/* Calls on a container of VFIO (/dev/vfio/vfio) that ioasid-vfio serves. */
#define IOASID_VFIO_JOIN	_IO(IOASID_TYPE, 64)
#define IOASID_VFIO_ERROR	_IO(IOASID_TYPE, 65)

/**
 * enum ioasid_stage - which step of a call refused
 * @IOASID_STAGE_NONE: nothing was refused
 * @IOASID_STAGE_CHECK: the argument was refused before anything was done
 * @IOASID_STAGE_CHARGE: the owner's limit, or an account policy, refused the pages
 * @IOASID_STAGE_PIN: the memory at @addr cannot be pinned
 * @IOASID_STAGE_PLACE: no IOVA range could be had
 * @IOASID_STAGE_TABLE: a page table could not take the mapping
 * @IOASID_STAGE_USE: the object is in use
 */
enum ioasid_stage {
	IOASID_STAGE_NONE = 0,
	IOASID_STAGE_CHECK = 1,
	IOASID_STAGE_CHARGE = 2,
	IOASID_STAGE_PIN = 3,
	IOASID_STAGE_PLACE = 4,
	IOASID_STAGE_TABLE = 5,
	IOASID_STAGE_USE = 6,
};

/**
 * enum ioasid_reason - what of a table was asked for that it has not, or whose limit refused
 * @IOASID_REASON_NONE: nothing of this kind
 * @IOASID_REASON_FORMAT: there is no such format
 * @IOASID_REASON_LEVELS: the format has no such number of levels
 * @IOASID_REASON_ADDRESS_BITS: IOVAs of this width take another number of levels
 * @IOASID_REASON_COHERENT: the format has no bit for IOASID_TABLE_ALLOC_COHERENT
 * @IOASID_REASON_TRACK: the format has no bits for IOASID_TABLE_ALLOC_TRACK, or the table was not
 *	allocated with that
 * @IOASID_REASON_PAGE_SIZES: the format has no entries of one of these sizes with so many levels,
 *	or the page size is not among them; an IOMMU's smallest page is larger than the processor's
 * @IOASID_REASON_WINDOW: IOVAs that the hardware of an attached device does not translate: reserved
 *	regions, where MSIs go, or more than its table reaches; IOASID_IOVA_RANGES shows them as not
 *	usable
 * @IOASID_REASON_CUT: an IOMMU's driver can't remove a part of a large entry. Cut where an entry
 *	ends, or forbid large ones with IOASID_OPTION before anything is mapped
 * @IOASID_REASON_INTERRUPTS: the device could send interrupts that it is not meant to, as there is
 *	no interrupt remapping; see ioasid-vfio's parameter allow_unsafe_interrupts, and ioasid's
 * @IOASID_REASON_PROCESS: an account policy's limit for the process; struct ioasid_error has what
 *	counts against it
 * @IOASID_REASON_USER: the same for the user
 * @IOASID_REASON_CGROUP: the same for the cgroup
 * @IOASID_REASON_ALL: the same for all together
 */
enum ioasid_reason {
	IOASID_REASON_NONE = 0,
	IOASID_REASON_FORMAT = 1,
	IOASID_REASON_LEVELS = 2,
	IOASID_REASON_ADDRESS_BITS = 3,
	IOASID_REASON_COHERENT = 4,
	IOASID_REASON_TRACK = 5,
	IOASID_REASON_PAGE_SIZES = 6,
	IOASID_REASON_WINDOW = 7,
	IOASID_REASON_CUT = 8,
	IOASID_REASON_INTERRUPTS = 9,
	IOASID_REASON_PROCESS = 10,
	IOASID_REASON_USER = 11,
	IOASID_REASON_CGROUP = 12,
	IOASID_REASON_ALL = 13,
};

/**
 * struct ioasid_error - why a call was refused
 * @size: in: sizeof(struct ioasid_error)
 * @stage: enum ioasid_stage
 * @code: the errno that the call returned, positive; 0 when it succeeded
 * @reason: enum ioasid_reason
 * @asked: bytes that were asked for in the step that refused
 * @used: bytes in use by the one who is limited, before this step
 * @limit: the most that may be in use, in bytes; all ones when there is no limit
 * @addr: first virtual address (stage PIN) or IOVA (stages PLACE, TABLE) that was refused
 * @policy: name of the policy that decided, "builtin" when no BPF policy is loaded
 *
 * Calls that can be refused have a field "error" with a pointer to one of these, or 0. It is
 * written when the call fails after its own argument was read, and left alone otherwise. When
 * it cannot be written the call still returns what it would have returned.
 */
struct ioasid_error {
	__u32 size;
	__u32 stage;
	__s32 code;
	__u32 reason;
	__aligned_u64 asked;
	__aligned_u64 used;
	__aligned_u64 limit;
	__aligned_u64 addr;
	char policy[IOASID_NAME_LEN];
};

/**
 * enum ioasid_format - hardware formats of page tables
 * @IOASID_FORMAT_X86_64: x86-64 paging as an IOMMU's first stage; 4 or 5 levels: 47 or 56 bits of
 *	IOVA; entries of 4 KiB, 2 MiB, 1 GiB
 * @IOASID_FORMAT_VTD_SS: Intel VT-d second stage; 3 to 5 levels, usually 4: 39, 48 or 57 bits;
 *	entries of 4 KiB, 2 MiB, 1 GiB; coherent
 * @IOASID_FORMAT_AMD_V1: AMD's host page table, version 1; 1 to 6 levels, usually 4: 21, 30, 39,
 *	48, 57 or 64 bits; entries of every power of two from 4 KiB on that is less than what the
 *	table reaches, up to 2 PiB; coherent
 * @IOASID_FORMAT_ARM_S1: ARMv8-A VMSA stage 1, granule 4 KiB; 3 or 4 levels, usually 4: 39 or 48
 *	bits; entries of 4 KiB, 2 MiB, 1 GiB, and 16 times each by the contiguous hint; coherent.
 *	Byte 0 of the device's MAIR has to be 0x44, byte 1 0xff
 * @IOASID_FORMAT_ARM_S2: ARMv8-A VMSA stage 2; the same, and with 3 levels up to 43 bits when
 *	@address_bits says so (2 to 16 top tables, one behind the other; Arm's start level 1). With
 *	hardware that has not FEAT_BBM level 2, Arm's tables need @page_sizes or IOASID_OPTION to
 *	forbid all but the smallest entries, or ranges that are unmapped as they were mapped
 * @IOASID_FORMAT_RISCV: RISC-V Sv39, Sv48, Sv57; 3 to 5 levels, usually 4: 38, 47 or 56 bits;
 *	entries of 4 KiB, 64 KiB (Svnapot), 2 MiB, 1 GiB, with 4 levels 512 GiB, with 5 256 TiB
 *
 * All can track what is accessed and dirty.
 */
enum ioasid_format {
	IOASID_FORMAT_X86_64 = 0,
	IOASID_FORMAT_VTD_SS = 1,
	IOASID_FORMAT_AMD_V1 = 2,
	IOASID_FORMAT_ARM_S1 = 3,
	IOASID_FORMAT_ARM_S2 = 4,
	IOASID_FORMAT_RISCV = 5,
};

/**
 * struct ioasid_info - IOASID_INFO: what this kernel's ioasid can do
 * @size: in: sizeof(struct ioasid_info)
 * @flags: in: zero
 * @abi_version: out: IOASID_ABI_VERSION of the kernel
 * @__reserved: in: zero
 * @page_sizes: out: bitmap of the entry sizes in bytes that some format has; the lowest bit is the
 *	granule of every address and length
 * @formats: out: bit n is set when enum ioasid_format n can be allocated
 * @features: out: zero; bits for later additions
 */
struct ioasid_info {
	__u32 size;
	__u32 flags;
	__u32 abi_version;
	__u32 __reserved;
	__aligned_u64 page_sizes;
	__aligned_u64 formats;
	__aligned_u64 features;
};

/**
 * struct ioasid_ioas_alloc - IOASID_IOAS_ALLOC: make an I/O address space
 * @size: in: sizeof(struct ioasid_ioas_alloc)
 * @flags: in: zero
 * @out_id: out: id of the new address space, never 0
 * @__reserved: in: zero
 */
struct ioasid_ioas_alloc {
	__u32 size;
	__u32 flags;
	__u32 out_id;
	__u32 __reserved;
};

/**
 * struct ioasid_destroy - IOASID_DESTROY: give an object back
 * @size: in: sizeof(struct ioasid_destroy)
 * @flags: in: zero
 * @id: in: an address space, table or pin
 * @__reserved: in: zero
 * @error: in: pointer to a struct ioasid_error, or 0
 *
 * An address space is emptied first; EBUSY while it has tables, or kernel code uses it. A table
 * leaves its address space; EBUSY while a device walks it. A pin goes as with IOASID_UNPIN without
 * flags.
 */
struct ioasid_destroy {
	__u32 size;
	__u32 flags;
	__u32 id;
	__u32 __reserved;
	__aligned_u64 error;
};

#define IOASID_PIN_WRITE (1u << 0)
#define IOASID_PIN_DRY_RUN (1u << 1)

/**
 * struct ioasid_pin - IOASID_PIN: pin a range of the caller's memory now
 * @size: in: sizeof(struct ioasid_pin)
 * @flags: in: IOASID_PIN_WRITE: the pages may be mapped writable later; IOASID_PIN_DRY_RUN: only
 *	tell what it would take
 * @va: in: first address
 * @length: in: bytes
 * @out_id: out: id of the pin; 0 after a dry run
 * @__reserved: in: zero
 * @out_new: out: bytes that were not pinned yet
 * @error: in: pointer to a struct ioasid_error, or 0
 *
 * The range may span several mmap()ed areas. What any file of this process has pinned already is
 * shared, not pinned or charged again. The pages stay pinned until the id and every mapping made
 * of it are gone. Memory that is pinned for reading only is pinned again for a writer; where the
 * pages are the same they are not charged again, and what was pinned for reading stays so as long
 * as the pin for writing.
 *
 * A dry run pins and charges nothing. It fails with the errno, and tells the amounts in @error,
 * with which the hard limit or the account policy would refuse the bytes in @out_new now. It does
 * not look whether the memory can be pinned.
 *
 * EFAULT: some of the range is not mapped, has no access rights (PROT_NONE), may not be written
 * while IOASID_PIN_WRITE is asked, or is device memory.
 */
struct ioasid_pin {
	__u32 size;
	__u32 flags;
	__aligned_u64 va;
	__aligned_u64 length;
	__u32 out_id;
	__u32 __reserved;
	__aligned_u64 out_new;
	__aligned_u64 error;
};

#define IOASID_UNPIN_DEFER (1u << 0)

/**
 * struct ioasid_unpin - IOASID_UNPIN: give a pin back
 * @size: in: sizeof(struct ioasid_unpin)
 * @flags: in: IOASID_UNPIN_DEFER: give the id back now and the pages when the last mapping that
 *	uses them goes
 * @id: in: the pin
 * @__reserved: in: zero
 * @error: in: pointer to a struct ioasid_error, or 0
 *
 * Without IOASID_UNPIN_DEFER: EBUSY while a mapping, of any file, uses pages of the pin.
 */
struct ioasid_unpin {
	__u32 size;
	__u32 flags;
	__u32 id;
	__u32 __reserved;
	__aligned_u64 error;
};

#define IOASID_MAP_READ (1u << 0) /* a device may read */
#define IOASID_MAP_WRITE (1u << 1) /* a device may write */
#define IOASID_MAP_FIXED (1u << 2) /* map at @iova, not where a policy chooses */
#define IOASID_MAP_PIN (1u << 3) /* map a part of a pin, not an address */

/**
 * struct ioasid_map - IOASID_MAP: map memory into an address space
 * @size: in: sizeof(struct ioasid_map)
 * @flags: in: IOASID_MAP_READ, IOASID_MAP_WRITE or both; IOASID_MAP_FIXED; IOASID_MAP_PIN
 * @ioas_id: in: the address space
 * @pin_id: in: with IOASID_MAP_PIN the pin, else zero
 * @va: in: first address, zero with IOASID_MAP_PIN
 * @pin_offset: in: with IOASID_MAP_PIN the offset into the pin, else zero
 * @length: in: bytes
 * @iova: in: with IOASID_MAP_FIXED where to map, else zero; out: where it was mapped
 * @out_reused: out: bytes of the range that were pinned already
 * @error: in: pointer to a struct ioasid_error, or 0
 *
 * What is not pinned yet is pinned and charged as by IOASID_PIN, and stays so until it is unmapped
 * everywhere. The mapping has the pages that the process sees at @va during the call; later
 * changes (munmap, madvise, ...) do not affect it, but a later call sees them.
 *
 * EACCES: IOASID_MAP_WRITE on a pin made without IOASID_PIN_WRITE. EINVAL: the part lies outside
 * the pin. ENOENT: no such address space or pin. EFAULT: as for IOASID_PIN.
 *
 * A chosen IOVA is never 0 and, for ranges of 2 MiB and more, is congruent with the address
 * (modulo 2 MiB, modulo 1 GiB for ranges of 1 GiB and more) where that finds room, so that large
 * pages can have large entries.
 */
struct ioasid_map {
	__u32 size;
	__u32 flags;
	__u32 ioas_id;
	__u32 pin_id;
	__aligned_u64 va;
	__aligned_u64 pin_offset;
	__aligned_u64 length;
	__aligned_u64 iova;
	__aligned_u64 out_reused;
	__aligned_u64 error;
};

#define IOASID_UNMAP_ALL (1u << 0)

/**
 * struct ioasid_unmap - IOASID_UNMAP: remove mappings
 * @size: in: sizeof(struct ioasid_unmap)
 * @flags: in: IOASID_UNMAP_ALL: everything; @iova and @length are zero then
 * @ioas_id: in: the address space
 * @__reserved: in: zero
 * @iova: in: first IOVA
 * @length: in: bytes; may cut mappings, and may cover holes
 * @out_unmapped: out: bytes that were mapped before; 0 is no error
 * @error: in: pointer to a struct ioasid_error, or 0
 *
 * When it returns no device reaches the range any more. It never fails for want of memory.
 * EBUSY: another thread is just mapping or unmapping in the range, or kernel code that emulates a
 * device holds pages of it and did not let go when it was told; what came before that place is
 * unmapped, and @out_unmapped counts it. EBUSY with IOASID_REASON_CUT: it would cut a large entry
 * of an IOMMU's table; nothing is unmapped.
 */
struct ioasid_unmap {
	__u32 size;
	__u32 flags;
	__u32 ioas_id;
	__u32 __reserved;
	__aligned_u64 iova;
	__aligned_u64 length;
	__aligned_u64 out_unmapped;
	__aligned_u64 error;
};

#define IOASID_TABLE_ALLOC_COHERENT (1u << 0)
#define IOASID_TABLE_ALLOC_TRACK (1u << 1)

/**
 * struct ioasid_table_alloc - IOASID_TABLE_ALLOC: feed an address space into a page table
 * @size: in: sizeof(struct ioasid_table_alloc)
 * @flags: in: IOASID_TABLE_ALLOC_COHERENT: DMA through it snoops the CPU's caches whatever the
 *	device asks for; IOASID_TABLE_ALLOC_TRACK: the hardware that walks it marks entries
 *	accessed and dirty, so they start without marks, and IOASID_DIRTY can be used
 * @ioas_id: in: the address space
 * @format: in: enum ioasid_format
 * @levels: in: number of levels; 0 is the format's usual number. Where the walk begins follows from
 *	it: AMD's mode is the number of levels, Arm's start level 4 less it
 * @out_id: out: id of the table
 * @error: in: pointer to a struct ioasid_error, or 0
 * @address_bits: in: width of an IOVA; 0 is what so many levels give
 * @__reserved: in: zero
 * @page_sizes: in: bitmap of the entry sizes in bytes that may be used, with the page size among
 *	them; 0 is all
 *
 * What is mapped already is entered, and what is mapped or unmapped later follows. Any number of
 * tables, of any formats, may be fed by one address space; what can't be entered into one of them
 * is entered into none. EOPNOTSUPP: the format has not what is asked for; struct ioasid_error tells
 * what. ERANGE: something is mapped where the table does not reach.
 */
struct ioasid_table_alloc {
	__u32 size;
	__u32 flags;
	__u32 ioas_id;
	__u32 format;
	__u32 levels;
	__u32 out_id;
	__aligned_u64 error;
	__u32 address_bits;
	__u32 __reserved;
	__aligned_u64 page_sizes;
};

/**
 * enum ioasid_dirty_op - what IOASID_DIRTY does
 * @IOASID_DIRTY_START: begin; everything is clean from then on. EBUSY: it was begun
 * @IOASID_DIRTY_STOP: end. EBUSY: it was not begun
 * @IOASID_DIRTY_READ: tell what is dirty, and make it clean. EBUSY: it was not begun
 */
enum ioasid_dirty_op {
	IOASID_DIRTY_START = 0,
	IOASID_DIRTY_STOP = 1,
	IOASID_DIRTY_READ = 2,
};

#define IOASID_DIRTY_KEEP (1u << 0)

/**
 * struct ioasid_dirty - IOASID_DIRTY: what was written through a table
 * @size: in: sizeof(struct ioasid_dirty)
 * @flags: in: IOASID_DIRTY_KEEP: what is told stays dirty; READ only
 * @op: in: enum ioasid_dirty_op
 * @table_id: in: the table, allocated with IOASID_TABLE_ALLOC_TRACK (else EOPNOTSUPP)
 * @iova: in: READ: first IOVA, page-aligned; else zero
 * @length: in: READ: bytes, a multiple of the page size; else zero
 * @granule: in: READ: bytes of IOVA that a bit stands for, any power of two; else zero
 * @bitmap: in: READ: pointer to an array of __u64, with a bit for each granule of the range, the
 *	lowest of the first for the first; else zero
 * @out_dirty: out: READ: bytes of the range that are dirty
 * @__reserved: in: zero
 * @error: in: pointer to a struct ioasid_error, or 0
 *
 * The bit of each granule that has something dirty is set; others are left as they are, so that
 * several reads add up. What is told is whole table entries: one write makes an entry of 1 GiB
 * dirty, and an entry that lies across the range's ends becomes clean as a whole; OPTION can forbid
 * large entries. When the call has returned, a write makes dirty again what was told.
 *
 * EFAULT: @bitmap; nothing was made clean, unless another thread unmaps it meanwhile; then what
 * could not be told is dirty again.
 */
struct ioasid_dirty {
	__u32 size;
	__u32 flags;
	__u32 op;
	__u32 table_id;
	__aligned_u64 iova;
	__aligned_u64 length;
	__aligned_u64 granule;
	__aligned_u64 bitmap;
	__aligned_u64 out_dirty;
	__aligned_u64 __reserved;
	__aligned_u64 error;
};

#define IOASID_TRANSLATE_PHYS (1u << 0)

#define IOASID_ENTRY_ACCESSED (1u << 2) /* a device has accessed memory through the entry */
#define IOASID_ENTRY_DIRTY (1u << 3) /* a device has written memory through the entry */

/**
 * struct ioasid_translate - IOASID_TRANSLATE: what an IOVA leads to
 * @size: in: sizeof(struct ioasid_translate)
 * @flags: in: IOASID_TRANSLATE_PHYS: fill in @out_phys, for CAP_SYS_RAWIO only (else EPERM)
 * @id: in: an address space, or one of its tables to see what the hardware would
 * @out_access: out: IOASID_MAP_READ, IOASID_MAP_WRITE or both; of a table also
 *	IOASID_ENTRY_ACCESSED and IOASID_ENTRY_DIRTY
 * @iova: in: any address, need not be aligned
 * @out_length: out: bytes from @iova on that are contiguous in physical memory and in one mapping
 *	(address space), or that the same table entry covers (table)
 * @out_pin: out: system-wide number of the pin, the same in every address space that shares it;
 *	0 for a table
 * @out_pin_offset: out: offset of @iova's byte in that pin; 0 for a table
 * @out_va: out: its address in the process that pinned it, or offset in the file; 0 for a table
 * @out_phys: out: physical address, 0 unless asked for
 *
 * ENOENT: nothing is mapped there.
 */
struct ioasid_translate {
	__u32 size;
	__u32 flags;
	__u32 id;
	__u32 out_access;
	__aligned_u64 iova;
	__aligned_u64 out_length;
	__aligned_u64 out_pin;
	__aligned_u64 out_pin_offset;
	__aligned_u64 out_va;
	__aligned_u64 out_phys;
};

#define IOASID_ACCESS_WRITE (1u << 0)

/**
 * struct ioasid_access - IOASID_ACCESS: read or write memory through an IOVA, as a device would
 * @size: in: sizeof(struct ioasid_access)
 * @flags: in: IOASID_ACCESS_WRITE: write to the IOVA, else read from it
 * @ioas_id: in: the address space
 * @__reserved: in: zero
 * @iova: in: first address, any alignment
 * @length: in: bytes, any number but 0; may span mappings
 * @buffer: in: the caller's memory to read into or write from
 * @out_done: out: bytes that were moved, also when the call fails
 * @error: in: pointer to a struct ioasid_error, or 0
 *
 * The whole range is checked before anything is moved: ENOENT: a part is not mapped; EACCES: a part
 * is mapped without the needed right. EFAULT: @buffer. If somebody unmaps a part meanwhile, or
 * @buffer is bad half-way, @out_done bytes have been moved already. Table entries that lead to the
 * memory are marked accessed, and dirty by a write.
 */
struct ioasid_access {
	__u32 size;
	__u32 flags;
	__u32 ioas_id;
	__u32 __reserved;
	__aligned_u64 iova;
	__aligned_u64 length;
	__aligned_u64 buffer;
	__aligned_u64 out_done;
	__aligned_u64 error;
};

/**
 * enum ioasid_scope - whose counters IOASID_QUERY reads
 * @IOASID_SCOPE_IOAS: an address space of this file
 * @IOASID_SCOPE_FILE: all address spaces, tables and pins of this file
 * @IOASID_SCOPE_PROCESS: the calling process's memory, whatever files its pins belong to
 */
enum ioasid_scope {
	IOASID_SCOPE_IOAS = 0,
	IOASID_SCOPE_FILE = 1,
	IOASID_SCOPE_PROCESS = 2,
};

/**
 * struct ioasid_query - IOASID_QUERY: counters
 * @size: in: sizeof(struct ioasid_query)
 * @flags: in: zero
 * @scope: in: enum ioasid_scope
 * @id: in: the address space with IOASID_SCOPE_IOAS, else zero
 * @mappings: out: all scopes: mappings; a map call makes one for each pin that it uses
 * @mapped: out: all scopes: bytes mapped, each mapping counted
 * @tables: out: ioas, file: page tables
 * @table_memory: out: ioas, file: bytes of memory that the page tables take
 * @pins: out: process: pins; file: ids given by IOASID_PIN; ioas: 0
 * @pinned: out: process: bytes pinned; file: bytes under ids given by IOASID_PIN; ioas: 0
 * @charged: out: process: bytes charged for them; else 0
 * @limit: out: process: most bytes the caller may have charged, all ones without limit; else 0
 * @shared: out: process: bytes mapped beyond the first time, which cost no pin; else 0
 * @runs: out: process: physically contiguous runs of the pins; else 0
 * @stale: out: process: bytes still pinned whose address has got other memory since, as far as
 *	was seen: it is looked for when somebody wants to share the pin again; else 0
 * @ioases: out: file: address spaces; else 0
 * @metadata: out: process: bytes of memory that ioasid takes for the pins; ioas, file: for the
 *	mappings
 * @suspected: out: process: how often a change of the process's page table touched a pin, ever
 * @rechecked: out: process: how often a pin that was touched so was looked up again, ever
 * @turned_stale: out: process: how often that found other pages, ever
 * @cursor: in: 0 to begin a list, then as it came out; out: where to go on, all ones at the end
 * @entries: in: pointer to an array of struct ioasid_query_entry, or 0 for no list
 * @capacity: in: how many the array has room for
 * @count: out: how many were filled in
 *
 * The counters of a process are exact for a moment, and all of the same moment; those of an
 * address space or a file may be a mix of moments while other threads work.
 *
 * A list may be read in parts, of any size. It has everything that is there the whole time, once
 * and in order (ioas: of IOVA, process: of the pin's number, file: of id); what comes or goes
 * meanwhile may be in it or not. EFAULT: @entries.
 */
struct ioasid_query {
	__u32 size;
	__u32 flags;
	__u32 scope;
	__u32 id;
	__aligned_u64 mappings;
	__aligned_u64 mapped;
	__aligned_u64 tables;
	__aligned_u64 table_memory;
	__aligned_u64 pins;
	__aligned_u64 pinned;
	__aligned_u64 charged;
	__aligned_u64 limit;
	__aligned_u64 shared;
	__aligned_u64 runs;
	__aligned_u64 stale;
	__aligned_u64 ioases;
	__aligned_u64 metadata;
	__aligned_u64 suspected;
	__aligned_u64 rechecked;
	__aligned_u64 turned_stale;
	__aligned_u64 cursor;
	__aligned_u64 entries;
	__u32 capacity;
	__u32 count;
};

#define IOASID_ENTRY_READ (1u << 0) /* a device may read; a pin always */
#define IOASID_ENTRY_WRITE (1u << 1) /* a device may write */
#define IOASID_ENTRY_RESERVED (1u << 4) /* a reserved range, see IOASID_RESERVE */
#define IOASID_ENTRY_BUSY (1u << 5) /* just being mapped, unmapped or pinned */
#define IOASID_ENTRY_STALE (1u << 6) /* pin: the address has got other memory since */

/**
 * struct ioasid_query_entry - one line of a list
 * @start: ioas: first IOVA of a mapping or reserved range; process: address of a pin; file: 0
 * @length: bytes; file: bytes pinned by an id of IOASID_PIN, else 0
 * @pin: number of the pin; 0 for a reserved range; file: 0
 * @pin_offset: ioas: where in the pin the mapping begins; process: references to the pin by
 *	mappings and ids; file: 0
 * @va: ioas: address of the memory; process: bytes charged for the pin; file: 0
 * @flags: IOASID_ENTRY_*
 * @id: file: id of the object, in order; else 0
 */
struct ioasid_query_entry {
	__aligned_u64 start;
	__aligned_u64 length;
	__aligned_u64 pin;
	__aligned_u64 pin_offset;
	__aligned_u64 va;
	__u32 flags;
	__u32 id;
};

/**
 * struct ioasid_audit - IOASID_AUDIT: compare the ledger with what there is
 * @size: in: sizeof(struct ioasid_audit)
 * @flags: in: zero
 * @errors: out: number of disagreements; 0 is what it has to be, always
 * @__reserved: in: zero
 * @domains: out: processes with pins
 * @pins: out: pins, of the whole system
 * @pinned: out: bytes pinned, added up over the pins
 * @charged: out: bytes in the ledger
 * @mappings: out: mappings of all address spaces
 * @mapped: out: bytes mapped
 * @in_flight: out: references held by calls that are just running
 * @text: out: the first disagreement in words, empty when there is none
 *
 * Stops every change in all of ioasid while it walks. Needs CAP_SYS_ADMIN (else EPERM).
 */
struct ioasid_audit {
	__u32 size;
	__u32 flags;
	__u32 errors;
	__u32 __reserved;
	__aligned_u64 domains;
	__aligned_u64 pins;
	__aligned_u64 pinned;
	__aligned_u64 charged;
	__aligned_u64 mappings;
	__aligned_u64 mapped;
	__aligned_u64 in_flight;
	char text[128];
};

/**
 * struct ioasid_map_file - IOASID_MAP_FILE: map a part of a file into an address space
 * @size: in: sizeof(struct ioasid_map_file)
 * @flags: in: IOASID_MAP_READ, IOASID_MAP_WRITE or both; IOASID_MAP_FIXED
 * @ioas_id: in: the address space
 * @fd: in: a memfd, a file on tmpfs or hugetlbfs, or a dma-buf
 * @offset: in: first byte of the part, page-aligned
 * @length: in: bytes
 * @iova: in: with IOASID_MAP_FIXED where to map, else zero; out: where it was mapped
 * @out_reused: out: bytes of the part that were pinned by file already
 * @error: in: pointer to a struct ioasid_error, or 0
 *
 * Pages of a file are pinned once, whoever maps them how often by file, and charged to whoever
 * was first. Holes are filled. A later map sees what the file has then (fallocate(), ftruncate()).
 * The memory of a dma-buf is its exporter's: it is attached to, and not charged.
 *
 * EBADF: no such descriptor. EINVAL: a file of another kind, or the part lies outside a dma-buf.
 * EFAULT: the part lies outside the file. EACCES: the descriptor is not open for reading, or
 * IOASID_MAP_WRITE is asked and it is not open for writing or sealed against it.
 */
struct ioasid_map_file {
	__u32 size;
	__u32 flags;
	__u32 ioas_id;
	__s32 fd;
	__aligned_u64 offset;
	__aligned_u64 length;
	__aligned_u64 iova;
	__aligned_u64 out_reused;
	__aligned_u64 error;
};

#define IOASID_BATCH_MAP 0 /* as IOASID_MAP */
#define IOASID_BATCH_UNMAP 1 /* as IOASID_UNMAP */

/**
 * struct ioasid_batch_entry - one map or unmap of a batch
 * @op: in: IOASID_BATCH_MAP or IOASID_BATCH_UNMAP
 * @flags: in: as of the single call
 * @pin_id: in: as of IOASID_MAP
 * @out_code: out: 0, or the errno, positive
 * @va: in: as of IOASID_MAP
 * @pin_offset: in: as of IOASID_MAP
 * @length: in: bytes
 * @iova: in and out: as of the single call
 * @out_bytes: out: map: bytes that were pinned already; unmap: bytes that were mapped
 */
struct ioasid_batch_entry {
	__u32 op;
	__u32 flags;
	__u32 pin_id;
	__s32 out_code;
	__aligned_u64 va;
	__aligned_u64 pin_offset;
	__aligned_u64 length;
	__aligned_u64 iova;
	__aligned_u64 out_bytes;
};

#define IOASID_BATCH_STOP (1u << 0)

/**
 * struct ioasid_map_batch - IOASID_MAP_BATCH: many maps and unmaps in one call
 * @size: in: sizeof(struct ioasid_map_batch)
 * @flags: in: IOASID_BATCH_STOP: stop after the first entry that fails
 * @ioas_id: in: the address space
 * @count: in: entries
 * @entries: in: pointer to an array of struct ioasid_batch_entry
 * @out_done: out: entries that were tried, in order, also when the call fails
 * @out_failed: out: of these, failed
 * @error: in: pointer to a struct ioasid_error, or 0: of the first entry that failed
 *
 * Each entry succeeds or fails by itself, and has its result in out_code; the call succeeds when
 * all could be tried or IOASID_BATCH_STOP stopped it. EFAULT: @entries; EINTR: the caller is being
 * killed; entries before that have been done.
 */
struct ioasid_map_batch {
	__u32 size;
	__u32 flags;
	__u32 ioas_id;
	__u32 count;
	__aligned_u64 entries;
	__u32 out_done;
	__u32 out_failed;
	__aligned_u64 error;
};

/**
 * struct ioasid_copy - IOASID_COPY: map what another address space has mapped
 * @size: in: sizeof(struct ioasid_copy)
 * @flags: in: IOASID_MAP_READ, IOASID_MAP_WRITE or both; IOASID_MAP_FIXED
 * @dst_ioas: in: address space to map into
 * @src_ioas: in: address space to copy from, may be the same
 * @length: in: bytes
 * @dst_iova: in: with IOASID_MAP_FIXED where to map, else zero; out: where it was mapped
 * @src_iova: in: first IOVA of the range to copy
 * @error: in: pointer to a struct ioasid_error, or 0
 *
 * The pins are shared; nothing is pinned or charged, and nothing looked up: the copy has the pages
 * that the source has, even if the process has others there by now. ENOENT: some of the range is
 * not mapped in the source. EACCES: IOASID_MAP_WRITE and some of it can only be read there.
 */
struct ioasid_copy {
	__u32 size;
	__u32 flags;
	__u32 dst_ioas;
	__u32 src_ioas;
	__aligned_u64 length;
	__aligned_u64 dst_iova;
	__aligned_u64 src_iova;
	__aligned_u64 error;
};

/**
 * struct ioasid_range - IOVAs
 * @start: first, page-aligned
 * @last: last, one less than a page-aligned IOVA
 */
struct ioasid_range {
	__aligned_u64 start;
	__aligned_u64 last;
};

/**
 * struct ioasid_iova_ranges - IOASID_IOVA_RANGES: where can be mapped
 * @size: in: sizeof(struct ioasid_iova_ranges)
 * @flags: in: zero
 * @ioas_id: in: the address space
 * @count: in: how many the array has room for; out: how many there are, also with EMSGSIZE
 * @ranges: in: pointer to an array of struct ioasid_range, or 0 when @count is 0
 * @out_alignment: out: IOVAs and lengths are multiples of this, in bytes
 *
 * In order: all that its tables reach, without what is reserved. What is mapped doesn't matter.
 * EMSGSIZE: the array is too short; nothing was filled in but @count and @out_alignment.
 */
struct ioasid_iova_ranges {
	__u32 size;
	__u32 flags;
	__u32 ioas_id;
	__u32 count;
	__aligned_u64 ranges;
	__aligned_u64 out_alignment;
};

/* As many ranges may be allowed. */
#define IOASID_ALLOW_MAX 256

/**
 * struct ioasid_allow_iovas - IOASID_ALLOW_IOVAS: where mappings are placed
 * @size: in: sizeof(struct ioasid_allow_iovas)
 * @flags: in: zero
 * @ioas_id: in: the address space
 * @count: in: ranges, at most IOASID_ALLOW_MAX; 0: everywhere again
 * @ranges: in: pointer to an array of struct ioasid_range, in any order, not overlapping;
 *	neighbours are one range
 * @error: in: pointer to a struct ioasid_error, or 0
 *
 * Replaces what was allowed before. Mappings without IOASID_MAP_FIXED go into these ranges only.
 * What is allowed stays usable: as long as it is, IOASID_RESERVE in it and tables that don't reach
 * it are refused (EBUSY). What is mapped stays mapped. EINVAL: too many, unaligned, empty or
 * overlapping ranges. ERANGE: some tables don't reach a range. EEXIST: a part of one is reserved,
 * or in a window (IOASID_REASON_WINDOW).
 */
struct ioasid_allow_iovas {
	__u32 size;
	__u32 flags;
	__u32 ioas_id;
	__u32 count;
	__aligned_u64 ranges;
	__aligned_u64 error;
};

#define IOASID_RESERVE_UNDO (1u << 0)

/**
 * struct ioasid_reserve - IOASID_RESERVE: keep IOVAs free of mappings
 * @size: in: sizeof(struct ioasid_reserve)
 * @flags: in: IOASID_RESERVE_UNDO: end the reservation of exactly this range
 * @ioas_id: in: the address space
 * @__reserved: in: zero
 * @iova: in: first IOVA
 * @length: in: bytes
 * @error: in: pointer to a struct ioasid_error, or 0
 *
 * Nothing is mapped there, fixed or placed, until the reservation is undone. EEXIST: a part is
 * mapped, reserved or in a window (IOASID_REASON_WINDOW) already. EBUSY: a part is allowed by
 * IOASID_ALLOW_IOVAS. ENOENT: with IOASID_RESERVE_UNDO, no such reservation.
 */
struct ioasid_reserve {
	__u32 size;
	__u32 flags;
	__u32 ioas_id;
	__u32 __reserved;
	__aligned_u64 iova;
	__aligned_u64 length;
	__aligned_u64 error;
};

/**
 * struct ioasid_change_owner - IOASID_CHANGE_OWNER: charge the caller from now on
 * @size: in: sizeof(struct ioasid_change_owner)
 * @flags: in: zero
 * @out_moved: out: bytes whose charge moved
 * @error: in: pointer to a struct ioasid_error, or 0
 *
 * All charges for pins that mappings and ids of this file use go from whoever has them to the
 * calling process, its user and its cgroup, in the file's charge mode: for a program that hands
 * the file over to its successor. The caller's limits and the account policy are asked; when they
 * refuse, nothing has moved. EFAULT: @out_moved could not be told; the charges may have moved.
 */
struct ioasid_change_owner {
	__u32 size;
	__u32 flags;
	__aligned_u64 out_moved;
	__aligned_u64 error;
};

/**
 * enum ioasid_option_name - what IOASID_OPTION sets
 * @IOASID_OPTION_CHARGE_MODE: of the file: enum ioasid_charge_mode. EBUSY to set while the file has
 *	objects
 * @IOASID_OPTION_LARGE_ENTRIES: of an address space: 1 (from the start): tables get the largest
 *	entries that fit; 0: the smallest. EBUSY to set while it has tables and mappings
 * @IOASID_OPTION_PLACE_POLICY: of an address space: the place policy that decides where its
 *	mappings go. The value is the address of IOASID_NAME_LEN bytes, to read the name from or,
 *	without IOASID_OPTION_SET, to write it to: an attached policy, "builtin", or nothing for the
 *	default policy. When the policy leaves, the default decides until there is one of this name
 *	again. ENOENT: there is none to set. EFAULT: the name can't be read, or written
 */
enum ioasid_option_name {
	IOASID_OPTION_CHARGE_MODE = 0,
	IOASID_OPTION_LARGE_ENTRIES = 1,
	IOASID_OPTION_PLACE_POLICY = 2,
};

/**
 * enum ioasid_charge_mode - what else than the ledger counts pinned pages
 * @IOASID_CHARGE_USER: from the start: all processes of the user together may have RLIMIT_MEMLOCK
 *	pinned, as io_uring counts; nothing is counted for who has CAP_IPC_LOCK
 * @IOASID_CHARGE_MM: each process may have RLIMIT_MEMLOCK locked and pinned (VmLck in
 *	/proc/PID/status), as VFIO counts; who has CAP_IPC_LOCK has no limit
 * @IOASID_CHARGE_NONE: nothing. To set it takes CAP_IPC_LOCK (else EPERM); it then holds for
 *	whoever the file is given to
 *
 * In all modes the ledger has the process, the user and the cgroup, and VmPin in /proc/PID/status
 * follows.
 */
enum ioasid_charge_mode {
	IOASID_CHARGE_USER = 0,
	IOASID_CHARGE_MM = 1,
	IOASID_CHARGE_NONE = 2,
};

#define IOASID_OPTION_SET (1u << 0)

/**
 * struct ioasid_option - IOASID_OPTION: read or set an option
 * @size: in: sizeof(struct ioasid_option)
 * @flags: in: IOASID_OPTION_SET: set it, else read it
 * @option: in: enum ioasid_option_name
 * @id: in: the address space, or zero for an option of the file
 * @value: in: with IOASID_OPTION_SET the value, else zero; out: the value. An address: in, and left
 *	alone
 *
 * EINVAL: no such value. EOPNOTSUPP: no such option. EFAULT: the argument can't be written to; the
 * option may have been set.
 */
struct ioasid_option {
	__u32 size;
	__u32 flags;
	__u32 option;
	__u32 id;
	__aligned_u64 value;
};

/**
 * enum ioasid_event_kind - what read() tells
 * @IOASID_EVENT_STALE: the process has got other memory at an address that is mapped: a device
 *	that uses @iova doesn't see what the process sees
 * @IOASID_EVENT_REFUSAL: a call on this file was refused
 * @IOASID_EVENT_EJECTION: a policy misbehaved and was ejected, the built-in one decides
 */
enum ioasid_event_kind {
	IOASID_EVENT_STALE = 1,
	IOASID_EVENT_REFUSAL = 2,
	IOASID_EVENT_EJECTION = 3,
};

/**
 * struct ioasid_event - what read() on the file yields, any number of them at a time
 * @size: sizeof(struct ioasid_event) as the kernel knows it; the next event begins after it
 * @kind: enum ioasid_event_kind
 * @lost: events that were dropped before this one, because nobody read
 * @code: refusal: the errno, positive; ejection: enum of the kind, as in sysfs; else 0
 * @time_ns: when, on CLOCK_MONOTONIC
 * @ioas: stale: number of the address space, system-wide as in the tracepoints
 * @iova: stale: first IOVA of the mapping
 * @length: stale: bytes of the mapping
 * @va: stale: its first address in the process
 * @pin: stale: number of the pin
 * @asked: refusal: as in struct ioasid_error, as are @used, @limit, @stage and @policy
 * @used: refusal
 * @limit: refusal
 * @stage: refusal
 * @tgid: the process whose memory it is, or whose call was refused
 * @policy: refusal: who decided; ejection: who was ejected
 *
 * poll() tells POLLIN when there is one. read() waits unless O_NONBLOCK is set (EAGAIN), and fails
 * with EINVAL when the buffer has no room for one. The oldest are kept when nobody reads.
 */
struct ioasid_event {
	__u32 size;
	__u32 kind;
	__u32 lost;
	__s32 code;
	__aligned_u64 time_ns;
	__aligned_u64 ioas;
	__aligned_u64 iova;
	__aligned_u64 length;
	__aligned_u64 va;
	__aligned_u64 pin;
	__aligned_u64 asked;
	__aligned_u64 used;
	__aligned_u64 limit;
	__u32 stage;
	__u32 tgid;
	char policy[IOASID_NAME_LEN];
};

/**
 * struct ioasid_vfio_join - IOASID_VFIO_JOIN: let a container use an address space of a file
 * @size: in: sizeof(struct ioasid_vfio_join)
 * @flags: in: zero
 * @fd: in: an open file of /dev/ioasid
 * @ioas_id: in: its address space
 * @error: in: pointer to a struct ioasid_error, or 0
 *
 * A call on a container, not on /dev/ioasid: after VFIO_SET_IOMMU, and while the container has no
 * DMA mapping (else EBUSY). The container's devices leave the address space that it has had so
 * far, and see this one; groups that are added later do so, too. Any number of containers may
 * join the same one. What is mapped there is theirs at once.
 *
 * From then on mappings that are made through containers and through /dev/ioasid live side by side.
 * VFIO_IOMMU_MAP_DMA fails with EEXIST where anybody has mapped. VFIO_IOMMU_UNMAP_DMA knows the
 * container's own mappings only, and leaves all others alone; so does the end of the container,
 * which takes its own mappings with it. IOASID_UNMAP removes whatever is mapped in its range,
 * containers' mappings as well. Emulated devices (mdev) use memory that is mapped through their
 * own container only; and what a container maps while it has no other devices is seen by these
 * alone.
 *
 * As long as a container uses it, the address space can't be destroyed (EBUSY). When the file is
 * closed it stays, with all mappings, until the last container is gone.
 *
 * EBADF: @fd is no open file of /dev/ioasid. ENOENT: there is no such address space. EINVAL: what
 * is mapped, allowed or reserved there doesn't go with a device of the container, as with
 * VFIO_GROUP_SET_CONTAINER. When it fails the container has the address space that it had; if a
 * device could not be given back to that one either (ENOMEM), the container's VFIO_IOMMU_MAP_DMA
 * fails with ENODEV until that group has left.
 */
struct ioasid_vfio_join {
	__u32 size;
	__u32 flags;
	__s32 fd;
	__u32 ioas_id;
	__aligned_u64 error;
};

/*
 * IOASID_VFIO_ERROR: why a container's last call was refused. The argument is a struct
 * ioasid_error; it is filled with what refused the last VFIO_IOMMU_MAP_DMA, VFIO_IOMMU_UNMAP_DMA,
 * VFIO_IOMMU_DIRTY_PAGES, IOASID_VFIO_JOIN or VFIO_GROUP_SET_CONTAINER that failed, of whichever
 * process. @code is 0 when none has.
 */

#endif /* _UAPI_LINUX_IOASID_H */
