/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The model: what the header promises, in plain arrays.
 *
 * A frame is the identity of a page: what is in it, and who has it. A domain is what pins are of: a
 * process's memory or a memfd. Pins have the frames that the domain had when they were made, and
 * mappings lead to parts of pins. All addresses and lengths are in pages here.
 */
#ifndef MODEL_MODEL_H
#define MODEL_MODEL_H

#include <errno.h>
#include <linux/ioasid.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "call.h"
#include "check.h"
#include "random.h"
#include "worker.h"

#define IOASES 8
#define TABLES 2 /* of one address space */
#define HANDLES 16
#define MAX_MMS 48
#define MAX_PINS 1024
#define MAX_MAPPINGS 256
#define MAX_RANGES 16 /* reserved, or allowed, of one address space */
#define MAX_SEGMENTS 256
#define SPACE 192 /* pages of an address space that small fixed maps go to */
#define HUGE_SPACE 4096 /* and that those of huge memory go to */
#define REACH ((1ULL << 35) - 1) /* last page that a table reaches */
#define LAST (UINT64_MAX / PAGE) /* last page of an address space without tables */
#define NOBODY (-1)

struct frame {
	unsigned int refs;
	unsigned char *bytes; /* NULL: zeros */
};

/* A process's memory. It is used as long as it lives or is charged or pinned. */
struct mm {
	bool used;
	int worker; /* NOBODY: it is dead */
	bool mapped[PAGES];
	bool readonly[PAGES];
	struct frame *frames[FILE_FIRST];
};

struct memfd {
	struct frame *frames[MEMFD_PAGES];
};

struct pin {
	unsigned int refs; /* 0: this entry is free */
	uint64_t order; /* of making */
	uint64_t number; /* as the kernel calls it; 0: not known yet */
	int domain;
	int owner; /* an mm, NOBODY when nothing is charged */
	enum ioasid_charge_mode mode;
	unsigned int first;
	unsigned int pages;
	unsigned int charged;
	unsigned int mappings;
	unsigned int mapped;
	bool write;
	bool stale;
	bool was_lost; /* the domain had other frames at some time */
	struct pin *base;
	struct frame **frames;
};

struct segment {
	struct pin *pin;
	unsigned int page;
	unsigned int pages;
};

struct segments {
	unsigned int count;
	unsigned int pages;
	unsigned int reused;
	struct segment list[MAX_SEGMENTS];
};

struct mapping {
	bool used;
	uint64_t iova;
	uint32_t access;
	struct segment segment;
};

/* First and last page. */
struct range {
	uint64_t first;
	uint64_t last;
};

struct ioas {
	uint32_t id; /* 0: not there */
	unsigned int file;
	bool small;
	uint32_t tables[TABLES];
	unsigned int reservations;
	unsigned int allows;
	struct range reserved[MAX_RANGES];
	struct range allowed[MAX_RANGES];
	struct mapping mappings[MAX_MAPPINGS];
};

struct handle {
	uint32_t id;
	unsigned int file;
	bool write;
	struct segments segments;
};

struct model {
	struct rng rng;
	uint64_t order;
	int64_t system_pinned; /* before */
	uint64_t large_entries; /* that were seen */
	uint64_t calls_ok;
	uint64_t calls_refused;
	int mm_of[WORKERS];
	enum ioasid_charge_mode modes[FILES];
	struct mm mms[MAX_MMS];
	struct memfd memfds[MEMFDS];
	struct pin pins[MAX_PINS];
	struct ioas ioases[IOASES];
	struct handle handles[HANDLES];
};

extern struct model m;

#define for_each(entry, array) for (entry = array; entry < array + ARRAY_SIZE(array); entry++)

static inline uint64_t below(uint64_t limit)
{
	return rng_below(&m.rng, limit);
}

static inline bool once_in(uint64_t n)
{
	return rng_once_in(&m.rng, n);
}

/* What was done last; printed when the test fails. */
void note(const char *format, ...) __attribute__((format(printf, 1, 2)));
void notes_print(void);

/* Memory. */
void mm_make(unsigned int worker);
void mm_end(unsigned int worker);
struct mm *mm_of(unsigned int worker);
struct frame *mm_frame(const struct mm *mm, unsigned int page);
void mm_replace(struct mm *mm, unsigned int first, unsigned int pages);
void mm_unmap(struct mm *mm, unsigned int first, unsigned int pages);
void mm_move(struct mm *mm, unsigned int from, unsigned int to);
void memfd_punch(unsigned int memfd, unsigned int first, unsigned int pages);
void memory_begin(void);
void frame_put(struct frame *frame);
struct frame *frame_get(struct frame *frame);
const unsigned char *frame_bytes(const struct frame *frame);
unsigned char *frame_writable(struct frame *frame);

/* Pins. */
static inline int domain_of_memfd(unsigned int memfd)
{
	return memfd;
}

static inline int domain_of_mm(int mm)
{
	return MEMFDS + mm;
}

struct wish {
	int domain;
	int owner;
	enum ioasid_charge_mode mode;
	unsigned int first;
	unsigned int pages;
	bool write;
};

int pin_range(const struct wish *wish, struct segments *segments);
/* Pages that no pin serves. */
int pin_missing(const struct wish *wish, unsigned int *missing);
void segment_put(struct segment *segment);
void segments_put(struct segments *segments);
void segments_add(struct segments *segments, struct pin *pin, unsigned int page,
		  unsigned int pages);
void slice(const struct segments *from, unsigned int page, unsigned int pages, struct segments *to);
bool pin_lost(const struct pin *pin);
/* Has the process pins that are mapped, in a range of its memory? */
bool any_mapped(int domain, unsigned int first, unsigned int pages);
void pins_orphan(int domain);
void note_lost(void);
/* The kernel's list of the pins of a process agrees; take over which are stale. */
void pins_compare(unsigned int worker);
/* Charges of all that a file uses go to a process; returns the bytes that weren't there. */
uint64_t move_charges(unsigned int file, int owner);

/* Spaces. */
uint64_t reach(const struct ioas *ioas);
bool has_tables(const struct ioas *ioas);
struct mapping *mapping_at(struct ioas *ioas, uint64_t iova);
unsigned int mappings_count(const struct ioas *ioas);
bool is_mapped(const struct ioas *ioas, uint64_t first, uint64_t last);
bool is_reserved(const struct ioas *ioas, uint64_t first, uint64_t last);
bool is_allowed(const struct ioas *ioas, uint64_t first, uint64_t last);
bool has_room(struct ioas *ioas, uint64_t pages, uint64_t align, uint64_t skew);
void map_segments(struct ioas *ioas, uint64_t iova, uint32_t access,
		  const struct segments *segments);
uint64_t model_unmap(struct ioas *ioas, uint64_t first, uint64_t last);

/* Steps: something random is done, and what came of it compared. */
void step_any(void);
void settle_memory(void);
void check_step(void);
void check_everything(void);
void check_end(void);

#endif /* MODEL_MODEL_H */
