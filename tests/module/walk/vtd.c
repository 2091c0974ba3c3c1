// SPDX-License-Identifier: GPL-2.0-only
/*
 * VT-d, as the Intel Virtualization Technology for Directed I/O specification has it: sections 3.4
 * (root, context and PASID tables), 6.5 (queued invalidation), 7 (faults), 9 (structures), 11
 * (registers), 8 (the ACPI table DMAR).
 *
 *	root table	by bus; legacy mode: names a context table; scalable mode: two of them
 *	context table	by device and function; legacy mode: names the page table; scalable mode: a
 *			PASID directory, which names PASID tables
 *	PASID table	by PASID; names the page table. Requests without PASID use PASID 0 here
 *
 * Only bus 0 has a context table. What isn't attached is refused.
 */
#include <linux/acpi.h>
#include <linux/delay.h>
#include <linux/gfp.h>
#include <linux/io.h>
#include <linux/iopoll.h>
#include <linux/log2.h>
#include <linux/mutex.h>
#include <linux/sizes.h>

#include "walk.h"

/* Registers, 11.4. */
#define VTD_CAP 0x08
#define VTD_CAP_LEVELS(cap, levels) ((cap) >> (8 + (levels) - 2) & 1) /* SAGAW */
#define VTD_CAP_FAULTS_AT(cap) (((cap) >> 24 & 0x3ff) * 16) /* FRO */
#define VTD_CAP_SS_2M BIT_ULL(34)
#define VTD_CAP_SS_1G BIT_ULL(35)
#define VTD_CAP_PAGE_FLUSH BIT_ULL(39) /* PSI */
#define VTD_CAP_FAULTS(cap) (((cap) >> 40 & 0xff) + 1) /* NFR */
#define VTD_CAP_FLUSH_MAX(cap) ((cap) >> 48 & 0x3f) /* MAMV */
#define VTD_CAP_FS_1G BIT_ULL(56)
#define VTD_CAP_FS_5 BIT_ULL(60)
#define VTD_ECAP 0x10
#define VTD_ECAP_QUEUE BIT_ULL(1)
#define VTD_ECAP_SNOOP BIT_ULL(7) /* SC */
#define VTD_ECAP_SCALABLE BIT_ULL(43) /* SMTS */
#define VTD_ECAP_SS BIT_ULL(46)
#define VTD_ECAP_FS BIT_ULL(47)
#define VTD_COMMAND 0x18
#define VTD_STATUS 0x1c
#define VTD_ENABLE BIT(31)
#define VTD_SET_ROOT BIT(30)
#define VTD_QUEUE_ENABLE BIT(26)
#define VTD_ONE_SHOT (BIT(30) | BIT(29) | BIT(27) | BIT(24)) /* commands that don't stay */
#define VTD_ROOT 0x20
#define VTD_ROOT_SCALABLE BIT_ULL(10)
#define VTD_FAULT_STATUS 0x34
#define VTD_FAULT_OVERFLOW BIT(0)
#define VTD_QUEUE_ERRORS (BIT(4) | BIT(5) | BIT(6))
#define VTD_FAULT_CONTROL 0x38
#define VTD_FAULT_MASK_INTERRUPT BIT(31)
#define VTD_QUEUE_HEAD 0x80
#define VTD_QUEUE_TAIL 0x88
#define VTD_QUEUE_BASE 0x90
#define VTD_QUEUE_WIDE BIT_ULL(11) /* descriptors of 256 bits */

/* Fault recording registers, 11.4.14: 128 bits. */
#define VTD_FAULT_SIZE 16
#define VTD_FAULT_VALID BIT_ULL(63)
#define VTD_FAULT_READ BIT_ULL(62)
#define VTD_FAULT_REASON(high) ((high) >> 32 & 0xff)
#define VTD_FAULT_SOURCE(high) ((high) & 0xffff)

/* Root, context and PASID entries, 9.1 to 9.6. */
#define VTD_PRESENT BIT_ULL(0)
#define VTD_CONTEXT_LEVELS(levels) ((u64)(levels) - 2)
#define VTD_CONTEXT_DOMAIN(domain) ((u64)(domain) << 8)
#define VTD_PASID_LEVELS(levels) (((u64)(levels) - 2) << 2)
#define VTD_PASID_FS (1ULL << 6) /* PGTT */
#define VTD_PASID_SS (2ULL << 6)
#define VTD_PASID_FS_LEVELS(levels) (((u64)(levels) - 4) << 2)
#define VTD_CONTEXTS_HALF 128 /* of scalable mode, in one table */

