/* SPDX-License-Identifier: GPL-2.0-only */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "lookup.h"
#include "recording.h"
#include "tool.h"

#define MAGIC "ioasidtr"
#define ORDER 0x01020304
#define BUFFER (1 << 20)
#define PAYLOAD_MOST (1 << 20)

enum kind {
	KIND_EVENT = 1,
	KIND_STACK,
	KIND_PROCESS,
	KIND_LOST,
	KIND_END,
};

struct record_head {
	uint32_t kind;
	uint32_t length;
};

struct recording_stack {
	uint32_t tgid;
	int32_t number;
	uint32_t of_user;
	uint32_t count;
};

struct recording_process {
	uint32_t tgid;
	char name[COMM_LEN];
};

struct recording_lost {
	uint64_t missed;
	uint64_t uncounted;
	/* then of each CPU */
};

struct recording_end {
	uint64_t duration_ns;
	uint64_t events[OPERATIONS];
};

#define EVENT_WORDS (sizeof(struct event) / sizeof(uint64_t))
static_assert(sizeof(struct event) % sizeof(uint64_t) == 0 && EVENT_WORDS <= 64,
	      "a bit for each word");

/* A stack as it was read. */
struct stack {
	unsigned int count;
	struct frame frames[];
};

struct recording {
	const char *path;
	FILE *file;
	struct recording_header header;
	uint64_t counts[OPERATIONS];
	struct lookup processes; /* by number: name */
	struct lookup stacks; /* by stack_key(): struct stack */
	/* Reading: */
	struct event event;
	struct losses losses;
	uint64_t duration_ns;
	uint64_t last_ns; /* time of the last event */
	bool is_over; /* all was read, or as far as it goes */
	bool was_told; /* that it is cut off or damaged */
	char *payload;
};

/* A user's stack belongs to a process, the kernel's to all. */
static uint64_t stack_key(uint32_t tgid, int32_t number, bool of_user)
{
	return (uint32_t)number | (of_user ? (uint64_t)tgid << 32 : 1ULL << 63);
}

static int32_t stack_number(const struct event *event, bool of_user)
{
	return of_user ? event->user_stack : event->kernel_stack;
}

static struct recording *new_recording(const char *path, FILE *file)
{
	struct recording *recording = calloc(1, sizeof(*recording));

	if (!recording)
		tool_die("no memory");
	recording->path = path;
	recording->file = file;
	setvbuf(file, NULL, _IOFBF, BUFFER);
	return recording;
}

static void free_recording(struct recording *recording)
{
	lookup_clear(&recording->processes, free);
	lookup_clear(&recording->stacks, free);
	free(recording->losses.of_cpu);
	free(recording->payload);
	free(recording);
}

/* Writing. */

static void die_of_write(const struct recording *recording)
{
	tool_die("%s cannot be written: %m; what came before can be reported", recording->path);
}

static void put(struct recording *recording, const void *data, size_t size)
{
	if (fwrite(data, 1, size, recording->file) != size)
		die_of_write(recording);
}

static void put_head(struct recording *recording, enum kind kind, size_t length)
{
	struct record_head head = { .kind = kind, .length = length };

	put(recording, &head, sizeof(head));
}

struct recording *recording_create(const char *path, const struct recording_header *header)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	FILE *file = fd < 0 ? NULL : fdopen(fd, "w");
	struct recording *recording;

	if (!file)
		tool_die("%s cannot be written: %m", path);
	recording = new_recording(path, file);
	recording->header = *header;
	memcpy(recording->header.magic, MAGIC, sizeof(recording->header.magic));
	recording->header.order = ORDER;
	recording->header.version = RECORDING_VERSION;
	put(recording, &recording->header, sizeof(recording->header));
	recording_flush(recording);
	return recording;
}

void recording_flush(struct recording *recording)
{
	if (fflush(recording->file))
		die_of_write(recording);
}

void recording_add(struct recording *recording, const struct event *event)
{
	uint64_t words[EVENT_WORDS], kept[1 + EVENT_WORDS] = { 0 };
	size_t used = 1;

	memcpy(words, event, sizeof(words));
	for (size_t i = 0; i < EVENT_WORDS; i++) {
		if (!words[i])
			continue;
		kept[0] |= 1ULL << i;
		kept[used++] = words[i];
	}
	put_head(recording, KIND_EVENT, used * sizeof(kept[0]));
	put(recording, kept, used * sizeof(kept[0]));
	recording->counts[event->operation]++;
}

