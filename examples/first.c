// SPDX-License-Identifier: GPL-2.0-only
/*
 * first.c - a first ioasid program: pin, map, translate, read and write through an IOVA, unmap.
 *
 * Needs nothing but include/uapi/linux/ioasid.h:
 *
 *	cc -I include/uapi -o first examples/first.c && ./first
 *
 * A device that does DMA for this process would use the IOVA that IOASID_MAP returns. There is none
 * here; IOASID_ACCESS plays its part.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/ioasid.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

/* Every argument begins with its size, every refusal can explain itself in here. */
static struct ioasid_error error = { .size = sizeof(error) };

static void must(int fd, unsigned long request, void *argument, const char *what)
{
	error.stage = IOASID_STAGE_NONE;
	if (ioctl(fd, request, argument) == 0)
		return;
	fprintf(stderr, "%s: %s", what, strerror(errno));
	if (error.stage == IOASID_STAGE_CHARGE)
		fprintf(stderr, " (policy %s: %llu bytes asked, %llu of %llu in use)", error.policy,
			(unsigned long long)error.asked, (unsigned long long)error.used,
			(unsigned long long)error.limit);
	fprintf(stderr, "\n");
	exit(1);
}

static void show_counts(int fd)
{
	struct ioasid_query query = {
		.size = sizeof(query),
		.scope = IOASID_SCOPE_PROCESS,
	};

	must(fd, IOASID_QUERY, &query, "query");
	printf("  now: %llu KiB pinned, %llu KiB charged, %llu KiB mapped, %llu KiB of it shared\n",
	       (unsigned long long)query.pinned >> 10, (unsigned long long)query.charged >> 10,
	       (unsigned long long)query.mapped >> 10, (unsigned long long)query.shared >> 10);
}

int main(void)
{
	const size_t length = 64 << 10;
	char *memory, word[16] = "";
	int fd, i;

	fd = open("/dev/ioasid", O_RDWR | O_CLOEXEC);
	if (fd < 0) {
		perror("/dev/ioasid (is the module loaded?)");
		return 1;
	}
	memory = mmap(NULL, length, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (memory == MAP_FAILED) {
		perror("mmap");
		return 1;
	}
	strcpy(memory, "from the process");

	/* Pin the memory: it stays where it is now, and counts against our limit. */
	struct ioasid_pin pin = {
		.size = sizeof(pin),
		.flags = IOASID_PIN_WRITE,
		.va = (uintptr_t)memory,
		.length = length,
		.error = (uintptr_t)&error,
	};
	must(fd, IOASID_PIN, &pin, "pin");
	printf("pinned %zu KiB at %p: pin %u, %llu KiB of it new\n", length >> 10, (void *)memory,
	       pin.out_id, (unsigned long long)pin.out_new >> 10);
	show_counts(fd);

	/* Two address spaces, as for two devices; both map the same pin, which costs no more. */
	struct ioasid_ioas_alloc spaces[2];
	struct ioasid_map maps[2];

	for (i = 0; i < 2; i++) {
		spaces[i] = (struct ioasid_ioas_alloc){ .size = sizeof(spaces[i]) };
		must(fd, IOASID_IOAS_ALLOC, &spaces[i], "make an address space");
		maps[i] = (struct ioasid_map){
			.size = sizeof(maps[i]),
			.flags = IOASID_MAP_READ | IOASID_MAP_WRITE | IOASID_MAP_PIN,
			.ioas_id = spaces[i].out_id,
			.pin_id = pin.out_id,
			.length = length,
			.error = (uintptr_t)&error,
		};
		must(fd, IOASID_MAP, &maps[i], "map");
		printf("mapped into address space %u at IOVA 0x%llx\n", spaces[i].out_id,
		       (unsigned long long)maps[i].iova);
	}
	show_counts(fd);

	/* Where does an IOVA lead? */
	struct ioasid_translate where = {
		.size = sizeof(where),
		.id = spaces[0].out_id,
		.iova = maps[0].iova + 5,
	};
	must(fd, IOASID_TRANSLATE, &where, "translate");
	printf("IOVA 0x%llx leads to byte %llu of pin %llu, address 0x%llx, %llu bytes in one piece\n",
	       (unsigned long long)where.iova, (unsigned long long)where.out_pin_offset,
	       (unsigned long long)where.out_pin, (unsigned long long)where.out_va,
	       (unsigned long long)where.out_length);

	/* Read as a device would; the address need not be aligned. */
	struct ioasid_access access = {
		.size = sizeof(access),
		.ioas_id = spaces[0].out_id,
		.iova = maps[0].iova + 5,
		.length = 11,
		.buffer = (uintptr_t)word,
	};
	must(fd, IOASID_ACCESS, &access, "read");
	printf("read through the first address space: \"%s\"\n", word);

	/* Write through the other one; the process sees it in its memory. */
	strcpy(word, "a device");
	access.flags = IOASID_ACCESS_WRITE;
	access.ioas_id = spaces[1].out_id;
	access.iova = maps[1].iova + 5;
	access.length = strlen(word) + 1;
	must(fd, IOASID_ACCESS, &access, "write");
	printf("written through the second: memory is \"%s\"\n", memory);

	/* Give everything back; closing fd would do the same. */
	for (i = 0; i < 2; i++) {
		struct ioasid_unmap unmap = {
			.size = sizeof(unmap),
			.ioas_id = spaces[i].out_id,
			.iova = maps[i].iova,
			.length = length,
		};
		must(fd, IOASID_UNMAP, &unmap, "unmap");
		printf("unmapped %llu KiB\n", (unsigned long long)unmap.out_unmapped >> 10);
	}
	struct ioasid_unpin unpin = { .size = sizeof(unpin), .id = pin.out_id };

	must(fd, IOASID_UNPIN, &unpin, "unpin");
	show_counts(fd);
	return 0;
}
