// SPDX-License-Identifier: GPL-2.0-only
/*
 * Containers that join an address space of /dev/ioasid (IOASID_VFIO_JOIN), and what a container
 * tells of its refusals (IOASID_VFIO_ERROR).
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <linux/ioasid.h>
#include <linux/vfio.h>
#include <string.h>
#include <unistd.h>

#include "backend.h"
#include "call.h"
#include "check.h"
#include "container.h"
#include "count.h"
#include "edu.h"
#include "group.h"
#include "memory.h"
#include "user.h"

#define AT 0x10000000ULL
#define OTHER_AT 0x20000000ULL
#define INTERRUPTS_AT 0xfee00000
#define SIZE (4 * PAGE)
#define FROM 11

static struct edu edus[EDUS];
static int containers[EDUS];
static int fd;
static uint32_t ioas;
static char *memory;

/* Each device in a container of its own; nobody has joined yet. */
static void set_up(void)
{
	unsigned int i;

	backend_use(BACKEND_IOASID);
	edu_find(edus);
	for (i = 0; i < EDUS; i++) {
		containers[i] = container_open();
		want(group_attach(edus[i].group, containers[i]), 0);
		want(container_set_iommu(containers[i], VFIO_TYPE1v2_IOMMU), 0);
		want(backend_of(containers[i]), BACKEND_IOASID);
	}
	fd = device_open();
	ioas = make_ioas(fd);
	memory = anon(SIZE);
	fill(memory, SIZE, FROM);
}

static void take_down(void)
{
	unsigned int i;

	if (fd >= 0)
		want(close(fd), 0);
	edu_forget(edus);
	for (i = 0; i < EDUS; i++)
		want(close(containers[i]), 0);
	want_nothing_left();
	backend_use(BACKEND_TYPE1);
}

#define TEST(name) TEST_BETWEEN(set_up, take_down, join, name)

static int join_call(int container, struct ioasid_vfio_join *join)
{
	if (!join->size)
		join->size = sizeof(*join);
	return vfio_call(container, IOASID_VFIO_JOIN, ADDRESS(join));
}

static int join(int container)
{
	struct ioasid_vfio_join args = { .fd = fd, .ioas_id = ioas };

	return join_call(container, &args);
}

static struct ioasid_error last_error(int container)
{
	struct ioasid_error error = ERROR_INIT;

	want(vfio_call(container, IOASID_VFIO_ERROR, ADDRESS(&error)), 0);
	return error;
}

/* A page goes from where the first device sees it to where the second one does. */
static void want_page_moves(unsigned int reader, uint64_t from, unsigned int writer, uint64_t to)
{
	edu_read(&edus[reader], from, PAGE);
	edu_write(&edus[reader], to, PAGE);
	edu_read(&edus[writer], to, PAGE);
	edu_write(&edus[writer], to + PAGE, PAGE);
}

TEST(wrong_arguments)
{
	const uint32_t large = sizeof(struct ioasid_vfio_join) + 8;
	struct ioasid_vfio_join args = { .size = sizeof(args) - 1, .fd = fd, .ioas_id = ioas };
	char longer[sizeof(args) + 8] = {};
	uint32_t short_error = sizeof(struct ioasid_error) - 1;

	want(join_call(containers[0], &args), -EINVAL);
	args.size = sizeof(args);
	args.flags = 1;
	want(join_call(containers[0], &args), -EOPNOTSUPP);
	args.flags = 0;
	args.ioas_id = 0x7fffffff;
	want(join_call(containers[0], &args), -ENOENT);
	args.ioas_id = ioas;
	args.fd = containers[0];
	want(join_call(containers[0], &args), -EBADF);
	args.fd = -1;
	want(join_call(containers[0], &args), -EBADF);
	args.fd = fd;
	memcpy(longer, &args, sizeof(args));
	memcpy(longer, &large, sizeof(large));
	longer[sizeof(args)] = 1;
	want(vfio_call(containers[0], IOASID_VFIO_JOIN, ADDRESS(longer)), -E2BIG);
	want(vfio_call(containers[0], IOASID_VFIO_JOIN, 8), -EFAULT);
	want(vfio_call(containers[0], IOASID_VFIO_ERROR, 8), -EFAULT);
	want(vfio_call(containers[0], IOASID_VFIO_ERROR, ADDRESS(&short_error)), -EINVAL);
	longer[sizeof(args)] = 0;
	want(vfio_call(containers[0], IOASID_VFIO_JOIN, ADDRESS(longer)), 0);
}

TEST(containers_and_file_map_side_by_side)
{
	char *target = anon(2 * PAGE);
	uint64_t unmapped;

	want(map_at(fd, ioas, memory, SIZE, IOASID_MAP_READ, AT), 0);
	want(join(containers[0]), 0);
	want(join(containers[1]), 0);
	want(container_map(containers[0], memory, SIZE, AT, MAP_BOTH), -EEXIST);
	want(container_map(containers[0], target, 2 * PAGE, OTHER_AT, MAP_BOTH), 0);
	want(container_map(containers[1], target, 2 * PAGE, OTHER_AT, MAP_BOTH), -EEXIST);
	want(query_ioas(fd, ioas).mappings, 2);

	edu_open(&edus[0]);
	edu_open(&edus[1]);
	want_page_moves(0, AT + PAGE, 1, OTHER_AT);
	want_filled(target, PAGE, FROM, PAGE);
	want_filled(target + PAGE, PAGE, FROM, PAGE);

	/* Nobody's but its own. */
	want(container_unmap_all(containers[1], &unmapped), 0);
	want(unmapped, 0);
	want(container_unmap(containers[0], AT, SIZE, &unmapped), 0);
	want(unmapped, 0);
	want(container_unmap_all(containers[0], &unmapped), 0);
	want(unmapped, 2 * PAGE);
	want(query_ioas(fd, ioas).mappings, 1);
}