static bool is_known(struct lookup *lookup, uint64_t key)
{
	void **slot = lookup_slot(lookup, key);

	if (*slot)
		return true;
	*slot = malloc(1); /* nothing but not NULL */
	if (!*slot)
		tool_die("no memory");
	return false;
}

bool recording_has_process(struct recording *recording, uint32_t tgid)
{
	return is_known(&recording->processes, tgid);
}

bool recording_has_stack(struct recording *recording, const struct event *event, bool of_user)
{
	int32_t number = stack_number(event, of_user);

	return is_known(&recording->stacks, stack_key(event->tgid, number, of_user));
}

void recording_add_process(struct recording *recording, uint32_t tgid, const char *name)
{
	struct recording_process process = { .tgid = tgid };

	strncpy(process.name, name, sizeof(process.name) - 1);
	put_head(recording, KIND_PROCESS, sizeof(process));
	put(recording, &process, sizeof(process));
}

static size_t frame_length(const struct frame *frame)
{
	return 2 * sizeof(uint64_t) + strlen(frame->name) + 1 + strlen(frame->object) + 1;
}

static void put_frame(struct recording *recording, const struct frame *frame)
{
	put(recording, &frame->address, sizeof(frame->address));
	put(recording, &frame->offset, sizeof(frame->offset));
	put(recording, frame->name, strlen(frame->name) + 1);
	put(recording, frame->object, strlen(frame->object) + 1);
}

void recording_add_stack(struct recording *recording, const struct event *event, bool of_user,
			 const struct frame *frames, unsigned int count)
{
	struct recording_stack stack = {
		.tgid = event->tgid,
		.number = stack_number(event, of_user),
		.of_user = of_user,
		.count = count,
	};
	size_t length = sizeof(stack);

	for (unsigned int i = 0; i < count; i++)
		length += frame_length(&frames[i]);
	put_head(recording, KIND_STACK, length);
	put(recording, &stack, sizeof(stack));
	for (unsigned int i = 0; i < count; i++)
		put_frame(recording, &frames[i]);
}

static void add_losses(struct recording *recording, const struct losses *losses)
{
	struct recording_lost lost = {
		.missed = losses->missed,
		.uncounted = losses->uncounted,
	};
	size_t of_cpus = losses->cpus * sizeof(losses->of_cpu[0]);

	put_head(recording, KIND_LOST, sizeof(lost) + of_cpus);
	put(recording, &lost, sizeof(lost));
	put(recording, losses->of_cpu, of_cpus);
}

void recording_finish(struct recording *recording, const struct losses *losses,
		      uint64_t duration_ns)
{
	struct recording_end end = { .duration_ns = duration_ns };

	memcpy(end.events, recording->counts, sizeof(end.events));
	add_losses(recording, losses);
	put_head(recording, KIND_END, sizeof(end));
	put(recording, &end, sizeof(end));
	if (fclose(recording->file))
		die_of_write(recording);
	free_recording(recording);
}

/* Reading. */

/* Whatever of these is wrong, nothing after it makes sense. @got: bytes of it that there are. */
static void check_header(const struct recording *recording, size_t got)
{
	const struct recording_header *header = &recording->header;
	bool is_short = got < offsetof(struct recording_header, page_size);

	if (!got)
		tool_die("%s is empty", recording->path);
	if (memcmp(header->magic, MAGIC, sizeof(header->magic)))
		tool_die("%s is no recording of ioasid-trace", recording->path);
	if (!is_short && header->order != ORDER)
		tool_die("%s was recorded on a machine of the other byte order; report it on one "
			 "like that",
			 recording->path);
	if (!is_short && header->version != RECORDING_VERSION)
		tool_die("%s is a recording of version %u, and this ioasid-trace reads version %u; "
			 "report it with the ioasid-trace that recorded it",
			 recording->path, header->version, RECORDING_VERSION);
	if (got < sizeof(*header))
		tool_die("%s was cut off in its header; there is nothing to report",
			 recording->path);
}

/* So that they can be shown, whoever wrote the file. */
static void end_strings(struct recording_header *header)
{
	header->kernel[sizeof(header->kernel) - 1] = '\0';
	header->module[sizeof(header->module) - 1] = '\0';
	header->backend[sizeof(header->backend) - 1] = '\0';
	header->command[sizeof(header->command) - 1] = '\0';
}

