/* SPDX-License-Identifier: GPL-2.0-only */
#include <stdio.h>
#include <string.h>

#include "hold.h"
#include "load.h"
#include "object.h"
#include "pins.h"
#include "policy.h"
#include "tool.h"

enum {
	OPTION_PIN = 256,
	OPTION_HOLD,
};

/**
 * struct request - what the command line asks for
 * @object: the object file
 * @hold: attach its policies for as long as we run
 */
struct request {
	struct object object;
	bool hold;
};

static const struct argp_option options[] = {
	{ "pin", OPTION_PIN, NULL, 0, "Keep the policies when ioasidctl ends (the default)", 0 },
	{ "hold", OPTION_HOLD, NULL, 0,
	  "Keep them until ioasidctl is ended, or one is ejected, and tell how it ended", 0 },
	OBJECT_OPTIONS,
	{ 0 },
};

static const char documentation[] =
	"Load the policies in a BPF object file. They stay when ioasidctl ends, until 'ioasidctl "
	"policy unload'.\v"
	"A policy is a variable of type struct ioasid_account_ops or struct\n"
	"ioasid_place_ops in the section .struct_ops.link. In the VALUE of a constant\n"
	"K, M, G and T may follow a number and are powers of 1024.\n\n"
	"Examples:\n"
	"  ioasidctl policy load uid_quota.bpf.o --set quota_pages=64K\n"
	"  ioasidctl policy load --hold top_down.bpf.o\n";

static error_t parse_option(int key, char *argument, struct argp_state *state)
{
	struct request *request = state->input;

	switch (key) {
	case OPTION_PIN:
		request->hold = false;
		return 0;
	case OPTION_HOLD:
		request->hold = true;
		return 0;
	default:
		return object_parse(&request->object, key, argument, state);
	}
}

static void make_room(const struct object *object, struct ioasid_policy_handle *handle, bool hold)
{
	for (int i = 0; i < handle->count; i++) {
		if (ioasid_policy_check(handle, &handle->policies[i]))
			tool_die("%s: %s", object->file, handle->error);
		if (!hold)
			pins_check(&handle->policies[i]);
	}
	if (!hold)
		pins_make_ready();
	pins_sweep();
}

/* What is not pinned goes with us: what fails half-way leaves nothing loaded. */
static void keep(struct ioasid_policy_handle *handle)
{
	for (int i = 0; i < handle->count; i++) {
		int error = pins_keep(&handle->policies[i], handle->object);

		if (!error)
			continue;
		for (int j = 0; j < handle->count; j++)
			bpf_link__detach(handle->policies[j].link);
		pins_sweep();
		tool_die("the policy '%s' cannot be kept in bpffs: %s; without it: ioasidctl "
			 "policy load --hold",
			 handle->policies[i].name, strerror(-error));
	}
}

int policy_load(int argc, char **argv)
{
	static const struct argp argp = {
		.options = options,
		.parser = parse_option,
		.args_doc = "FILE.bpf.o",
		.doc = documentation,
	};
	struct ioasid_policy_handle handle;
	struct request request = { 0 };
	int status = 0;

	object_init(&request.object, argc);
	argp_parse(&argp, argc, argv, 0, NULL, &request);
	tool_need_bpf();

	object_open(&request.object, &handle);
	make_room(&request.object, &handle, request.hold);
	object_load(&request.object, &handle);
	if (ioasid_policy_attach(&handle))
		tool_die("%s: %s", request.object.file, handle.error);
	if (request.hold)
		status = hold(&handle);
	else
		keep(&handle);
	ioasid_policy_close(&handle);
	return status;
}
