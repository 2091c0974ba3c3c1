/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * A recording: a file with everything that was seen, to be reported later and elsewhere.
 *
 * It begins with struct recording_header. After it come records, each a kind and a length of four
 * bytes and so many bytes more; all numbers are in the byte order of the machine that wrote it.
 *
 *	event	 a word of 8 bytes, whose bit N is set when the Nth word of struct event is not 0;
 *		 then these words
 *	stack	 struct recording_stack and its frames, before the first event that has it: of each
 *		 address and offset, its function's name, its file's name, both ended by a 0
 *	process	 its number and its name, before its first event
 *	lost	 what is not in the recording until here; the last one counts
 *	end	 how many events there were, by operation; and the time until then. When it is
 *		 missing the recording was cut off
 */
#ifndef IOASID_TRACE_RECORDING_H
#define IOASID_TRACE_RECORDING_H

#include "event.h"
#include "model.h"
#include "view.h"

#define RECORDING_VERSION 1
#define COMM_LEN 16

/**
 * struct recording_header - what the file begins with
 * @magic: "ioasidtr"
 * @order: 0x01020304
 * @version: RECORDING_VERSION
 * @page_size: bytes
 * @cpus: how many there were
 * @start_ns: when it began, on CLOCK_MONOTONIC, as all times are
 * @start_wall_ns: the same since 1970
 * @kernel: its release
 * @module: version of the ioasid module, empty if it was not loaded
 * @backend: what was looked at
 * @command: line that started it
 */
struct recording_header {
	char magic[8];
	uint32_t order;
	uint32_t version;
	uint32_t page_size;
	uint32_t cpus;
	uint64_t start_ns;
	uint64_t start_wall_ns;
	char kernel[72];
	char module[32];
	char backend[16];
	char command[512];
};

struct recording;

/**
 * recording_create - a new file; dies when that cannot be, as all that write to it do
 * @header: all but magic, order and version
 */
struct recording *recording_create(const char *path, const struct recording_header *header);

/**
 * recording_add - an event
 */
void recording_add(struct recording *recording, const struct event *event);

/**
 * recording_has_process, recording_has_stack - was it added? From now on it counts as added.
 */
bool recording_has_process(struct recording *recording, uint32_t tgid);
bool recording_has_stack(struct recording *recording, const struct event *event, bool of_user);

void recording_add_process(struct recording *recording, uint32_t tgid, const char *name);
void recording_add_stack(struct recording *recording, const struct event *event, bool of_user,
			 const struct frame *frames, unsigned int count);

/**
 * recording_flush - what was added is in the file
 */
void recording_flush(struct recording *recording);

/**
 * recording_finish - and close it
 */
void recording_finish(struct recording *recording, const struct losses *losses,
		      uint64_t duration_ns);

/**
 * recording_open - one to read; dies when it is none
 */
struct recording *recording_open(const char *path);

const struct recording_header *recording_header(const struct recording *recording);

/**
 * recording_next - the next event, NULL when there are no more
 *
 * Says on stderr when it is cut off or damaged.
 */
struct event *recording_next(struct recording *recording);

/**
 * recording_rewind - back to the first event; what was read of stacks and names stays known
 */
void recording_rewind(struct recording *recording);

/**
 * recording_stack - frames of an event that was read, innermost first, at most STACK_DEPTH
 *
 * Returns how many, 0 for none.
 */
unsigned int recording_stack(const struct recording *recording, const struct event *event,
			     bool of_user, struct frame *frames);

/**
 * recording_process - name of a process, as far as was read; "?" when it is not known
 */
const char *recording_process(const struct recording *recording, uint32_t tgid);

/**
 * recording_count - events that were read; of one operation, or with OPERATIONS of all
 */
uint64_t recording_count(const struct recording *recording, enum operation operation);

/**
 * recording_losses, recording_duration_ns - after the last event: of the whole
 */
const struct losses *recording_losses(const struct recording *recording);
uint64_t recording_duration_ns(const struct recording *recording);

void recording_close(struct recording *recording);

#endif /* IOASID_TRACE_RECORDING_H */