struct recording *recording_open(const char *path)
{
	FILE *file = fopen(path, "re");
	struct recording *recording;
	struct stat status;
	size_t got;

	if (!file)
		tool_die("%s cannot be read: %m", path);
	if (!fstat(fileno(file), &status) && !S_ISREG(status.st_mode))
		tool_die("%s is no file that was recorded", path);
	recording = new_recording(path, file);
	got = fread(&recording->header, 1, sizeof(recording->header), file);
	check_header(recording, got);
	end_strings(&recording->header);
	recording->payload = malloc(PAYLOAD_MOST);
	if (!recording->payload)
		tool_die("no memory");
	return recording;
}

const struct recording_header *recording_header(const struct recording *recording)
{
	return &recording->header;
}

/* It ends here, and should not. */
static void give_up(struct recording *recording, const char *why)
{
	recording->is_over = true;
	recording->duration_ns = 0;
	if (recording->last_ns > recording->header.start_ns)
		recording->duration_ns = recording->last_ns - recording->header.start_ns;
	if (!recording->was_told)
		tool_warn("%s %s after %" PRIu64 " events; this is as far as it goes",
			  recording->path, why, recording_count(recording, OPERATIONS));
	recording->was_told = true;
}

static bool take_event(struct recording *recording, uint32_t length)
{
	uint64_t words[EVENT_WORDS] = { 0 }, mask;
	const char *payload = recording->payload;

	if (length < sizeof(mask))
		return false;
	memcpy(&mask, payload, sizeof(mask));
	if (length != sizeof(mask) * (1 + (unsigned int)__builtin_popcountll(mask)) ||
	    (EVENT_WORDS < 64 && mask >> EVENT_WORDS))
		return false;
	for (size_t i = 0; i < EVENT_WORDS; i++) {
		if (!(mask & 1ULL << i))
			continue;
		payload += sizeof(words[i]);
		memcpy(&words[i], payload, sizeof(words[i]));
	}
	memcpy(&recording->event, words, sizeof(words));
	if (recording->event.operation >= OPERATIONS)
		return false;
	recording->event.comm[sizeof(recording->event.comm) - 1] = '\0';
	recording->event.policy[sizeof(recording->event.policy) - 1] = '\0';
	recording->event.account[sizeof(recording->event.account) - 1] = '\0';
	recording->event.device[sizeof(recording->event.device) - 1] = '\0';
	recording->counts[recording->event.operation]++;
	recording->last_ns = recording->event.time_ns;
	return true;
}

/* A string that ends before @end, into @to; returns what is after it, NULL when it doesn't end. */
static const char *take_string(const char *from, const char *end, char *to, size_t size)
{
	size_t length = strnlen(from, end - from);

	if (length == (size_t)(end - from) || length >= size)
		return NULL;
	memcpy(to, from, length + 1);
	return from + length + 1;
}

static const char *take_frame(const char *at, const char *end, struct frame *frame)
{
	if ((size_t)(end - at) < 2 * sizeof(uint64_t))
		return NULL;
	memcpy(&frame->address, at, sizeof(frame->address));
	memcpy(&frame->offset, at + sizeof(frame->address), sizeof(frame->offset));
	at = take_string(at + 2 * sizeof(uint64_t), end, frame->name, sizeof(frame->name));
	return at ? take_string(at, end, frame->object, sizeof(frame->object)) : NULL;
}

static bool take_stack(struct recording *recording, uint32_t length)
{
	const char *at = recording->payload, *end = at + length;
	struct recording_stack head;
	struct stack *stack;
	void **slot;

	if (length < sizeof(head))
		return false;
	memcpy(&head, at, sizeof(head));
	if (head.count > STACK_DEPTH)
		return false;
	stack = calloc(1, sizeof(*stack) + head.count * sizeof(stack->frames[0]));
	if (!stack)
		tool_die("no memory");
	at += sizeof(head);
	while (at && stack->count < head.count)
		at = take_frame(at, end, &stack->frames[stack->count++]);
	slot = lookup_slot(&recording->stacks, stack_key(head.tgid, head.number, head.of_user));
	free(*slot);
	*slot = stack;
	if (at != end)
		stack->count = 0;
	return at == end;
}

