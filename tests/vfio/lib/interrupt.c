// SPDX-License-Identifier: GPL-2.0-only
#include "interrupt.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "check.h"
#include "container.h"

#define PATIENCE_MS 60000

static void set_irqs(struct interrupt *interrupt, uint32_t flags, uint32_t count)
{
	char buffer[sizeof(struct vfio_irq_set) + sizeof(int)] = {};
	struct vfio_irq_set *set = (struct vfio_irq_set *)buffer;

	*set = (struct vfio_irq_set){
		.argsz = sizeof(buffer),
		.flags = flags,
		.index = interrupt->kind,
		.count = count,
	};
	memcpy(set->data, &interrupt->event, sizeof(interrupt->event));
	want(vfio_call(interrupt->device, VFIO_DEVICE_SET_IRQS, (uintptr_t)set), 0);
}

struct interrupt interrupt_enable(int device, enum interrupt_kind kind)
{
	struct interrupt interrupt = {
		.device = device,
		.event = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK),
		.kind = kind,
	};

	want_that(interrupt.event >= 0);
	set_irqs(&interrupt, VFIO_IRQ_SET_DATA_EVENTFD | VFIO_IRQ_SET_ACTION_TRIGGER, 1);
	return interrupt;
}

void interrupt_disable(struct interrupt *interrupt)
{
	set_irqs(interrupt, VFIO_IRQ_SET_DATA_NONE | VFIO_IRQ_SET_ACTION_TRIGGER, 0);
	want(close(interrupt->event), 0);
}

uint64_t interrupt_count(struct interrupt *interrupt)
{
	uint64_t count;

	if (read(interrupt->event, &count, sizeof(count)) == sizeof(count))
		return count;
	want(errno, EAGAIN);
	return 0;
}

uint64_t interrupt_wait(struct interrupt *interrupt)
{
	struct pollfd poll_for = { .fd = interrupt->event, .events = POLLIN };

	want(poll(&poll_for, 1, PATIENCE_MS), 1);
	return interrupt_count(interrupt);
}

void interrupt_done(struct interrupt *interrupt)
{
	if (interrupt->kind == INTERRUPT_INTX)
		set_irqs(interrupt, VFIO_IRQ_SET_DATA_NONE | VFIO_IRQ_SET_ACTION_UNMASK, 1);
}
