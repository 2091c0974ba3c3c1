/* SPDX-License-Identifier: GPL-2.0-only */
#include <fcntl.h>
#include <gelf.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "symbols.h"
#include "tool.h"

struct symbol {
	uint64_t address;
	uint64_t size; /* 0: until the next */
	char *name;
	char *object; /* of the kernel's: its module, or NULL */
};

struct table {
	struct symbol *symbols;
	size_t count;
};

/* A program or library, the same for all processes that have it mapped. */
struct file {
	struct file *next;
	uint64_t device;
	uint64_t inode;
	struct table table;
	GElf_Phdr *segments;
	size_t segment_count;
};

struct mapping {
	uint64_t start;
	uint64_t end;
	uint64_t offset;
	struct file *file; /* NULL: of no file that has symbols */
	char name[64];
};

struct process {
	struct process *next;
	pid_t pid;
	struct mapping *mappings;
	size_t count;
};

static struct file *files;
static struct process *processes;
static struct table kernel;

/* Tables of symbols. */

static void *grow(void *array, size_t count, size_t size)
{
	/* Room for a power of two. */
	if (count & (count - 1))
		return array;
	array = reallocarray(array, count ? 2 * count : 1, size);
	if (!array)
		tool_die("no memory");
	return array;
}

static char *copy(const char *text)
{
	char *new = strdup(text);

	if (!new)
		tool_die("no memory");
	return new;
}

static void add_symbol(struct table *table, uint64_t address, uint64_t size, const char *name,
		       const char *object)
{
	struct symbol *symbol;

	table->symbols = grow(table->symbols, table->count, sizeof(*symbol));
	symbol = &table->symbols[table->count++];
	symbol->address = address;
	symbol->size = size;
	symbol->name = copy(name);
	symbol->object = object ? copy(object) : NULL;
}

static int compare_symbols(const void *a, const void *b)
{
	const struct symbol *one = a, *other = b;

	if (one->address != other->address)
		return one->address < other->address ? -1 : 1;
	return one->size < other->size ? -1 : one->size > other->size;
}

static void sort(struct table *table)
{
	if (table->count)
		qsort(table->symbols, table->count, sizeof(*table->symbols), compare_symbols);
}

/* The last symbol that begins there or before, if it reaches so far. */
static const struct symbol *find_symbol(const struct table *table, uint64_t address)
{
	size_t low = 0, high = table->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (table->symbols[middle].address <= address)
			low = middle + 1;
		else
			high = middle;
	}
	if (!low)
		return NULL;
	if (table->symbols[low - 1].size &&
	    address - table->symbols[low - 1].address >= table->symbols[low - 1].size)
		return NULL;
	return &table->symbols[low - 1];
}

static void free_table(struct table *table)
{
	for (size_t i = 0; i < table->count; i++) {
		free(table->symbols[i].name);
		free(table->symbols[i].object);
	}
	free(table->symbols);
	memset(table, 0, sizeof(*table));
}

/* Files. */

static void add_section(struct table *table, Elf *elf, Elf_Scn *section, const GElf_Shdr *header)
{
	Elf_Data *data = elf_getdata(section, NULL);
	size_t count = header->sh_entsize ? header->sh_size / header->sh_entsize : 0;

	for (size_t i = 0; data && i < count; i++) {
		const char *name;
		GElf_Sym symbol;

		if (!gelf_getsym(data, i, &symbol) || symbol.st_shndx == SHN_UNDEF)
			continue;
		if (GELF_ST_TYPE(symbol.st_info) != STT_FUNC &&
		    GELF_ST_TYPE(symbol.st_info) != STT_GNU_IFUNC)
			continue;
		name = elf_strptr(elf, header->sh_link, symbol.st_name);
		if (name && *name)
			add_symbol(table, symbol.st_value, symbol.st_size, name, NULL);
	}
}