static bool take_process(struct recording *recording, uint32_t length)
{
	struct recording_process process;
	void **slot;

	if (length != sizeof(process))
		return false;
	memcpy(&process, recording->payload, sizeof(process));
	slot = lookup_slot(&recording->processes, process.tgid);
	free(*slot);
	*slot = strndup(process.name, sizeof(process.name));
	if (!*slot)
		tool_die("no memory");
	return true;
}

static bool take_losses(struct recording *recording, uint32_t length)
{
	struct losses *losses = &recording->losses;
	struct recording_lost lost;
	size_t of_cpus;

	if (length < sizeof(lost) || (length - sizeof(lost)) % sizeof(losses->of_cpu[0]))
		return false;
	of_cpus = length - sizeof(lost);
	memcpy(&lost, recording->payload, sizeof(lost));
	losses->missed = lost.missed;
	losses->uncounted = lost.uncounted;
	losses->cpus = of_cpus / sizeof(losses->of_cpu[0]);
	free(losses->of_cpu);
	losses->of_cpu = malloc(of_cpus + 1);
	if (!losses->of_cpu)
		tool_die("no memory");
	memcpy(losses->of_cpu, recording->payload + sizeof(lost), of_cpus);
	return true;
}

static bool take_end(struct recording *recording, uint32_t length)
{
	struct recording_end end;

	if (length != sizeof(end))
		return false;
	memcpy(&end, recording->payload, sizeof(end));
	if (memcmp(end.events, recording->counts, sizeof(end.events)))
		return false;
	recording->duration_ns = end.duration_ns;
	recording->is_over = true;
	return true;
}

static bool take(struct recording *recording, const struct record_head *head)
{
	switch (head->kind) {
	case KIND_EVENT:
		return take_event(recording, head->length);
	case KIND_STACK:
		return take_stack(recording, head->length);
	case KIND_PROCESS:
		return take_process(recording, head->length);
	case KIND_LOST:
		return take_losses(recording, head->length);
	case KIND_END:
		return take_end(recording, head->length);
	default:
		return false;
	}
}

/* The next record, whatever its kind. */
static bool read_record(struct recording *recording, struct record_head *head)
{
	if (fread(head, 1, sizeof(*head), recording->file) != sizeof(*head)) {
		if (ferror(recording->file))
			tool_die("%s cannot be read: %m", recording->path);
		give_up(recording, "was cut off");
		return false;
	}
	if (head->length > PAYLOAD_MOST) {
		give_up(recording, "is damaged");
		return false;
	}
	if (fread(recording->payload, 1, head->length, recording->file) != head->length) {
		give_up(recording, "was cut off");
		return false;
	}
	return true;
}

struct event *recording_next(struct recording *recording)
{
	struct record_head head;

	while (!recording->is_over && read_record(recording, &head)) {
		if (!take(recording, &head)) {
			give_up(recording, "is damaged");
			break;
		}
		if (head.kind == KIND_EVENT)
			return &recording->event;
	}
	return NULL;
}

void recording_rewind(struct recording *recording)
{
	if (fseek(recording->file, sizeof(recording->header), SEEK_SET))
		tool_die("%s cannot be read: %m", recording->path);
	recording->is_over = false;
	recording->last_ns = 0;
	memset(recording->counts, 0, sizeof(recording->counts));
}

unsigned int recording_stack(const struct recording *recording, const struct event *event,
			     bool of_user, struct frame *frames)
{
	int32_t number = stack_number(event, of_user);
	const struct stack *stack;

	stack = lookup_find(&recording->stacks, stack_key(event->tgid, number, of_user));
	if (number < 0 || !stack)
		return 0;
	memcpy(frames, stack->frames, stack->count * sizeof(frames[0]));
	return stack->count;
}

const char *recording_process(const struct recording *recording, uint32_t tgid)
{
	return lookup_find(&recording->processes, tgid) ?: "?";
}

uint64_t recording_count(const struct recording *recording, enum operation operation)
{
	uint64_t sum = 0;

	if (operation != OPERATIONS)
		return recording->counts[operation];
	for (unsigned int i = 0; i < OPERATIONS; i++)
		sum += recording->counts[i];
	return sum;
}

const struct losses *recording_losses(const struct recording *recording)
{
	return &recording->losses;
}

uint64_t recording_duration_ns(const struct recording *recording)
{
	return recording->duration_ns;
}

void recording_close(struct recording *recording)
{
	fclose(recording->file);
	free_recording(recording);
}
