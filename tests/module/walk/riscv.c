// SPDX-License-Identifier: GPL-2.0-only
/*
 * RISC-V IOMMU, a PCI device, as the RISC-V IOMMU Architecture Specification, version 1.0, has it:
 * sections 2.1 (device directory), 3.1 (commands), 3.2 (faults), 5 (registers).
 *
 *	directory	by device id, here the requester id: two levels of tables; an entry, the
 *			device context, names the page table
 *	command queue	a ring of orders to the unit
 *	fault queue	a ring of what the unit has to tell
 *
 * Devices that aren't ours pass untranslated. An edu device that isn't attached is refused.
 */
#include <linux/delay.h>
#include <linux/gfp.h>
#include <linux/io.h>
#include <linux/iopoll.h>
#include <linux/mutex.h>
#include <linux/sizes.h>

#include "walk.h"

/* What QEMU's is as a PCI device. */
#define RV_VENDOR 0x1b36
#define RV_DEVICE 0x0014

/* Registers, 5. */
#define RV_CAP 0x00
#define RV_CAP_LEVELS(cap, levels) ((cap) >> (9 + (levels) - 3) & 1) /* Sv39, Sv48, Sv57 */
#define RV_CAP_MSI_FLAT BIT_ULL(22)
#define RV_CAP_MARKS BIT_ULL(24) /* AMO_HWAD */
#define RV_DIRECTORY 0x10 /* ddtp */
#define RV_DIRECTORY_MODE(ddtp) ((ddtp) & 0xf)
#define RV_DIRECTORY_BARE 1ULL
#define RV_DIRECTORY_2_LEVELS 3ULL
#define RV_COMMANDS 0x18
#define RV_COMMANDS_HEAD 0x20
#define RV_COMMANDS_TAIL 0x24
#define RV_FAULTS 0x28
#define RV_FAULTS_HEAD 0x30
#define RV_FAULTS_TAIL 0x34
#define RV_COMMANDS_CONTROL 0x48
#define RV_FAULTS_CONTROL 0x4c
#define RV_QUEUE_ENABLE BIT(0)
#define RV_QUEUE_LOST (BIT(8) | BIT(9)) /* of faults: memory fault, overflow */
#define RV_QUEUE_ON BIT(16)
#define RV_REGISTERS SZ_4K

/* Addresses of pages in registers and in entries of the directory. */
#define RV_PAGE(page) (virt_to_phys(page) >> PAGE_SHIFT << 10)
#define RV_VALID BIT_ULL(0)

/* Device contexts, 2.1.3: 256 bits, or 512 with MSI_FLAT. */
#define RV_CONTEXT_CONTROL 0 /* tc */
#define RV_CONTEXT_ATTRIBUTES 2 /* ta */
#define RV_CONTEXT_TABLE 3 /* fsc */
#define RV_SET_MARKS BIT_ULL(8) /* SADE */
#define RV_PSCID(pscid) ((u64)(pscid) << 12)
#define RV_LEVELS(levels) ((u64)((levels) + 5) << 60) /* 8: Sv39 */

/* Commands, 3.1: 128 bits. */
#define RV_COMMAND_WORDS 2
#define RV_FLUSH 0x001ULL /* IOTINVAL.VMA */
#define RV_FLUSH_PSCID BIT_ULL(32) /* PSCV */
#define RV_FENCE 0x002ULL /* IOFENCE.C */
#define RV_FENCE_STORE BIT_ULL(10)
#define RV_FENCE_DATA(data) ((u64)(data) << 32)
#define RV_FORGET 0x003ULL /* IODIR.INVAL_DDT */
#define RV_FORGET_DEVICE BIT_ULL(33)
#define RV_DEVICE_ID(source) ((u64)(source) << 40)

/* Faults, 3.2: 256 bits. */
#define RV_FAULT_WORDS 4
#define RV_FAULT_CAUSE(word) ((word) & 0xfff)
#define RV_FAULT_TYPE(word) ((word) >> 34 & 0x3f)
#define RV_FAULT_WRITE 3
#define RV_FAULT_DEVICE(word) ((word) >> 40)

#define RV_IDS 256 /* of bus 0 */
#define RV_LEAVES 4 /* pages that have their contexts */
#define RV_COMMANDS_LOG2 8 /* both queues have a page */
#define RV_COMMANDS_COUNT (1 << RV_COMMANDS_LOG2)
#define RV_FAULTS_LOG2 7
#define RV_FAULTS_COUNT (1 << RV_FAULTS_LOG2)
#define RV_DONE 0x600d600d
#define RV_TIMEOUT (10 * USEC_PER_SEC)

static struct riscv {
	struct mutex lock; /* guards the queues */
	struct pci_dev *pci;
	void __iomem *regs;
	u64 cap;
	u64 *directory;
	u64 *leaf[RV_LEAVES];
	u64 *commands;
	u64 *faults;
	u32 *done;
	u32 tail;
} riscv = { .lock = __MUTEX_INITIALIZER(riscv.lock) };

