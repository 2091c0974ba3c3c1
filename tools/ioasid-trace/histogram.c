/* SPDX-License-Identifier: GPL-2.0-only */
#include <inttypes.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "histogram.h"
#include "model.h"
#include "size.h"
#include "tally.h"
#include "text.h"
#include "tool.h"

/* Whose calls: by process and ioas the number says it, by size the class, else the name. */
struct row_key {
	uint64_t operation;
	uint64_t number;
	char name[48];
};

struct row {
	struct row_key key;
	struct tally tally;
};

struct histogram {
	enum by by;
	uint32_t operations;
	const struct devices *devices;
	void *tree; /* the same rows, by their keys */
	struct row **rows;
	size_t count;
};

struct histogram *histogram_new(enum by by, uint32_t operations, const struct devices *devices)
{
	struct histogram *histogram = calloc(1, sizeof(*histogram));

	if (!histogram)
		tool_die("no memory");
	histogram->by = by;
	histogram->operations = operations;
	histogram->devices = devices;
	return histogram;
}

static void leave_alone(void *row)
{
	(void)row;
}

void histogram_free(struct histogram *histogram)
{
	if (!histogram)
		return;
	tdestroy(histogram->tree, leave_alone);
	for (size_t i = 0; i < histogram->count; i++)
		free(histogram->rows[i]);
	free(histogram->rows);
	free(histogram);
}

/* A row begins with its key. */
static int compare_keys(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct row_key));
}

static struct row *find_row(const struct histogram *histogram, const struct row_key *key)
{
	struct row *const *found = tfind(key, &histogram->tree, compare_keys);

	return found ? *found : NULL;
}

static void keep_row(struct histogram *histogram, struct row *row)
{
	struct row **rows = reallocarray(histogram->rows, histogram->count + 1, sizeof(*rows));

	if (!rows)
		tool_die("no memory");
	histogram->rows = rows;
	rows[histogram->count++] = row;
}

static struct tally *tally_of(struct histogram *histogram, const struct row_key *key)
{
	struct row *row = find_row(histogram, key);

	if (row)
		return &row->tally;
	row = calloc(1, sizeof(*row));
	if (!row)
		tool_die("no memory");
	row->key = *key;
	if (!tsearch(row, &histogram->tree, compare_keys))
		tool_die("no memory");
	keep_row(histogram, row);
	return &row->tally;
}

struct histogram *histogram_copy(const struct histogram *histogram)
{
	struct histogram *copy =
		histogram_new(histogram->by, histogram->operations, histogram->devices);

	for (size_t i = 0; i < histogram->count; i++)
		*tally_of(copy, &histogram->rows[i]->key) = histogram->rows[i]->tally;
	return copy;
}

static bool is_empty(const struct tally *tally)
{
	return !tally->calls && !tally->errors;
}

/* What is added to the row of each device. */
struct share {
	struct histogram *histogram;
	struct row_key key;
	const struct tally *tally;
};

static void add_share(void *context, const char *name)
{
	struct share *share = context;

	memset(share->key.name, 0, sizeof(share->key.name));
	strncpy(share->key.name, name, sizeof(share->key.name) - 1);
	tally_add(tally_of(share->histogram, &share->key), share->tally);
}

static void add_to_devices(struct histogram *histogram, const struct tally_key *key,
			   const struct tally *tally)
{
	struct share share = {
		.histogram = histogram,
		.key.operation = key->operation,
		.tally = tally,
	};

	if (!devices_each(histogram->devices, key->value, key->epoch, add_share, &share))
		add_share(&share, "");
}

static void set_row_key(enum by by, const struct tally_key *key, struct row_key *row)
{
	row->operation = key->operation;
	if (by == BY_POLICY) {
		memcpy(row->name, &key->value, sizeof(key->value));
		memcpy(row->name + sizeof(key->value), &key->more, sizeof(key->more));
	} else {
		row->number = key->value;
	}
}

void histogram_add_tally(struct histogram *histogram, const struct tally_key *key,
			 const struct tally *tally)
{
	struct row_key row = { 0 };

	if (is_empty(tally))
		return;
	if (histogram->by == BY_DEVICE) {
		add_to_devices(histogram, key, tally);
		return;
	}
	set_row_key(histogram->by, key, &row);
	tally_add(tally_of(histogram, &row), tally);
}

static void key_of(enum by by, const struct event *event, struct tally_key *key)
{
	key->operation = event->operation;
	key->epoch = UINT32_MAX;
	switch (by) {
	case BY_PROCESS:
		key->value = event->tgid;
		break;
	case BY_IOAS:
	case BY_DEVICE:
		key->value = event->ioas;
		break;
	case BY_SIZE:
		key->value = size_class(event_size(event));
		break;
	case BY_POLICY:
		memcpy(&key->value, event->policy, sizeof(key->value));
		memcpy(&key->more, event->policy + sizeof(key->value), sizeof(key->more));
		break;
	default:
		break;
	}
}

