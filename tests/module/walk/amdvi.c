// SPDX-License-Identifier: GPL-2.0-only
/*
 * AMD-Vi, as the AMD I/O Virtualization Technology (IOMMU) Specification has it: sections 2.2.2
 * (device table), 2.4 (commands), 2.5 (event log), 3.4 (registers), 5.2 (the ACPI table IVRS).
 *
 *	device table	by requester id; an entry names the page table. What isn't valid in it
 *			passes untranslated
 *	command buffer	a ring of orders to the unit
 *	event log	a ring of what the unit has to tell
 */
#include <linux/acpi.h>
#include <linux/delay.h>
#include <linux/gfp.h>
#include <linux/io.h>
#include <linux/iopoll.h>
#include <linux/mutex.h>
#include <linux/sizes.h>

#include "walk.h"

/* Registers, 3.4. */
#define AMD_DEVICE_TABLE 0x00
#define AMD_COMMANDS 0x08
#define AMD_EVENTS 0x10
#define AMD_RING_256 (8ULL << 56) /* entries of 16 bytes: a page */
#define AMD_CONTROL 0x18
#define AMD_ENABLE BIT_ULL(0)
#define AMD_EVENTS_ENABLE BIT_ULL(2)
#define AMD_COMMANDS_ENABLE BIT_ULL(12)
#define AMD_FEATURES 0x30
#define AMD_FEATURES_LEVELS(features) (((features) >> 10 & 3) + 4) /* HATS */
#define AMD_COMMAND_HEAD 0x2000
#define AMD_COMMAND_TAIL 0x2008
#define AMD_EVENT_HEAD 0x2010
#define AMD_EVENT_TAIL 0x2018
#define AMD_STATUS 0x2020
#define AMD_STATUS_OVERFLOW BIT_ULL(0)
#define AMD_REGISTERS SZ_16K

/* Device table entries, 2.2.2.1: 256 bits. */
#define AMD_ENTRY_WORDS 4
#define AMD_ENTRY_VALID BIT_ULL(0)
#define AMD_ENTRY_TRANSLATE BIT_ULL(1)
#define AMD_ENTRY_LEVELS(levels) ((u64)(levels) << 9)
#define AMD_ENTRY_READ BIT_ULL(61)
#define AMD_ENTRY_WRITE BIT_ULL(62)

/* Commands, 2.4: 128 bits. */
#define AMD_COMPLETION_WAIT (1ULL << 60)
#define AMD_COMPLETION_STORE BIT_ULL(0)
#define AMD_FLUSH_ENTRY (2ULL << 60)
#define AMD_FLUSH_PAGES (3ULL << 60)
#define AMD_FLUSH_DOMAIN(domain) ((u64)(domain) << 32)
#define AMD_FLUSH_LARGE BIT_ULL(0) /* the address's low one bits tell the size */
#define AMD_FLUSH_TABLES BIT_ULL(1) /* also what is cached of tables */
#define AMD_FLUSH_ALL 0x7ffffffffffff000ULL

/* Events, 2.5: 128 bits. */
#define AMD_EVENT_CODE(low) ((low) >> 60)
#define AMD_EVENT_DEVICE(low) ((low) & 0xffff)
#define AMD_EVENT_FLAGS(low) ((low) >> 48)
#define AMD_EVENT_WRITE BIT_ULL(53) /* RW */

#define AMD_RING_ENTRY 16
#define AMD_DONE 0x600d600dULL
#define AMD_TIMEOUT (10 * USEC_PER_SEC)

/* Devices of bus 0. */
#define AMD_DEVICES 256
#define AMD_TABLE_BYTES (AMD_DEVICES * AMD_ENTRY_WORDS * sizeof(u64))
#define AMD_TABLE_ORDER 1

static struct amdvi {
	struct mutex lock; /* guards the rings */
	void __iomem *regs;
	u64 features;
	u64 *table;
	u64 *commands;
	u64 *events;
	u64 *done;
	u32 tail;
} amdvi = { .lock = __MUTEX_INITIALIZER(amdvi.lock) };

/* Where the first unit's registers are, or 0. IVRS's blocks begin with type and length. */
static u64 registers(void)
{
	struct acpi_ivrs_hardware_10 *hardware;
	struct acpi_ivrs_header *entry;
	struct acpi_table_header *table;
	u64 address = 0;
	void *at, *end;

	if (ACPI_FAILURE(acpi_get_table(ACPI_SIG_IVRS, 0, &table)))
		return 0;
	end = (void *)table + table->length;
	for (at = (struct acpi_table_ivrs *)table + 1; at < end && !address; at += entry->length) {
		entry = at;
		hardware = at;
		if (!entry->length)
			break;
		if (entry->type == ACPI_IVRS_TYPE_HARDWARE1)
			address = hardware->base_address;
	}
	acpi_put_table(table);
	return address;
}

