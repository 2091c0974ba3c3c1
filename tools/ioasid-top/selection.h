/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What of a snapshot is shown, in which order.
 */
#ifndef IOASID_TOP_SELECTION_H
#define IOASID_TOP_SELECTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What a row is. */
enum kind {
	KIND_PROCESS,
	KIND_CGROUP,
	KIND_USER,
	KIND_IOAS,
	KIND_DEVICE,
	KIND_PIN,
	KIND_POLICY,
	KIND_MAPPING,
	KINDS,
};

/* What there is a table of: the kinds of the same number, and the tree. */
enum view {
	VIEW_PROCESSES = KIND_PROCESS,
	VIEW_CGROUPS = KIND_CGROUP,
	VIEW_USERS = KIND_USER,
	VIEW_IOAS = KIND_IOAS,
	VIEW_DEVICES = KIND_DEVICE,
	VIEW_PINS = KIND_PIN,
	VIEW_POLICIES = KIND_POLICY,
	VIEW_TREE = KIND_MAPPING, /* cgroup > process > ioas > mapping */
	VIEWS,
};

/* Levels of the tree. */
enum level {
	LEVEL_CGROUP,
	LEVEL_PROCESS,
	LEVEL_IOAS,
	LEVEL_MAPPING,
	LEVELS,
};

struct column;

/**
 * struct fold - a row of the tree that is not as its level is: unfolded, or folded
 */
struct fold {
	enum kind kind;
	uint64_t id;
};

/**
 * struct selection - which rows, in which order
 * @view: what there is a row of
 * @pid: of this process only, or 0; the view of pins needs it
 * @filter: rows with this text in any cell that has text, in a PID, or a number that is a name;
 *	case is ignored; NULL or empty: all. In the tree a row that matches brings its parents
 * @sort: by this column; NULL: the view's own. Amounts go from the largest on, text and numbers
 *	that are names from the smallest on
 * @is_inverted: the other way round
 * @level: deepest level of the tree that is shown by itself
 * @folds: rows that are the other way: unfolded at @level, folded above
 * @fold_count: how many
 */
struct selection {
	enum view view;
	uint32_t pid;
	const char *filter;
	const struct column *sort;
	bool is_inverted;
	enum level level;
	struct fold *folds;
	size_t fold_count;
};

/**
 * view_name - "processes", "cgroups", "users", "ioas", "devices", "pins", "policies", "tree"
 */
const char *view_name(enum view view);

/**
 * view_find - the view of this name, VIEWS when there is none
 */
enum view view_find(const char *name);

/**
 * selection_is_unfolded - does the row show what it has below it?
 */
bool selection_is_unfolded(const struct selection *selection, enum kind kind, uint64_t id);

/**
 * selection_fold - fold the row, or unfold it; unfolded address spaces get their mappings with the
 * next snapshot
 */
void selection_fold(struct selection *selection, enum kind kind, uint64_t id, bool unfold);

#endif /* IOASID_TOP_SELECTION_H */
