/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Workers: processes with memory of their own that do what the test tells them.
 *
 * A worker's memory lies at the same addresses in each: transparent huge pages, then small
 * anonymous pages, then a part of the first memfd. A command and all that it points to is in memory
 * that is shared at the same address, so that arguments and results need no copying.
 */
#ifndef MODEL_WORKER_H
#define MODEL_WORKER_H

#include <linux/ioasid.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "call.h"

#define WORKERS 3
#define SHARED_FILES 2 /* open in all workers; each has one more of its own */
#define FILES (SHARED_FILES + WORKERS)
#define MEMFDS 2
#define MEMFD_PAGES 24

#define HUGE_PAGES 1024 /* 4K pages of memory that is huge */
#define SMALL_PAGES 48
#define SMALL_FIRST HUGE_PAGES
#define FILE_FIRST (HUGE_PAGES + SMALL_PAGES)
#define PAGES (FILE_FIRST + MEMFD_PAGES)
#define MEMORY_AT 0x1000000000ULL
#define VA(page) (MEMORY_AT + (uint64_t)(page) * PAGE)

#define BUFFER (4 * PAGE)
#define MAX_ENTRIES 512
#define MAX_BATCH 4

enum command {
	COMMAND_IOCTL,
	COMMAND_READ, /* memory into the buffer */
	COMMAND_WRITE, /* the buffer into memory */
	COMMAND_DONTNEED,
	COMMAND_UNMAP,
	COMMAND_REPLACE, /* other memory of the same kind */
	COMMAND_PROTECT,
	COMMAND_MOVE, /* a page to another address */
	COMMAND_PUNCH, /* a hole into a memfd */
	COMMAND_TRUNCATE, /* a memfd, and make it as long as it was */
	COMMAND_FORK,
	COMMAND_SETTLE,
};

union argument {
	uint32_t size;
	struct ioasid_map map;
	struct ioasid_query query;
	struct ioasid_audit audit;
	char room[256];
};

struct channel {
	_Atomic uint32_t turn; /* 1: the worker's */
	enum command command;
	int fd;
	unsigned long request;
	unsigned int first; /* page of its memory, or of the memfd */
	unsigned int pages;
	unsigned int to;
	bool write;
	bool settle; /* wait until nobody looks at pins in the background */
	int ret;
	uint64_t va;
	uint64_t length;
	struct ioasid_query after; /* the process's counters */
	union argument argument;
	struct ioasid_range ranges[64];
	struct ioasid_batch_entry batch[MAX_BATCH];
	struct ioasid_query_entry entries[MAX_ENTRIES];
	char buffer[BUFFER];
};

struct files {
	int fds[FILES];
	int memfds[MEMFDS];
	int readonly; /* the first memfd */
	int canaries[WORKERS]; /* files that only wait for the background */
};

extern struct files files;

static inline bool may_use(unsigned int worker, unsigned int file)
{
	return file < SHARED_FILES || file == SHARED_FILES + worker;
}

void files_open(void);
void files_close(void);

/* The memory of a process, as it is at its start. */
void memory_make(void);
/* Fill with other memory of the same kind. */
void memory_replace(unsigned int first, unsigned int pages);

void workers_make(void);
void worker_start(unsigned int worker);
void worker_kill(unsigned int worker);
pid_t worker_pid(unsigned int worker);
/* Of a worker, or of this process, which can be called with WORKERS. */
struct channel *channel(unsigned int worker);
/* The command in the channel; returns its result. */
int worker_do(unsigned int worker);
/* A call with an argument that is copied into the channel and out. */
int call_by(unsigned int worker, int fd, unsigned long request, void *argument, size_t size);

#define CALL_BY(worker, file, request, argument) \
	call_by(worker, files.fds[file], request, argument, sizeof(*(argument)))

#endif /* MODEL_WORKER_H */
