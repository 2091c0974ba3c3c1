/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The verifier follows a program instruction by instruction and says what it sees, with the line of
 * the source that the instructions come from:
 *
 *	; request->pages = 0; @ bad.bpf.c:12
 *	2: (7b) *(u64 *)(r1 +0) = r2
 *	R1=trusted_ptr_ioasid_charge_request() R2=0
 *	what is wrong
 *	processed 3 insns (limit 1000000) ...
 *
 * The last line of source, and what comes after it and is no instruction, no register and no
 * statistics, is what an author wants to see.
 */
#include <ctype.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "missing.h"
#include "tool.h"
#include "verifier.h"

#define LINES_MOST 6

/* What it says, and what helps. */
static const struct {
	const char *text;
	const char *remedy;
} remedies[] = {
	{ "not found in kernel or module BTFs",
	  "the loaded module has no such function: load a newer ioasid, or ask for it in the "
	  "policy with ioasid_has_kfunc()" },
	{ "is referenced but wasn't resolved",
	  "the loaded module has no such function: load a newer ioasid, or ask for it in the "
	  "policy with ioasid_has_kfunc()" },
	{ "is not allowed",
	  "no callback, or not this one, may call that; include/bpf/ioasid.bpf.h says from where "
	  "each kfunc may be called" },
	{ "a policy's arguments are for reading",
	  "answer by what the callback returns, and by ioasid's kfuncs" },
	{ "invalid CO-RE relocation",
	  "the loaded module has no such field: load a newer ioasid, or ask for it in the policy "
	  "with ioasid_has_field()" },
	{ "unknown func",
	  "policies may call the helpers that every BPF program may, and ioasid's kfuncs" },
	{ "too many instructions", "the program is too long, or a loop in it has no end" },
	{ "infinite loop detected", "bound the loop by a constant" },
	{ "too large. Processed", "the program is too long, or a loop in it has no end" },
	{ "Operation not permitted", "run it as root, and see that kernel lockdown is off: cat "
				     "/sys/kernel/security/lockdown" },
};

static const char *find_remedy(const char *log)
{
	for (size_t i = 0; i < sizeof(remedies) / sizeof(remedies[0]); i++)
		if (strstr(log, remedies[i].text))
			return remedies[i].remedy;
	return NULL;
}

static bool begins(const char *line, const char *with)
{
	return !strncmp(line, with, strlen(with));
}

/* An instruction, the state of registers, statistics, a change of path. */
static bool is_noise(const char *line)
{
	if (isdigit((unsigned char)*line) && strchr(line, ':'))
		return true;
	if (*line == 'R' && isdigit((unsigned char)line[1]) && strchr(line, '='))
		return true;
	return !*line || begins(line, "processed ") || begins(line, "verification time") ||
	       begins(line, "stack depth") || begins(line, "from ") || begins(line, "last_idx") ||
	       begins(line, "regs=") || begins(line, "parent ") || begins(line, "mark_precise") ||
	       begins(line, "reg type ") || begins(line, "arg#0 reference type") ||
	       begins(line, "func#") || begins(line, "Live regs") ||
	       begins(line, "Global function");
}

/* The part of libbpf's messages that is the log of the program that failed; cut off at its end. */
static char *program_log(char *messages, char program[64])
{
	char *begin = strstr(messages, "-- BEGIN PROG LOAD LOG --\n"), *end;

	if (!begin)
		return NULL;
	for (end = begin; end > messages && end[-1] != '\n'; end--)
		;
	if (sscanf(end, "libbpf: prog '%63[^']'", program) != 1)
		return NULL;
	begin = strchr(begin, '\n') + 1;
	end = strstr(begin, "-- END PROG LOAD LOG --");
	if (end)
		*end = '\0';
	return begin;
}

/* "; SOURCE @ FILE:LINE" as "FILE:LINE: SOURCE". */
static void print_source(const char *line)
{
	const char *place = strstr(line, " @ ");

	if (place)
		fprintf(stderr, "  %s: %.*s\n", place + 3, (int)(place - line - 2), line + 2);
	else
		fprintf(stderr, "  %s\n", line + 2);
}

static void print_last_lines(char *log)
{
	const char *said[LINES_MOST];
	const char *source = NULL;
	unsigned int count = 0;
	char *line;

	while ((line = strsep(&log, "\n"))) {
		if (begins(line, "; ")) {
			source = line;
			count = 0;
		} else if (!is_noise(line) && !begins(line, "libbpf: ")) {
			said[count++ % LINES_MOST] = line;
		}
	}
	if (source)
		print_source(source);
	for (unsigned int i = count > LINES_MOST ? count - LINES_MOST : 0; i < count; i++)
		fprintf(stderr, "  %s\n", said[i % LINES_MOST]);
}

void verifier_die(const char *file, int error)
{
	char *messages = tool_bpf_log(), program[64];
	char *log = program_log(messages, program);
	const char *remedy = find_remedy(messages);
	const char *missing = missing_feature();

	if (missing)
		tool_die("the kernel does not take %s: %s", file, missing);
	if (!log && !remedy)
		tool_die_bpf(error, "the kernel does not take %s", file);
	if (log) {
		tool_warn("the verifier refuses the program '%s' of %s:", program, file);
		remedy = find_remedy(log) ?: remedy;
		print_last_lines(log);
	} else {
		fprintf(stderr, "%s", messages);
		tool_warn("the kernel does not take %s: %s", file, strerror(-error));
	}
	tool_die("%s%sall that the verifier says: -v", remedy ? remedy : "", remedy ? "; " : "");
}
