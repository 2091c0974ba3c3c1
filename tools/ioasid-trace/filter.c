/* SPDX-License-Identifier: GPL-2.0-only */
#include <limits.h>
#include <string.h>

#include "filter.h"
#include "tool.h"

enum {
	OPTION_OP = 1000,
};

static const struct argp_option options[] = {
	{ "pid", 'p', "PID", 0, "This process only", 0 },
	{ "ioas", 'i', "IOAS", 0, "This address space only", 0 },
	{ "op", OPTION_OP, "LIST", 0,
	  "These operations only, with commas: map, unmap, attach, detach, pin, unpin", 0 },
	{ 0 },
};

static uint32_t operation_bit(struct argp_state *state, const char *name)
{
	for (enum operation i = 0; i < OPERATIONS; i++)
		if (!strcmp(name, operation_names[i]))
			return OPERATION_BIT(i);
	argp_error(state, "there is no operation '%s'; there are map, unmap, attach, detach, pin "
		   "and unpin", name);
	return 0;
}

static uint32_t parse_operations(struct argp_state *state, char *list)
{
	uint32_t bits = 0;
	char *rest = list, *name;

	while ((name = strsep(&rest, ",")))
		bits |= operation_bit(state, name);
	return bits;
}

static error_t parse_option(int key, char *argument, struct argp_state *state)
{
	struct filter *filter = state->input;

	switch (key) {
	case 'p':
		filter->tgid = tool_number(state, "process", argument, 1, INT_MAX);
		return 0;
	case 'i':
		filter->ioas = tool_number(state, "address space", argument, 1, UINT64_MAX);
		return 0;
	case OPTION_OP:
		filter->operations = parse_operations(state, argument);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

const struct argp filter_argp = { .options = options, .parser = parse_option };
