// SPDX-License-Identifier: GPL-2.0-only
/*
 * Whatever ends abruptly leaves nothing behind: processes that are killed while their devices do
 * DMA, devices that are pulled, drivers and modules that are told to go. By both backends, as the
 * audit tells of one of them only what it needs for the other to be believed.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/vfio.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
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

#define AT 0x10000000ULL
#define SIZE (64 * PAGE)
#define FROM 5
#define A_MOMENT_US 300000

static struct {
	_Atomic uint64_t steps;
	_Atomic bool told;
} *shared;

static struct edu edus[EDUS];
static int containers[2];
static int64_t pinned;

static void begin(void)
{
	shared = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	want_that(shared != MAP_FAILED);
	backend_use(BACKEND_IOASID);
	want_nothing_left();
	pinned = system_pinned();
}

static void end(void)
{
	want_nothing_left();
	want(system_pinned(), pinned);
}

#define ABRUPT_TEST(name) TEST_BETWEEN(begin, end, abrupt, name)

/* Two containers with two devices each. */
static void attach_all(void)
{
	unsigned int i;

	edu_find(edus);
	containers[0] = container_open();
	containers[1] = container_open();
	for (i = 0; i < EDUS; i++) {
		want(group_attach(edus[i].group, containers[i / 2]), 0);
		if (i % 2 == 0)
			want(container_set_iommu(containers[i / 2], VFIO_TYPE1v2_IOMMU), 0);
		edu_open(&edus[i]);
	}
	want(backend_of(containers[0]), BACKEND_IOASID);
}

static void detach_all(void)
{
	edu_forget(edus);
	want(close(containers[0]), 0);
	want(close(containers[1]), 0);
}

static void map_both(char *memory)
{
	want(container_map(containers[0], memory, SIZE, AT, MAP_BOTH), 0);
	want(container_map(containers[1], memory, SIZE, AT, MAP_BOTH), 0);
}

/* All devices at work all the time, mappings made and unmade beside. */
static void victim(void *arg)
{
	struct rng rng = rng_make(*(uint64_t *)arg);
	char *memory = anon(SIZE), *more = anon(SIZE);
	unsigned int i;

	attach_all();
	map_both(memory);
	for (;;) {
		for (i = 0; i < EDUS; i++)
			edu_start_write(&edus[i], AT + rng_below(&rng, 64) * PAGE, PAGE);
		atomic_fetch_add(&shared->steps, 1);
		for (i = 0; i < 16; i++) {
			int container = containers[rng_below(&rng, 2)];

			container_map(container, more, SIZE, AT + (1 + rng_below(&rng, 8)) * SIZE,
				      MAP_BOTH);
			container_unmap(container, AT + rng_below(&rng, 9) * SIZE, SIZE, NULL);
			atomic_fetch_add(&shared->steps, 1);
		}
		for (i = 0; i < EDUS; i++)
			edu_wait(&edus[i]);
		container_map(containers[0], memory, SIZE, AT, MAP_BOTH);
		container_map(containers[1], memory, SIZE, AT, MAP_BOTH);
	}
}

static pid_t victim_start(void (*fn)(void *arg), void *arg)
{
	atomic_store(&shared->steps, 0);
	return child_start(fn, arg);
}

static void kill_it(pid_t pid)
{
	int status;

	want(kill(pid, SIGKILL), 0);
	want(waitpid(pid, &status, 0), pid);
	want_that(WIFSIGNALED(status));
}

static void wait_for_steps(pid_t pid, uint64_t steps_wanted)
{
	int status;

	while (atomic_load(&shared->steps) < steps_wanted) {
		want(waitpid(pid, &status, WNOHANG), 0);
		usleep(1000);
	}
}

ABRUPT_TEST(a_process_is_killed_while_its_devices_do_dma)
{
	uint64_t from = seed(), count = runs(10, 3), i;
	struct rng rng = rng_make(from);

	for (i = 0; i < count; i++) {
		uint64_t next = rng_next(&rng);
		pid_t pid = victim_start(victim, &next);

		context("SEED=%llu, process %llu", (unsigned long long)from, (unsigned long long)i);
		wait_for_steps(pid, 1 + rng_below(&rng, 60));
		kill_it(pid);
		want_nothing_left();
		want(system_pinned(), pinned);
	}
	/* The devices can be used again. */
	attach_all();
	detach_all();
}

/* What VFIO tells somebody who has a device that is to go. */
static int request_event(int device)
{
	int event = eventfd(0, EFD_CLOEXEC);
	struct {
		struct vfio_irq_set head;
		int event;
	} arg = {
		.head = {
			.argsz = sizeof(arg),
			.flags = VFIO_IRQ_SET_DATA_EVENTFD | VFIO_IRQ_SET_ACTION_TRIGGER,
			.index = VFIO_PCI_REQ_IRQ_INDEX,
			.count = 1,
		},
		.event = event,
	};

	want_that(event >= 0);
	want(vfio_call(device, VFIO_DEVICE_SET_IRQS, ADDRESS(&arg)), 0);
	return event;
}

