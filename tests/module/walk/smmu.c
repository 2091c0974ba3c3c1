// SPDX-License-Identifier: GPL-2.0-only
/*
 * SMMUv3, as the Arm System Memory Management Unit Architecture Specification (IHI 0070) has it:
 * sections 3.5 (queues), 4 (commands), 5.2 (stream table entries), 5.4 (context descriptors), 6
 * (registers), 7.3 (events).
 *
 *	stream table	by stream id, here the requester id; an entry names a second stage's table,
 *			or a context descriptor
 *	context		names a first stage's table
 *	command queue	a ring of orders to the unit
 *	event queue	a ring of what the unit has to tell
 *
 * Streams that aren't ours bypass the unit, as interrupts of devices are writes that pass it, too.
 * An edu device that isn't attached is refused.
 */
#include <linux/delay.h>
#include <linux/gfp.h>
#include <linux/io.h>
#include <linux/iopoll.h>
#include <linux/log2.h>
#include <linux/mutex.h>
#include <linux/of.h>
#include <linux/of_address.h>
#include <linux/sizes.h>

#include "walk.h"

/* Registers, 6.3. */
#define SMMU_IDR0 0x00
#define SMMU_IDR0_SECOND BIT(0) /* S2P */
#define SMMU_IDR0_FIRST BIT(1) /* S1P */
#define SMMU_IDR0_COHERENT BIT(4) /* COHACC */
#define SMMU_IDR0_MARKS(idr0) ((idr0) >> 6 & 3) /* HTTU */
#define SMMU_IDR3 0x0c
#define SMMU_IDR3_RANGES BIT(10) /* RIL */
#define SMMU_IDR5 0x14
#define SMMU_IDR5_OAS(idr5) ((idr5) & 7)
#define SMMU_IDR5_4K BIT(4)
#define SMMU_CR0 0x20
#define SMMU_CR0ACK 0x24
#define SMMU_ENABLE BIT(0)
#define SMMU_EVENTS_ENABLE BIT(2)
#define SMMU_COMMANDS_ENABLE BIT(3)
#define SMMU_CR1 0x28
#define SMMU_CR1_WRITE_BACK 0xd75 /* inner shareable, write-back: queues and tables */
#define SMMU_STREAMS 0x80
#define SMMU_STREAMS_FORMAT 0x88 /* linear; log2 of the entries */
#define SMMU_COMMANDS 0x90
#define SMMU_COMMANDS_PROD 0x98
#define SMMU_COMMANDS_CONS 0x9c
#define SMMU_EVENTS 0xa0
#define SMMU_EVENTS_PROD 0x100a8
#define SMMU_EVENTS_CONS 0x100ac
#define SMMU_EVENTS_OVERFLOW BIT(31) /* in one of the two only: events were lost */
#define SMMU_REGISTERS SZ_128K

/* Stream table entries, 5.2: 512 bits. */
#define STE_WORDS 8
#define STE_VALID BIT_ULL(0)
#define STE_ABORT (0ULL << 1)
#define STE_BYPASS (4ULL << 1)
#define STE_FIRST (5ULL << 1)
#define STE_SECOND (6ULL << 1)
#define STE_CONTEXT_CACHED (1ULL << 2 | 1ULL << 4 | 3ULL << 6) /* S1CIR, S1COR, S1CSH */
#define STE_SHARED_AS_TOLD (1ULL << 44) /* SHCFG */
#define STE_VMID(vmid) ((u64)(vmid))
#define STE_BITS(bits) ((64ULL - (bits)) << 32) /* S2T0SZ */
#define STE_LEVELS(levels) (((u64)(levels) - 2) << 38) /* S2SL0, with 4 KiB */
#define STE_CACHED (1ULL << 40 | 1ULL << 42 | 3ULL << 44) /* S2IR0, S2OR0, S2SH0 */
#define STE_OUT(oas) ((u64)(oas) << 48) /* S2PS */
#define STE_64 BIT_ULL(51) /* S2AA64 */
#define STE_RECORD BIT_ULL(58) /* S2R */

