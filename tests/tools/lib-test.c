/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * lib-test - tools/lib: buckets, numbers for people and from people, JSON; and how the exits of
 * policies are read. Prints TAP; needs no kernel.
 */
#include <inttypes.h>
#include <ioasid/exit.h>
#include <linux/types.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hist.h"
#include "json.h"
#include "number.h"
#include "text.h"

static unsigned int tests, failures;

static void is(const char *what, const char *got, const char *wanted)
{
	bool good = !strcmp(got, wanted);

	tests++;
	failures += !good;
	printf("%sok %u - %s\n", good ? "" : "not ", tests, what);
	if (!good)
		printf("# got    '%s'\n# wanted '%s'\n", got, wanted);
}

static void test_text(void)
{
	/* clang-format off */
	static const struct {
		uint64_t bytes;
		const char *text;
	} sizes[] = {
		{ 0, "0" },			{ 4096, "4K" },
		{ 23 * 4096, "92K" },		{ 1009 * 4096, "4036K" },
		{ 10000 * 1024 - 4096, "9996K" }, { 10000 * 1024, "9.8M" },
		{ 16 << 20, "16.0M" },		{ 1009ULL << 20, "1009M" },
		{ 9999ULL << 20, "9999M" },	{ 10000ULL << 20, "9.8G" },
		{ 1ULL << 40, "1024G" },	{ UINT64_MAX - 4095, "16.0E" },
		{ UINT64_MAX, "-" },
	};
	static const struct {
		uint64_t ns;
		const char *text;
	} times[] = {
		{ 0, "0ns" },		 { 999, "999ns" },	  { 1000, "1.00us" },
		{ 8190, "8.19us" },	 { 9999, "10.0us" },	  { 104000, "104us" },
		{ 999499, "999us" },	 { 999500, "1.00ms" },	  { 2300000, "2.30ms" },
		{ 1070000000, "1.07s" }, { 1000000000000, "1000s" },
	};
	/* clang-format on */

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		is("a size", text_size(sizes[i].bytes).s, sizes[i].text);
	for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++)
		is("a time", text_time(times[i].ns).s, times[i].text);
}

/* Says what is wrong with the bucket of a value, "" when nothing is. */
static const char *bucket_fault(uint64_t value)
{
	unsigned int bucket = hist_bucket(value);
	uint64_t from, below;

	if (bucket >= HIST_BUCKETS)
		return "no such bucket";
	from = hist_from(bucket);
	below = hist_from(bucket + 1);
	if (value < from)
		return "below its bucket";
	if (value >= below && bucket != HIST_BUCKETS - 1)
		return "above its bucket";
	if ((below - from) * HIST_STEPS > from && below - from > 1)
		return "too wide a bucket";
	return "";
}

static void test_buckets(void)
{
	const char *fault = "";
	unsigned int last = 0;

	for (uint64_t value = 0; value < 1 << 20 && !*fault; value++) {
		fault = bucket_fault(value);
		if (hist_bucket(value) < last || hist_bucket(value) > last + 1)
			fault = "a gap between two buckets";
		last = hist_bucket(value);
	}
	is("every value up to 2^20 is in its bucket", fault, "");
	for (unsigned int bits = 20; bits < 64 && !*fault; bits++)
		for (int64_t near = -2; near <= 2 && !*fault; near++)
			fault = bucket_fault((1ULL << bits) + near);
	is("so are the values around the powers of two", fault, "");
	is("and the largest value", bucket_fault(UINT64_MAX), "");
	is("the last bucket ends where it has to",
	   hist_from(HIST_BUCKETS) == 1ULL << HIST_BITS ? "yes" : "no", "yes");
}

static void test_json(void)
{
	char *text;
	size_t size;
	struct json json = { .out = open_memstream(&text, &size) };

	json_open(&json, NULL);
	json_string(&json, "text", "a\"b\\c\nd\x7f\xc3\xa4\xff\xed\xa0\x80");
	json_number(&json, "most", UINT64_MAX);
	json_signed(&json, "least", INT64_MIN);
	json_thousandths(&json, "micro", 23007);
	json_open_array(&json, "list");
	for (int i = 0; i < 2; i++) {
		json_open(&json, NULL);
		json_bool(&json, "yes", !i);
		json_close(&json);
	}
	json_close_array(&json);
	json_null(&json, "nothing");
	json_close(&json);
	json_open(&json, NULL);
	json_close(&json);
	fclose(json.out);
	is("JSON", text,
	   "{\"text\":\"a\\\"b\\\\c\\u000ad\\u007f\xc3\xa4????\",\"most\":18446744073709551615,"
	   "\"least\":-9223372036854775808,\"micro\":23.007,"
	   "\"list\":[{\"yes\":true},{\"yes\":false}],"
	   "\"nothing\":null}\n{}\n");
	free(text);
}

static void test_number(void)
{
	/* clang-format off */
	static const struct {
		const char *text;
		const char *number; /* "" for none */
	} numbers[] = {
		{ "0", "0" },			{ "23", "23" },
		{ "0x1f", "31" },		{ "010", "8" },
		{ "1K", "1024" },		{ "3M", "3145728" },
		{ "2G", "2147483648" },		{ "1T", "1099511627776" },
		{ "0x10K", "16384" },		{ "18446744073709551615", "18446744073709551615" },
		{ "16777215T", "18446742974197923840" },
		{ "16777216T", "" },		{ "18446744073709551616", "" },
		{ "", "" },			{ "K", "" },
		{ "1KK", "" },			{ "1k", "" },
		{ "1 K", "" },			{ " 1", "" },
		{ "+1", "" },			{ "1x", "" },
		{ "1.5", "" },			{ "--1", "" },
		{ "-1", "-1" },			{ "-2K", "-2048" },
		{ "-9223372036854775808", "-9223372036854775808" },
		{ "-9223372036854775809", "" },
	};
	/* clang-format on */

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		bool negative;
		uint64_t value;
		char got[32] = "";

		if (number_parse(numbers[i].text, &value, &negative))
			snprintf(got, sizeof(got), negative ? "%" PRId64 : "%" PRIu64, value);
		is("a number", got, numbers[i].number);
	}
	is("no minus where none may be", number_parse("-1", &(uint64_t){ 0 }, NULL) ? "yes" : "no",
	   "no");
}

static void test_exit(void)
{
	struct ioasid_policy_exit exit;
	char got[600];

	is("a line of another kind is no exit",
	   ioasid_policy_exit_parse("dump length=0x1000", &exit) ? "yes" : "no", "no");
	is("nor is one that is cut off",
	   ioasid_policy_exit_parse("exit 17 name kind 5 6", &exit) ? "yes" : "no", "no");
	is("an exit is one",
	   ioasid_policy_exit_parse("exit 17 name kind -5 6 7 a text, long", &exit) ? "yes" : "no",
	   "yes");
	snprintf(got, sizeof(got), "%lld %s %s %lld %llu %llu '%s' '%s'", (long long)exit.at,
		 exit.policy, exit.kind, (long long)exit.code, (unsigned long long)exit.asked,
		 (unsigned long long)exit.refused, exit.text, exit.dump);
	is("with all its parts", got, "17 name kind -5 6 7 'a text, long' ''");
	is("one without a text, too",
	   ioasid_policy_exit_parse("exit 17 name kind 5 6 7 ", &exit) && !*exit.text ? "yes" :
											"no",
	   "yes");
}

int main(void)
{
	test_number();
	test_exit();
	test_text();
	test_buckets();
	test_json();
	printf("1..%u\n", tests);
	return failures != 0;
}