/* Descriptors, 6.5.2. */
#define VTD_FLUSH_CONTEXT 0x1ULL
#define VTD_FLUSH_CONTEXT_ALL (1ULL << 4)
#define VTD_FLUSH_CONTEXT_DEVICE (3ULL << 4)
#define VTD_FLUSH_TLB 0x2ULL
#define VTD_FLUSH_TLB_ALL (1ULL << 4)
#define VTD_FLUSH_TLB_DOMAIN (2ULL << 4)
#define VTD_FLUSH_TLB_PAGES (3ULL << 4)
#define VTD_FLUSH_TLB_DRAIN (3ULL << 6)
#define VTD_WAIT 0x5ULL
#define VTD_WAIT_STORE BIT_ULL(5)
#define VTD_FLUSH_FS_TLB 0x6ULL
#define VTD_FLUSH_FS_PASID (2ULL << 4)
#define VTD_FLUSH_FS_PAGES (3ULL << 4)
#define VTD_FLUSH_PASIDS 0x7ULL
#define VTD_FLUSH_PASIDS_DOMAIN (0ULL << 4)
#define VTD_FLUSH_PASIDS_ALL (3ULL << 4)
#define VTD_DOMAIN(domain) ((u64)(domain) << 16)
#define VTD_SOURCE(source) ((u64)(source) << 32)

#define VTD_DONE 0x600d600d
#define VTD_TIMEOUT (10 * USEC_PER_SEC)
#define VTD_REGISTERS SZ_4K

static struct vtd {
	struct mutex lock; /* guards the queue and the fault registers */
	void __iomem *regs;
	u64 cap;
	u64 ecap;
	u64 *root[2]; /* by mode */
	u64 *context;
	u64 *scalable_context[2]; /* devfn below 128, and the rest */
	u64 *directory[WALK_DEVICES];
	u64 *queue;
	u32 tail;
	u32 descriptor; /* bytes */
	u32 *done;
	u32 mode;
} vtd = { .lock = __MUTEX_INITIALIZER(vtd.lock) };

/* Where the first unit's registers are, or 0. DMAR's structures begin with type and length. */
static u64 registers(void)
{
	struct acpi_dmar_hardware_unit *hardware;
	struct acpi_dmar_header *entry;
	struct acpi_table_header *table;
	u64 address = 0;
	void *at, *end;

	if (ACPI_FAILURE(acpi_get_table(ACPI_SIG_DMAR, 0, &table)))
		return 0;
	end = (void *)table + table->length;
	for (at = (struct acpi_table_dmar *)table + 1; at < end && !address; at += entry->length) {
		entry = at;
		hardware = at;
		if (!entry->length)
			break;
		if (entry->type == ACPI_DMAR_TYPE_HARDWARE_UNIT)
			address = hardware->address;
	}
	acpi_put_table(table);
	return address;
}

static int command(u32 bit, bool on)
{
	u32 status = readl(vtd.regs + VTD_STATUS) & ~VTD_ONE_SHOT;

	writel(on ? status | bit : status & ~bit, vtd.regs + VTD_COMMAND);
	return readl_poll_timeout(vtd.regs + VTD_STATUS, status, !(status & bit) == !on, 10,
				  VTD_TIMEOUT);
}

static void submit(u64 low, u64 high)
{
	u64 *descriptor = (void *)vtd.queue + vtd.tail;

	memset(descriptor, 0, vtd.descriptor);
	descriptor[0] = low;
	descriptor[1] = high;
	vtd.tail = (vtd.tail + vtd.descriptor) % PAGE_SIZE;
}

/* Have the queue worked off; afterwards the unit has forgotten. */
static void submit_and_wait(u64 low, u64 high)
{
	u32 done;

	submit(low, high);
	WRITE_ONCE(*vtd.done, 0);
	submit(VTD_WAIT | VTD_WAIT_STORE | (u64)VTD_DONE << 32, virt_to_phys(vtd.done));
	wmb(); /* the descriptors, before the unit reads them */
	writeq(vtd.tail, vtd.regs + VTD_QUEUE_TAIL);
	WARN_ON(read_poll_timeout(READ_ONCE, done, done == VTD_DONE, 10, VTD_TIMEOUT, false,
				  *vtd.done));
	WARN_ON(readl(vtd.regs + VTD_FAULT_STATUS) & VTD_QUEUE_ERRORS);
}

