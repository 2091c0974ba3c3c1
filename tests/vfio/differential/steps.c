// SPDX-License-Identifier: GPL-2.0-only
#include "steps.h"

#include <stdarg.h>
#include <stdio.h>
#include <sys/utsname.h>

#include "check.h"

#define MANY 0x1000000ULL
#define APERTURE_39 (1ULL << 39)
#define APERTURE_48 (1ULL << 48)
#define AMD_RESERVED 0xfd00000000ULL

static const struct {
	void (*step)(struct world *world);
	unsigned int weight;
} menu[] = {
	{ step_map, 360 },  { step_unmap, 280 },      { step_unmap_all, 6 }, { step_vaddr, 30 },
	{ step_dirty, 60 }, { step_unmap_dirty, 30 }, { step_info, 30 },     { step_extension, 20 },
	{ step_other, 20 }, { step_memory, 60 },      { step_attach, 20 },   { step_detach, 10 },
	{ step_read, 30 },  { step_write, 15 },
};

static bool kernel_is_before(int version, int patchlevel)
{
	struct utsname name;
	int a = 0, b = 0;

	want(uname(&name), 0);
	want(sscanf(name.release, "%d.%d", &a, &b), 2);
	return a < version || (a == version && b < patchlevel);
}

bool type1_finds(uint64_t iova, uint64_t size)
{
	return !size || iova + size || !kernel_is_before(6, 18);
}

void told(struct world *world, enum kind kind, int ret, const char *format, ...)
{
	char text[2048];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (ret >= 0)
		world->record->successes[kind]++;
	record_line(world->record, "%s = %d", text, ret);
}

/* A few pages before or after a place where something begins or ends. */
static uint64_t near(struct world *world, uint64_t place)
{
	return place + (rng_below(&world->rng, 9) - 4) * PAGE;
}

uint64_t some_iova(struct world *world)
{
	struct rng *rng = &world->rng;

	switch (rng_below(rng, 24)) {
	case 0:
		return near(world, 0);
	case 1:
		return near(world, MSI + rng_below(rng, 2) * MIB);
	case 2:
		return near(world, APERTURE_39);
	case 3:
		return near(world, APERTURE_48);
	case 4:
		return near(world, AMD_RESERVED);
	case 5:
		return rng_next(rng);
	case 6:
		return rng_next(rng) & ~(PAGE - 1);
	case 7:
		return MANY + rng_below(rng, MIB);
	case 8 ... 10:
		return MANY + rng_below(rng, 16) * HUGE_2M;
	default:
		return MANY + rng_below(rng, 1024) * PAGE;
	}
}

uint64_t some_size(struct world *world)
{
	struct rng *rng = &world->rng;

	switch (rng_below(rng, 24)) {
	case 0:
		return 0;
	case 1:
		return rng_below(rng, MIB);
	case 2:
		return rng_next(rng);
	case 3:
		return -rng_below(rng, 64) * PAGE;
	case 4:
		return rng_next(rng) >> rng_below(rng, 52) & ~(PAGE - 1);
	case 5 ... 7:
		return (1 + rng_below(rng, 2)) * HUGE_2M;
	case 8 ... 12:
		return (1 + rng_below(rng, 128)) * PAGE;
	default:
		return (1 + rng_below(rng, 16)) * PAGE;
	}
}

uint64_t some_offset(struct world *world)
{
	struct rng *rng = &world->rng;
	const struct part *part = &parts[rng_below(rng, AREAS)];

	switch (rng_below(rng, 24)) {
	case 0:
		return rng_below(rng, ARENA_SIZE);
	case 1:
		return part->offset + part->size - (1 + rng_below(rng, 8)) * PAGE;
	case 2 ... 8:
		return part->offset;
	default:
		part = &parts[rng_below(rng, AREA_HOLE)];
		return part->offset + rng_below(rng, part->size / PAGE) * PAGE;
	}
}

uint32_t some_argsz(struct world *world, uint32_t right)
{
	switch (rng_below(&world->rng, 40)) {
	case 0:
		return rng_below(&world->rng, right);
	case 1:
		return right + rng_below(&world->rng, PAGE);
	default:
		return right;
	}
}

static void one_step(struct world *world)
{
	unsigned int total = 0, i;
	uint64_t chosen;

	for (i = 0; i < ARRAY_SIZE(menu); i++)
		total += menu[i].weight;
	chosen = rng_below(&world->rng, total);
	for (i = 0; chosen >= menu[i].weight; i++)
		chosen -= menu[i].weight;
	menu[i].step(world);
}

void steps_make(struct world *world, uint64_t count)
{
	uint64_t i;

	for (i = 0; i < EDUS; i++)
		step_attach(world);
	for (i = 0; i < count; i++)
		one_step(world);
}