/* Context descriptors, 5.4: 512 bits. */
#define CD_WORDS 8
#define CD_BITS(bits) (64ULL - (bits)) /* T0SZ */
#define CD_CACHED (1ULL << 8 | 1ULL << 10 | 3ULL << 12) /* IR0, OR0, SH0 */
#define CD_NO_UPPER_HALF BIT_ULL(30) /* EPD1 */
#define CD_VALID BIT_ULL(31)
#define CD_OUT(oas) ((u64)(oas) << 32) /* IPS */
#define CD_64 BIT_ULL(41) /* AA64 */
#define CD_RECORD BIT_ULL(45) /* R */
#define CD_ABORT BIT_ULL(46) /* A */
#define CD_OWN_ASID BIT_ULL(47) /* ASET */
#define CD_ASID(asid) ((u64)(asid) << 48)
#define CD_MAIR 0xff44ULL /* what the format counts on: non-cacheable, write-back */

/* Commands, 4: 128 bits. */
#define CMD_WORDS 2
#define CMD_FORGET_STREAM 0x03ULL /* CFGI_STE */
#define CMD_FORGET_ALL_STREAMS (0x04ULL) /* CFGI_STE_RANGE */
#define CMD_ALL_STREAMS 31ULL
#define CMD_FORGET_CONTEXT 0x05ULL /* CFGI_CD */
#define CMD_FLUSH_ASID 0x11ULL /* TLBI_NH_ASID */
#define CMD_FLUSH_ASID_PAGES 0x12ULL /* TLBI_NH_VA */
#define CMD_FLUSH_VMID 0x28ULL /* TLBI_S12_VMALL */
#define CMD_FLUSH_VMID_PAGES 0x2aULL /* TLBI_S2_IPA */
#define CMD_FLUSH_ALL 0x30ULL /* TLBI_NSNH_ALL */
#define CMD_SYNC 0x46ULL
#define CMD_STREAM(source) ((u64)(source) << 32)
#define CMD_VMID(vmid) ((u64)(vmid) << 32)
#define CMD_ASID(asid) ((u64)(asid) << 48)
#define CMD_PAGES(count, scale) (((u64)(count) - 1) << 12 | (u64)(scale) << 20)
#define CMD_PAGES_MAX 32
#define CMD_SCALE_MAX 31
#define CMD_4K (1ULL << 10) /* TG */
#define CMD_LEAF 1ULL

/* Events, 7.3: 256 bits. */
#define EVENT_WORDS 4
#define EVENT_TYPE(word) ((word) & 0xff)
#define EVENT_STREAM(word) ((word) >> 32)
#define EVENT_READ BIT_ULL(35) /* RnW, in the next word */

#define SMMU_STREAMS_LOG2 8 /* of bus 0 */
#define SMMU_STREAMS_COUNT (1 << SMMU_STREAMS_LOG2)
#define SMMU_STREAMS_ORDER get_order(SMMU_STREAMS_COUNT *STE_WORDS * sizeof(u64))
#define SMMU_COMMANDS_LOG2 8 /* both queues have a page */
#define SMMU_COMMANDS_COUNT (1 << SMMU_COMMANDS_LOG2)
#define SMMU_EVENTS_LOG2 7
#define SMMU_EVENTS_COUNT (1 << SMMU_EVENTS_LOG2)
#define SMMU_TIMEOUT (10 * USEC_PER_SEC)

static struct smmu {
	struct mutex lock; /* guards the queues */
	void __iomem *regs;
	u32 idr0;
	u32 idr3;
	u32 idr5;
	u64 *streams;
	u64 *contexts; /* by number of the device */
	u64 *commands;
	u64 *events;
	u32 tail; /* of the commands; wraps at twice their count, as queues do */
} smmu = { .lock = __MUTEX_INITIALIZER(smmu.lock) };

static void __iomem *registers(void)
{
	struct device_node *node = of_find_compatible_node(NULL, NULL, "arm,smmu-v3");
	struct resource where;
	int ret;

	if (!node)
		return NULL;
	ret = of_address_to_resource(node, 0, &where);
	of_node_put(node);
	return ret ? NULL : ioremap(where.start, SMMU_REGISTERS);
}

