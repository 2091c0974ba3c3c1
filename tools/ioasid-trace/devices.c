/* SPDX-License-Identifier: GPL-2.0-only */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "devices.h"
#include "tool.h"

/* One group for as long as it used one address space. */
struct stay {
	uint64_t ioas;
	uint32_t group;
	uint32_t from; /* epoch */
	uint32_t until; /* the first in which it was no longer there */
	char name[48];
};

struct devices {
	struct stay *stays;
	size_t count;
};

struct devices *devices_new(void)
{
	struct devices *devices = calloc(1, sizeof(*devices));

	if (!devices)
		tool_die("no memory");
	return devices;
}

void devices_free(struct devices *devices)
{
	if (!devices)
		return;
	free(devices->stays);
	free(devices);
}

static struct stay *find_present(struct devices *devices, const struct event *event)
{
	for (size_t i = 0; i < devices->count; i++) {
		struct stay *stay = &devices->stays[i];

		if (stay->ioas == event->ioas && stay->group == event->group &&
		    stay->until == UINT32_MAX)
			return stay;
	}
	return NULL;
}

static void arrive(struct devices *devices, const struct event *event)
{
	struct stay *stay;

	/* It was seen both happening and being there. */
	if (find_present(devices, event))
		return;
	stay = reallocarray(devices->stays, devices->count + 1, sizeof(*stay));
	if (!stay)
		tool_die("no memory");
	devices->stays = stay;
	stay += devices->count++;
	stay->ioas = event->ioas;
	stay->group = event->group;
	stay->from = event->epoch;
	stay->until = UINT32_MAX;
	snprintf(stay->name, sizeof(stay->name), "%.31s", event->device);
	if (event->devices > 1)
		snprintf(stay->name + strlen(stay->name), sizeof(stay->name) - strlen(stay->name),
			 "+%u", event->devices - 1);
}

void devices_add(struct devices *devices, const struct event *event)
{
	struct stay *stay;

	if (event->error || !event->devices)
		return;
	if (event->operation == OPERATION_ATTACH)
		arrive(devices, event);
	if (event->operation != OPERATION_DETACH)
		return;
	stay = find_present(devices, event);
	if (stay)
		stay->until = event->epoch;
}

static bool was_there(const struct stay *stay, uint32_t epoch)
{
	return epoch == UINT32_MAX ? stay->until == UINT32_MAX :
				     stay->from <= epoch && epoch < stay->until;
}

unsigned int devices_each(const struct devices *devices, uint64_t ioas, uint32_t epoch,
			  void (*see)(void *context, const char *name), void *context)
{
	unsigned int found = 0;

	for (size_t i = 0; i < devices->count; i++) {
		const struct stay *stay = &devices->stays[i];

		if (stay->ioas != ioas || !was_there(stay, epoch))
			continue;
		see(context, stay->name);
		found++;
	}
	return found;
}
