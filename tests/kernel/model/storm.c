// SPDX-License-Identifier: GPL-2.0-only
#include "storm.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"
#include "count.h"
#include "random.h"
#include "worker.h"

#define PROCESSES 2
#define THREADS 4
#define CALLS 12 /* of a thread in a round */
#define STORM_FILES 2
#define SPACES 3 /* of a file */
#define STORM_TABLES 3
#define PINS 6
#define SPACE_PAGES 256ULL
#define TRIES 20000
#define LISTED 1024

/* Ids of one file; 0: none. */
struct ids {
	_Atomic uint32_t spaces[SPACES];
	_Atomic uint32_t tables[STORM_TABLES];
	_Atomic uint32_t pins[PINS];
};

static struct shared {
	_Atomic uint32_t round;
	_Atomic uint32_t arrivals;
	_Atomic uint32_t done[PROCESSES][THREADS]; /* the last round */
	_Atomic uint64_t calls; /* of this round */
	struct ids ids[STORM_FILES];
} *shared;

static struct ioasid_query_entry entries[LISTED];

/* The thread that calls, and what it has chosen. */
struct caller {
	struct rng rng;
	int file; /* number */
	int fd;
	struct ids *ids;
	uint32_t space;
	unsigned int first;
	unsigned int pages;
	uint32_t flags;
	uint64_t iova;
	char buffer[2 * PAGE];
};

static uint64_t pick(struct caller *caller, uint64_t limit)
{
	return rng_below(&caller->rng, limit);
}

static void futex_wait(_Atomic uint32_t *word, uint32_t value)
{
	struct timespec second = { .tv_sec = 1 };

	syscall(SYS_futex, word, FUTEX_WAIT, value, &second, NULL, 0);
}

static void futex_wake(_Atomic uint32_t *word)
{
	syscall(SYS_futex, word, FUTEX_WAKE, INT_MAX, NULL, NULL, 0);
}

static void choose(struct caller *caller)
{
	caller->file = pick(caller, STORM_FILES);
	caller->fd = files.fds[caller->file];
	caller->ids = &shared->ids[caller->file];
	caller->space = atomic_load(&caller->ids->spaces[pick(caller, SPACES)]);
	caller->pages = 1 + pick(caller, 12);
	caller->first = SMALL_FIRST - 12 + pick(caller, PAGES - SMALL_FIRST);
	if (caller->first + caller->pages > PAGES)
		caller->first = PAGES - caller->pages;
	if (!pick(caller, 16)) {
		caller->pages = 512;
		caller->first = pick(caller, 2) * 512;
	}
	caller->flags = (1 + pick(caller, 3)) | (pick(caller, 3) ? IOASID_MAP_FIXED : 0);
	caller->iova = 0;
	if (caller->flags & IOASID_MAP_FIXED)
		caller->iova = (caller->pages == 512 ? (1 + pick(caller, 3)) * 512 :
						       pick(caller, SPACE_PAGES)) *
			       PAGE;
}

/* What calls may say when others work on the same objects. */
static void usual(int ret, const char *what)
{
	static const int errors[] = { 0,      EBUSY,  EEXIST, ENOENT, ENOSPC,
				      ERANGE, EACCES, EFAULT, EINVAL, EMSGSIZE };
	size_t i;

	atomic_fetch_add(&shared->calls, 1);
	for (i = 0; i < ARRAY_SIZE(errors); i++)
		if (ret == -errors[i])
			return;
	fail("%s returned %d", what, ret);
}

