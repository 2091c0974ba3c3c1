// SPDX-License-Identifier: GPL-2.0-only
#include "memory.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "call.h"
#include "check.h"

#define HUGE_SHIFT 26 /* MAP_HUGE_SHIFT */

static void *map_memory(size_t size, int flags, int fd)
{
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, flags, fd, 0);

	if (memory == MAP_FAILED)
		fail("mmap of %zu bytes: %m", size);
	return memory;
}

void *anon_lazy(size_t size)
{
	void *memory = map_memory(size, MAP_PRIVATE | MAP_ANONYMOUS, -1);

	want(madvise(memory, size, MADV_NOHUGEPAGE), 0);
	return memory;
}

static void touch(void *memory, size_t size)
{
	size_t at;

	for (at = 0; at < size; at += PAGE)
		((volatile char *)memory)[at] = 0;
}

void *anon(size_t size)
{
	void *memory = anon_lazy(size);

	touch(memory, size);
	return memory;
}

void *reserve(size_t size, size_t align)
{
	char *memory = mmap(NULL, size + align, PROT_NONE,
			    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	size_t before;

	want_that(memory != MAP_FAILED);
	before = -ADDRESS(memory) & (align - 1);
	if (before)
		want(munmap(memory, before), 0);
	if (align - before)
		want(munmap(memory + before + size, align - before), 0);
	return memory + before;
}

void *thp(size_t size)
{
	void *memory = reserve(size, HUGE_2M);

	want(mprotect(memory, size, PROT_READ | PROT_WRITE), 0);
	want(madvise(memory, size, MADV_HUGEPAGE), 0);
	touch(memory, size);
	want(smaps(memory, "AnonHugePages:"), size);
	return memory;
}

bool hugetlb_reserve(size_t page_size, size_t count)
{
	char path[96];
	size_t now = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/sys/kernel/mm/hugepages/hugepages-%zukB/nr_hugepages",
		 page_size >> 10);
	f = fopen(path, "r+");
	if (!f)
		return false;
	fprintf(f, "%zu\n", count);
	rewind(f);
	if (fscanf(f, "%zu", &now) != 1)
		now = 0;
	fclose(f);
	return now >= count;
}

void *hugetlb(size_t size, size_t page_size)
{
	int log = __builtin_ctzll(page_size);
	void *memory =
		map_memory(size, MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB | log << HUGE_SHIFT, -1);

	touch(memory, size);
	return memory;
}

void *memfd(size_t size, int *fd)
{
	*fd = memfd_create("ioasid-test", MFD_CLOEXEC);
	want_that(*fd >= 0);
	want(ftruncate(*fd, size), 0);
	return map_memory(size, MAP_SHARED, *fd);
}

void *file(size_t size, int flags)
{
	char path[] = "/dev/shm/ioasid-test-XXXXXX";
	int fd = mkstemp(path);
	void *memory;

	want_that(fd >= 0);
	want(unlink(path), 0);
	want(ftruncate(fd, size), 0);
	memory = map_memory(size, flags, fd);
	close(fd);
	return memory;
}

static uint64_t pattern(uint64_t from, size_t word)
{
	return (from * 0x9e3779b97f4a7c15) ^ (word * 0xff51afd7ed558ccd + 1);
}

void fill(void *memory, size_t size, uint64_t from)
{
	uint64_t *words = memory;
	size_t i;

	for (i = 0; i < size / 8; i++)
		words[i] = pattern(from, i);
}

size_t filled(const void *memory, size_t size, uint64_t from, size_t offset)
{
	const unsigned char *bytes = memory;
	size_t at = 0;
	uint64_t word;

	for (; at < size && (offset + at) % 8; at++) {
		word = pattern(from, (offset + at) / 8);
		if (bytes[at] != ((unsigned char *)&word)[(offset + at) % 8])
			return at;
	}
	for (; at + 8 <= size; at += 8) {
		word = pattern(from, (offset + at) / 8);
		if (memcmp(bytes + at, &word, 8))
			return at;
	}
	word = pattern(from, (offset + at) / 8);
	for (; at < size; at++) {
		if (bytes[at] != ((unsigned char *)&word)[(offset + at) % 8])
			return at;
	}
	return size;
}

void want_filled(const void *memory, size_t size, uint64_t from, size_t offset)
{
	size_t good = filled(memory, size, from, offset);

	if (good != size)
		fail("%zu bytes of pattern %llu from 0x%zx: byte 0x%zx differs", size,
		     (unsigned long long)from, offset, good);
}

void want_iova_filled(int fd, uint32_t ioas, uint64_t iova, size_t size, uint64_t from,
		      size_t offset)
{
	char *copy = malloc(size);

	want_that(copy);
	memset(copy, 0x5a, size);
	want(access_read(fd, ioas, iova, copy, size, NULL), 0);
	want_filled(copy, size, from, offset);
	free(copy);
}

#define PAGEMAP_PRESENT (1ULL << 63)
#define PAGEMAP_FRAME ((1ULL << 55) - 1)

static int pagemap_open(void)
{
	int fd = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		fail("/proc/self/pagemap: %m");
	return fd;
}

uint64_t physical(const void *address)
{
	uint64_t entry;
	int fd = pagemap_open();

	want(pread(fd, &entry, sizeof(entry), ADDRESS(address) / PAGE * sizeof(entry)),
	     sizeof(entry));
	close(fd);
	if (!(entry & PAGEMAP_PRESENT))
		return 0;
	return (entry & PAGEMAP_FRAME) * PAGE + ADDRESS(address) % PAGE;
}

size_t physical_runs(const void *memory, size_t size)
{
	size_t pages = size / PAGE, count = 0, i;
	uint64_t *entries = calloc(pages, sizeof(*entries));
	int fd = pagemap_open();

	want_that(entries);
	want(pread(fd, entries, pages * sizeof(*entries),
		   ADDRESS(memory) / PAGE * sizeof(*entries)),
	     pages * sizeof(*entries));
	for (i = 0; i < pages; i++) {
		want_that(entries[i] & PAGEMAP_PRESENT);
		entries[i] &= PAGEMAP_FRAME;
		count += !i || entries[i] != entries[i - 1] + 1;
	}
	close(fd);
	free(entries);
	return count;
}

/* What stands behind this word in the address's part of /proc/self/smaps. */
static bool find_smaps(const void *address, const char *word, char text[512])
{
	FILE *f = fopen("/proc/self/smaps", "re");
	unsigned long long first, end;
	bool inside = false, found = false;

	want_that(f);
	while (!found && fgets(text, 512, f)) {
		if (sscanf(text, "%llx-%llx ", &first, &end) == 2)
			inside = first <= ADDRESS(address) && ADDRESS(address) < end;
		else
			found = inside && !strncmp(text, word, strlen(word));
	}
	fclose(f);
	if (found)
		memmove(text, text + strlen(word), strlen(text + strlen(word)) + 1);
	return found;
}

uint64_t smaps(const void *address, const char *line)
{
	unsigned long long value;
	char text[512];

	if (!find_smaps(address, line, text) || sscanf(text, "%llu", &value) != 1)
		fail("no %s in /proc/self/smaps for %p", line, address);
	return value << 10;
}

bool is_device_memory(const void *address)
{
	char text[512];

	return find_smaps(address, "VmFlags:", text) &&
	       (strstr(text, " io") || strstr(text, " pf"));
}
