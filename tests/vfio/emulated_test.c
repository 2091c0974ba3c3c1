// SPDX-License-Identifier: GPL-2.0-only
/*
 * Emulated devices (mdev): VFIO drivers that pin pages and move bytes by IOVA themselves. Every
 * test runs on both backends, which have to give the same answers.
 *
 * The device is tests/module/ioasid-vdev. Real devices, where there are some, are edu devices.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/pci_regs.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
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
#include "memory.h"
#include "random.h"
#include "user.h"
#include "vdev.h"

#define AT 0x10000000ULL
#define PAGES 16ULL
#define SIZE (PAGES * PAGE)

static enum backend backend;
static int container, group, device;

static void open_device(void)
{
	vdev_load();
	container = container_open();
	group = vdev_group_open(0);
	want_that(group >= 0);
	want(group_attach(group, container), 0);
	want(container_set_iommu(container, VFIO_TYPE1v2_IOMMU), 0);
	want(backend_of(container), backend);
	device = vdev_device(group, 0);
	want_that(device >= 0);
}

static void close_device(void)
{
	want(close(device), 0);
	want(group_detach(group), 0);
	want(close(group), 0);
	want(close(container), 0);
}

static void begin(enum backend which)
{
	backend = which;
	backend_use(which);
	open_device();
	want(vm_lck(), 0);
}

static void end(void)
{
	close_device();
	want(vm_lck(), 0);
	if (backend == BACKEND_IOASID)
		want_nothing_left();
}

/* Where lockdep looks on it finds that type1 takes locks in both orders, which ends the run. */
static void need_no_lockdep(void)
{
	if (!access("/proc/lockdep", F_OK))
		cr_skip_test("VFIO type1 is not made for lockdep");
}

#define ON_BOTH(name)                  \
	static void name(void);        \
	Test(type1, name)              \
	{                              \
		need_no_lockdep();     \
		begin(BACKEND_TYPE1);  \
		name();                \
		end();                 \
	}                              \
	Test(ioasid, name)             \
	{                              \
		begin(BACKEND_IOASID); \
		name();                \
		end();                 \
	}                              \
	static void name(void)

/* The word that a page begins with. */
static uint64_t word_of(uint64_t page)
{
	return 0x1234567800000000 + page;
}

static volatile uint64_t *word(void *memory, uint64_t page)
{
	return (volatile uint64_t *)((char *)memory + page * PAGE);
}

static void *words(uint64_t pages)
{
	void *memory = anon(pages * PAGE);
	uint64_t i;

	for (i = 0; i < pages; i++)
		*word(memory, i) = word_of(i);
	return memory;
}

static int map(void *memory, uint64_t length, uint64_t iova, uint32_t rights)
{
	return container_map(container, memory, length, iova, rights);
}

static int unmap_range(uint64_t iova, uint64_t length)
{
	uint64_t unmapped;
	int ret = container_unmap(container, iova, length, &unmapped);

	want(unmapped, length);
	return ret;
}

static int pin(uint64_t iova, uint64_t pages, uint32_t rights)
{
	uint64_t found[PAGES * 4];
	struct vdev_args args = {
		.iova = iova,
		.count = pages,
		.flags = rights,
		.buffer = ADDRESS(found),
	};

	want_that(pages <= ARRAY_SIZE(found));
	return vdev_call(device, VDEV_PIN, &args);
}

/* Works, and gives pages that begin with the words from number @from on. */
static void pin_words(uint64_t iova, uint64_t pages, uint64_t from)
{
	uint64_t found[PAGES * 4] = {}, i;
	struct vdev_args args = {
		.iova = iova,
		.count = pages,
		.flags = VDEV_READ | VDEV_WRITE,
		.buffer = ADDRESS(found),
	};

	want_that(pages <= ARRAY_SIZE(found));
	want(vdev_call(device, VDEV_PIN, &args), 0);
	for (i = 0; i < pages; i++)
		want(found[i], word_of(from + i));
}

static int unpin_pages(uint64_t iova, uint64_t pages)
{
	struct vdev_args args = { .iova = iova, .count = pages };

	return vdev_call(device, VDEV_UNPIN, &args);
}

static int poke(uint64_t iova, uint64_t value)
{
	struct vdev_args args = { .iova = iova, .value = value };

	return vdev_call(device, VDEV_POKE, &args);
}

static int move(uint64_t iova, void *buffer, uint64_t length, uint32_t flags)
{
	struct vdev_args args = {
		.iova = iova,
		.count = length,
		.flags = flags,
		.buffer = ADDRESS(buffer),
	};

	return vdev_call(device, VDEV_RW, &args);
}

static struct vdev_args state(void)
{
	struct vdev_args args = {};

	want(vdev_call(device, VDEV_STATE, &args), 0);
	return args;
}

