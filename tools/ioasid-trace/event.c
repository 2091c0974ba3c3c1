/* SPDX-License-Identifier: GPL-2.0-only */
#include <linux/ioasid.h>
#include <unistd.h>

#include "event.h"

const char *const operation_names[OPERATIONS] = {
	[OPERATION_MAP] = "map",       [OPERATION_UNMAP] = "unmap", [OPERATION_ATTACH] = "attach",
	[OPERATION_DETACH] = "detach", [OPERATION_PIN] = "pin",	    [OPERATION_UNPIN] = "unpin",
};

const char *const phase_names[PHASES] = {
	[PHASE_POLICY] = "policy",   [PHASE_CHARGE] = "charge", [PHASE_PIN] = "pinning",
	[PHASE_PLACE] = "placement", [PHASE_TABLE] = "table",	[PHASE_FLUSH] = "flush",
};

const char *const by_names[BYS] = {
	[BY_NOTHING] = "",	[BY_PROCESS] = "process", [BY_IOAS] = "ioas",
	[BY_DEVICE] = "device", [BY_SIZE] = "size",	  [BY_POLICY] = "policy",
};

static const char *const stage_names[] = {
	[IOASID_STAGE_CHECK] = "check", [IOASID_STAGE_CHARGE] = "charge",
	[IOASID_STAGE_PIN] = "pin",	[IOASID_STAGE_PLACE] = "place",
	[IOASID_STAGE_TABLE] = "table", [IOASID_STAGE_USE] = "use",
};

static const char *const reason_names[] = {
	[IOASID_REASON_FORMAT] = "format",
	[IOASID_REASON_LEVELS] = "levels",
	[IOASID_REASON_ADDRESS_BITS] = "address bits",
	[IOASID_REASON_COHERENT] = "coherent",
	[IOASID_REASON_TRACK] = "track",
	[IOASID_REASON_PAGE_SIZES] = "page sizes",
	[IOASID_REASON_WINDOW] = "window",
	[IOASID_REASON_CUT] = "cut",
	[IOASID_REASON_INTERRUPTS] = "interrupts",
	[IOASID_REASON_PROCESS] = "process",
	[IOASID_REASON_USER] = "user",
	[IOASID_REASON_CGROUP] = "cgroup",
	[IOASID_REASON_ALL] = "all",
};

/* NULL for none, and for one that a later module may have. */
#define NAME(names, number) ((number) < sizeof(names) / sizeof(*(names)) ? (names)[number] : NULL)

const char *event_stage(const struct event *event)
{
	return NAME(stage_names, event->stage);
}

const char *event_reason(const struct event *event)
{
	return NAME(reason_names, event->reason);
}

static bool is_asked_for(const struct filter *filter, const struct event *event)
{
	return (!filter->tgid || filter->tgid == event->tgid) &&
	       (!filter->ioas || filter->ioas == event->ioas) &&
	       filter->operations & OPERATION_BIT(event->operation);
}

static bool is_of_devices(const struct event *event)
{
	return (event->operation == OPERATION_ATTACH || event->operation == OPERATION_DETACH) &&
	       event->devices && !event->error;
}

bool filter_takes(const struct filter *filter, struct event *event)
{
	if (event->flags & EVENT_ASIDE || is_asked_for(filter, event))
		return true;
	if (!is_of_devices(event))
		return false;
	event->flags |= EVENT_ASIDE;
	return true;
}

uint64_t event_size(const struct event *event)
{
	return event->operation == OPERATION_UNMAP ? event->unmapped : event->pages;
}

static uint64_t page_size; /* 0: not looked up yet */

void bytes_set_page(uint64_t bytes)
{
	page_size = bytes;
}

uint64_t bytes_of(uint64_t pages)
{
	if (!page_size)
		page_size = sysconf(_SC_PAGESIZE);
	return pages == UINT64_MAX ? UINT64_MAX : pages * page_size;
}

unsigned int size_class(uint64_t pages)
{
	return hist_bits(pages);
}