static void flush_everything(void)
{
	mutex_lock(&vtd.lock);
	submit(VTD_FLUSH_CONTEXT | VTD_FLUSH_CONTEXT_ALL, 0);
	if (vtd.mode == WALK_SCALABLE)
		submit(VTD_FLUSH_PASIDS | VTD_FLUSH_PASIDS_ALL, 0);
	submit_and_wait(VTD_FLUSH_TLB | VTD_FLUSH_TLB_ALL | VTD_FLUSH_TLB_DRAIN, 0);
	mutex_unlock(&vtd.lock);
}

/* 6.5.3.3: a mode change by setting the root, then everything is to be flushed. */
static int set_mode(u32 mode)
{
	u64 root = virt_to_phys(vtd.root[mode]);
	int ret;

	writeq(root | (mode == WALK_SCALABLE ? VTD_ROOT_SCALABLE : 0), vtd.regs + VTD_ROOT);
	ret = command(VTD_SET_ROOT, true);
	vtd.mode = mode;
	if (!ret)
		flush_everything();
	return ret;
}

static void free_pages_of_unit(void)
{
	unsigned int i;

	for (i = 0; i < WALK_DEVICES; i++)
		free_page((unsigned long)vtd.directory[i]);
	free_page((unsigned long)vtd.root[WALK_LEGACY]);
	free_page((unsigned long)vtd.root[WALK_SCALABLE]);
	free_page((unsigned long)vtd.context);
	free_page((unsigned long)vtd.scalable_context[0]);
	free_page((unsigned long)vtd.scalable_context[1]);
	free_page((unsigned long)vtd.queue);
	free_page((unsigned long)vtd.done);
}

static bool new_page(void *where)
{
	void **page = where;

	*page = (void *)get_zeroed_page(GFP_KERNEL);
	return *page;
}

static int make_pages(void)
{
	bool made = new_page(&vtd.root[WALK_LEGACY]) && new_page(&vtd.root[WALK_SCALABLE]) &&
		    new_page(&vtd.context) && new_page(&vtd.scalable_context[0]) &&
		    new_page(&vtd.scalable_context[1]) && new_page(&vtd.queue) &&
		    new_page(&vtd.done);
	unsigned int i;

	for (i = 0; made && i < WALK_DEVICES; i++)
		made = new_page(&vtd.directory[i]);
	if (!made) {
		free_pages_of_unit();
		return -ENOMEM;
	}
	vtd.root[WALK_LEGACY][0] = virt_to_phys(vtd.context) | VTD_PRESENT;
	vtd.root[WALK_SCALABLE][0] = virt_to_phys(vtd.scalable_context[0]) | VTD_PRESENT;
	vtd.root[WALK_SCALABLE][1] = virt_to_phys(vtd.scalable_context[1]) | VTD_PRESENT;
	return 0;
}

static int switch_on(void)
{
	bool wide = vtd.ecap & VTD_ECAP_SCALABLE;
	int ret;

	if (readl(vtd.regs + VTD_STATUS) & (VTD_ENABLE | VTD_QUEUE_ENABLE))
		return -EBUSY;
	writel(VTD_FAULT_MASK_INTERRUPT, vtd.regs + VTD_FAULT_CONTROL);
	vtd.descriptor = wide ? 32 : 16;
	vtd.tail = 0;
	writeq(0, vtd.regs + VTD_QUEUE_TAIL);
	writeq(virt_to_phys(vtd.queue) | (wide ? VTD_QUEUE_WIDE : 0), vtd.regs + VTD_QUEUE_BASE);
	ret = command(VTD_QUEUE_ENABLE, true);
	if (!ret)
		ret = set_mode(WALK_LEGACY);
	if (!ret)
		ret = command(VTD_ENABLE, true);
	return ret;
}

static int vtd_start(void)
{
	u64 address = registers();
	int ret;

	if (!address)
		return -ENODEV;
	vtd.regs = ioremap(address, VTD_REGISTERS);
	if (!vtd.regs)
		return -ENOMEM;
	vtd.cap = readq(vtd.regs + VTD_CAP);
	vtd.ecap = readq(vtd.regs + VTD_ECAP);
	ret = vtd.ecap & VTD_ECAP_QUEUE ? make_pages() : -EOPNOTSUPP;
	if (!ret) {
		ret = switch_on();
		if (ret)
			free_pages_of_unit();
	}
	if (ret)
		iounmap(vtd.regs);
	return ret;
}

static void vtd_stop(void)
{
	WARN_ON(command(VTD_ENABLE, false));
	WARN_ON(command(VTD_QUEUE_ENABLE, false));
	iounmap(vtd.regs);
	free_pages_of_unit();
}

