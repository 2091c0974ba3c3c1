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
 *	ENOENT		there is no object of the wanted kind with this id, or no mapping at this
 *	IOVA EBUSY		the object is in use
 *	EEXIST		the IOVA range is in use
 *	ERANGE		the IOVA range lies outside what the address space and its tables can reach
 *	ENOSPC		no free IOVA range is large enough
 *	EACCES		the mapping, the pin or the memory does not permit the access
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

#define IOASID_ABI_VERSION	1
#define IOASID_TYPE		0xE6

/* Length of a policy's name with its terminating zero. */
#define IOASID_NAME_LEN		16

#define IOASID_INFO		_IO(IOASID_TYPE, 0)
#define IOASID_IOAS_ALLOC	_IO(IOASID_TYPE, 1)
#define IOASID_DESTROY		_IO(IOASID_TYPE, 2)
#define IOASID_PIN		_IO(IOASID_TYPE, 3)
#define IOASID_UNPIN		_IO(IOASID_TYPE, 4)
#define IOASID_MAP		_IO(IOASID_TYPE, 5)
#define IOASID_UNMAP		_IO(IOASID_TYPE, 6)
#define IOASID_TABLE_ALLOC	_IO(IOASID_TYPE, 7)
#define IOASID_TRANSLATE	_IO(IOASID_TYPE, 8)
#define IOASID_ACCESS		_IO(IOASID_TYPE, 9)
#define IOASID_QUERY		_IO(IOASID_TYPE, 10)
#define IOASID_AUDIT		_IO(IOASID_TYPE, 11)

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
 * struct ioasid_error - why a call was refused
 * @size: in: sizeof(struct ioasid_error)
 * @stage: enum ioasid_stage
 * @code: the errno that the call returned, positive; 0 when it succeeded
 * @__reserved: zero
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
	__u32 __reserved;
	__aligned_u64 asked;
	__aligned_u64 used;
	__aligned_u64 limit;
	__aligned_u64 addr;
	char policy[IOASID_NAME_LEN];
};

/**
 * enum ioasid_format - hardware formats of page tables
 * @IOASID_FORMAT_X86_64: x86-64 paging as an IOMMU's first stage, 4 levels, entries of 4 KiB,
 *	2 MiB and 1 GiB, IOVAs 0 to 2^47 - 1
 */
enum ioasid_format {
	IOASID_FORMAT_X86_64 = 0,
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
 *
 * An address space is emptied first; EBUSY while it has tables. A table leaves its address space.
 * A pin goes as with IOASID_UNPIN without flags.
 */
struct ioasid_destroy {
	__u32 size;
	__u32 flags;
	__u32 id;
	__u32 __reserved;
};

#define IOASID_PIN_WRITE	(1u << 0)

/**
 * struct ioasid_pin - IOASID_PIN: pin a range of the caller's memory now
 * @size: in: sizeof(struct ioasid_pin)
 * @flags: in: IOASID_PIN_WRITE: the pages may be mapped writable later
 * @va: in: first address
 * @length: in: bytes
 * @out_id: out: id of the pin
 * @__reserved: in: zero
 * @out_new: out: bytes that were not pinned yet, and were charged now
 * @error: in: pointer to a struct ioasid_error, or 0
 *
 * The range may span several mmap()ed areas. What any file of this process has pinned already is
 * shared, not pinned or charged again. The pages stay pinned until the id and every mapping made
 * of it are gone.
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

#define IOASID_UNPIN_DEFER	(1u << 0)

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

#define IOASID_MAP_READ		(1u << 0)	/* a device may read */
#define IOASID_MAP_WRITE	(1u << 1)	/* a device may write */
#define IOASID_MAP_FIXED	(1u << 2)	/* map at @iova, not where a policy chooses */
#define IOASID_MAP_PIN		(1u << 3)	/* map a part of a pin, not an address */

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

#define IOASID_UNMAP_ALL	(1u << 0)

/**
 * struct ioasid_unmap - IOASID_UNMAP: remove mappings
 * @size: in: sizeof(struct ioasid_unmap)
 * @flags: in: IOASID_UNMAP_ALL: everything; @iova and @length are zero then
 * @ioas_id: in: the address space
 * @__reserved: in: zero
 * @iova: in: first IOVA
 * @length: in: bytes; may cut mappings, and may cover holes
 * @out_unmapped: out: bytes that were mapped before; 0 is no error
 *
 * When it returns no device reaches the range any more. It never fails for want of memory.
 * EBUSY: another thread is just mapping or unmapping in the range; what came before that place
 * is unmapped, and @out_unmapped counts it.
 */
struct ioasid_unmap {
	__u32 size;
	__u32 flags;
	__u32 ioas_id;
	__u32 __reserved;
	__aligned_u64 iova;
	__aligned_u64 length;
	__aligned_u64 out_unmapped;
};

/**
 * struct ioasid_table_alloc - IOASID_TABLE_ALLOC: feed an address space into a page table
 * @size: in: sizeof(struct ioasid_table_alloc)
 * @flags: in: zero
 * @ioas_id: in: the address space
 * @format: in: enum ioasid_format
 * @levels: in: number of levels; 0 is the format's usual number
 * @out_id: out: id of the table
 * @error: in: pointer to a struct ioasid_error, or 0
 *
 * What is mapped already is entered, and what is mapped or unmapped later follows. Any number of
 * tables may be fed by one address space. EOPNOTSUPP: the kernel does not know the format, or the
 * format has no such number of levels. ERANGE: something is mapped where the format does not reach.
 */
struct ioasid_table_alloc {
	__u32 size;
	__u32 flags;
	__u32 ioas_id;
	__u32 format;
	__u32 levels;
	__u32 out_id;
	__aligned_u64 error;
};

#define IOASID_TRANSLATE_PHYS	(1u << 0)

/**
 * struct ioasid_translate - IOASID_TRANSLATE: what an IOVA leads to
 * @size: in: sizeof(struct ioasid_translate)
 * @flags: in: IOASID_TRANSLATE_PHYS: fill in @out_phys, for CAP_SYS_RAWIO only (else EPERM)
 * @id: in: an address space, or one of its tables to see what the hardware would
 * @out_access: out: IOASID_MAP_READ, IOASID_MAP_WRITE or both
 * @iova: in: any address, need not be aligned
 * @out_length: out: bytes from @iova on that are contiguous in physical memory and in one mapping
 *	(address space), or that the same table entry covers (table)
 * @out_pin: out: system-wide number of the pin, the same in every address space that shares it;
 *	0 for a table
 * @out_pin_offset: out: offset of @iova's byte in that pin; 0 for a table
 * @out_va: out: its address in the process that pinned it; 0 for a table
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

#define IOASID_ACCESS_WRITE	(1u << 0)

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
 *
 * The whole range is checked before anything is moved: ENOENT: a part is not mapped; EACCES: a part
 * is mapped without the needed right. EFAULT: @buffer. If somebody unmaps a part meanwhile, or
 * @buffer is bad half-way, @out_done bytes have been moved already.
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
 *
 * The counters of a process are exact for a moment, and all of the same moment; those of an
 * address space or a file may be a mix of moments while other threads work.
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

#endif /* _UAPI_LINUX_IOASID_H */