static void add_event(struct tally *tally, const struct event *event)
{
	if (!*tally->comm)
		memcpy(tally->comm, event->comm, sizeof(tally->comm));
	if (event->error) {
		tally->errors++;
		return;
	}
	tally->pages += event_size(event);
	tally->reused += event->reused;
	tally_time(tally, event->total_ns);
}

void histogram_add(struct histogram *histogram, const struct event *event)
{
	struct tally_key key = { 0 };
	struct row_key row = { 0 };

	key_of(histogram->by, event, &key);
	if (histogram->by == BY_DEVICE) {
		struct tally tally = { 0 };

		add_event(&tally, event);
		add_to_devices(histogram, &key, &tally);
		return;
	}
	set_row_key(histogram->by, &key, &row);
	add_event(tally_of(histogram, &row), event);
}

void histogram_subtract(struct histogram *now, const struct histogram *before)
{
	for (size_t i = 0; i < now->count; i++) {
		const struct row *old = find_row(before, &now->rows[i]->key);

		if (old)
			tally_subtract(&now->rows[i]->tally, &old->tally);
	}
}

/* Operations in order, and of each what took longest first. */
static int compare_rows(const void *a, const void *b)
{
	const struct row *one = *(struct row *const *)a, *other = *(struct row *const *)b;

	if (one->key.operation != other->key.operation)
		return one->key.operation < other->key.operation ? -1 : 1;
	if (one->tally.sum_ns != other->tally.sum_ns)
		return one->tally.sum_ns > other->tally.sum_ns ? -1 : 1;
	return memcmp(&one->key, &other->key, sizeof(one->key));
}

static int compare_sizes(const void *a, const void *b)
{
	const struct row *one = *(struct row *const *)a, *other = *(struct row *const *)b;

	if (one->key.operation != other->key.operation)
		return one->key.operation < other->key.operation ? -1 : 1;
	return one->key.number < other->key.number ? -1 : one->key.number > other->key.number;
}

/* Is the operation shown though there was none? */
static bool is_shown(const struct histogram *histogram, enum operation operation)
{
	if (histogram->operations)
		return histogram->operations & OPERATION_BIT(operation);
	return operation <= OPERATION_UNMAP;
}

/* Text, an operation as a whole. */

static void show_times(const struct tally *tally, FILE *out)
{
	fprintf(out, "  avg %s  p50 %s  p90 %s  p99 %s  p99.9 %s  max %s\n",
		text_time(tally->sum_ns / tally->calls).s,
		text_time(tally_percentile(tally, 500)).s,
		text_time(tally_percentile(tally, 900)).s,
		text_time(tally_percentile(tally, 990)).s,
		text_time(tally_percentile(tally, 999)).s, text_time(tally->max_ns).s);
	fprintf(out, "  %s in %s\n", text_size(bytes_of(tally->pages)).s,
		text_time(tally->sum_ns).s);
}

static void show_tally(const char *name, const struct tally *tally, FILE *out)
{
	fprintf(out, "\n%s: %llu calls, %llu errors, %llu pages", name, tally->calls, tally->errors,
		tally->pages);
	if (tally->reused)
		fprintf(out, ", %llu of them reused", tally->reused);
	fputc('\n', out);
	if (!tally->calls)
		return;
	show_times(tally, out);
	tally_draw(tally, out, "calls");
}

static void show_whole(struct histogram *histogram, const struct view *view)
{
	for (enum operation i = 0; i < OPERATIONS; i++) {
		const struct tally *tally =
			tally_of(histogram, &(struct row_key){ .operation = i });

		if (is_shown(histogram, i) || !is_empty(tally))
			show_tally(operation_names[i], tally, view->out);
	}
}

/* Text, a table of an operation. */

static const char *const titles[BYS] = {
	[BY_PROCESS] = "   PID COMMAND", [BY_IOAS] = "IOAS",	 [BY_DEVICE] = "DEVICE",
	[BY_SIZE] = "EACH CALL",	 [BY_POLICY] = "POLICY",
};

static void say_whose(const struct histogram *histogram, const struct row *row, char text[64])
{
	switch (histogram->by) {
	case BY_PROCESS:
		snprintf(text, 64, "%6" PRIu64 " %.15s", row->key.number, row->tally.comm);
		break;
	case BY_IOAS:
		if (row->key.number)
			snprintf(text, 64, "%" PRIu64, row->key.number);
		else
			snprintf(text, 64, "-");
		break;
	case BY_SIZE:
		snprintf(text, 64, "%s", size_text(row->key.number).s);
		break;
	default:
		snprintf(text, 64, "%s", *row->key.name ? row->key.name : "-");
	}
}

static void show_row(const struct histogram *histogram, const struct row *row, FILE *out)
{
	const struct tally *tally = &row->tally;
	char whose[64];

	say_whose(histogram, row, whose);
	fprintf(out, "  %-16.16s %6s %6s %5s %6s", whose, size_count(tally->calls).s,
		size_count(tally->errors).s, text_size(bytes_of(tally->pages)).s,
		text_time(tally->sum_ns).s);
	fprintf(out, " %6s %6s %6s %6s %6s\n", text_time(tally_percentile(tally, 500)).s,
		text_time(tally_percentile(tally, 900)).s,
		text_time(tally_percentile(tally, 990)).s,
		text_time(tally_percentile(tally, 999)).s, text_time(tally->max_ns).s);
}