static unsigned int context_words(void)
{
	return riscv.cap & RV_CAP_MSI_FLAT ? 8 : 4;
}

static u64 *context(u16 source)
{
	unsigned int in_page = PAGE_SIZE / sizeof(u64) / context_words();

	return riscv.leaf[source % RV_IDS / in_page] + source % in_page * context_words();
}

static void submit(u64 low, u64 high)
{
	u64 *command = riscv.commands + riscv.tail * RV_COMMAND_WORDS;

	command[0] = low;
	command[1] = high;
	riscv.tail = (riscv.tail + 1) % RV_COMMANDS_COUNT;
}

/* 3.1.2: have the commands obeyed; afterwards the unit has forgotten. */
static void submit_and_wait(u64 low, u64 high)
{
	u32 done;

	submit(low, high);
	WRITE_ONCE(*riscv.done, 0);
	submit(RV_FENCE | RV_FENCE_STORE | RV_FENCE_DATA(RV_DONE), virt_to_phys(riscv.done) >> 2);
	wmb(); /* the commands, before the unit reads them */
	writel(riscv.tail, riscv.regs + RV_COMMANDS_TAIL);
	WARN_ON(read_poll_timeout(READ_ONCE, done, done == RV_DONE, 10, RV_TIMEOUT, false,
				  *riscv.done));
}

static void free_pages_of_unit(void)
{
	unsigned int i;

	for (i = 0; i < RV_LEAVES; i++)
		free_page((unsigned long)riscv.leaf[i]);
	free_page((unsigned long)riscv.directory);
	free_page((unsigned long)riscv.commands);
	free_page((unsigned long)riscv.faults);
	free_page((unsigned long)riscv.done);
}

static bool new_page(void *where)
{
	void **page = where;

	*page = (void *)get_zeroed_page(GFP_KERNEL);
	return *page;
}

static int make_pages(void)
{
	bool made = new_page(&riscv.directory) && new_page(&riscv.commands) &&
		    new_page(&riscv.faults) && new_page(&riscv.done);
	unsigned int i;

	for (i = 0; made && i < RV_LEAVES; i++)
		made = new_page(&riscv.leaf[i]);
	if (!made) {
		free_pages_of_unit();
		return -ENOMEM;
	}
	for (i = 0; i < RV_LEAVES; i++)
		riscv.directory[i] = RV_PAGE(riscv.leaf[i]) | RV_VALID;
	for (i = 0; i < RV_IDS; i++)
		if (walk_device_by_source(i) == ~0)
			context(i)[RV_CONTEXT_CONTROL] = RV_VALID;
	return 0;
}

static int set_directory(u64 to)
{
	u64 now;

	writeq(to, riscv.regs + RV_DIRECTORY);
	return readq_poll_timeout(riscv.regs + RV_DIRECTORY, now, now == to, 10, RV_TIMEOUT);
}

static int switch_queue(u32 at, bool on)
{
	u32 now;

	writel(on ? RV_QUEUE_ENABLE : 0, riscv.regs + at);
	return readl_poll_timeout(riscv.regs + at, now, !(now & RV_QUEUE_ON) == !on, 10,
				  RV_TIMEOUT);
}

/* 6.2 has the order. */
static int switch_on(void)
{
	int ret;

	riscv.tail = 0;
	writeq(RV_PAGE(riscv.commands) | (RV_COMMANDS_LOG2 - 1), riscv.regs + RV_COMMANDS);
	writel(0, riscv.regs + RV_COMMANDS_TAIL);
	ret = switch_queue(RV_COMMANDS_CONTROL, true);
	if (ret)
		return ret;
	writeq(RV_PAGE(riscv.faults) | (RV_FAULTS_LOG2 - 1), riscv.regs + RV_FAULTS);
	writel(0, riscv.regs + RV_FAULTS_HEAD);
	ret = switch_queue(RV_FAULTS_CONTROL, true);
	if (ret)
		return ret;
	ret = set_directory(RV_PAGE(riscv.directory) | RV_DIRECTORY_2_LEVELS);
	if (ret)
		return ret;
	submit(RV_FORGET, 0);
	submit_and_wait(RV_FLUSH, 0);
	return 0;
}

static int start(void)
{
	int ret;

	riscv.cap = readq(riscv.regs + RV_CAP);
	if (RV_DIRECTORY_MODE(readq(riscv.regs + RV_DIRECTORY)) > RV_DIRECTORY_BARE)
		return -EBUSY;
	ret = make_pages();
	if (ret)
		return ret;
	ret = switch_on();
	if (ret)
		free_pages_of_unit();
	return ret;
}

static int take_device(void)
{
	int ret = pci_enable_device(riscv.pci);

	if (ret)
		return ret;
	pci_set_master(riscv.pci);
	riscv.regs = pci_iomap(riscv.pci, 0, RV_REGISTERS);
	if (riscv.regs)
		return 0;
	pci_disable_device(riscv.pci);
	return -ENOMEM;
}