static void submit(u64 low, u64 high)
{
	u64 *command = (void *)amdvi.commands + amdvi.tail;

	command[0] = low;
	command[1] = high;
	amdvi.tail = (amdvi.tail + AMD_RING_ENTRY) % PAGE_SIZE;
}

/* Have the commands obeyed; afterwards the unit has forgotten. */
static void submit_and_wait(u64 low, u64 high)
{
	u64 done;

	submit(low, high);
	WRITE_ONCE(*amdvi.done, 0);
	submit(AMD_COMPLETION_WAIT | AMD_COMPLETION_STORE | virt_to_phys(amdvi.done), AMD_DONE);
	wmb(); /* the commands, before the unit reads them */
	writeq(amdvi.tail, amdvi.regs + AMD_COMMAND_TAIL);
	WARN_ON(read_poll_timeout(READ_ONCE, done, done == AMD_DONE, 10, AMD_TIMEOUT, false,
				  *amdvi.done));
}

static void free_pages_of_unit(void)
{
	free_pages((unsigned long)amdvi.table, AMD_TABLE_ORDER);
	free_page((unsigned long)amdvi.commands);
	free_page((unsigned long)amdvi.events);
	free_page((unsigned long)amdvi.done);
}

static int make_pages(void)
{
	amdvi.table = (u64 *)__get_free_pages(GFP_KERNEL | __GFP_ZERO, AMD_TABLE_ORDER);
	amdvi.commands = (u64 *)get_zeroed_page(GFP_KERNEL);
	amdvi.events = (u64 *)get_zeroed_page(GFP_KERNEL);
	amdvi.done = (u64 *)get_zeroed_page(GFP_KERNEL);
	if (amdvi.table && amdvi.commands && amdvi.events && amdvi.done)
		return 0;
	free_pages_of_unit();
	return -ENOMEM;
}

static void switch_on(void)
{
	writeq(virt_to_phys(amdvi.table) | (AMD_TABLE_BYTES / SZ_4K - 1),
	       amdvi.regs + AMD_DEVICE_TABLE);
	writeq(virt_to_phys(amdvi.commands) | AMD_RING_256, amdvi.regs + AMD_COMMANDS);
	writeq(virt_to_phys(amdvi.events) | AMD_RING_256, amdvi.regs + AMD_EVENTS);
	amdvi.tail = 0;
	writeq(0, amdvi.regs + AMD_COMMAND_HEAD);
	writeq(0, amdvi.regs + AMD_COMMAND_TAIL);
	writeq(0, amdvi.regs + AMD_EVENT_HEAD);
	writeq(0, amdvi.regs + AMD_EVENT_TAIL);
	writeq(AMD_EVENTS_ENABLE | AMD_COMMANDS_ENABLE, amdvi.regs + AMD_CONTROL);
	writeq(AMD_ENABLE | AMD_EVENTS_ENABLE | AMD_COMMANDS_ENABLE, amdvi.regs + AMD_CONTROL);
}

static int amdvi_start(void)
{
	u64 address = registers();
	int ret;

	if (!address)
		return -ENODEV;
	amdvi.regs = ioremap(address, AMD_REGISTERS);
	if (!amdvi.regs)
		return -ENOMEM;
	amdvi.features = readq(amdvi.regs + AMD_FEATURES);
	ret = readq(amdvi.regs + AMD_CONTROL) & AMD_ENABLE ? -EBUSY : make_pages();
	if (ret)
		iounmap(amdvi.regs);
	else
		switch_on();
	return ret;
}

static void amdvi_stop(void)
{
	writeq(0, amdvi.regs + AMD_CONTROL);
	iounmap(amdvi.regs);
	free_pages_of_unit();
}

static void amdvi_about(struct walk_about *about)
{
	about->extended = amdvi.features;
}

/* 2.2.3: every power of two that a table reaches, by entries of next level 7. */
static u64 amdvi_sizes(u32 mode, const struct ioasid_walker_table *table)
{
	if (mode != WALK_LEGACY || table->format != IOASID_FORMAT_AMD_V1)
		return 0;
	if (!table->levels || table->levels > AMD_FEATURES_LEVELS(amdvi.features))
		return 0;
	return GENMASK_ULL(min(table->address_bits, 64U) - 1, 12);
}