static void show_title(const struct histogram *histogram, uint64_t operation, FILE *out)
{
	fprintf(out, "\n%s by %s\n", operation_names[operation], by_names[histogram->by]);
	fprintf(out, "  %-16s %6s %6s %5s %6s %6s %6s %6s %6s %6s\n", titles[histogram->by],
		"CALLS", "ERRORS", "SIZE", "SUM", "P50", "P90", "P99", "P99.9", "MAX");
}

static void show_table(struct histogram *histogram, const struct view *view)
{
	uint64_t operation = OPERATIONS;

	for (size_t i = 0; i < histogram->count; i++) {
		const struct row *row = histogram->rows[i];

		if (is_empty(&row->tally))
			continue;
		if (row->key.operation != operation)
			show_title(histogram, row->key.operation, view->out);
		operation = row->key.operation;
		show_row(histogram, row, view->out);
	}
	if (operation == OPERATIONS)
		fprintf(view->out, "\nno calls\n");
}

/* JSON. */

static void put_name(struct json *json, const char *key, const char *name)
{
	if (*name)
		json_string(json, key, name);
	else
		json_null(json, key);
}

static void put_whose(const struct histogram *histogram, const struct row *row, struct json *json)
{
	if (histogram->by)
		json_string(json, "by", by_names[histogram->by]);
	switch (histogram->by) {
	case BY_PROCESS:
		json_number(json, "pid", row->key.number);
		json_string(json, "command", row->tally.comm);
		break;
	case BY_IOAS:
		json_number(json, "ioas", row->key.number);
		break;
	case BY_DEVICE:
		put_name(json, "device", row->key.name);
		break;
	case BY_SIZE:
		size_put(json, row->key.number);
		break;
	case BY_POLICY:
		put_name(json, "policy", row->key.name);
		break;
	default:
		break;
	}
}

static void put_row(const struct histogram *histogram, const struct row *row,
		    const struct view *view)
{
	const struct tally *tally = &row->tally;
	struct json *json = view->json;

	json_open(json, NULL);
	json_string(json, "record", "hist");
	view_span(view);
	json_string(json, "operation", operation_names[row->key.operation]);
	put_whose(histogram, row, json);
	json_number(json, "count", tally->calls);
	json_number(json, "errors", tally->errors);
	json_number(json, "pages", tally->pages);
	json_number(json, "bytes", bytes_of(tally->pages));
	json_number(json, "reused", tally->reused);
	tally_put_times(tally, json);
	tally_put_buckets(tally, json);
	json_close(json);
}

/* Without --by what there could have been has a record, too. */
static void make_rows(struct histogram *histogram)
{
	uint32_t operations = histogram->operations ?: model_hist.operations;

	for (enum operation i = 0; i < OPERATIONS; i++)
		if (operations & OPERATION_BIT(i))
			tally_of(histogram, &(struct row_key){ .operation = i });
}

static void put_rows(const struct histogram *histogram, const struct view *view)
{
	for (size_t i = 0; i < histogram->count; i++) {
		const struct row *row = histogram->rows[i];

		if (!histogram->by || !is_empty(&row->tally))
			put_row(histogram, row, view);
	}
}

void histogram_show(struct histogram *histogram, const struct view *view)
{
	if (!histogram->by)
		make_rows(histogram);
	if (histogram->count)
		qsort(histogram->rows, histogram->count, sizeof(*histogram->rows),
		      histogram->by == BY_SIZE ? compare_sizes : compare_rows);
	view_heading(view);
	if (view->json)
		put_rows(histogram, view);
	else if (histogram->by)
		show_table(histogram, view);
	else
		show_whole(histogram, view);
}

/* The mode. */

struct hist_model {
	struct devices *devices;
	struct histogram *histogram;
};

static void *create(const struct model_options *options)
{
	struct hist_model *model = calloc(1, sizeof(*model));

	if (!model)
		tool_die("no memory");
	model->devices = devices_new();
	model->histogram = histogram_new(options->by, options->operations, model->devices);
	return model;
}

static void destroy(void *context)
{
	struct hist_model *model = context;

	histogram_free(model->histogram);
	devices_free(model->devices);
	free(model);
}

/* What happens with the devices before the call that says so has ended is not known. */
static void add(void *context, const struct event *event)
{
	struct hist_model *model = context;

	devices_add(model->devices, event);
	if (!(event->flags & EVENT_ASIDE))
		histogram_add(model->histogram, event);
}

static void show(void *context, const struct view *view)
{
	struct hist_model *model = context;

	histogram_show(model->histogram, view);
}

const struct model model_hist = {
	.name = "hist",
	.operations = OPERATION_BIT(OPERATION_MAP) | OPERATION_BIT(OPERATION_UNMAP) |
		      OPERATION_BIT(OPERATION_ATTACH) | OPERATION_BIT(OPERATION_DETACH),
	.possible = OPERATION_BIT(OPERATIONS) - 1,
	.create = create,
	.destroy = destroy,
	.add = add,
	.show = show,
};
