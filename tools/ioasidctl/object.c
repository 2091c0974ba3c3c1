/* SPDX-License-Identifier: GPL-2.0-only */
#include <stdlib.h>

#include "constants.h"
#include "object.h"
#include "tool.h"
#include "verifier.h"

void object_init(struct object *object, int words)
{
	*object = (struct object){ .constants = calloc(words, sizeof(char *)) };
	if (!object->constants)
		tool_die("no memory");
}

error_t object_parse(struct object *object, int key, char *argument, struct argp_state *state)
{
	switch (key) {
	case 's':
		object->constants[object->constant_count++] = argument;
		return 0;
	case 'v':
		tool_set_verbose();
		return 0;
	case 'h':
		argp_state_help(state, stdout, ARGP_HELP_STD_HELP);
		return 0;
	case ARGP_KEY_ARG:
		if (object->file)
			argp_error(state, "one file at a time");
		object->file = argument;
		return 0;
	case ARGP_KEY_NO_ARGS:
		argp_error(state, "say which object file to load");
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

void object_open(const struct object *object, struct ioasid_policy_handle *handle)
{
	if (ioasid_policy_open(handle, object->file))
		tool_die("%s: %s", object->file, handle->error);
	for (size_t i = 0; i < object->constant_count; i++)
		constant_set(handle->object, object->constants[i]);
}

void object_load(const struct object *object, struct ioasid_policy_handle *handle)
{
	int error = ioasid_policy_load(handle);

	if (error)
		verifier_die(object->file, error);
}
