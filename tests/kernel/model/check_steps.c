// SPDX-License-Identifier: GPL-2.0-only
/* Choosing steps, and what must be true after each. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "count.h"
#include "steps.h"

#define NOTES 24

struct model m;

static char notes[NOTES][160];
static unsigned int noted;
static unsigned int last_worker = WORKERS; /* whose counters are fresh; WORKERS: nobody's */

void note(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(notes[noted++ % NOTES], sizeof(notes[0]), format, args);
	va_end(args);
}

void notes_print(void)
{
	unsigned int i;

	fprintf(stderr, "The last operations:\n");
	for (i = noted < NOTES ? 0 : noted - NOTES; i < noted; i++)
		fprintf(stderr, "  %s\n", notes[i % NOTES]);
}

void some_range(unsigned int limit, unsigned int *first, unsigned int *pages)
{
	*pages = 1 + below(limit < 12 || once_in(12) ? limit : 12);
	*first = below(limit - *pages + 1);
}

void some_pages(unsigned int *first, unsigned int *pages)
{
	unsigned int before = once_in(8) ? 16 : 0;

	if (!once_in(14)) {
		some_range(PAGES - SMALL_FIRST + before, first, pages);
		*first += SMALL_FIRST - before;
	} else if (once_in(2)) {
		*pages = 512;
		*first = below(3) * 256;
	} else {
		some_range(HUGE_PAGES, first, pages);
	}
}

void some_huge(unsigned int *first, unsigned int *pages)
{
	*first = below(2) * HUGE_PAGES / 2;
	*pages = *first || once_in(2) ? HUGE_PAGES / 2 : HUGE_PAGES;
}

uint64_t some_iova(unsigned int pages, unsigned int first)
{
	if (once_in(50))
		return REACH - below(2 * pages);
	if (pages < 64)
		return below(SPACE);
	if (once_in(3))
		return below(HUGE_SPACE);
	return 512 * (1 + below(6)) + first % 512;
}

unsigned int some_user(unsigned int file)
{
	return file < SHARED_FILES ? below(WORKERS) : file - SHARED_FILES;
}

unsigned int some_caller(unsigned int file)
{
	return once_in(2) ? WORKERS : some_user(file);
}

unsigned int some_file(unsigned int worker)
{
	return once_in(SHARED_FILES + 1) ? SHARED_FILES + worker : below(SHARED_FILES);
}

struct ioas *some_ioas(unsigned int *worker)
{
	struct ioas *ioas = &m.ioases[below(IOASES)];

	*worker = some_user(ioas->file);
	return ioas->id ? ioas : NULL;
}

int call_on(unsigned int worker, unsigned int file, unsigned long request, void *argument,
	    size_t size)
{
	int ret = call_by(worker, files.fds[file], request, argument, size);

	if (ret)
		m.calls_refused++;
	else
		m.calls_ok++;
	last_worker = worker;
	return ret;
}

int command(unsigned int worker, enum command what, bool settle)
{
	struct channel *ch = channel(worker);
	int ret;

	ch->command = what;
	ch->settle = settle;
	ret = worker_do(worker);
	ch->settle = false;
	last_worker = worker;
	return ret;
}

static void (*const steps_of_model[])(void) = {
	step_map,      step_map,      step_map,	   step_map_large, step_map_pin,   step_map_pin,
	step_map_file, step_map_file, step_batch,  step_copy,	   step_copy,	   step_unmap,
	step_unmap,    step_unmap,    step_unmap,  step_pin,	   step_pin,	   step_unpin,
	step_dry_run,  step_memory,   step_memory, step_memory,	   step_write,	   step_write,
	step_write,    step_read,     step_read,   step_punch,	   step_fork,	   step_kill,
	step_ioas,     step_ioas,     step_table,  step_translate, step_translate, step_access,
	step_access,   step_access,   step_ranges, step_allow,	   step_reserve,   step_owner,
	step_option,   step_empty,    step_wrong,  step_list,
};

void step_any(void)
{
	steps_of_model[below(ARRAY_SIZE(steps_of_model))]();
}

static void count_pins(int mm, struct ioasid_query *sum, uint64_t *lost)
{
	struct pin *pin;

	for_each(pin, m.pins)
	{
		if (!pin->refs)
			continue;
		if (pin->owner == mm)
			sum->charged += pin->charged * PAGE;
		if (pin->domain != domain_of_mm(mm))
			continue;
		sum->pins++;
		sum->pinned += pin->pages * PAGE;
		sum->mappings += pin->mappings;
		sum->mapped += pin->mapped * PAGE;
		if (pin->mapped > pin->pages)
			sum->shared += (pin->mapped - pin->pages) * PAGE;
		if (pin->stale)
			sum->stale += pin->pages * PAGE;
		else if (pin->was_lost)
			*lost += pin->pages * PAGE;
	}
}

