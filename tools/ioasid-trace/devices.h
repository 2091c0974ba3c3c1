/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which groups of devices use which address space, now and before: from events of attach and
 * detach.
 */
#ifndef IOASID_TRACE_DEVICES_H
#define IOASID_TRACE_DEVICES_H

#include "event.h"

struct devices;

struct devices *devices_new(void);
void devices_free(struct devices *devices);

/**
 * devices_add - an event of attach or detach; one that failed, or is of no group, changes nothing
 */
void devices_add(struct devices *devices, const struct event *event);

/**
 * devices_each - names of the groups of devices that used an address space at some time
 * @epoch: when: see struct event; UINT32_MAX is now
 * @see: called for each, with the name of its first device; "+1" follows if there is one more
 *
 * Returns how many.
 */
unsigned int devices_each(const struct devices *devices, uint64_t ioas, uint32_t epoch,
			  void (*see)(void *context, const char *name), void *context);

#endif /* IOASID_TRACE_DEVICES_H */