/* Whether the queue is full isn't asked for: whoever submits waits for them all, below its size. */
static void submit(u64 low, u64 high)
{
	u64 *command = smmu.commands + smmu.tail % SMMU_COMMANDS_COUNT * CMD_WORDS;

	command[0] = low;
	command[1] = high;
	smmu.tail = (smmu.tail + 1) % (2 * SMMU_COMMANDS_COUNT);
}

/* 4.7.3: what came before is done when the unit has consumed it. */
static void submit_sync(void)
{
	u32 at;

	submit(CMD_SYNC, 0);
	wmb(); /* the commands, before the unit reads them */
	writel(smmu.tail, smmu.regs + SMMU_COMMANDS_PROD);
	WARN_ON(readl_poll_timeout(smmu.regs + SMMU_COMMANDS_CONS, at, at == smmu.tail, 10,
				   SMMU_TIMEOUT));
}

static void free_pages_of_unit(void)
{
	free_pages((unsigned long)smmu.streams, SMMU_STREAMS_ORDER);
	free_page((unsigned long)smmu.contexts);
	free_page((unsigned long)smmu.commands);
	free_page((unsigned long)smmu.events);
}

static int make_pages(void)
{
	unsigned int i;

	smmu.streams = (u64 *)__get_free_pages(GFP_KERNEL | __GFP_ZERO, SMMU_STREAMS_ORDER);
	smmu.contexts = (u64 *)get_zeroed_page(GFP_KERNEL);
	smmu.commands = (u64 *)get_zeroed_page(GFP_KERNEL);
	smmu.events = (u64 *)get_zeroed_page(GFP_KERNEL);
	if (!smmu.streams || !smmu.contexts || !smmu.commands || !smmu.events) {
		free_pages_of_unit();
		return -ENOMEM;
	}
	for (i = 0; i < SMMU_STREAMS_COUNT; i++) {
		smmu.streams[i * STE_WORDS] =
			STE_VALID | (walk_device_by_source(i) == ~0 ? STE_BYPASS : STE_ABORT);
		smmu.streams[i * STE_WORDS + 1] = STE_SHARED_AS_TOLD;
	}
	return 0;
}

static int enable(u32 what)
{
	u32 enabled;

	writel(what, smmu.regs + SMMU_CR0);
	return readl_poll_timeout(smmu.regs + SMMU_CR0ACK, enabled, enabled == what, 10,
				  SMMU_TIMEOUT);
}

/* 6.3.9.6 has the order. */
static int switch_on(void)
{
	int ret = enable(0);

	if (ret)
		return ret;
	writel(SMMU_CR1_WRITE_BACK, smmu.regs + SMMU_CR1);
	writeq(virt_to_phys(smmu.streams), smmu.regs + SMMU_STREAMS);
	writel(SMMU_STREAMS_LOG2, smmu.regs + SMMU_STREAMS_FORMAT);
	writeq(virt_to_phys(smmu.commands) | SMMU_COMMANDS_LOG2, smmu.regs + SMMU_COMMANDS);
	smmu.tail = 0;
	writel(0, smmu.regs + SMMU_COMMANDS_PROD);
	writel(0, smmu.regs + SMMU_COMMANDS_CONS);
	ret = enable(SMMU_COMMANDS_ENABLE);
	if (ret)
		return ret;
	submit(CMD_FORGET_ALL_STREAMS, CMD_ALL_STREAMS);
	submit(CMD_FLUSH_ALL, 0);
	submit_sync();
	writeq(virt_to_phys(smmu.events) | SMMU_EVENTS_LOG2, smmu.regs + SMMU_EVENTS);
	writel(0, smmu.regs + SMMU_EVENTS_PROD);
	writel(0, smmu.regs + SMMU_EVENTS_CONS);
	ret = enable(SMMU_COMMANDS_ENABLE | SMMU_EVENTS_ENABLE);
	return ret ?: enable(SMMU_COMMANDS_ENABLE | SMMU_EVENTS_ENABLE | SMMU_ENABLE);
}

