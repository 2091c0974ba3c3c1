// SPDX-License-Identifier: GPL-2.0-only
/* Steps of the processes with their memory. */
#include <string.h>

#include "steps.h"

#define HUGE (HUGE_2M / PAGE)

/*
 * A change of the page table makes pins suspect, and those that are mapped are looked at in the
 * background: wait for that, as it decides which pins there are. A part of a huge page is all of
 * it.
 */
static bool disturbs(unsigned int worker, unsigned int first, unsigned int pages)
{
	unsigned int end = first + pages;

	if (first < HUGE_PAGES) {
		first &= ~(HUGE - 1);
		if (end < HUGE_PAGES)
			end = (end + HUGE - 1) & ~(HUGE - 1);
	}
	return any_mapped(domain_of_mm(m.mm_of[worker]), first, end - first);
}

static int change(unsigned int worker, enum command what, unsigned int first, unsigned int pages)
{
	struct channel *ch = channel(worker);

	ch->first = first;
	ch->pages = pages;
	return command(worker, what, disturbs(worker, first, pages));
}

static bool has_holes(const struct mm *mm, unsigned int first, unsigned int pages)
{
	unsigned int i;

	for (i = first; i < first + pages; i++)
		if (!mm->mapped[i])
			return true;
	return false;
}

static void forget(struct mm *mm, unsigned int page)
{
	bool readonly = mm->readonly[page];

	if (page >= FILE_FIRST || !mm->mapped[page])
		return;
	mm_replace(mm, page, 1);
	mm->readonly[page] = readonly;
}

static void do_dontneed(unsigned int worker, unsigned int first, unsigned int pages)
{
	struct mm *mm = mm_of(worker);
	unsigned int i;

	want(change(worker, COMMAND_DONTNEED, first, pages),
	     has_holes(mm, first, pages) ? -ENOMEM : 0);
	for (i = first; i < first + pages; i++)
		forget(mm, i);
}

static void do_protect(unsigned int worker, unsigned int first, unsigned int pages)
{
	struct mm *mm = mm_of(worker);
	unsigned int i;

	channel(worker)->write = !once_in(3);
	want(change(worker, COMMAND_PROTECT, first, pages), 0);
	for (i = first; i < first + pages; i++)
		mm->readonly[i] = !channel(worker)->write;
}

static void do_move(unsigned int worker)
{
	unsigned int from = SMALL_FIRST + below(SMALL_PAGES), to = SMALL_FIRST + below(SMALL_PAGES);
	struct mm *mm = mm_of(worker);
	struct channel *ch = channel(worker);

	if (from == to || !mm->mapped[from])
		return;
	ch->first = from;
	ch->to = to;
	note("%u: mremap %u to %u", worker, from, to);
	want(command(worker, COMMAND_MOVE, disturbs(worker, from, 1) || disturbs(worker, to, 1)),
	     0);
	mm_move(mm, from, to);
}

void memory_renew(unsigned int worker, unsigned int first, unsigned int pages)
{
	note("%u: memory replace %u+%u", worker, first, pages);
	want(change(worker, COMMAND_REPLACE, first, pages), 0);
	mm_replace(mm_of(worker), first, pages);
	note_lost();
	pins_compare(worker);
}

void step_memory(void)
{
	unsigned int worker = below(WORKERS), first, pages, how = below(8);
	struct mm *mm = mm_of(worker);
	bool settled;

	some_pages(&first, &pages);
	if (pages > 100 && once_in(2))
		some_huge(&first, &pages);
	else if (pages > 100 && once_in(2))
		pages = 1 + below(16);
	if (how < 5 && how != 2 && has_holes(mm, first, pages))
		how = 6;
	settled = disturbs(worker, first, pages);
	note("%u: memory %s %u+%u%s", worker,
	     how < 2  ? "dontneed" :
	     how == 2 ? "unmap" :
	     how < 5  ? "protect" :
	     how == 5 ? "move" :
			"replace",
	     first, pages, settled ? " (settled)" : "");
	if (how < 2) {
		do_dontneed(worker, first, pages);
	} else if (how == 2) {
		want(change(worker, COMMAND_UNMAP, first, pages), 0);
		mm_unmap(mm, first, pages);
	} else if (how < 5) {
		do_protect(worker, first, pages);
	} else if (how == 5) {
		do_move(worker);
	} else {
		want(change(worker, COMMAND_REPLACE, first, pages), 0);
		mm_replace(mm, first, pages);
	}
	note_lost();
	pins_compare(worker);
}

