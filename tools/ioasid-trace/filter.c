/* SPDX-License-Identifier: GPL-2.0-only */
#include <limits.h>

#include "filter.h"
#include "option.h"
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
		filter->operations = option_operations(state, argument);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

const struct argp filter_argp = { .options = options, .parser = parse_option };