static void flush_domain(const struct walk_device *device)
{
	submit_and_wait(AMD_FLUSH_PAGES | AMD_FLUSH_DOMAIN(device->domain),
			AMD_FLUSH_ALL | AMD_FLUSH_LARGE | AMD_FLUSH_TABLES);
}

static u64 *table_entry(const struct walk_device *device)
{
	return amdvi.table + device->source % AMD_DEVICES * AMD_ENTRY_WORDS;
}

static void flush_device(const struct walk_device *device)
{
	mutex_lock(&amdvi.lock);
	submit(AMD_FLUSH_ENTRY | device->source, 0);
	flush_domain(device);
	mutex_unlock(&amdvi.lock);
}

static int amdvi_attach(struct walk_device *device)
{
	u64 *entry = table_entry(device);
	bool write = !(device->flags & WALK_ATTACH_READ_ONLY);

	WRITE_ONCE(entry[1], device->domain);
	wmb(); /* the rest, before it is valid */
	WRITE_ONCE(entry[0], device->table.root | AMD_ENTRY_LEVELS(device->table.levels) |
				     AMD_ENTRY_READ | (write ? AMD_ENTRY_WRITE : 0) |
				     AMD_ENTRY_TRANSLATE | AMD_ENTRY_VALID);
	flush_device(device);
	return 0;
}

static void amdvi_detach(struct walk_device *device)
{
	u64 *entry = table_entry(device);

	/* Valid without rights: nothing passes until it is attached again. */
	WRITE_ONCE(entry[0], AMD_ENTRY_VALID | AMD_ENTRY_TRANSLATE);
	wmb(); /* before the unit is told */
	flush_device(device);
}

/* 2.4.3: the address of a large flush has ones up to below the size's highest bit, then a zero. */
static void amdvi_flush(struct walk_device *device, u64 iova, u64 last)
{
	u64 differ = (iova ^ last) >> PAGE_SHIFT;
	unsigned int order = differ ? fls64(differ) : 0;
	u64 size = (u64)PAGE_SIZE << order;
	u64 at = ALIGN_DOWN(iova, size);

	mutex_lock(&amdvi.lock);
	if (order > 31)
		flush_domain(device);
	else
		submit_and_wait(AMD_FLUSH_PAGES | AMD_FLUSH_DOMAIN(device->domain),
				at | (order ? (size / 2 - 1) & PAGE_MASK : 0) |
					(order ? AMD_FLUSH_LARGE : 0) | AMD_FLUSH_TABLES);
	mutex_unlock(&amdvi.lock);
}

static void take_event(const u64 *event, struct walk_faults *faults)
{
	struct walk_fault *fault;

	if (faults->count == WALK_FAULTS_MAX) {
		faults->lost = 1;
		return;
	}
	fault = &faults->fault[faults->count++];
	fault->address = event[1];
	fault->device = walk_device_by_source(AMD_EVENT_DEVICE(event[0]));
	fault->reason = AMD_EVENT_FLAGS(event[0]);
	fault->write = !!(event[0] & AMD_EVENT_WRITE);
}

static void amdvi_faults(struct walk_faults *faults)
{
	u64 head, tail;

	mutex_lock(&amdvi.lock);
	head = readq(amdvi.regs + AMD_EVENT_HEAD);
	tail = readq(amdvi.regs + AMD_EVENT_TAIL);
	while (head != tail) {
		take_event((void *)amdvi.events + head, faults);
		head = (head + AMD_RING_ENTRY) % PAGE_SIZE;
	}
	writeq(head, amdvi.regs + AMD_EVENT_HEAD);
	if (readq(amdvi.regs + AMD_STATUS) & AMD_STATUS_OVERFLOW) {
		faults->lost = 1;
		writeq(AMD_STATUS_OVERFLOW, amdvi.regs + AMD_STATUS);
	}
	mutex_unlock(&amdvi.lock);
}

const struct walk_unit walk_amdvi = {
	.kind = WALK_AMDVI,
	.flags = WALK_ATTACH_READ_ONLY,
	.start = amdvi_start,
	.stop = amdvi_stop,
	.about = amdvi_about,
	.sizes = amdvi_sizes,
	.attach = amdvi_attach,
	.detach = amdvi_detach,
	.flush = amdvi_flush,
	.faults = amdvi_faults,
};