TEST(what_the_file_unmaps_of_a_container_stays_away)
{
	uint64_t unmapped;

	want(join(containers[0]), 0);
	want(container_map(containers[0], memory, SIZE, AT, MAP_BOTH), 0);
	want(unmap(fd, ioas, AT, SIZE, &unmapped), 0);
	want(unmapped, SIZE);
	want(map_at(fd, ioas, memory, PAGE, IOASID_MAP_READ, AT + PAGE), 0);
	want(container_unmap(containers[0], AT, SIZE, &unmapped), 0);
	want(unmapped, SIZE);
	want(query_ioas(fd, ioas).mapped, PAGE);
}

TEST(the_end_of_a_container_takes_its_own_mappings)
{
	want(join(containers[0]), 0);
	want(join(containers[1]), 0);
	want(map_at(fd, ioas, memory, PAGE, IOASID_MAP_READ, AT), 0);
	want(container_map(containers[0], memory, SIZE, OTHER_AT, MAP_BOTH), 0);
	want(container_map(containers[1], memory, SIZE, OTHER_AT + SIZE, MAP_BOTH), 0);
	want(group_detach(edus[0].group), 0);
	want(query_ioas(fd, ioas).mapped, PAGE + SIZE);
	want(group_attach(edus[0].group, containers[1]), 0);
	edu_open(&edus[0]);
	edu_read(&edus[0], OTHER_AT + SIZE, PAGE);
	memset(memory + PAGE, 0, PAGE);
	edu_write(&edus[0], OTHER_AT + SIZE + PAGE, PAGE);
	want_filled(memory + PAGE, PAGE, FROM, 0);
}

TEST(an_address_space_lives_as_long_as_a_container_uses_it)
{
	want(join(containers[0]), 0);
	want(destroy(fd, ioas), -EBUSY);
	want(map_at(fd, ioas, memory, SIZE, IOASID_MAP_READ | IOASID_MAP_WRITE, AT), 0);
	want(close(fd), 0);
	fd = -1;
	want(vm_pin(), SIZE);
	edu_open(&edus[0]);
	edu_read(&edus[0], AT, PAGE);
	edu_write(&edus[0], AT + PAGE, PAGE);
	want_filled(memory + PAGE, PAGE, FROM, 0);
	edu_close(&edus[0]);
	want(group_detach(edus[0].group), 0);
	want(vm_pin(), 0);
}

TEST(only_without_mappings)
{
	want(container_map(containers[0], memory, SIZE, AT, MAP_BOTH), 0);
	want(join(containers[0]), -EBUSY);
	want(last_error(containers[0]).stage, IOASID_STAGE_USE);
	want(last_error(containers[0]).code, EBUSY);
	want(container_unmap_all(containers[0], NULL), 0);
	want(join(containers[0]), 0);
	/* And from one to another. */
	ioas = make_ioas(fd);
	want(join(containers[0]), 0);
}

/* What is mapped where the device's interrupts go keeps it out; it stays where it was. */
TEST(a_device_that_does_not_fit_stays)
{
	struct ioasid_error error = ERROR_INIT;
	struct ioasid_vfio_join args = { .fd = fd, .ioas_id = ioas, .error = ADDRESS(&error) };
	char *target = anon(PAGE);

	want(map_at(fd, ioas, memory, PAGE, IOASID_MAP_READ, INTERRUPTS_AT), 0);
	want(join_call(containers[0], &args), -EINVAL);
	want(error.code, EINVAL);
	want(error.stage, last_error(containers[0]).stage);
	want(container_map(containers[0], target, PAGE, AT, MAP_BOTH), 0);
	edu_open(&edus[0]);
	memset(target, 1, PAGE);
	edu_read(&edus[0], AT, PAGE);
	memset(target, 0, PAGE);
	edu_write(&edus[0], AT, PAGE);
	want(target[PAGE - 1], 1);
}

static void map_four_times(void *unused)
{
	struct ioasid_error error;
	unsigned int i;

	(void)unused;
	memory = anon(SIZE);
	set_limit(SIZE);
	drop_ipc_lock();
	for (i = 0; i < EDUS; i++)
		want(container_map(containers[i], memory, SIZE, AT, MAP_BOTH), 0);
	want(vm_pin(), SIZE);
	want(vm_lck(), SIZE);
	want(container_map(containers[1], anon(PAGE), PAGE, OTHER_AT, MAP_BOTH), -ENOMEM);
	error = last_error(containers[1]);
	want(error.stage, IOASID_STAGE_CHARGE);
	want(error.code, ENOMEM);
	want(error.asked, PAGE);
	want(error.used, SIZE);
	want(error.limit, SIZE);
	want(last_error(containers[0]).code, 0);
}

/* Four containers over the same memory: pinned and charged once; a page more is refused. */
TEST(a_limit_for_one_is_enough_for_four)
{
	want(last_error(containers[0]).code, 0);
	in_child(map_four_times, NULL);
}