void step_punch(void)
{
	unsigned int memfd = below(MEMFDS), first, pages, i, worker = below(WORKERS);
	struct channel *ch = channel(worker);
	bool disturbed[WORKERS], truncate = once_in(3);

	some_range(MEMFD_PAGES, &first, &pages);
	if (truncate)
		pages = MEMFD_PAGES - first;
	for (i = 0; i < WORKERS; i++)
		disturbed[i] = !memfd && disturbs(i, FILE_FIRST + first, pages);
	ch->first = first;
	ch->pages = pages;
	ch->fd = files.memfds[memfd];
	want(command(worker, truncate ? COMMAND_TRUNCATE : COMMAND_PUNCH, disturbed[worker]), 0);
	note("%u: %s memfd %u %u+%u", worker, truncate ? "truncate" : "punch", memfd, first, pages);
	memfd_punch(memfd, first, pages);
	note_lost();
	for (i = 0; i < WORKERS; i++) {
		if (!disturbed[i])
			continue;
		if (i != worker)
			command(i, COMMAND_SETTLE, true);
		pins_compare(i);
	}
}

void step_fork(void)
{
	unsigned int worker = below(WORKERS);

	if (!once_in(4))
		return;
	note("%u: fork", worker);
	want(command(worker, COMMAND_FORK, disturbs(worker, 0, PAGES)), 0);
	note_lost();
	pins_compare(worker);
}

/* Kill a worker between two calls; what it has pinned lives on for its mappings and ids. */
void step_kill(void)
{
	unsigned int worker = below(WORKERS);

	if (!once_in(32))
		return;
	note("%u: killed", worker);
	worker_kill(worker);
	mm_end(worker);
	worker_start(worker);
	mm_make(worker);
	command(worker, COMMAND_SETTLE, false);
}

void step_write(void)
{
	unsigned int worker = below(WORKERS), page, at, n, i;
	struct channel *ch = channel(worker);
	struct mm *mm = mm_of(worker);
	uint64_t word = rng_next(&m.rng);

	page = once_in(4) ? below(PAGES) : SMALL_FIRST + below(PAGES - SMALL_FIRST);
	if (!mm_frame(mm, page) || mm->readonly[page])
		return;
	n = 1 + below(64);
	at = once_in(2) ? 0 : below(PAGE - n);
	for (i = 0; i < n; i++)
		ch->buffer[i] = word >> (i % 8 * 8);
	ch->va = VA(page) + at;
	ch->length = n;
	note("%u: write %u bytes to page %u + %u", worker, n, page, at);
	command(worker, COMMAND_WRITE, false);
	memcpy(frame_writable(mm_frame(mm, page)) + at, ch->buffer, n);
}

void step_read(void)
{
	unsigned int worker = below(WORKERS), page = below(PAGES);
	struct channel *ch = channel(worker);
	struct frame *frame;

	if (!once_in(4))
		page = SMALL_FIRST + below(PAGES - SMALL_FIRST);
	frame = mm_frame(mm_of(worker), page);
	if (!frame)
		return;
	ch->va = VA(page);
	ch->length = PAGE;
	note("%u: read page %u", worker, page);
	command(worker, COMMAND_READ, false);
	if (memcmp(ch->buffer, frame_bytes(frame), PAGE))
		fail("worker %u sees something else in page %u", worker, page);
}
