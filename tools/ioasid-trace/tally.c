/* SPDX-License-Identifier: GPL-2.0-only */
#include <inttypes.h>
#include <string.h>

#include "tally.h"
#include "text.h"

#define BAR_WIDTH 40

void tally_time(struct tally *tally, uint64_t ns)
{
	unsigned int bucket = hist_bucket(ns);

	tally->calls++;
	tally->sum_ns += ns;
	if (tally->max_ns < ns)
		tally->max_ns = ns;
	tally->buckets[bucket]++;
}

void tally_add(struct tally *total, const struct tally *part)
{
	total->calls += part->calls;
	total->errors += part->errors;
	total->pages += part->pages;
	total->reused += part->reused;
	total->sum_ns += part->sum_ns;
	if (total->max_ns < part->max_ns)
		total->max_ns = part->max_ns;
	if (!*total->comm)
		memcpy(total->comm, part->comm, sizeof(total->comm));
	for (unsigned int i = 0; i < HIST_BUCKETS; i++)
		total->buckets[i] += part->buckets[i];
}

static uint64_t longest_bucket(const struct tally *tally)
{
	unsigned int i = HIST_BUCKETS;

	while (i && !tally->buckets[i - 1])
		i--;
	return i ? hist_from(i) - 1 : 0;
}

void tally_subtract(struct tally *now, const struct tally *before)
{
	now->calls -= before->calls;
	now->errors -= before->errors;
	now->pages -= before->pages;
	now->reused -= before->reused;
	now->sum_ns -= before->sum_ns;
	for (unsigned int i = 0; i < HIST_BUCKETS; i++)
		now->buckets[i] -= before->buckets[i];
	if (now->max_ns == before->max_ns && longest_bucket(now) < now->max_ns)
		now->max_ns = longest_bucket(now);
}

uint64_t tally_percentile(const struct tally *tally, unsigned int per_mille)
{
	uint64_t wanted = 0, seen = 0;
	unsigned int i;

	/* The buckets are read after the number of calls and may hold a call more. */
	for (i = 0; i < HIST_BUCKETS; i++)
		wanted += tally->buckets[i];
	if (!wanted)
		return 0;
	wanted = (wanted * per_mille + 999) / 1000;
	for (i = 0; i < HIST_BUCKETS - 1; i++) {
		seen += tally->buckets[i];
		if (seen >= wanted)
			break;
	}
	seen = (hist_from(i) + hist_from(i + 1) - 1) / 2;
	return seen < tally->max_ns ? seen : tally->max_ns;
}

/* One line of the picture is a power of two: sixteen buckets, or what lies below the first. */
static uint64_t line_count(const struct tally *tally, unsigned int line)
{
	uint64_t count = 0;

	for (unsigned int i = 0; i < HIST_STEPS; i++)
		count += tally->buckets[line * HIST_STEPS + i];
	return count;
}

static void draw_line(const struct tally *tally, unsigned int line, uint64_t most, FILE *out)
{
	static const char bar[] = "****************************************";
	struct text from = text_time(hist_from(line * HIST_STEPS));
	struct text below = text_time(hist_from((line + 1) * HIST_STEPS));
	uint64_t count = line_count(tally, line);
	int length = (count * BAR_WIDTH + most - 1) / most;

	fprintf(out, "  %7s - %-7s %10" PRIu64 " |%-*.*s|\n", from.s, below.s, count, BAR_WIDTH,
		length, bar);
}

void tally_draw(const struct tally *tally, FILE *out, const char *what)
{
	unsigned int lines = HIST_BUCKETS / HIST_STEPS, first = lines, last = 0;
	uint64_t most = 0;

	for (unsigned int line = 0; line < lines; line++) {
		uint64_t count = line_count(tally, line);

		if (!count)
			continue;
		if (first == lines)
			first = line;
		last = line;
		if (most < count)
			most = count;
	}
	if (!most)
		return;
	fprintf(out, "  %17s %10s  distribution\n", "time     ", what);
	for (unsigned int line = first; line <= last; line++)
		draw_line(tally, line, most, out);
}

void tally_put_times(const struct tally *tally, struct json *json)
{
	json_number(json, "sum", tally->sum_ns);
	json_number(json, "p50", tally_percentile(tally, 500));
	json_number(json, "p90", tally_percentile(tally, 900));
	json_number(json, "p99", tally_percentile(tally, 990));
	json_number(json, "p999", tally_percentile(tally, 999));
	json_number(json, "max", tally->max_ns);
}

void tally_put_buckets(const struct tally *tally, struct json *json)
{
	json_open_array(json, "buckets");
	for (unsigned int i = 0; i < HIST_BUCKETS; i++) {
		if (!tally->buckets[i])
			continue;
		json_open(json, NULL);
		json_number(json, "from", hist_from(i));
		json_number(json, "below", hist_from(i + 1));
		json_number(json, "count", tally->buckets[i]);
		json_close(json);
	}
	json_close_array(json);
}
