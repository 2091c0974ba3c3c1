/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What the kernel and the module count, and that it is what it has to be.
 */
#ifndef COUNT_H
#define COUNT_H

#include <linux/ioasid.h>
#include <stdint.h>
#include <sys/types.h>

/* VmPin and VmLck of this process, and a line of any process's status, in bytes. */
uint64_t vm_pin(void);
uint64_t vm_lck(void);
uint64_t status_of(pid_t pid, const char *line);
/* A line of /proc/meminfo, such as "HugePages_Free:", as it stands there. */
uint64_t meminfo(const char *line);
/* References by FOLL_PIN of the whole system that were taken and not given back, in pages. */
int64_t system_pinned(void);

/* The module's audit; it finds no error, ever. */
struct ioasid_audit audit(void);
/* And nothing is pinned, mapped, charged or in flight in the whole system. */
void want_nothing_left(void);

/* Everything that can be counted of this process and one of its files, to see that it stays. */
struct counts {
	struct ioasid_query process;
	struct ioasid_query file;
	struct ioasid_audit audit;
	uint64_t vm_pin;
};

struct counts counts(int fd);
void want_same_at(const char *file, int line, const struct counts *before,
		  const struct counts *after);
/* Nothing has changed since. */
#define want_unchanged(fd, before)                                 \
	do {                                                       \
		struct counts after_ = counts(fd);                 \
                                                                   \
		want_same_at(__FILE__, __LINE__, before, &after_); \
	} while (0)

/* What a process has pinned, all of it charged and in VmPin. */
void want_pinned_at(const char *file, int line, int fd, uint64_t pins, uint64_t bytes);
#define want_pinned(fd, pins, bytes) want_pinned_at(__FILE__, __LINE__, fd, pins, bytes)

#endif /* COUNT_H */