static void add_segments(struct file *file, Elf *elf)
{
	size_t count;

	if (elf_getphdrnum(elf, &count) || !count)
		return;
	file->segments = calloc(count, sizeof(*file->segments));
	if (!file->segments)
		tool_die("no memory");
	for (size_t i = 0; i < count; i++) {
		GElf_Phdr *segment = &file->segments[file->segment_count];

		if (gelf_getphdr(elf, i, segment) && segment->p_type == PT_LOAD)
			file->segment_count++;
	}
}

static void read_elf(struct file *file, int fd)
{
	Elf_Scn *section = NULL;
	Elf *elf;

	elf_version(EV_CURRENT);
	elf = elf_begin(fd, ELF_C_READ, NULL);
	if (!elf)
		return;
	add_segments(file, elf);
	while ((section = elf_nextscn(elf, section))) {
		GElf_Shdr header;

		if (gelf_getshdr(section, &header) &&
		    (header.sh_type == SHT_SYMTAB || header.sh_type == SHT_DYNSYM))
			add_section(&file->table, elf, section, &header);
	}
	elf_end(elf);
	sort(&file->table);
}

/* By the mapping itself: the name may lead elsewhere by now, or in another namespace. */
static int open_mapping(pid_t pid, const struct mapping *mapping)
{
	char path[96];

	snprintf(path, sizeof(path), "/proc/%d/map_files/%" PRIx64 "-%" PRIx64, pid, mapping->start,
		 mapping->end);
	return open(path, O_RDONLY | O_CLOEXEC);
}

static struct file *file_of(pid_t pid, const struct mapping *mapping, uint64_t device,
			    uint64_t inode)
{
	struct file *file;
	int fd;

	for (file = files; file; file = file->next)
		if (file->device == device && file->inode == inode)
			return file;
	fd = open_mapping(pid, mapping);
	if (fd < 0)
		return NULL;
	file = calloc(1, sizeof(*file));
	if (!file)
		tool_die("no memory");
	file->device = device;
	file->inode = inode;
	read_elf(file, fd);
	close(fd);
	file->next = files;
	files = file;
	return file;
}

/* As symbols have it: where the file's offset is in the program that the file describes. */
static bool address_in_file(const struct file *file, uint64_t offset, uint64_t *address)
{
	for (size_t i = 0; i < file->segment_count; i++) {
		const GElf_Phdr *segment = &file->segments[i];

		if (offset < segment->p_offset || offset - segment->p_offset >= segment->p_filesz)
			continue;
		*address = segment->p_vaddr + (offset - segment->p_offset);
		return true;
	}
	return false;
}

/* Processes. */

static struct process *find_process(pid_t pid)
{
	struct process *process;

	for (process = processes; process; process = process->next)
		if (process->pid == pid)
			return process;
	return NULL;
}

static struct process *process_of(pid_t pid)
{
	struct process *process = find_process(pid);

	if (process)
		return process;
	process = calloc(1, sizeof(*process));
	if (!process)
		tool_die("no memory");
	process->pid = pid;
	process->next = processes;
	processes = process;
	return process;
}

static const char *base_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* A line of /proc/PID/maps; what can't be executed doesn't matter. */
static void add_mapping(struct process *process, const char *line)
{
	unsigned int major, minor;
	struct mapping mapping = { 0 };
	char rights[8], path[512] = "";
	uint64_t inode;

	if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %7s %" SCNx64 " %x:%x %" SCNu64 " %511[^\n]",
		   &mapping.start, &mapping.end, rights, &mapping.offset, &major, &minor, &inode,
		   path) < 7 ||
	    rights[2] != 'x')
		return;
	snprintf(mapping.name, sizeof(mapping.name), "%.63s", base_name(path));
	if (inode)
		mapping.file =
			file_of(process->pid, &mapping, (uint64_t)major << 32 | minor, inode);
	process->mappings = grow(process->mappings, process->count, sizeof(mapping));
	process->mappings[process->count++] = mapping;
}