static void vtd_about(struct walk_about *about)
{
	about->capability = vtd.cap;
	about->extended = vtd.ecap;
}

static u64 first_stage_sizes(u32 mode, u32 levels)
{
	if (mode != WALK_SCALABLE || !(vtd.ecap & VTD_ECAP_FS))
		return 0;
	if (levels != 4 && !(levels == 5 && vtd.cap & VTD_CAP_FS_5))
		return 0;
	return SZ_4K | SZ_2M | (vtd.cap & VTD_CAP_FS_1G ? SZ_1G : 0);
}

static u64 second_stage_sizes(u32 mode, const struct ioasid_walker_table *table)
{
	u32 levels = table->levels;

	if (mode == WALK_SCALABLE && !(vtd.ecap & VTD_ECAP_SS))
		return 0;
	if (table->flags & IOASID_TABLE_ALLOC_COHERENT && !(vtd.ecap & VTD_ECAP_SNOOP))
		return 0;
	if (levels < 3 || levels > 5 || !VTD_CAP_LEVELS(vtd.cap, levels))
		return 0;
	return SZ_4K | (vtd.cap & VTD_CAP_SS_2M ? SZ_2M : 0) |
	       (vtd.cap & VTD_CAP_SS_1G ? SZ_1G : 0);
}

static u64 vtd_sizes(u32 mode, const struct ioasid_walker_table *table)
{
	if (mode == WALK_SCALABLE && !(vtd.ecap & VTD_ECAP_SCALABLE))
		return 0;
	switch (table->format) {
	case IOASID_FORMAT_X86_64:
		return first_stage_sizes(mode, table->levels);
	case IOASID_FORMAT_VTD_SS:
		return second_stage_sizes(mode, table);
	default:
		return 0;
	}
}

static bool is_first_stage(const struct walk_device *device)
{
	return device->table.format == IOASID_FORMAT_X86_64;
}

static u64 *context_entry(const struct walk_device *device, u32 *words)
{
	u32 devfn = device->source & 0xff;

	*words = device->mode == WALK_SCALABLE ? 4 : 2;
	if (device->mode == WALK_LEGACY)
		return vtd.context + devfn * 2;
	return vtd.scalable_context[devfn / VTD_CONTEXTS_HALF] + devfn % VTD_CONTEXTS_HALF * 4;
}

/* Whatever the unit knows of the device and its domain. */
static void flush_device(const struct walk_device *device)
{
	mutex_lock(&vtd.lock);
	submit(VTD_FLUSH_CONTEXT | VTD_FLUSH_CONTEXT_DEVICE | VTD_DOMAIN(device->domain) |
		       VTD_SOURCE(device->source),
	       0);
	if (device->mode == WALK_SCALABLE) {
		submit(VTD_FLUSH_PASIDS | VTD_FLUSH_PASIDS_DOMAIN | VTD_DOMAIN(device->domain), 0);
		submit(VTD_FLUSH_FS_TLB | VTD_FLUSH_FS_PASID | VTD_DOMAIN(device->domain), 0);
	}
	submit_and_wait(VTD_FLUSH_TLB | VTD_FLUSH_TLB_DOMAIN | VTD_FLUSH_TLB_DRAIN |
				VTD_DOMAIN(device->domain),
			0);
	mutex_unlock(&vtd.lock);
}

/* 9.3: the present bit is in the word that is written last. */
static void attach_legacy(struct walk_device *device)
{
	u32 words;
	u64 *entry = context_entry(device, &words);

	WRITE_ONCE(entry[1],
		   VTD_CONTEXT_LEVELS(device->table.levels) | VTD_CONTEXT_DOMAIN(device->domain));
	wmb(); /* the rest, before it is present */
	WRITE_ONCE(entry[0], device->table.root | VTD_PRESENT);
}

/* 9.6. The width of addresses is the second stage's; QEMU heeds it for the first stage, too. */
static void fill_pasid_entry(struct walk_device *device)
{
	u64 *entry = device->pasids;

	u64 levels = VTD_PASID_LEVELS(device->table.levels);

	entry[1] = device->domain;
	if (is_first_stage(device)) {
		entry[2] = device->table.root | VTD_PASID_FS_LEVELS(device->table.levels);
		entry[0] = levels | VTD_PASID_FS | VTD_PRESENT;
	} else {
		entry[0] = device->table.root | levels | VTD_PASID_SS | VTD_PRESENT;
	}
}

