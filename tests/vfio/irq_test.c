// SPDX-License-Identifier: GPL-2.0-only
/*
 * Interrupts of edu devices, by eventfd, as MSIs and on a wire: each comes once, also while what
 * they tell of is DMA that goes through an address space.
 */
#include <criterion/criterion.h>
#include <string.h>
#include <unistd.h>

#include "backend.h"
#include "check.h"
#include "container.h"
#include "edu.h"
#include "group.h"
#include "interrupt.h"
#include "memory.h"
#include "random.h"

#define FACTORIAL 0x08
#define STATUS 0x20
#define STATUS_BUSY 0x01
#define STATUS_INTERRUPT 0x80 /* tell when the factorial is there */
#define CAUSE 0x24
#define CAUSE_FACTORIAL 0x001
#define CAUSE_DMA 0x100
#define RAISE 0x60
#define ACKNOWLEDGE 0x64

#define IOVA_BASE (1ULL << 32)
#define PAGE 4096ULL

static struct edu edus[EDUS];
static struct interrupt interrupts[EDUS];
static int container;

/* All devices in one container, each with its interrupt. */
static void set_up(enum backend backend, enum interrupt_kind kind)
{
	unsigned int i;

	backend_use(backend);
	edu_find(edus);
	container = container_open();
	for (i = 0; i < EDUS; i++)
		want(group_attach(edus[i].group, container), 0);
	want(container_set_iommu(container, VFIO_TYPE1v2_IOMMU), 0);
	want(backend_of(container), backend);
	for (i = 0; i < EDUS; i++) {
		edu_open(&edus[i]);
		interrupts[i] = interrupt_enable(edus[i].device, kind);
	}
}

static void tear_down(void)
{
	unsigned int i;

	for (i = 0; i < EDUS; i++) {
		want(interrupt_count(&interrupts[i]), 0);
		interrupt_disable(&interrupts[i]);
	}
	edu_forget(edus);
	want(close(container), 0);
}

#define EACH_WAY(name)                                  \
	Test(irq, name##_type1_msi)                     \
	{                                               \
		set_up(BACKEND_TYPE1, INTERRUPT_MSI);   \
		name();                                 \
		tear_down();                            \
	}                                               \
	Test(irq, name##_type1_intx)                    \
	{                                               \
		set_up(BACKEND_TYPE1, INTERRUPT_INTX);  \
		name();                                 \
		tear_down();                            \
	}                                               \
	Test(irq, name##_ioasid_msi)                    \
	{                                               \
		set_up(BACKEND_IOASID, INTERRUPT_MSI);  \
		name();                                 \
		tear_down();                            \
	}                                               \
	Test(irq, name##_ioasid_intx)                   \
	{                                               \
		set_up(BACKEND_IOASID, INTERRUPT_INTX); \
		name();                                 \
		tear_down();                            \
	}

static volatile uint32_t *at(unsigned int i, unsigned int number)
{
	return (volatile uint32_t *)(edus[i].registers + number);
}

/* One interrupt has come, for this cause and no other; nor from any other device. */
static void take(unsigned int i, uint32_t cause)
{
	want(interrupt_wait(&interrupts[i]), 1);
	want(*at(i, CAUSE), cause);
	*at(i, ACKNOWLEDGE) = cause;
	want(*at(i, CAUSE), 0);
	interrupt_done(&interrupts[i]);
}

/* Any bits can be raised by hand: 1009 times, from one device after the other. */
static void raised(void)
{
	uint64_t n = runs(1009, 101), i;

	for (i = 0; i < n; i++) {
		context("interrupt %llu", (unsigned long long)i);
		*at(i % EDUS, RAISE) = i + 1;
		take(i % EDUS, i + 1);
	}
}
EACH_WAY(raised)

/* 12! is the last that fits. */
static void factorials(void)
{
	uint64_t n = runs(97, 13), i;

	for (i = 0; i < n; i++) {
		uint32_t number = i % 13, product = 1, j;
		unsigned int edu = i % EDUS;

		for (j = 2; j <= number; j++)
			product *= j;
		context("factorial of %u", number);
		*at(edu, STATUS) = STATUS_INTERRUPT;
		*at(edu, FACTORIAL) = number;
		take(edu, CAUSE_FACTORIAL);
		want(*at(edu, FACTORIAL), product);
		want(*at(edu, STATUS) & STATUS_BUSY, 0);
	}
}
EACH_WAY(factorials)

/*
 * DMA that tells by an interrupt that it is over. All devices at once: each takes a page into its
 * buffer and puts it elsewhere; the page is right as soon as the interrupt is there.
 */
static void dma(void)
{
	const uint64_t length = EDUS * PAGE;
	uint64_t rounds = runs(16, 1), round, total = 0;
	char *source = anon(length), *target = anon(length);
	unsigned int i;

	want(container_map(container, source, length, IOVA_BASE, MAP_READ), 0);
	want(container_map(container, target, length, IOVA_BASE + length, MAP_WRITE), 0);
	for (round = 0; round < rounds; round++) {
		context("round %llu", (unsigned long long)round);
		fill(source, length, round);
		memset(target, 0, length);
		for (i = 0; i < EDUS; i++)
			edu_start_read_loud(&edus[i], IOVA_BASE + i * PAGE, PAGE);
		for (i = 0; i < EDUS; i++, total++)
			take(i, CAUSE_DMA);
		for (i = 0; i < EDUS; i++)
			edu_start_write_loud(&edus[i], IOVA_BASE + length + i * PAGE, PAGE);
		for (i = 0; i < EDUS; i++, total++) {
			take(i, CAUSE_DMA);
			want_filled(target + i * PAGE, PAGE, round, i * PAGE);
		}
	}
	want(total, rounds * EDUS * 2);
	want(container_unmap(container, IOVA_BASE, 2 * length, NULL), 0);
}
EACH_WAY(dma)
