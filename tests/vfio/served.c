// SPDX-License-Identifier: GPL-2.0-only
/*
 * Prints who serves a container that is opened now, once a device has read a page through it:
 * type1 or ioasid-vfio.
 */
#include <criterion/criterion.h>
#include <linux/vfio.h>
#include <stdio.h>

#include "backend.h"
#include "call.h"
#include "check.h"
#include "container.h"
#include "edu.h"
#include "group.h"
#include "memory.h"

#define AT 0x10000000ULL

static void serve(void *unused)
{
	int container = container_open();
	struct edu edus[EDUS];
	char *memory = anon(2 * PAGE);

	(void)unused;
	edu_find(edus);
	want(group_attach(edus[0].group, container), 0);
	want(container_set_iommu(container, VFIO_TYPE1v2_IOMMU), 0);
	edu_open(&edus[0]);
	fill(memory, PAGE, 1);
	want(container_map(container, memory, 2 * PAGE, AT, MAP_BOTH), 0);
	edu_read(&edus[0], AT, PAGE);
	edu_write(&edus[0], AT + PAGE, PAGE);
	want_filled(memory + PAGE, PAGE, 1, 0);
	puts(backend_names[backend_of(container)]);
	fflush(stdout);
}

/* In a child: Criterion, which the library reports to, is not running here. */
int main(void)
{
	in_child(serve, NULL);
	return 0;
}