static void release_device(void)
{
	pci_iounmap(riscv.pci, riscv.regs);
	pci_disable_device(riscv.pci);
}

static int riscv_start(void)
{
	int ret;

	riscv.pci = pci_get_device(RV_VENDOR, RV_DEVICE, NULL);
	if (!riscv.pci)
		return -ENODEV;
	ret = take_device();
	if (!ret) {
		ret = start();
		if (ret)
			release_device();
	}
	if (ret)
		pci_dev_put(riscv.pci);
	return ret;
}

static void riscv_stop(void)
{
	WARN_ON(set_directory(RV_DIRECTORY_BARE));
	WARN_ON(switch_queue(RV_COMMANDS_CONTROL, false));
	WARN_ON(switch_queue(RV_FAULTS_CONTROL, false));
	release_device();
	pci_dev_put(riscv.pci);
	free_pages_of_unit();
}

static void riscv_about(struct walk_about *about)
{
	about->capability = riscv.cap;
}

/* 2.3: as the privileged architecture has it, with Svnapot. */
static u64 riscv_sizes(u32 mode, const struct ioasid_walker_table *table)
{
	if (mode != WALK_LEGACY || table->format != IOASID_FORMAT_RISCV)
		return 0;
	if (table->levels < 3 || table->levels > 5 || !RV_CAP_LEVELS(riscv.cap, table->levels))
		return 0;
	if (table->flags & IOASID_TABLE_ALLOC_TRACK && !(riscv.cap & RV_CAP_MARKS))
		return 0;
	return SZ_4K | SZ_64K | SZ_2M | SZ_1G;
}

static void flush_device(const struct walk_device *device)
{
	mutex_lock(&riscv.lock);
	submit(RV_FORGET | RV_FORGET_DEVICE | RV_DEVICE_ID(device->source), 0);
	submit_and_wait(RV_FLUSH | RV_FLUSH_PSCID | RV_PSCID(device->domain), 0);
	mutex_unlock(&riscv.lock);
}

static int riscv_attach(struct walk_device *device)
{
	bool track = device->table.flags & IOASID_TABLE_ALLOC_TRACK;
	u64 *to = context(device->source);

	to[RV_CONTEXT_ATTRIBUTES] = RV_PSCID(device->domain);
	to[RV_CONTEXT_TABLE] = device->table.root >> PAGE_SHIFT | RV_LEVELS(device->table.levels);
	wmb(); /* the rest, before it is valid */
	WRITE_ONCE(to[RV_CONTEXT_CONTROL], RV_VALID | (track ? RV_SET_MARKS : 0));
	flush_device(device);
	return 0;
}

static void riscv_detach(struct walk_device *device)
{
	WRITE_ONCE(context(device->source)[RV_CONTEXT_CONTROL], 0);
	wmb(); /* before the unit is told */
	flush_device(device);
}

/* 3.1.1: with an address only leaves would be forgotten, and not what led to tables. */
static void riscv_flush(struct walk_device *device, u64 iova, u64 last)
{
	mutex_lock(&riscv.lock);
	submit_and_wait(RV_FLUSH | RV_FLUSH_PSCID | RV_PSCID(device->domain), 0);
	mutex_unlock(&riscv.lock);
}

static void take_fault(const u64 *entry, struct walk_faults *faults)
{
	struct walk_fault *fault;

	if (faults->count == WALK_FAULTS_MAX) {
		faults->lost = 1;
		return;
	}
	fault = &faults->fault[faults->count++];
	fault->address = entry[2];
	fault->device = walk_device_by_source(RV_FAULT_DEVICE(entry[0]));
	fault->reason = RV_FAULT_CAUSE(entry[0]);
	fault->write = RV_FAULT_TYPE(entry[0]) == RV_FAULT_WRITE;
}

static void riscv_faults(struct walk_faults *faults)
{
	u32 head, tail;

	mutex_lock(&riscv.lock);
	head = readl(riscv.regs + RV_FAULTS_HEAD);
	tail = readl(riscv.regs + RV_FAULTS_TAIL);
	while (head != tail) {
		take_fault(riscv.faults + head * RV_FAULT_WORDS, faults);
		head = (head + 1) % RV_FAULTS_COUNT;
	}
	writel(head, riscv.regs + RV_FAULTS_HEAD);
	if (readl(riscv.regs + RV_FAULTS_CONTROL) & RV_QUEUE_LOST) {
		faults->lost = 1;
		writel(RV_QUEUE_ENABLE | RV_QUEUE_LOST, riscv.regs + RV_FAULTS_CONTROL);
	}
	mutex_unlock(&riscv.lock);
}

const struct walk_unit walk_riscv = {
	.kind = WALK_RISCV,
	.start = riscv_start,
	.stop = riscv_stop,
	.about = riscv_about,
	.sizes = riscv_sizes,
	.attach = riscv_attach,
	.detach = riscv_detach,
	.flush = riscv_flush,
	.faults = riscv_faults,
};
