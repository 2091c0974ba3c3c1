/* SPDX-License-Identifier: GPL-2.0-only */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "object.h"
#include "pins.h"
#include "programs.h"
#include "swap.h"
#include "tool.h"
#include "which.h"

static const struct argp_option options[] = {
	OBJECT_OPTIONS,
	{ 0 },
};

static const char documentation[] =
	"Load a policy in the place of the one that is loaded: the account or place policy that is "
	"the default, or the place policy of the same name. There is no moment without a policy, "
	"and when the new one cannot be loaded the old one stays.\v"
	"Example:\n"
	"  ioasidctl policy swap uid_quota.bpf.o --set quota_pages=128K\n";

static error_t parse_option(int key, char *argument, struct argp_state *state)
{
	return object_parse(state->input, key, argument, state);
}

static bool is_replaced(const struct policy_attached *old, const struct ioasid_policy *policy)
{
	if (strcmp(policy_kind_names[old->kind], policy->kind))
		return false;
	return policy->named ? !strcmp(old->name, policy->name) : !strcmp(old->state, "default");
}

/* Who is replaced; dies when there is none. */
static void find_old(const struct object *object, const struct ioasid_policy *policy,
		     struct policy_attached *old)
{
	struct policy_attached *all;
	int count = which_all(&all), i;

	for (i = 0; i < count && !is_replaced(&all[i], policy); i++)
		;
	if (i == count && policy->named)
		tool_die("there is no policy '%s' to replace; to load it: ioasidctl policy load %s",
			 policy->name, object->file);
	if (i == count)
		tool_die("there is no %s policy to replace; to load it: ioasidctl policy load %s",
			 policy->kind, object->file);
	*old = all[i];
	free(all);
}

static int open_link(const struct policy_attached *old)
{
	struct programs programs;
	int fd = -1;

	if (programs_find(old->kind, old->name, &programs))
		fd = bpf_link_get_fd_by_id(programs.link);
	if (fd < 0)
		tool_die("the policy '%s' has just left; see: ioasidctl policy log", old->name);
	return fd;
}

static void replace(const struct object *object, struct ioasid_policy_handle *handle,
		    struct ioasid_policy *policy)
{
	struct policy_attached old;
	int link, error;

	find_old(object, policy, &old);
	link = open_link(&old);
	if (ioasid_policy_replace(handle, policy, link))
		tool_die("%s: %s", object->file, handle->error);
	close(link);
	pins_sweep();
	error = pins_keep(policy, handle->object);
	if (error)
		tool_warn("'%s' cannot be kept in bpffs: %s", policy->name, strerror(-error));
}

int policy_swap(int argc, char **argv)
{
	static const struct argp argp = {
		.options = options,
		.parser = parse_option,
		.args_doc = "FILE.bpf.o",
		.doc = documentation,
	};
	struct ioasid_policy_handle handle;
	struct policy_attached old;
	struct object object;

	object_init(&object, argc);
	argp_parse(&argp, argc, argv, 0, NULL, &object);
	tool_need_bpf();

	object_open(&object, &handle);
	for (int i = 0; i < handle.count; i++)
		find_old(&object, &handle.policies[i], &old);
	pins_make_ready();
	object_load(&object, &handle);
	for (int i = 0; i < handle.count; i++)
		replace(&object, &handle, &handle.policies[i]);
	ioasid_policy_close(&handle);
	return 0;
}