static int start(void)
{
	int ret;

	if (readl(smmu.regs + SMMU_CR0) & SMMU_ENABLE)
		return -EBUSY;
	smmu.idr0 = readl(smmu.regs + SMMU_IDR0);
	smmu.idr3 = readl(smmu.regs + SMMU_IDR3);
	smmu.idr5 = readl(smmu.regs + SMMU_IDR5);
	if (!(smmu.idr0 & SMMU_IDR0_COHERENT && smmu.idr5 & SMMU_IDR5_4K))
		return -EOPNOTSUPP;
	ret = make_pages();
	if (ret)
		return ret;
	ret = switch_on();
	if (ret)
		free_pages_of_unit();
	return ret;
}

static int smmu_start(void)
{
	int ret;

	smmu.regs = registers();
	if (!smmu.regs)
		return -ENODEV;
	ret = start();
	if (ret)
		iounmap(smmu.regs);
	return ret;
}

static void smmu_stop(void)
{
	WARN_ON(enable(0));
	iounmap(smmu.regs);
	free_pages_of_unit();
}

static void smmu_about(struct walk_about *about)
{
	about->capability = smmu.idr0;
	about->extended = smmu.idr5;
}

static bool is_first_stage(const struct ioasid_walker_table *table)
{
	return table->format == IOASID_FORMAT_ARM_S1;
}

/* 6.3.6, OAS: how wide what a second stage translates can be, too. */
static unsigned int out_bits(void)
{
	static const u8 bits[] = { 32, 36, 40, 42, 44, 48, 52, 56 };

	return bits[SMMU_IDR5_OAS(smmu.idr5)];
}

/* 3.4: with 4 KiB, all of VMSAv8-64's; whether it heeds the contiguous hint doesn't show. */
static u64 smmu_sizes(u32 mode, const struct ioasid_walker_table *table)
{
	if (mode != WALK_LEGACY)
		return 0;
	if (!is_first_stage(table) && table->format != IOASID_FORMAT_ARM_S2)
		return 0;
	if (!(smmu.idr0 & (is_first_stage(table) ? SMMU_IDR0_FIRST : SMMU_IDR0_SECOND)))
		return 0;
	if (!is_first_stage(table) && table->address_bits > out_bits())
		return 0;
	if (table->flags & IOASID_TABLE_ALLOC_TRACK && SMMU_IDR0_MARKS(smmu.idr0) < 2)
		return 0;
	return SZ_4K | SZ_64K | SZ_2M | SZ_32M | SZ_1G | SZ_16G;
}

static u64 *stream(const struct walk_device *device)
{
	return smmu.streams + device->source % SMMU_STREAMS_COUNT * STE_WORDS;
}

/* Whatever the unit knows of the device and its table. */
static void flush_device(const struct walk_device *device)
{
	mutex_lock(&smmu.lock);
	submit(CMD_FORGET_STREAM | CMD_STREAM(device->source), CMD_LEAF);
	submit(CMD_FORGET_CONTEXT | CMD_STREAM(device->source), CMD_LEAF);
	if (is_first_stage(&device->table))
		submit(CMD_FLUSH_ASID | CMD_ASID(device->domain), 0);
	else
		submit(CMD_FLUSH_VMID | CMD_VMID(device->domain), 0);
	submit_sync();
	mutex_unlock(&smmu.lock);
}

static void attach_first_stage(struct walk_device *device)
{
	u64 *context = smmu.contexts + device->number * CD_WORDS;
	u64 *entry = stream(device);

	context[1] = device->table.root;
	context[3] = CD_MAIR;
	context[0] = CD_BITS(device->table.address_bits) | CD_CACHED | CD_NO_UPPER_HALF | CD_VALID |
		     CD_OUT(SMMU_IDR5_OAS(smmu.idr5)) | CD_64 | CD_RECORD | CD_ABORT | CD_OWN_ASID |
		     CD_ASID(device->domain);
	entry[1] = STE_CONTEXT_CACHED | STE_SHARED_AS_TOLD;
	entry[2] = 0;
	entry[3] = 0;
	wmb(); /* the rest, before it is valid */
	WRITE_ONCE(entry[0], virt_to_phys(context) | STE_FIRST | STE_VALID);
}