#define USUAL(caller, request, argument)                                \
	do {                                                            \
		(argument)->size = sizeof(*(argument));                 \
		usual(call((caller)->fd, request, argument), #request); \
	} while (0)

/* Give an object an entry of the table, or an entry its end. */
static void keep(struct caller *caller, _Atomic uint32_t *entry, uint32_t id)
{
	uint32_t none = 0;

	if (id && !atomic_compare_exchange_strong(entry, &none, id))
		usual(destroy(caller->fd, id), "DESTROY of what was just made");
}

static void drop(struct caller *caller, _Atomic uint32_t *entry)
{
	uint32_t id = atomic_load(entry);
	int ret;

	if (!id)
		return;
	ret = destroy(caller->fd, id);
	usual(ret, "DESTROY");
	if (!ret)
		atomic_compare_exchange_strong(entry, &id, 0);
}

static void call_space(struct caller *caller)
{
	_Atomic uint32_t *entry = &caller->ids->spaces[pick(caller, SPACES)];
	struct ioasid_ioas_alloc alloc = {};

	if (atomic_load(entry)) {
		if (!pick(caller, 8))
			drop(caller, entry);
		return;
	}
	USUAL(caller, IOASID_IOAS_ALLOC, &alloc);
	keep(caller, entry, alloc.out_id);
}

static void call_table(struct caller *caller)
{
	_Atomic uint32_t *entry = &caller->ids->tables[pick(caller, STORM_TABLES)];
	struct ioasid_table_alloc table = { .ioas_id = caller->space };

	if (atomic_load(entry)) {
		drop(caller, entry);
		return;
	}
	USUAL(caller, IOASID_TABLE_ALLOC, &table);
	keep(caller, entry, table.out_id);
}

static void call_pin(struct caller *caller)
{
	_Atomic uint32_t *entry = &caller->ids->pins[pick(caller, PINS)];
	struct ioasid_pin pin = {
		.flags = pick(caller, 3) ? IOASID_PIN_WRITE : 0,
		.va = VA(caller->first),
		.length = caller->pages * PAGE,
	};
	struct ioasid_unpin unpin = { .id = atomic_load(entry) };

	if (!pick(caller, 4))
		pin.flags |= IOASID_PIN_DRY_RUN;
	if (!unpin.id) {
		USUAL(caller, IOASID_PIN, &pin);
		keep(caller, entry, pin.out_id);
	} else if (pick(caller, 2)) {
		drop(caller, entry);
	} else {
		unpin.flags = IOASID_UNPIN_DEFER;
		atomic_compare_exchange_strong(entry, &unpin.id, 0);
		USUAL(caller, IOASID_UNPIN, &unpin);
	}
}

static void call_map(struct caller *caller)
{
	struct ioasid_map map = {
		.flags = caller->flags,
		.ioas_id = caller->space,
		.length = caller->pages * PAGE,
		.iova = caller->iova,
	};

	if (pick(caller, 3)) {
		map.va = VA(caller->first);
	} else {
		map.flags |= IOASID_MAP_PIN;
		map.pin_id = atomic_load(&caller->ids->pins[pick(caller, PINS)]);
	}
	USUAL(caller, IOASID_MAP, &map);
}

static void call_map_file(struct caller *caller)
{
	struct ioasid_map_file map = {
		.flags = caller->flags,
		.ioas_id = caller->space,
		.fd = files.memfds[pick(caller, MEMFDS)],
		.offset = pick(caller, MEMFD_PAGES / 2) * PAGE,
		.length = (1 + pick(caller, MEMFD_PAGES / 2)) * PAGE,
		.iova = caller->iova,
	};

	USUAL(caller, IOASID_MAP_FILE, &map);
}

static void call_copy(struct caller *caller)
{
	struct ioasid_copy copy = {
		.flags = caller->flags,
		.dst_ioas = atomic_load(&caller->ids->spaces[pick(caller, SPACES)]),
		.src_ioas = caller->space,
		.length = (1 + pick(caller, 3)) * PAGE,
		.src_iova = pick(caller, SPACE_PAGES) * PAGE,
		.dst_iova = caller->iova,
	};

	USUAL(caller, IOASID_COPY, &copy);
}

static void call_unmap(struct caller *caller)
{
	struct ioasid_unmap unmap = {
		.ioas_id = caller->space,
		.iova = pick(caller, SPACE_PAGES) * PAGE,
		.length = (1 + pick(caller, pick(caller, 8) ? 16 : 2048)) * PAGE,
	};

	if (!pick(caller, 12))
		unmap = (struct ioasid_unmap){ .flags = IOASID_UNMAP_ALL,
					       .ioas_id = caller->space };
	USUAL(caller, IOASID_UNMAP, &unmap);
}

static void call_batch(struct caller *caller)
{
	struct ioasid_batch_entry batch[] = {
		{ .op = IOASID_BATCH_UNMAP, .iova = caller->iova, .length = PAGE },
		{ .op = IOASID_BATCH_MAP,
		  .flags = caller->flags,
		  .va = VA(caller->first),
		  .length = caller->pages * PAGE,
		  .iova = caller->iova },
		{ .op = IOASID_BATCH_UNMAP, .iova = caller->iova + PAGE, .length = 4 * PAGE },
	};
	struct ioasid_map_batch arg = {
		.flags = pick(caller, 2) ? IOASID_BATCH_STOP : 0,
		.ioas_id = caller->space,
		.count = ARRAY_SIZE(batch),
		.entries = ADDRESS(batch),
	};

	USUAL(caller, IOASID_MAP_BATCH, &arg);
}

static void call_access(struct caller *caller)
{
	struct ioasid_access access = {
		.flags = pick(caller, 2) ? IOASID_ACCESS_WRITE : 0,
		.ioas_id = caller->space,
		.iova = pick(caller, SPACE_PAGES * PAGE),
		.length = 1 + pick(caller, sizeof(caller->buffer)),
		.buffer = ADDRESS(caller->buffer),
	};
	struct ioasid_translate where = { .id = caller->space, .iova = access.iova };

	USUAL(caller, IOASID_TRANSLATE, &where);
	USUAL(caller, IOASID_ACCESS, &access);
	where.id = atomic_load(&caller->ids->tables[pick(caller, STORM_TABLES)]);
	USUAL(caller, IOASID_TRANSLATE, &where);
}

static void call_ranges(struct caller *caller)
{
	struct ioasid_range ranges[8] = {};
	struct ioasid_iova_ranges get = { .ioas_id = caller->space,
					  .count = 8,
					  .ranges = ADDRESS(ranges) };
	struct ioasid_reserve reserve = {
		.flags = pick(caller, 2) ? IOASID_RESERVE_UNDO : 0,
		.ioas_id = caller->space,
		.iova = pick(caller, SPACE_PAGES) * PAGE,
		.length = PAGE,
	};
	struct ioasid_allow_iovas allow = { .ioas_id = caller->space,
					    .count = pick(caller, 2),
					    .ranges = ADDRESS(ranges) };
	struct ioasid_option option = {
		.flags = IOASID_OPTION_SET,
		.option = IOASID_OPTION_LARGE_ENTRIES,
		.id = caller->space,
		.value = pick(caller, 4) > 0,
	};

	USUAL(caller, IOASID_IOVA_RANGES, &get);
	USUAL(caller, IOASID_RESERVE, &reserve);
	ranges[0].start = pick(caller, SPACE_PAGES) * PAGE;
	ranges[0].last = ranges[0].start + 64 * PAGE - 1;
	USUAL(caller, IOASID_ALLOW_IOVAS, &allow);
	USUAL(caller, IOASID_OPTION, &option);
}

static void call_query(struct caller *caller)
{
	struct ioasid_query_entry list[16];
	struct ioasid_query query = { .scope = pick(caller, 3),
				      .entries = ADDRESS(list),
				      .capacity = ARRAY_SIZE(list) };
	struct ioasid_change_owner change = {};

	if (query.scope == IOASID_SCOPE_IOAS)
		query.id = caller->space;
	USUAL(caller, IOASID_QUERY, &query);
	if (!pick(caller, 4))
		USUAL(caller, IOASID_CHANGE_OWNER, &change);
}

static void fork_now(void)
{
	pid_t pid = fork();

	if (!pid)
		_exit(0);
	if (pid > 0)
		waitpid(pid, NULL, 0);
}

static void change_memory(struct caller *caller)
{
	void *va = (void *)VA(caller->first);
	uint64_t length = caller->pages * PAGE;
	int zeros = open("/dev/zero", O_RDONLY | O_CLOEXEC);

	switch (pick(caller, 8)) {
	case 0:
		munmap(va, length);
		break;
	case 1:
		mprotect(va, length, PROT_READ);
		break;
	case 2:
		madvise(va, length, MADV_DONTNEED);
		break;
	case 3:
		fallocate(files.memfds[pick(caller, MEMFDS)],
			  FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
			  pick(caller, MEMFD_PAGES) * PAGE, 3 * PAGE);
		break;
	case 4:
		if (!pick(caller, 8))
			fork_now();
		break;
	case 5:
		mprotect(va, length, PROT_READ | PROT_WRITE);
		break;
	default:
		memory_replace(caller->first, caller->pages);
	}
	/* Touch it, whatever it is now. */
	if (read(zeros, (void *)VA(caller->first), PAGE) < 0 && errno != EFAULT)
		fail("read: %m");
	close(zeros);
}

static void (*const calls[])(struct caller *caller) = {
	call_space,  call_table,    call_pin,	call_pin,      call_map,      call_map,
	call_map,    call_map_file, call_copy,	call_unmap,    call_unmap,    call_batch,
	call_access, call_ranges,   call_query, change_memory, change_memory,
};

struct thread {
	unsigned int process;
	unsigned int number;
	uint64_t from;
};

static void *thread_main(void *arg)
{
	struct thread *thread = arg;
	struct caller *caller = mmap(NULL, sizeof(*caller), PROT_READ | PROT_WRITE,
				     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	_Atomic uint32_t *done = &shared->done[thread->process][thread->number];
	uint32_t round = atomic_load(done);
	unsigned int i;

	want_that(caller != MAP_FAILED);
	caller->rng = rng_make(thread->from + thread->number);
	for (;;) {
		while (atomic_load(&shared->round) == round)
			futex_wait(&shared->round, round);
		round++;
		for (i = 0; i < CALLS; i++) {
			choose(caller);
			calls[pick(caller, ARRAY_SIZE(calls))](caller);
		}
		atomic_store(done, round);
		atomic_fetch_add(&shared->arrivals, 1);
		futex_wake(&shared->arrivals);
	}
	return NULL;
}

static void process_main(void *arg)
{
	struct thread threads[THREADS], *first = arg;
	pthread_t ids[THREADS];
	unsigned int i;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	/* Not the handler that Criterion has: a signal may interrupt the first pin of a process. */
	signal(SIGCHLD, SIG_DFL);
	memory_make();
	for (i = 0; i < THREADS; i++) {
		threads[i] = *first;
		threads[i].number = i;
		want(pthread_create(&ids[i], NULL, thread_main, &threads[i]), 0);
	}
	for (i = 0; i < THREADS; i++)
		pthread_join(ids[i], NULL);
}

static pid_t start(unsigned int process, uint64_t from)
{
	struct thread first = { .process = process, .from = from };
	unsigned int i;

	for (i = 0; i < THREADS; i++)
		atomic_store(&shared->done[process][i], atomic_load(&shared->round));
	return child_start(process_main, &first);
}

static void must_live(pid_t pid)
{
	int status;

	if (waitpid(pid, &status, WNOHANG))
		fail("a process ended with status 0x%x", status);
}

static bool all_done(void)
{
	uint32_t round = atomic_load(&shared->round);
	unsigned int i, j;

	for (i = 0; i < PROCESSES; i++)
		for (j = 0; j < THREADS; j++)
			if (atomic_load(&shared->done[i][j]) != round)
				return false;
	return true;
}

static void wait_for_all(const pid_t *pids)
{
	uint32_t seen;
	unsigned int i;

	for (;;) {
		seen = atomic_load(&shared->arrivals);
		if (all_done())
			return;
		futex_wait(&shared->arrivals, seen);
		for (i = 0; i < PROCESSES; i++)
			must_live(pids[i]);
	}
}

static void kill_one(pid_t *pids, struct rng *rng)
{
	unsigned int process = rng_below(rng, PROCESSES);
	uint64_t after = rng_below(rng, PROCESSES * THREADS * CALLS);
	int status;

	while (atomic_load(&shared->calls) < after && !all_done())
		sched_yield();
	want(kill(pids[process], SIGKILL), 0);
	want(waitpid(pids[process], &status, 0), pids[process]);
	if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGKILL)
		fail("the process ended with status 0x%x before it was killed", status);
	pids[process] = start(process, rng_next(rng));
}

/* The audit, when the background holds nothing any more. */
static struct ioasid_audit quiet_audit(void)
{
	struct ioasid_audit now;
	int i;

	for (i = 0; i < TRIES; i++) {
		now = audit();
		if (!now.in_flight)
			return now;
		sched_yield();
	}
	fail("%llu references stay in flight", (unsigned long long)now.in_flight);
}

static struct ioasid_query list(int fd, uint32_t scope, uint32_t id)
{
	struct ioasid_query query = {
		.size = sizeof(query),
		.scope = scope,
		.id = id,
		.entries = ADDRESS(entries),
		.capacity = LISTED,
	};

	want(call(fd, IOASID_QUERY, &query), 0);
	return query;
}

static void check_content(int fd, uint32_t id, uint64_t iova, uint32_t flags, uint64_t mark)
{
	uint64_t got = 0;

	want(access_read(fd, id, iova, &got, sizeof(got), NULL),
	     flags & IOASID_ENTRY_READ ? 0 : -EACCES);
	if (!(flags & IOASID_ENTRY_WRITE)) {
		want(access_write(fd, id, iova, &mark, sizeof(mark), NULL), -EACCES);
		return;
	}
	want(access_write(fd, id, iova, &mark, sizeof(mark), NULL), 0);
	if (!(flags & IOASID_ENTRY_READ))
		return;
	want(access_read(fd, id, iova, &got, sizeof(got), NULL), 0);
	want(got, mark);
}

/* A mapping is as it is listed. */
static void check_mapping(int fd, uint32_t id, const struct ioasid_query_entry *entry,
			  struct rng *rng)
{
	uint64_t page = rng_below(rng, entry->length / PAGE) * PAGE;
	struct ioasid_translate where;

	want(translate(fd, id, entry->start + page, 0, &where), 0);

	want(entry->flags & IOASID_ENTRY_BUSY, 0);
	want(where.out_pin, entry->pin);
	want(where.out_pin_offset, entry->pin_offset + page);
	want(where.out_va, entry->va + page);
	want(where.out_access, entry->flags & (IOASID_ENTRY_READ | IOASID_ENTRY_WRITE));
	check_content(fd, id, entry->start + page, entry->flags, rng_next(rng));
}

/* An address space and what it has; adds up. */
static void check_space(int fd, uint32_t id, struct rng *rng, struct ioasid_query *sum)
{
	struct ioasid_query now = list(fd, IOASID_SCOPE_IOAS, id);
	uint64_t mappings = 0, mapped = 0;
	unsigned int i, n = now.count;

	want(now.cursor, UINT64_MAX);
	for (i = 0; i < n; i++) {
		if (entries[i].flags & IOASID_ENTRY_RESERVED)
			continue;
		mappings++;
		mapped += entries[i].length;
		check_mapping(fd, id, &entries[i], rng);
	}
	want(now.mappings, mappings);
	want(now.mapped, mapped);
	sum->mappings += mappings;
	sum->mapped += mapped;
	sum->tables += now.tables;
	sum->ioases++;
}

static void check_file(int fd, struct rng *rng, struct ioasid_query *sum)
{
	struct ioasid_query now = list(fd, IOASID_SCOPE_FILE, 0), found = {};
	uint32_t ids[LISTED];
	uint64_t pinned = 0;
	unsigned int i, n = now.count, pins = 0;
	struct ioasid_query query;

	want(now.cursor, UINT64_MAX);
	for (i = 0; i < n; i++) {
		ids[i] = entries[i].id;
		pins += entries[i].length > 0;
		pinned += entries[i].length;
	}
	for (i = 0; i < n; i++) {
		query = (struct ioasid_query){ .size = sizeof(query), .id = ids[i] };
		if (!call(fd, IOASID_QUERY, &query))
			check_space(fd, ids[i], rng, &found);
	}
	want(now.ioases, found.ioases);
	want(now.tables, found.tables);
	want(now.mappings, found.mappings);
	want(now.mapped, found.mapped);
	want(now.pins, pins);
	want(now.pinned, pinned);
	want(n, now.ioases + now.tables + now.pins);
	sum->mappings += now.mappings;
	sum->mapped += now.mapped;
}

/* The tables of a file whose space nobody knows: what they have, some space has. */
static void check_table(int fd, uint32_t table, const struct ids *ids)
{
	struct ioasid_translate leaf, where;
	bool found = false;
	uint32_t space;
	uint64_t page;
	unsigned int i;

	if (!table)
		return;
	for (page = 0; page < SPACE_PAGES && !found; page++)
		found = !translate(fd, table, page * PAGE, IOASID_TRANSLATE_PHYS, &leaf);
	if (!found)
		return;
	for (i = 0; i < SPACES; i++) {
		space = atomic_load(&ids->spaces[i]);
		if (space && !translate(fd, space, leaf.iova, IOASID_TRANSLATE_PHYS, &where) &&
		    where.out_phys == leaf.out_phys)
			return;
	}
	fail("table %u leads from 0x%llx to where no address space does", table,
	     (unsigned long long)leaf.iova);
}

static void check_all(struct rng *rng, int64_t pinned_before, bool thoroughly)
{
	struct ioasid_query sum = {};
	struct ioasid_audit now = quiet_audit();
	unsigned int i, j;

	for (i = 0; i < STORM_FILES; i++) {
		check_file(files.fds[i], rng, &sum);
		for (j = 0; thoroughly && j < STORM_TABLES; j++)
			check_table(files.fds[i], atomic_load(&shared->ids[i].tables[j]),
				    &shared->ids[i]);
	}
	want(now.mappings, sum.mappings);
	want(now.mapped, sum.mapped);
	if (thoroughly)
		want(system_pinned() - pinned_before, now.pinned / PAGE);
}

static void end(pid_t *pids, int64_t pinned_before)
{
	unsigned int i;

	for (i = 0; i < PROCESSES; i++) {
		want(kill(pids[i], SIGKILL), 0);
		want(waitpid(pids[i], NULL, 0), pids[i]);
	}
	files_close();
	quiet_audit();
	want_nothing_left();
	want(system_pinned(), pinned_before);
}

void storm(uint64_t from, uint64_t rounds, bool killing)
{
	struct rng rng = rng_make(from);
	int64_t pinned = system_pinned();
	pid_t pids[PROCESSES];
	uint64_t i;

	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
		      0);
	want_that(shared != MAP_FAILED);
	files_open();
	for (i = 0; i < PROCESSES; i++)
		pids[i] = start(i, rng_next(&rng));
	for (i = 0; i < rounds; i++) {
		context("SEED=%llu, round %llu", (unsigned long long)from, (unsigned long long)i);
		atomic_store(&shared->calls, 0);
		atomic_fetch_add(&shared->round, 1);
		futex_wake(&shared->round);
		if (killing)
			kill_one(pids, &rng);
		wait_for_all(pids);
		check_all(&rng, pinned, i % 16 == 0);
	}
	end(pids, pinned);
}