/* Nothing is pinned when it is mapped: nobody knows what the device will use. */
ON_BOTH(map_pins_nothing)
{
	void *memory = anon_lazy(SIZE);

	want(map(memory, SIZE, AT, MAP_BOTH), 0);
	want(vm_lck(), 0);
	want(vm_pin(), 0);
	want(unmap_range(AT, SIZE), 0);
	want(state().told, 0);
}

/* It isn't even looked at: memory may come later, or never. */
ON_BOTH(map_looks_at_nothing)
{
	char *memory = reserve(SIZE, PAGE);

	want(map(memory, SIZE, AT, MAP_BOTH), 0);
	want(pin(AT, 1, VDEV_READ), -EFAULT);
	want_that(mmap(memory, PAGE, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == memory);
	*word(memory, 0) = word_of(7);
	pin_words(AT, 1, 7);
	want(pin(AT, 2, VDEV_READ), -EFAULT);
	want(vm_lck(), PAGE);
}

ON_BOTH(pinned_pages_are_the_process_s)
{
	void *memory = words(PAGES);

	want(map(memory, SIZE, AT, MAP_BOTH), 0);
	pin_words(AT + 3 * PAGE, 5, 3);
	want(vm_lck(), 5 * PAGE);
	want(poke(AT + 4 * PAGE, 99), 0);
	want(*word(memory, 4), 99);
	*word(memory, 4) = word_of(4);
	pin_words(AT, PAGES, 0);
	want(vm_lck(), SIZE);
	want(state().pinned, PAGES + 5);
}

/* Each pin has its unpin, and the last one ends the charge, of any part in any order. */
ON_BOTH(unpin_page_by_page)
{
	void *memory = words(PAGES);
	uint64_t i;

	want(map(memory, SIZE, AT, MAP_BOTH), 0);
	pin_words(AT, PAGES, 0);
	pin_words(AT + 2 * PAGE, 2, 2);
	want(vm_lck(), SIZE);
	want(unpin_pages(AT + PAGE, 3), 0);
	want(vm_lck(), SIZE - PAGE);
	want(unpin_pages(AT + PAGE, 1), -ENOENT);
	want(unpin_pages(AT + 2 * PAGE, 2), 0);
	want(vm_lck(), SIZE - 3 * PAGE);
	for (i = PAGES - 1; i > 3; i--) {
		want(unpin_pages(AT + i * PAGE, 1), 0);
		want(vm_lck(), (i - 3) * PAGE);
	}
	want(unpin_pages(AT, 1), 0);
	want(vm_lck(), 0);
	want(state().pinned, 0);
}

/* A page in the middle of IOVAs counts as one that begins there. */
ON_BOTH(pin_over_mappings_and_holes)
{
	void *memory = words(PAGES);

	want(map(memory, SIZE / 2, AT, MAP_BOTH), 0);
	want(map((char *)memory + SIZE / 2, SIZE / 2, AT + SIZE / 2, MAP_READ), 0);
	want(pin(AT, PAGES, VDEV_READ), 0);
	want(vm_lck(), SIZE);
	want(unpin_pages(AT, PAGES), 0);
	want(vm_lck(), 0);

	want(pin(AT, PAGES, VDEV_READ | VDEV_WRITE), -EPERM);
	want(pin(AT, PAGES / 2, VDEV_READ | VDEV_WRITE), 0);
	want(vm_lck(), SIZE / 2);
	want(pin(AT, PAGES + 1, VDEV_READ), -EINVAL);
	want(pin(AT - PAGE, 2, VDEV_READ), -EINVAL);
	want(pin(AT, 0, VDEV_READ), -EINVAL);
	want(vm_lck(), SIZE / 2);
	want(state().pinned, PAGES / 2);
}

/* What the mapping was made with counts, not what the device wants. */
ON_BOTH(rights_of_memory)
{
	void *memory = words(PAGES);

	want(mprotect(memory, SIZE, PROT_READ), 0);
	want(map(memory, SIZE / 2, AT, MAP_BOTH), 0);
	want(map((char *)memory + SIZE / 2, SIZE / 2, AT + SIZE / 2, MAP_READ), 0);
	want(pin(AT, 1, VDEV_READ), -EFAULT);
	want(pin(AT + SIZE / 2, 1, VDEV_READ), 0);
	want(vm_lck(), PAGE);
}

/* The same memory at two IOVAs is pinned for each; a page that is shared is charged once. */
ON_BOTH(same_memory_twice)
{
	void *memory = words(PAGES);

	want(map(memory, SIZE, AT, MAP_BOTH), 0);
	want(map(memory, SIZE, AT + SIZE, MAP_BOTH), 0);
	pin_words(AT, 4, 0);
	pin_words(AT + SIZE, 4, 0);
	want(vm_lck(), backend == BACKEND_TYPE1 ? 8 * PAGE : 4 * PAGE);
	want(unpin_pages(AT, 4), 0);
	want(vm_lck(), 4 * PAGE);
	want(poke(AT + SIZE, 5), 0);
	want(*word(memory, 0), 5);
}

/* The right to be without a limit is what the process had when it mapped. */
static void raise_ipc_lock(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct caps[2];

	want(syscall(SYS_capget, &header, caps), 0);
	caps[0].effective |= 1u << CAP_IPC_LOCK;
	want(syscall(SYS_capset, &header, caps), 0);
}

ON_BOTH(limit_is_exact)
{
	void *memory = words(PAGES);

	set_limit(4 * PAGE);
	drop_ipc_lock();
	want(map(memory, SIZE, AT, MAP_BOTH), 0);
	want(pin(AT, 5, VDEV_READ), -ENOMEM);
	want(vm_lck(), 0);
	pin_words(AT, 4, 0);
	want(pin(AT + 4 * PAGE, 1, VDEV_READ), -ENOMEM);
	pin_words(AT + 2 * PAGE, 2, 2);
	want(vm_lck(), 4 * PAGE);
	want(unpin_pages(AT, 1), 0);
	pin_words(AT + 4 * PAGE, 1, 4);
	want(vm_lck(), 4 * PAGE);
	raise_ipc_lock();
	want(pin(AT + 5 * PAGE, 1, VDEV_READ), -ENOMEM);
	set_limit(5 * PAGE);
	pin_words(AT + 5 * PAGE, 1, 5);
}

ON_BOTH(no_limit_is_remembered)
{
	void *memory = words(PAGES);

	set_limit(0);
	want(map(memory, SIZE, AT, MAP_BOTH), 0);
	drop_ipc_lock();
	pin_words(AT, PAGES, 0);
	want(vm_lck(), SIZE);
	raise_ipc_lock();
}

ON_BOTH(unmap_tells_and_gets_unpinned)
{
	void *memory = words(PAGES);

	want(map(memory, SIZE / 2, AT, MAP_BOTH), 0);
	want(map((char *)memory + SIZE / 2, SIZE / 2, AT + SIZE / 2, MAP_BOTH), 0);
	pin_words(AT + PAGE, 2, 1);
	pin_words(AT + PAGE, 1, 1);
	want(unmap_range(AT + PAGE, PAGE), -EINVAL);
	want(state().told, 0);
	want(unmap_range(AT, SIZE), 0);
	want(state().told, 1);
	want(state().told_iova, AT);
	want(state().told_length, SIZE / 2);
	want(state().pinned, 0);
	want(vm_lck(), 0);
	want(pin(AT + PAGE, 1, VDEV_READ), -EINVAL);
}

ON_BOTH(unmap_all_tells)
{
	void *memory = words(PAGES);
	uint64_t unmapped;

	want(map(memory, PAGE, AT, MAP_BOTH), 0);
	want(map((char *)memory + PAGE, PAGE, AT + 4 * PAGE, MAP_BOTH), 0);
	pin_words(AT, 1, 0);
	pin_words(AT + 4 * PAGE, 1, 1);
	want(container_unmap_all(container, &unmapped), 0);
	want(unmapped, 2 * PAGE);
	want(state().told, 2);
	want(state().told_iova, AT + 4 * PAGE);
	want(state().told_length, PAGE);
	want(vm_lck(), 0);
}

/* Bytes from anywhere to anywhere, by the caller or by a kernel thread. */
static void move_by(uint32_t who)
{
	const uint64_t starts[] = { 0, 1, PAGE - 1, PAGE, SIZE / 2 - 3, SIZE / 2, SIZE - 9 };
	const uint64_t lengths[] = { 1, 2, 8, PAGE, PAGE + 1, SIZE / 2, SIZE };
	char *memory = anon(SIZE), *buffer = anon(SIZE), *before = anon(SIZE);
	unsigned int i, j;

	want(map(memory, SIZE / 2, AT, MAP_BOTH), 0);
	want(map(memory + SIZE / 2, SIZE / 2, AT + SIZE / 2, MAP_BOTH), 0);
	for (i = 0; i < ARRAY_SIZE(starts); i++) {
		for (j = 0; j < ARRAY_SIZE(lengths); j++) {
			uint64_t start = starts[i], length = lengths[j];
			bool fits = start + length <= SIZE;

			context("%llu bytes at %llu", (unsigned long long)length,
				(unsigned long long)start);
			fill(memory, SIZE, i + j);
			memcpy(before, memory, SIZE);
			want(move(AT + start, buffer, length, who), fits ? 0 : -EINVAL);
			if (!fits)
				continue;
			want(memcmp(buffer, memory + start, length), 0);
			fill(buffer, length & ~7ULL, i + 100);
			memcpy(before + start, buffer, length);
			want(move(AT + start, buffer, length, who | VDEV_WRITE), 0);
			want(memcmp(before, memory, SIZE), 0);
		}
	}
	want(vm_lck(), 0);
}

ON_BOTH(move_bytes)
{
	move_by(0);
}

ON_BOTH(move_bytes_from_kernel_thread)
{
	move_by(VDEV_KTHREAD);
}

ON_BOTH(move_with_wrong_rights)
{
	char *memory = anon(SIZE), buffer[16];

	want(map(memory, PAGE, AT, MAP_READ), 0);
	want(map(memory + PAGE, PAGE, AT + PAGE, MAP_WRITE), 0);
	want(map(memory + 2 * PAGE, PAGE, AT + 2 * PAGE, MAP_BOTH), 0);
	want(move(AT, buffer, 8, 0), 0);
	want(move(AT, buffer, 8, VDEV_WRITE), -EPERM);
	/* To be written by an emulated device, memory has to be readable as well. */
	want(move(AT + PAGE, buffer, 8, 0), -EPERM);
	want(move(AT + PAGE, buffer, 8, VDEV_WRITE), -EPERM);
	want(move(AT + 2 * PAGE, buffer, 8, VDEV_WRITE), 0);
	want(move(AT + 3 * PAGE - 1, buffer, 2, 0), -EINVAL);
	want(move(AT - 1, buffer, 2, 0), -EINVAL);
	want(move(AT, buffer, 0, 0), -EINVAL);
	want(mprotect(memory + 2 * PAGE, PAGE, PROT_READ), 0);
	want(move(AT + 2 * PAGE, buffer, 8, VDEV_WRITE), -EFAULT);
	want(move(AT + 2 * PAGE, buffer, 8, 0), 0);
	want(munmap(memory + 2 * PAGE, PAGE), 0);
	want(move(AT + 2 * PAGE, buffer, 8, 0), -EFAULT);
}

static int dirty_call(uint32_t flags)
{
	struct vfio_iommu_type1_dirty_bitmap arg = { .argsz = sizeof(arg), .flags = flags };

	return vfio_call(container, VFIO_IOMMU_DIRTY_PAGES, ADDRESS(&arg));
}

/* Dirty pages of up to 64. */
static uint64_t dirty_pages(uint64_t iova, uint64_t pages)
{
	struct {
		struct vfio_iommu_type1_dirty_bitmap head;
		struct vfio_iommu_type1_dirty_bitmap_get get;
	} arg = {
		.head.argsz = sizeof(arg),
		.head.flags = VFIO_IOMMU_DIRTY_PAGES_FLAG_GET_BITMAP,
		.get.iova = iova,
		.get.size = pages * PAGE,
		.get.bitmap.pgsize = PAGE,
		.get.bitmap.size = sizeof(uint64_t),
	};
	uint64_t bits = 0;

	arg.get.bitmap.data = (__u64 *)&bits;
	want(vfio_call(container, VFIO_IOMMU_DIRTY_PAGES, ADDRESS(&arg)), 0);
	return bits;
}

/* What is pinned may be written at any time; what was moved was written then. */
ON_BOTH(dirty_is_exact)
{
	char *memory = words(PAGES), buffer[PAGE];

	want(map(memory, SIZE, AT, MAP_BOTH), 0);
	pin_words(AT, 1, 0);
	want(dirty_call(VFIO_IOMMU_DIRTY_PAGES_FLAG_START), 0);
	want(dirty_pages(AT, PAGES), 1);
	want(dirty_pages(AT, PAGES), 1);
	pin_words(AT + 3 * PAGE, 2, 3);
	want(dirty_pages(AT, PAGES), 0x19);
	want(unpin_pages(AT + 3 * PAGE, 1), 0);
	want(dirty_pages(AT, PAGES), 0x19);
	want(dirty_pages(AT, PAGES), 0x11);
	want(move(AT + 6 * PAGE, buffer, PAGE, 0), 0);
	want(dirty_pages(AT, PAGES), 0x11);
	want(move(AT + 6 * PAGE - 1, buffer, 2, VDEV_WRITE), 0);
	want(move(AT + 9 * PAGE, buffer, 1, VDEV_WRITE), 0);
	want(move(AT + 11 * PAGE, buffer, PAGE, VDEV_WRITE), 0);
	want(dirty_pages(AT, PAGES), 0x11 | 0x60 | 0x200 | 0x800);
	want(dirty_pages(AT, PAGES), 0x11);
	want(unpin_pages(AT, 1), 0);
	want(unpin_pages(AT + 4 * PAGE, 1), 0);
	want(dirty_pages(AT, PAGES), 0x11);
	want(dirty_pages(AT, PAGES), 0);
	want(dirty_call(VFIO_IOMMU_DIRTY_PAGES_FLAG_STOP), 0);
}

/* A mapping that is made meanwhile is clean, and one that goes tells what was dirty. */
ON_BOTH(dirty_of_unmap)
{
	char *memory = words(PAGES), buffer[8];
	uint64_t bits = 0;
	struct {
		struct vfio_iommu_type1_dma_unmap unmap;
		struct vfio_bitmap bitmap;
	} arg = {
		.unmap.argsz = sizeof(arg),
		.unmap.flags = VFIO_DMA_UNMAP_FLAG_GET_DIRTY_BITMAP,
		.unmap.iova = AT,
		.unmap.size = SIZE,
		.bitmap.pgsize = PAGE,
		.bitmap.size = sizeof(bits),
		.bitmap.data = (__u64 *)&bits,
	};

	want(dirty_call(VFIO_IOMMU_DIRTY_PAGES_FLAG_START), 0);
	want(map(memory, SIZE, AT, MAP_BOTH), 0);
	want(dirty_pages(AT, PAGES), 0);
	pin_words(AT + 2 * PAGE, 1, 2);
	want(move(AT + 8 * PAGE, buffer, 8, VDEV_WRITE), 0);
	want(vfio_call(container, VFIO_IOMMU_UNMAP_DMA, ADDRESS(&arg)), 0);
	want(arg.unmap.size, SIZE);
	want(bits, 0x104);
	want(state().told, 1);
	want(vm_lck(), 0);
}

/* Addresses can't change below a device that uses them. */
ON_BOTH(vaddr_is_busy)
{
	struct vfio_iommu_type1_dma_unmap arg = {
		.argsz = sizeof(arg),
		.flags = VFIO_DMA_UNMAP_FLAG_VADDR,
		.iova = AT,
		.size = SIZE,
	};
	void *memory = words(PAGES);

	want(vfio_call(container, VFIO_CHECK_EXTENSION, VFIO_UPDATE_VADDR), 0);
	want(map(memory, SIZE, AT, MAP_BOTH), 0);
	want(vfio_call(container, VFIO_IOMMU_UNMAP_DMA, ADDRESS(&arg)), -EBUSY);
	want(map(memory, SIZE, AT, VFIO_DMA_MAP_FLAG_VADDR), -EINVAL);
	want(map(memory, SIZE, AT + SIZE, VFIO_DMA_MAP_FLAG_VADDR), -ENOENT);
	pin_words(AT, PAGES, 0);
}

/* Another process's memory, mapped by it. */
struct other {
	struct gate mapped, leave;
};

static void other_maps(void *arg)
{
	struct other *other = arg;
	void *memory = words(PAGES);

	want(map(memory, SIZE, AT, MAP_BOTH), 0);
	gate_open(&other->mapped);
	gate_wait(&other->leave);
	want(*word(memory, 2), 77);
	want(*word(memory, 3), 78);
}

/* Pages are of the process that mapped, and it is charged, whoever has the device pin them. */
ON_BOTH(pages_of_another_process)
{
	struct other other = { gate_make(), gate_make() };
	pid_t pid = child_start(other_maps, &other);
	uint64_t value = 78;

	gate_wait(&other.mapped);
	pin_words(AT + PAGE, 3, 1);
	want(vm_lck(), 0);
	want(status_of(pid, "VmLck:"), 3 * PAGE);
	want(poke(AT + 2 * PAGE, 77), 0);
	/* Bytes move within the process that calls, or by a kernel thread. */
	want(move(AT + 3 * PAGE, &value, 8, VDEV_WRITE), -EFAULT);
	want(move(AT + 3 * PAGE, &value, 8, VDEV_WRITE | VDEV_KTHREAD), 0);
	gate_open(&other.leave);
	child_end(pid);
	/* It has gone; what is pinned stays. */
	want(pin(AT, 1, VDEV_READ), -ENODEV);
	want(move(AT, &value, 8, 0), -EPERM);
	want(move(AT, &value, 8, VDEV_KTHREAD), -EPERM);
	want(poke(AT + PAGE, 1), 0);
	want(unpin_pages(AT + PAGE, 1), 0);
	want(unmap_range(AT, SIZE), 0);
	want(state().told, 1);
	want(state().pinned, 0);
}

/* Two devices in a container: both are told; each page is pinned as often as they say. */
ON_BOTH(two_devices)
{
	int first = device, second, second_group = vdev_group_open(1);
	void *memory = words(PAGES);

	want_that(second_group >= 0);
	want(group_attach(second_group, container), 0);
	second = vdev_device(second_group, 1);
	want_that(second >= 0);
	want(map(memory, SIZE, AT, MAP_BOTH), 0);
	pin_words(AT, 4, 0);
	device = second;
	pin_words(AT + 2 * PAGE, 4, 2);
	want(vm_lck(), 6 * PAGE);
	device = first;
	want(unpin_pages(AT, 4), 0);
	want(vm_lck(), 4 * PAGE);
	want(unmap_range(AT, SIZE), 0);
	want(state().told, 1);
	device = second;
	want(state().told, 1);
	want(state().pinned, 0);
	want(vm_lck(), 0);
	want(close(second), 0);
	want(group_detach(second_group), 0);
	want(close(second_group), 0);
	device = first;
}

/* With a real device in the container all is pinned when it is mapped, and charged once. */
ON_BOTH(beside_a_real_device)
{
	void *memory = words(PAGES);
	struct edu edus[EDUS];

	edu_find(edus);
	want(map(memory, SIZE, AT, MAP_BOTH), 0);
	pin_words(AT, 4, 0);
	want(vm_lck(), 4 * PAGE);
	want(group_attach(edus[0].group, container), 0);
	want(vm_lck(), SIZE);
	edu_open(&edus[0]);
	edu_read(&edus[0], AT + 9 * PAGE, 8);
	edu_write(&edus[0], AT + 3 * PAGE, 8);
	want(*word(memory, 3), word_of(9));
	*word(memory, 3) = word_of(3);
	pin_words(AT + 2 * PAGE, 6, 2);
	want(vm_lck(), SIZE);
	want(unpin_pages(AT, 4), 0);
	want(vm_lck(), SIZE);
	edu_close(&edus[0]);
	/*
	 * Only what the emulated one has pinned is left. That is six pages, of which four are of
	 * the twelve that became one pin when the real one came; a pin goes as a whole.
	 */
	want(group_detach(edus[0].group), 0);
	want(vm_lck(), (backend == BACKEND_TYPE1 ? 6 : 2 + 12) * PAGE);
	want(group_attach(edus[0].group, container), 0);
	want(vm_lck(), SIZE);
	want(unmap_range(AT, SIZE), 0);
	want(state().told, 1);
	want(vm_lck(), 0);
	want(map(memory, SIZE, AT, MAP_BOTH), 0);
	want(vm_lck(), SIZE);
	want(unmap_range(AT, SIZE), 0);
	want(state().told, 1);
	want(group_detach(edus[0].group), 0);
	edu_forget(edus);
}

/* A real device can write anywhere, so all is dirty while it is there. */
ON_BOTH(dirty_beside_a_real_device)
{
	void *memory = words(PAGES);
	struct edu edus[EDUS];

	edu_find(edus);
	want(map(memory, SIZE, AT, MAP_BOTH), 0);
	want(group_attach(edus[0].group, container), 0);
	want(dirty_call(VFIO_IOMMU_DIRTY_PAGES_FLAG_START), 0);
	want(dirty_pages(AT, PAGES), (1 << PAGES) - 1);
	pin_words(AT, 2, 0);
	want(dirty_pages(AT, PAGES), (1 << PAGES) - 1);
	want(group_detach(edus[0].group), 0);
	/* It may have written until just now. */
	want(dirty_pages(AT, PAGES), (1 << PAGES) - 1);
	want(dirty_pages(AT, PAGES), 3);
	edu_forget(edus);
}

/* A BAR of the device. */
#define BAR_SIZE 0x100000ULL
#define BAR_PAGES (BAR_SIZE / PAGE)

static uint64_t region_at(int of, uint32_t index)
{
	struct vfio_region_info info = { .argsz = sizeof(info), .index = index };

	want(vfio_call(of, VFIO_DEVICE_GET_REGION_INFO, ADDRESS(&info)), 0);
	if (index == VFIO_PCI_BAR0_REGION_INDEX)
		want(info.size, BAR_SIZE);
	return info.offset;
}

static void *map_bar(const struct edu *edu, void *at, int prot)
{
	void *bar = mmap(at, BAR_SIZE, prot, MAP_SHARED | (at ? MAP_FIXED : 0), edu->device,
			 region_at(edu->device, VFIO_PCI_BAR0_REGION_INDEX));

	want_that(bar != MAP_FAILED);
	return bar;
}

static void switch_memory(const struct edu *edu, bool on)
{
	uint64_t at = region_at(edu->device, VFIO_PCI_CONFIG_REGION_INDEX) + PCI_COMMAND;
	uint16_t bits;

	want(pread(edu->device, &bits, sizeof(bits), at), sizeof(bits));
	bits = on ? bits | PCI_COMMAND_MEMORY : bits & ~PCI_COMMAND_MEMORY;
	want(pwrite(edu->device, &bits, sizeof(bits), at), sizeof(bits));
}

static void begin_bar(struct edu edus[EDUS])
{
	edu_find(edus);
	want(group_attach(edus[0].group, container), 0);
	edu_open(&edus[0]);
}

static void end_bar(struct edu edus[EDUS])
{
	edu_close(&edus[0]);
	want(group_detach(edus[0].group), 0);
	edu_forget(edus);
}

/* Memory of a device can be mapped for others, and is neither pinned nor charged. */
ON_BOTH(bar_costs_nothing)
{
	struct edu edus[EDUS];
	char *bar;

	begin_bar(edus);
	bar = map_bar(&edus[0], NULL, PROT_READ | PROT_WRITE);
	set_limit(0);
	drop_ipc_lock();
	want(map(bar, BAR_SIZE, AT, MAP_BOTH), 0);
	want(map(bar + 5 * PAGE, 3 * PAGE, AT + BAR_SIZE, MAP_READ), 0);
	want(vm_lck(), 0);
	want(vm_pin(), 0);
	if (backend == BACKEND_IOASID) {
		want(audit().pinned, 0);
		want(audit().charged, 0);
		want(audit().mapped, BAR_SIZE + 3 * PAGE);
	}
	want(map(bar, PAGE, AT, MAP_BOTH), -EEXIST);
	want(unmap_range(AT, BAR_SIZE), 0);
	want(unmap_range(AT + BAR_SIZE, 3 * PAGE), 0);
	raise_ipc_lock();
	want(munmap(bar, BAR_SIZE), 0);
	end_bar(edus);
}

/* The other device really comes there: edu has its number in the first four bytes. */
ON_BOTH(bar_is_reached)
{
	uint32_t *found = anon(PAGE);
	struct edu edus[EDUS];
	char *bar;

	begin_bar(edus);
	want(group_attach(edus[1].group, container), 0);
	edu_open(&edus[1]);
	bar = map_bar(&edus[0], NULL, PROT_READ | PROT_WRITE);
	want(map(bar, BAR_SIZE, AT, MAP_BOTH), 0);
	want(map(found, PAGE, AT + BAR_SIZE, MAP_BOTH), 0);
	edu_read(&edus[1], AT, 4);
	edu_write(&edus[1], AT + BAR_SIZE, 4);
	want(*found, *(volatile uint32_t *)bar);
	want(*found & 0xff, 0xed);
	want(unmap_range(AT, BAR_SIZE + PAGE), 0);
	want(munmap(bar, BAR_SIZE), 0);
	edu_close(&edus[1]);
	want(group_detach(edus[1].group), 0);
	end_bar(edus);
}

/* Memory with a BAR in its middle: each part is what it is. */
ON_BOTH(bar_amid_memory)
{
	struct edu edus[EDUS];
	char *memory;

	begin_bar(edus);
	memory = reserve(BAR_SIZE + 4 * PAGE, PAGE);
	map_bar(&edus[0], memory + 2 * PAGE, PROT_READ | PROT_WRITE);
	want(map(memory, BAR_SIZE + 4 * PAGE, AT, MAP_BOTH), -EFAULT);
	want(vm_lck(), 0);
	want(mprotect(memory, 2 * PAGE, PROT_READ | PROT_WRITE), 0);
	want(map(memory, BAR_SIZE + 4 * PAGE, AT, MAP_BOTH), -EFAULT);
	want(vm_lck(), 0);
	want(mprotect(memory + 2 * PAGE + BAR_SIZE, 2 * PAGE, PROT_READ | PROT_WRITE), 0);
	want(map(memory, BAR_SIZE + 4 * PAGE, AT, MAP_BOTH), 0);
	want(vm_lck(), 4 * PAGE);
	want(unmap_range(AT, BAR_SIZE + 4 * PAGE), 0);
	want(vm_lck(), 0);
	want(munmap(memory, BAR_SIZE + 4 * PAGE), 0);
	end_bar(edus);
}

ON_BOTH(bar_refused)
{
	struct edu edus[EDUS];
	uint64_t buffer;
	char *bar;

	begin_bar(edus);
	bar = map_bar(&edus[0], NULL, PROT_READ);
	want(map(bar, BAR_SIZE, AT, MAP_BOTH), -EFAULT);
	want(map(bar, BAR_SIZE, AT, MAP_READ), 0);
	/* It has no pages. */
	want(pin(AT, 1, VDEV_READ), -EINVAL);
	want(pin(AT + 7 * PAGE, 2, VDEV_READ), -EINVAL);
	want(state().pinned, 0);
	want(unmap_range(AT, BAR_SIZE), 0);
	want(munmap(bar, BAR_SIZE), 0);
	want(map(bar, BAR_SIZE, AT, MAP_READ), -EFAULT);
	want(move(AT, &buffer, 8, 0), -EINVAL);
	end_bar(edus);
}

/* Its memory is switched off: it can't be mapped now, and what is mapped stays so. */
ON_BOTH(bar_switched_off)
{
	struct edu edus[EDUS];
	char *bar;

	begin_bar(edus);
	bar = map_bar(&edus[0], NULL, PROT_READ | PROT_WRITE);
	want(map(bar, BAR_SIZE, AT, MAP_BOTH), 0);
	switch_memory(&edus[0], false);
	want(map(bar, BAR_SIZE, AT + BAR_SIZE, MAP_BOTH), -EFAULT);
	want(unmap_range(AT, PAGE), -EINVAL);
	switch_memory(&edus[0], true);
	want(map(bar, BAR_SIZE, AT + BAR_SIZE, MAP_BOTH), 0);
	want(vm_lck(), 0);
	want(unmap_range(AT, 2 * BAR_SIZE), 0);
	want(munmap(bar, BAR_SIZE), 0);
	end_bar(edus);
}

/* At an address where memory was mapped there is a BAR now, and the other way round. */
ON_BOTH(bar_takes_the_place_of_memory)
{
	struct edu edus[EDUS];
	char *memory;

	begin_bar(edus);
	memory = anon(BAR_SIZE);
	want(map(memory, BAR_SIZE, AT, MAP_BOTH), 0);
	want(vm_lck(), BAR_SIZE);
	map_bar(&edus[0], memory, PROT_READ | PROT_WRITE);
	want(map(memory, BAR_SIZE, AT + BAR_SIZE, MAP_BOTH), 0);
	want(vm_lck(), BAR_SIZE);
	want_that(mmap(memory, BAR_SIZE, PROT_READ | PROT_WRITE,
		       MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) == memory);
	want(map(memory, BAR_SIZE, AT + 2 * BAR_SIZE, MAP_BOTH), 0);
	want(vm_lck(), 2 * BAR_SIZE);
	want(unmap_range(AT, 3 * BAR_SIZE), 0);
	want(vm_lck(), 0);
	want(munmap(memory, BAR_SIZE), 0);
	end_bar(edus);
}

/* Who uses the modules keeps them. */
ON_BOTH(modules_stay)
{
	const char *name = backend == BACKEND_IOASID ? "ioasid_vfio" : "vfio_iommu_type1";

	want(vdev_unload(), -EAGAIN);
	want(syscall(SYS_delete_module, name, O_NONBLOCK), -1);
	want(errno, EAGAIN);
	close_device();
	want(vdev_unload(), 0);
	open_device();
}

/* Killed at any moment, a process leaves nothing behind, and the devices can be used again. */
static void use_until_killed(void *arg)
{
	struct gate *going = arg;
	void *memory = words(PAGES);
	char buffer[PAGE];
	uint64_t i;

	open_device();
	want(dirty_call(VFIO_IOMMU_DIRTY_PAGES_FLAG_START), 0);
	for (i = 0;; i++) {
		want(map(memory, SIZE, AT, MAP_BOTH), 0);
		pin_words(AT + i % 4 * PAGE, 9, i % 4);
		want(move(AT + 15 * PAGE, buffer, PAGE, i & 1 ? VDEV_WRITE : 0), 0);
		if (i == 3)
			gate_open(going);
		want(unpin_pages(AT + (i % 4 + 3) * PAGE, 2), 0);
		want(unmap_range(AT, SIZE), 0);
	}
}

ON_BOTH(killed)
{
	struct rng rng = rng_make(seed());
	unsigned int i;

	close_device();
	for (i = 0; i < 20; i++) {
		struct gate going = gate_make();
		pid_t pid = child_start(use_until_killed, &going);
		int status;

		gate_wait(&going);
		usleep(rng_below(&rng, 20000));
		want(kill(pid, SIGKILL), 0);
		want(waitpid(pid, &status, 0), pid);
		want_that(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
		if (backend == BACKEND_IOASID)
			want_nothing_left();
	}
	open_device();
}

/* Pins and moves while another thread maps and unmaps: each call has one of its good answers. */
struct racer {
	void *memory;
	unsigned int steps;
	bool maps;
};

static void race(void *arg)
{
	struct racer *racer = arg;
	uint64_t buffer[2];
	unsigned int i;
	int ret;

	for (i = 0; i < racer->steps; i++) {
		if (racer->maps) {
			want(map(racer->memory, SIZE, AT, MAP_BOTH), 0);
			sched_yield();
			want(unmap_range(AT, SIZE), 0);
			continue;
		}
		ret = pin(AT + i % PAGES * PAGE, 1, VDEV_READ | VDEV_WRITE);
		want_that(ret == 0 || ret == -EINVAL);
		ret = unpin_pages(AT + i % PAGES * PAGE, 1);
		want_that(ret == 0 || ret == -ENOENT);
		ret = move(AT + i % PAGES * PAGE, buffer, sizeof(buffer), 0);
		want_that(ret == 0 || ret == -EINVAL);
		want_that(ret || buffer[0] == word_of(i % PAGES));
	}
}

ON_BOTH(races)
{
	void *memory = words(PAGES);
	struct racer racers[] = {
		{ memory, 2000, true },
		{ memory, 1000, false },
		{ memory, 1000, false },
	};

	in_threads(ARRAY_SIZE(racers), race, racers, sizeof(racers[0]));
	want(state().pinned, 0);
	want(vm_lck(), 0);
}