static void attach_second_stage(struct walk_device *device)
{
	u64 *entry = stream(device);

	entry[1] = STE_SHARED_AS_TOLD;
	entry[2] = STE_VMID(device->domain) | STE_BITS(device->table.address_bits) |
		   STE_LEVELS(device->table.levels) | STE_CACHED |
		   STE_OUT(SMMU_IDR5_OAS(smmu.idr5)) | STE_64 | STE_RECORD;
	entry[3] = device->table.root;
	wmb(); /* the rest, before it is valid */
	WRITE_ONCE(entry[0], STE_SECOND | STE_VALID);
}

static int smmu_attach(struct walk_device *device)
{
	if (is_first_stage(&device->table))
		attach_first_stage(device);
	else
		attach_second_stage(device);
	flush_device(device);
	return 0;
}

static void smmu_detach(struct walk_device *device)
{
	WRITE_ONCE(*stream(device), STE_ABORT | STE_VALID);
	wmb(); /* before the unit is told */
	flush_device(device);
}

/*
 * 4.4.1: one command is for up to 32 times a power of two of pages. Each takes off all but what is
 * below a 16th of the rest, so that some ten are enough.
 */
static void submit_pages(u64 low, u64 iova, u64 pages)
{
	unsigned int scale;
	u64 count;

	while (pages) {
		scale = pages > CMD_PAGES_MAX ? ilog2(pages / CMD_PAGES_MAX) + 1 : 0;
		scale = min(scale, CMD_SCALE_MAX);
		count = min(pages >> scale, (u64)CMD_PAGES_MAX);
		submit(low | CMD_PAGES(count, scale), iova | CMD_4K);
		iova += count << scale << 12;
		pages -= count << scale;
	}
}

static void smmu_flush(struct walk_device *device, u64 iova, u64 last)
{
	bool first = is_first_stage(&device->table);
	u64 whom = first ? CMD_ASID(device->domain) : CMD_VMID(device->domain);

	iova = ALIGN_DOWN(iova, SZ_4K);
	mutex_lock(&smmu.lock);
	if (smmu.idr3 & SMMU_IDR3_RANGES)
		submit_pages((first ? CMD_FLUSH_ASID_PAGES : CMD_FLUSH_VMID_PAGES) | whom, iova,
			     (last - iova) / SZ_4K + 1);
	else
		submit((first ? CMD_FLUSH_ASID : CMD_FLUSH_VMID) | whom, 0);
	submit_sync();
	mutex_unlock(&smmu.lock);
}

static void take_event(const u64 *event, struct walk_faults *faults)
{
	struct walk_fault *fault;

	if (faults->count == WALK_FAULTS_MAX) {
		faults->lost = 1;
		return;
	}
	fault = &faults->fault[faults->count++];
	fault->address = event[2];
	fault->device = walk_device_by_source(EVENT_STREAM(event[0]));
	fault->reason = EVENT_TYPE(event[0]);
	fault->write = !(event[1] & EVENT_READ);
}

static void smmu_faults(struct walk_faults *faults)
{
	u32 head, tail, overflow;

	mutex_lock(&smmu.lock);
	head = readl(smmu.regs + SMMU_EVENTS_CONS);
	tail = readl(smmu.regs + SMMU_EVENTS_PROD);
	overflow = tail & SMMU_EVENTS_OVERFLOW;
	if ((head & SMMU_EVENTS_OVERFLOW) != overflow)
		faults->lost = 1;
	head %= 2 * SMMU_EVENTS_COUNT;
	tail %= 2 * SMMU_EVENTS_COUNT;
	while (head != tail) {
		take_event(smmu.events + head % SMMU_EVENTS_COUNT * EVENT_WORDS, faults);
		head = (head + 1) % (2 * SMMU_EVENTS_COUNT);
	}
	writel(head | overflow, smmu.regs + SMMU_EVENTS_CONS);
	mutex_unlock(&smmu.lock);
}

const struct walk_unit walk_smmu = {
	.kind = WALK_SMMUV3,
	.start = smmu_start,
	.stop = smmu_stop,
	.about = smmu_about,
	.sizes = smmu_sizes,
	.attach = smmu_attach,
	.detach = smmu_detach,
	.flush = smmu_flush,
	.faults = smmu_faults,
};