bool symbols_process(pid_t pid)
{
	char path[32], *line = NULL;
	struct process *process;
	size_t size = 0;
	FILE *maps;

	snprintf(path, sizeof(path), "/proc/%d/maps", pid);
	maps = fopen(path, "re");
	if (!maps)
		return find_process(pid) != NULL;
	process = process_of(pid);
	/* One that is about to go has none left: then those it had are still good. */
	if (getline(&line, &size, maps) > 0) {
		process->count = 0;
		free(process->mappings);
		process->mappings = NULL;
		do
			add_mapping(process, line);
		while (getline(&line, &size, maps) > 0);
	}
	free(line);
	fclose(maps);
	return process->count != 0;
}

static const struct mapping *find_mapping(const struct process *process, uint64_t address)
{
	for (size_t i = 0; process && i < process->count; i++)
		if (process->mappings[i].start <= address && address < process->mappings[i].end)
			return &process->mappings[i];
	return NULL;
}

static void name_frame(struct frame *frame, const struct symbol *symbol, uint64_t address)
{
	snprintf(frame->name, sizeof(frame->name), "%s", symbol->name);
	frame->offset = address - symbol->address;
}

void symbols_user(pid_t pid, struct frame *frame)
{
	const struct mapping *mapping = find_mapping(find_process(pid), frame->address);
	const struct symbol *symbol;
	uint64_t address;

	if (!mapping)
		return;
	memcpy(frame->object, mapping->name, sizeof(frame->object));
	frame->offset = frame->address - mapping->start + mapping->offset;
	if (!mapping->file || !address_in_file(mapping->file, frame->offset, &address))
		return;
	symbol = find_symbol(&mapping->file->table, address);
	if (symbol)
		name_frame(frame, symbol, address);
}

/* The kernel. */

/* A line of /proc/kallsyms: "ffffffff81000000 T _text", and of a module "\t[ioasid]" behind. */
static void add_kernel_symbol(const char *line)
{
	char type, name[256], object[64] = "";
	uint64_t address;

	if (sscanf(line, "%" SCNx64 " %c %255s [%63[^]]", &address, &type, name, object) < 3)
		return;
	if (address && strchr("tTwW", type))
		add_symbol(&kernel, address, 0, name, *object ? object : NULL);
}

static void read_kernel(void)
{
	FILE *list = fopen("/proc/kallsyms", "re");
	char *line = NULL;
	size_t size = 0;

	if (!list)
		return;
	while (getline(&line, &size, list) > 0)
		add_kernel_symbol(line);
	free(line);
	fclose(list);
	sort(&kernel);
}

void symbols_kernel(struct frame *frame)
{
	const struct symbol *symbol;
	static bool is_read;

	if (!is_read)
		read_kernel();
	is_read = true;
	symbol = find_symbol(&kernel, frame->address);
	if (!symbol)
		return;
	name_frame(frame, symbol, frame->address);
	snprintf(frame->object, sizeof(frame->object), "%s", symbol->object ?: "kernel");
}

static bool is_of_tracing(const struct frame *frame)
{
	static const char *const beginnings[] = { "bpf_trace_run", "bpf_trampoline", "__bpf_trace_",
						  "__traceiter_" };

	for (unsigned int i = 0; i < sizeof(beginnings) / sizeof(*beginnings); i++)
		if (!strncmp(frame->name, beginnings[i], strlen(beginnings[i])))
			return true;
	return false;
}

unsigned int symbols_trim(struct frame *frames, unsigned int depth)
{
	unsigned int first = 0;

	for (unsigned int i = 0; i < depth; i++)
		if (is_of_tracing(&frames[i]))
			first = i + 1;
	memmove(frames, frames + first, (depth - first) * sizeof(*frames));
	return depth - first;
}

void symbols_end(void)
{
	while (files) {
		struct file *file = files;

		files = file->next;
		free_table(&file->table);
		free(file->segments);
		free(file);
	}
	while (processes) {
		struct process *process = processes;

		processes = process->next;
		free(process->mappings);
		free(process);
	}
	free_table(&kernel);
}
