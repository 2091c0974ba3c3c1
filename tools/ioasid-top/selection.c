/* SPDX-License-Identifier: GPL-2.0-only */
#include <stdlib.h>
#include <string.h>

#include "selection.h"
#include "tool.h"

static const char *const names[VIEWS] = {
	[VIEW_PROCESSES] = "processes", [VIEW_CGROUPS] = "cgroups", [VIEW_USERS] = "users",
	[VIEW_IOAS] = "ioas",		[VIEW_DEVICES] = "devices", [VIEW_PINS] = "pins",
	[VIEW_POLICIES] = "policies",	[VIEW_TREE] = "tree",
};

const char *view_name(enum view view)
{
	return names[view];
}

enum view view_find(const char *name)
{
	enum view view = 0;

	while (view < VIEWS && strcmp(name, names[view]))
		view++;
	return view;
}

static enum level level_of(enum kind kind)
{
	switch (kind) {
	case KIND_CGROUP:
		return LEVEL_CGROUP;
	case KIND_PROCESS:
		return LEVEL_PROCESS;
	case KIND_IOAS:
		return LEVEL_IOAS;
	default:
		return LEVEL_MAPPING;
	}
}

static size_t find_fold(const struct selection *selection, enum kind kind, uint64_t id)
{
	size_t i = 0;

	while (i < selection->fold_count &&
	       (selection->folds[i].kind != kind || selection->folds[i].id != id))
		i++;
	return i;
}

bool selection_is_unfolded(const struct selection *selection, enum kind kind, uint64_t id)
{
	bool by_level = level_of(kind) < selection->level;
	bool is_other = find_fold(selection, kind, id) < selection->fold_count;

	return by_level != is_other;
}

void selection_fold(struct selection *selection, enum kind kind, uint64_t id, bool unfold)
{
	size_t at = find_fold(selection, kind, id);

	if (selection_is_unfolded(selection, kind, id) == unfold)
		return;
	if (at < selection->fold_count) {
		selection->folds[at] = selection->folds[--selection->fold_count];
		return;
	}
	selection->folds = reallocarray(selection->folds, at + 1, sizeof(*selection->folds));
	if (!selection->folds)
		tool_die("no memory for %zu folds", at + 1);
	selection->folds[at] = (struct fold){ kind, id };
	selection->fold_count++;
}
