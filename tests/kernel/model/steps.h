/* SPDX-License-Identifier: GPL-2.0-only */
/* What the sources of steps share. */
#ifndef MODEL_STEPS_H
#define MODEL_STEPS_H

#include "model.h"

#define ENOUGH 48 /* mappings of one address space */

/* A part of a process's memory, sometimes a large one. */
void some_pages(unsigned int *first, unsigned int *pages);
/* Whole huge pages. */
void some_huge(unsigned int *first, unsigned int *pages);
/* A part of something with so many pages. */
void some_range(unsigned int limit, unsigned int *first, unsigned int *pages);
/* An address space with an id and a process that may use it, or NULL. */
struct ioas *some_ioas(unsigned int *worker);
/* Who calls when the caller's memory doesn't matter: also this process. */
unsigned int some_caller(unsigned int file);
unsigned int some_user(unsigned int file);
unsigned int some_file(unsigned int worker);
uint64_t some_iova(unsigned int pages, unsigned int first);

/* A call on a file; counts what came of it. */
int call_on(unsigned int worker, unsigned int file, unsigned long request, void *argument,
	    size_t size);
#define CALL(worker, file, request, argument) \
	call_on(worker, file, request, argument, sizeof(*(argument)))

/* A command to a worker. */
int command(unsigned int worker, enum command what, bool settle);

/* Fresh memory, whole again where it is huge. */
void memory_renew(unsigned int worker, unsigned int first, unsigned int pages);

void step_map(void);
void step_map_large(void);
void step_map_pin(void);
void step_map_file(void);
void step_batch(void);
void step_copy(void);
void step_unmap(void);

void step_memory(void);
void step_write(void);
void step_read(void);
void step_punch(void);
void step_fork(void);
void step_kill(void);

void step_pin(void);
void step_unpin(void);
void step_dry_run(void);
void step_ioas(void);
void step_table(void);
void step_translate(void);
void step_access(void);
void step_ranges(void);
void step_allow(void);
void step_reserve(void);
void step_owner(void);
void step_option(void);
void step_empty(void);
void step_wrong(void);
void step_list(void);

void want_translation(struct ioas *ioas, uint32_t id, uint64_t page);

#endif /* MODEL_STEPS_H */