static void want_process_counts(unsigned int worker, const struct ioasid_query *now)
{
	struct ioasid_query sum = {};
	uint64_t lost = 0;

	count_pins(m.mm_of[worker], &sum, &lost);
	want(now->pins, sum.pins);
	want(now->pinned, sum.pinned);
	want(now->charged, sum.charged);
	want(now->mappings, sum.mappings);
	want(now->mapped, sum.mapped);
	want(now->shared, sum.shared);
	want_that(now->stale >= sum.stale);
	want_that(now->stale <= sum.stale + lost);
}

static void count_ioas(const struct ioas *ioas, struct ioasid_query *sum)
{
	const struct mapping *mapping;
	unsigned int i;

	for_each(mapping, ioas->mappings)
	{
		sum->mappings += mapping->used;
		sum->mapped += mapping->used ? mapping->segment.pages * PAGE : 0;
	}
	for (i = 0; i < TABLES; i++)
		sum->tables += ioas->tables[i] != 0;
}

static void count_file(unsigned int file, struct ioasid_query *sum)
{
	const struct handle *handle;
	const struct ioas *ioas;

	for_each(ioas, m.ioases)
	{
		if (!ioas->id || ioas->file != file)
			continue;
		sum->ioases++;
		count_ioas(ioas, sum);
	}
	for_each(handle, m.handles)
	{
		if (!handle->id || handle->file != file)
			continue;
		sum->pins++;
		sum->pinned += handle->segments.pages * PAGE;
	}
}

static void want_file_counts(unsigned int file)
{
	struct ioasid_query sum = {}, now = query_file(files.fds[file]);

	count_file(file, &sum);
	want(now.ioases, sum.ioases);
	want(now.mappings, sum.mappings);
	want(now.mapped, sum.mapped);
	want(now.tables, sum.tables);
	want(now.pins, sum.pins);
	want(now.pinned, sum.pinned);
}

static void want_ioas_counts(const struct ioas *ioas)
{
	struct ioasid_query sum = {}, now;

	if (!ioas->id)
		return;
	count_ioas(ioas, &sum);
	now = query_ioas(files.fds[ioas->file], ioas->id);
	want(now.mappings, sum.mappings);
	want(now.mapped, sum.mapped);
	want(now.tables, sum.tables);
	if (!sum.mapped)
		want(now.table_memory, sum.tables * PAGE);
}

void check_step(void)
{
	if (last_worker == WORKERS && once_in(3))
		command(below(WORKERS), COMMAND_SETTLE, false);
	if (last_worker < WORKERS)
		want_process_counts(last_worker, &channel(last_worker)->after);
	want_file_counts(below(FILES));
	want_ioas_counts(&m.ioases[below(IOASES)]);
}

static void check_worker(unsigned int worker)
{
	uint64_t charged = 0, locked = 0;
	struct pin *pin;

	command(worker, COMMAND_SETTLE, false);
	want_process_counts(worker, &channel(worker)->after);
	pins_compare(worker);
	for_each(pin, m.pins)
	{
		if (!pin->refs || pin->owner != m.mm_of[worker])
			continue;
		charged += pin->charged * PAGE;
		if (pin->mode == IOASID_CHARGE_MM)
			locked += pin->charged * PAGE;
	}
	want(status_of(worker_pid(worker), "VmPin:"), charged);
	want(status_of(worker_pid(worker), "VmLck:"), locked);
}

static void check_audit(void)
{
	struct ioasid_audit now = audit(), sum = {};
	struct pin *pin;

	for_each(pin, m.pins)
	{
		if (!pin->refs)
			continue;
		sum.pins++;
		sum.pinned += pin->pages * PAGE;
		sum.charged += pin->charged * PAGE;
		sum.mappings += pin->mappings;
		sum.mapped += pin->mapped * PAGE;
	}
	want(now.pins, sum.pins);
	want(now.pinned, sum.pinned);
	want(now.charged, sum.charged);
	want(now.mappings, sum.mappings);
	want(now.mapped, sum.mapped);
	want(now.in_flight, 0);
	want(system_pinned() - m.system_pinned, sum.pinned / PAGE);
}

static void check_table(struct ioas *ioas, uint32_t table, const struct mapping *mapping)
{
	if (!table)
		return;
	want_translation(ioas, table, mapping->iova);
	want_translation(ioas, table, mapping->iova + mapping->segment.pages - 1);
}

static void check_tables(struct ioas *ioas)
{
	struct mapping *mapping;
	unsigned int i;

	if (!ioas->id)
		return;
	for_each(mapping, ioas->mappings)
	{
		if (!mapping->used)
			continue;
		want_translation(ioas, ioas->id, mapping->iova);
		for (i = 0; i < TABLES; i++)
			check_table(ioas, ioas->tables[i], mapping);
	}
}

void check_everything(void)
{
	struct ioas *ioas;
	unsigned int i;

	note("everything is checked");
	for (i = 0; i < WORKERS; i++)
		check_worker(i);
	for (i = 0; i < FILES; i++)
		want_file_counts(i);
	for_each(ioas, m.ioases)
	{
		want_ioas_counts(ioas);
		check_tables(ioas);
	}
	check_audit();
}