/* 9.4, 9.5. A directory of the least size, of which the first entry is used. */
static int attach_scalable(struct walk_device *device)
{
	u64 *directory = vtd.directory[device->number];
	u32 words;
	u64 *entry = context_entry(device, &words);

	device->pasids = (u64 *)get_zeroed_page(GFP_KERNEL);
	if (!device->pasids)
		return -ENOMEM;
	fill_pasid_entry(device);
	directory[0] = virt_to_phys(device->pasids) | VTD_PRESENT;
	wmb(); /* the rest, before it is present */
	WRITE_ONCE(entry[0], virt_to_phys(directory) | VTD_PRESENT);
	return 0;
}

static int vtd_attach(struct walk_device *device)
{
	int ret = 0;

	if (vtd.mode != device->mode)
		ret = set_mode(device->mode);
	if (!ret && device->mode == WALK_SCALABLE)
		ret = attach_scalable(device);
	else if (!ret)
		attach_legacy(device);
	if (!ret)
		flush_device(device);
	return ret;
}

static void vtd_detach(struct walk_device *device)
{
	u32 words;
	u64 *entry = context_entry(device, &words);

	WRITE_ONCE(entry[0], 0);
	wmb(); /* before the unit is told */
	flush_device(device);
	memset(entry, 0, words * sizeof(*entry));
	if (device->mode == WALK_SCALABLE) {
		vtd.directory[device->number][0] = 0;
		free_page((unsigned long)device->pasids);
		device->pasids = NULL;
	}
}

/* log2 of the pages of the smallest naturally aligned block that has the range in it. */
static unsigned int block_order(u64 iova, u64 last)
{
	u64 differ = (iova ^ last) >> PAGE_SHIFT;

	return differ ? ilog2(differ) + 1 : 0;
}

static void vtd_flush(struct walk_device *device, u64 iova, u64 last)
{
	unsigned int order = block_order(iova, last);
	bool pages = vtd.cap & VTD_CAP_PAGE_FLUSH && order <= VTD_CAP_FLUSH_MAX(vtd.cap);
	u64 high = pages ? ALIGN_DOWN(iova, PAGE_SIZE << order) | order : 0;
	u64 low;

	if (is_first_stage(device))
		low = VTD_FLUSH_FS_TLB | (pages ? VTD_FLUSH_FS_PAGES : VTD_FLUSH_FS_PASID);
	else
		low = VTD_FLUSH_TLB | VTD_FLUSH_TLB_DRAIN |
		      (pages ? VTD_FLUSH_TLB_PAGES : VTD_FLUSH_TLB_DOMAIN);
	mutex_lock(&vtd.lock);
	submit_and_wait(low | VTD_DOMAIN(device->domain), high);
	mutex_unlock(&vtd.lock);
}

/* One fault recording register; writing its valid bit frees it. */
static void take_fault(void __iomem *at, struct walk_faults *faults)
{
	u64 high = readq(at + 8);
	struct walk_fault *fault;

	if (!(high & VTD_FAULT_VALID))
		return;
	if (faults->count < WALK_FAULTS_MAX) {
		fault = &faults->fault[faults->count++];
		fault->address = ALIGN_DOWN(readq(at), SZ_4K);
		fault->device = walk_device_by_source(VTD_FAULT_SOURCE(high));
		fault->reason = VTD_FAULT_REASON(high);
		fault->write = !(high & VTD_FAULT_READ);
	} else {
		faults->lost = 1;
	}
	writeq(high, at + 8);
}

static void vtd_faults(struct walk_faults *faults)
{
	void __iomem *at = vtd.regs + VTD_CAP_FAULTS_AT(vtd.cap);
	unsigned int i;

	mutex_lock(&vtd.lock);
	for (i = 0; i < VTD_CAP_FAULTS(vtd.cap); i++)
		take_fault(at + i * VTD_FAULT_SIZE, faults);
	if (readl(vtd.regs + VTD_FAULT_STATUS) & VTD_FAULT_OVERFLOW) {
		faults->lost = 1;
		writel(VTD_FAULT_OVERFLOW, vtd.regs + VTD_FAULT_STATUS);
	}
	mutex_unlock(&vtd.lock);
}

const struct walk_unit walk_vtd = {
	.kind = WALK_VTD,
	.start = vtd_start,
	.stop = vtd_stop,
	.about = vtd_about,
	.sizes = vtd_sizes,
	.attach = vtd_attach,
	.detach = vtd_detach,
	.flush = vtd_flush,
	.faults = vtd_faults,
};
