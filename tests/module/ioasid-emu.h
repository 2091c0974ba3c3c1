/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * /dev/ioasid-emu: an emulated device that does what a test tells it. Each open file is one client
 * of an address space, or one walker of a table.
 */
#ifndef IOASID_EMU_H
#define IOASID_EMU_H

#include <linux/ioctl.h>
#include <linux/types.h>

/* What the client does when it is told of an unmap, and the walker when it is to flush. */
enum emu_mode {
	EMU_RELEASE = 0, /* releases what it holds there, as it must; flushes at once */
	EMU_KEEP = 1, /* does nothing; flushes when it is told EMU_RELEASE */
};

/**
 * struct emu_args - argument of all calls
 * @fd: ATTACH: a file of /dev/ioasid
 * @ioas_id: ATTACH: the address space
 * @iova: HOLD, RELEASE, READ, WRITE: first IOVA; STATE: of the last unmap it was told of
 * @length: the same; PEEK, POKE: offset in the page
 * @buffer: READ, WRITE: user address; PEEK, POKE: the value
 * @access: HOLD: rights; MODE: enum emu_mode; STATE: holds; PEEK, POKE: which page
 * @told: STATE: how often it was told of an unmap
 */
struct emu_args {
	__s32 fd;
	__u32 ioas_id;
	__u64 iova;
	__u64 length;
	__u64 buffer;
	__u32 access;
	__u32 told;
};

#define EMU_ATTACH _IO('e', 0)
#define EMU_HOLD _IO('e', 1)
#define EMU_RELEASE_RANGE _IO('e', 2)
#define EMU_READ _IO('e', 3)
#define EMU_WRITE _IO('e', 4)
#define EMU_MODE _IO('e', 5)
#define EMU_STATE _IO('e', 6)
/* Read and write 8 bytes of a page of the hold made last. */
#define EMU_PEEK _IO('e', 7)
#define EMU_POKE _IO('e', 8)
#define EMU_DETACH _IO('e', 9)

/* Flushes that a walker remembers. */
#define EMU_FLUSHES 16

/**
 * struct emu_walk - argument of the calls on a walker
 * @fd: OPEN: a file of /dev/ioasid
 * @table_id: OPEN: the table
 * @format: OPEN: enum ioasid_format, as all that follow to @flags are told
 * @levels: OPEN
 * @address_bits: OPEN
 * @flags: OPEN
 * @mode: MODE: enum emu_mode
 * @flushes: FLUSHES: how often it had to flush since it was asked last
 * @waiting: FLUSHES: flushes that have not returned
 * @early: FLUSHES: flushes at which something that was cached was not as it has to be
 * @iova: CACHE: where to
 * @ranges: FLUSHES: the first of them, first and last IOVA
 */
struct emu_walk {
	__s32 fd;
	__u32 table_id;
	__u32 format;
	__u32 levels;
	__u32 address_bits;
	__u32 flags;
	__u32 mode;
	__u32 flushes;
	__u32 waiting;
	__u32 early;
	__u64 iova;
	__u64 ranges[EMU_FLUSHES][2];
};

#define EMU_WALK_OPEN _IO('e', 16)
#define EMU_WALK_MODE _IO('e', 17)
#define EMU_WALK_FLUSHES _IO('e', 18)
/*
 * Go down an x86-64 table as hardware would, and keep the last table and the page, as its caches
 * do. From then on each flush of that IOVA looks: the page is still pinned, the table was not
 * freed, and its entry is empty. -ENOENT: nothing is there.
 */
#define EMU_WALK_CACHE _IO('e', 19)
#define EMU_WALK_CLOSE _IO('e', 20)

#endif /* IOASID_EMU_H */