/* Closes the first device when it is asked to, and goes on with the others. */
static void obliging(void *arg)
{
	char *memory = anon(SIZE);
	struct pollfd poll_fd = { .events = POLLIN };
	unsigned int i;

	(void)arg;
	attach_all();
	fill(memory, SIZE, FROM);
	map_both(memory);
	poll_fd.fd = request_event(edus[0].device);
	atomic_store(&shared->steps, 1);
	want(poll(&poll_fd, 1, -1), 1);
	edu_close(&edus[0]);
	for (i = 1; i < EDUS; i++) {
		edu_read(&edus[i], AT + i * PAGE, PAGE);
		edu_write(&edus[i], AT, PAGE);
		want_filled(memory, PAGE, FROM, i * PAGE);
	}
	detach_all();
}

/* Never looks. */
static void deaf(void *arg)
{
	(void)arg;
	attach_all();
	map_both(anon(SIZE));
	request_event(edus[0].device);
	for (;;) {
		edu_start_write(&edus[0], AT, PAGE);
		atomic_fetch_add(&shared->steps, 1);
		usleep(1000);
	}
}

static void remove_first(void *arg)
{
	struct pci_device *device = arg;

	pci_remove(device);
	atomic_store(&shared->told, true);
}

static void unbind_first(void *arg)
{
	struct pci_device *device = arg;

	pci_unbind(device, "vfio-pci");
	atomic_store(&shared->told, true);
}

static struct pci_device first_device(void)
{
	struct pci_device found[EDUS];

	want(pci_find(PCI_EDU, found, EDUS), EDUS);
	return found[0];
}

/* It goes while a process has it mapped; that ends with its own consent, or by force. */
static void device_goes(void (*user)(void *arg), void (*go)(void *arg))
{
	struct pci_device device = first_device();
	pid_t pid = victim_start(user, NULL), goer;

	wait_for_steps(pid, 1);
	atomic_store(&shared->told, false);
	goer = child_start(go, &device);
	if (user == deaf) {
		usleep(A_MOMENT_US);
		want_that(!atomic_load(&shared->told));
		kill_it(pid);
	} else {
		child_end(pid);
	}
	child_end(goer);
	want_nothing_left();
	if (go == remove_first) {
		want_that(!pci_is_there(&device));
		pci_rescan();
		want_that(pci_is_there(&device));
	}
	attach_all();
	detach_all();
}

ABRUPT_TEST(a_device_is_pulled_and_its_user_lets_go)
{
	device_goes(obliging, remove_first);
}

ABRUPT_TEST(a_device_is_pulled_from_a_user_who_is_killed)
{
	device_goes(deaf, remove_first);
}

ABRUPT_TEST(a_driver_is_unbound_and_its_user_lets_go)
{
	device_goes(obliging, unbind_first);
}

ABRUPT_TEST(a_driver_is_unbound_from_a_user_who_is_killed)
{
	device_goes(deaf, unbind_first);
}

/* Pulled with nobody looking: group and container are open, the device is not. */
ABRUPT_TEST(a_group_loses_its_device)
{
	char *memory = anon(SIZE);

	attach_all();
	map_both(memory);
	edu_close(&edus[0]);
	edu_close(&edus[1]);
	pci_remove(&edus[0].pci);
	want(group_detach(edus[1].group), 0);
	/* Its last group is gone, so the first container is as new; the second has what it had. */
	want(container_map(containers[0], memory, SIZE, AT, MAP_BOTH), -EINVAL);
	want(container_map(containers[1], memory, SIZE, AT, MAP_BOTH), -EEXIST);
	edu_read(&edus[2], AT, PAGE);
	detach_all();
	pci_rescan();
	attach_all();
	detach_all();
}

static int unload(const char *module)
{
	return syscall(SYS_delete_module, module, O_NONBLOCK) ? -errno : 0;
}

static void load_ioasid(void)
{
	const char *kernel = getenv("KERNEL");
	char path[96];
	int file;

	snprintf(path, sizeof(path), "build/mod/%s/kernel/ioasid.ko", kernel ? kernel : "stock");
	file = open(path, O_RDONLY | O_CLOEXEC);
	want_that(file >= 0);
	want(syscall(SYS_finit_module, file, "", 0), 0);
	close(file);
}

ABRUPT_TEST(modules_stay_while_they_are_used)
{
	char *memory = anon(SIZE);

	attach_all();
	want(backend_unload(), -EWOULDBLOCK);
	want(unload("ioasid"), -EWOULDBLOCK);
	map_both(memory);
	want(backend_unload(), -EWOULDBLOCK);
	detach_all();
	want(unload("ioasid"), -EWOULDBLOCK);
	want(backend_unload(), 0);
	want(unload("ioasid"), 0);
	load_ioasid();
	want(backend_load(), 0);
	attach_all();
	map_both(memory);
	detach_all();
}
