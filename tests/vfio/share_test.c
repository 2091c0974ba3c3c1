// SPDX-License-Identifier: GPL-2.0-only
/*
 * Memory that several containers of a process use: pinned and charged once by ioasid-vfio, once for
 * each by VFIO type1; and refusals, which explain themselves.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/vfio.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backend.h"
#include "call.h"
#include "check.h"
#include "container.h"
#include "count.h"
#include "edu.h"
#include "group.h"
#include "kmsg.h"
#include "memory.h"
#include "random.h"
#include "user.h"

#define AT 0x40000000ULL
#define FROM 11
#define TRACING "/sys/kernel/tracing/instances/vfio-test"

static struct edu edus[EDUS];
static int containers[EDUS];
static char *memory;
static uint64_t size;

/* A container for each device. */
static void set_up(enum backend backend)
{
	unsigned int i;

	backend_use(backend);
	size = kernel_is_debug() ? 16 * MIB : 256 * MIB;
	edu_find(edus);
	for (i = 0; i < EDUS; i++) {
		containers[i] = container_open();
		want(group_attach(edus[i].group, containers[i]), 0);
		want(container_set_iommu(containers[i], VFIO_TYPE1v2_IOMMU), 0);
		want(backend_of(containers[i]), backend);
		edu_open(&edus[i]);
	}
	memory = anon(size);
	fill(memory, size, FROM);
}

static void take_down(void)
{
	unsigned int i;

	edu_forget(edus);
	for (i = 0; i < EDUS; i++)
		want(close(containers[i]), 0);
	want(vm_lck(), 0);
	want(vm_pin(), 0);
}

static int map_in(unsigned int i, uint64_t length)
{
	return container_map(containers[i], memory, length, AT, MAP_BOTH);
}

/* Through each container a device has read a page from the end, and written it to the beginning. */
static void want_dma_through_all(void)
{
	uint64_t last = size - EDUS * PAGE;
	unsigned int i;

	for (i = 0; i < EDUS; i++) {
		edu_read(&edus[i], AT + last + i * PAGE, PAGE);
		edu_write(&edus[i], AT + i * PAGE, PAGE);
		want_filled(memory + i * PAGE, PAGE, FROM, last + i * PAGE);
	}
}

Test(share, four_containers_are_charged_once)
{
	int64_t pinned = system_pinned();
	uint64_t unmapped;
	unsigned int i;
	int fd;

	set_up(BACKEND_IOASID);
	fd = device_open();
	for (i = 0; i < EDUS; i++) {
		want(map_in(i, size), 0);
		want_pinned(fd, query_process(fd).pins, size);
		want(vm_lck(), size);
		want(system_pinned() - pinned, size / PAGE);
		want(audit().charged, size);
		want(audit().mapped, (i + 1) * size);
	}
	want_dma_through_all();
	for (i = 0; i < EDUS; i++) {
		want(vm_lck(), size);
		want(container_unmap(containers[i], AT, size, &unmapped), 0);
		want(unmapped, size);
	}
	want(vm_lck(), 0);
	want(system_pinned(), pinned);
	close(fd);
	take_down();
	want_nothing_left();
}

/* Beside it: what it would cost. */
Test(share, type1_charges_each)
{
	int64_t pinned = system_pinned();
	unsigned int i;

	set_up(BACKEND_TYPE1);
	for (i = 0; i < EDUS; i++) {
		want(map_in(i, size), 0);
		want(vm_lck(), (i + 1) * size);
		want(system_pinned() - pinned, (i + 1) * size / PAGE);
	}
	want_dma_through_all();
	take_down();
	want(system_pinned(), pinned);
}

static void under_a_limit_that_suffices_for_one(void *arg)
{
	const enum backend *backend = arg;
	unsigned int i;

	set_up(*backend);
	drop_ipc_lock();
	set_limit(size);
	want(map_in(0, size), 0);
	for (i = 1; i < EDUS; i++)
		want(map_in(i, size), *backend == BACKEND_TYPE1 ? -ENOMEM : 0);
	if (*backend == BACKEND_IOASID)
		want_dma_through_all();
	want(vm_lck(), size);
	take_down();
}

Test(share, a_limit_that_suffices_for_one_suffices_for_four)
{
	enum backend backend = BACKEND_IOASID;

	in_child(under_a_limit_that_suffices_for_one, &backend);
	want_nothing_left();
}

Test(share, by_type1_a_limit_that_suffices_for_one_does_for_no_more)
{
	enum backend backend = BACKEND_TYPE1;

	in_child(under_a_limit_that_suffices_for_one, &backend);
}

static void trace_write(const char *file, const char *text)
{
	char path[128];
	int fd;

	snprintf(path, sizeof(path), TRACING "/%s", file);
	fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);
	want_that(fd >= 0);
	want(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

/* How many lines of the trace have this text in them. */
static unsigned int trace_count(const char *text)
{
	FILE *f = fopen(TRACING "/trace", "re");
	unsigned int count = 0;
	char line[1024];

	want_that(f);
	while (fgets(line, sizeof(line), f))
		count += line[0] != '#' && strstr(line, text);
	fclose(f);
	return count;
}

static void a_page_too_few(void *arg)
{
	enum backend backend = *(enum backend *)arg;
	struct ioasid_error error = ERROR_INIT;
	int kmsg = kmsg_open();

	set_up(backend);
	drop_ipc_lock();
	set_limit(size - PAGE);
	want(map_in(0, size), -ENOMEM);
	want(vm_lck(), 0);
	if (backend == BACKEND_TYPE1) {
		/* To see that what isn't said there could be read. */
		want(kmsg_count(kmsg, "RLIMIT_MEMLOCK"), 1);
		take_down();
		return;
	}
	want(kmsg_count(kmsg, ""), 0);
	want(vfio_call(containers[0], IOASID_VFIO_ERROR, ADDRESS(&error)), 0);
	want(error.stage, IOASID_STAGE_CHARGE);
	want(error.code, ENOMEM);
	want(error.asked, size);
	want(error.used, 0);
	want(error.limit, size - PAGE);
	want_that(!strcmp(error.policy, "builtin"));
	want(map_in(1, size - PAGE), 0);
	want(map_in(0, size - PAGE), 0);
	want(vm_lck(), size - PAGE);
	take_down();
}

Test(share, a_page_too_few_is_refused_and_explained)
{
	enum backend backend = BACKEND_IOASID;
	char expected[128];

	want(mkdir(TRACING, 0755), 0);
	backend_use(backend);
	trace_write("events/ioasid/ioasid_charge/filter", "ret != 0");
	trace_write("events/ioasid/ioasid_charge/enable", "1");
	in_child(a_page_too_few, &backend);
	trace_write("events/ioasid/ioasid_charge/enable", "0");
	want(trace_count("ioasid_charge"), 1);
	size = kernel_is_debug() ? 16 * MIB : 256 * MIB;
	snprintf(expected, sizeof(expected), "limit=%llu", (unsigned long long)(size / PAGE - 1));
	want(trace_count(expected), 1);
	want(rmdir(TRACING), 0);
	want_nothing_left();
}

Test(share, by_type1_a_page_too_few_is_told_in_the_log)
{
	enum backend backend = BACKEND_TYPE1;

	in_child(a_page_too_few, &backend);
}
