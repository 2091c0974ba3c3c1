/* SPDX-License-Identifier: GPL-2.0-only */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "table.h"
#include "tool.h"

double table_alarm = 90;

/* What a comparison needs, as qsort_r() passes it. */
struct context {
	const struct snapshot *snapshot;
	const struct selection *selection;
	const struct column *sort;
	const struct column *then; /* when these are equal: what the view is sorted by at first */
};

static bool has_done_anything(const struct traffic *traffic)
{
	return traffic->maps || traffic->unmaps || traffic->refused;
}

/* Something to show: of a process, that it has memory pinned, or tried to. */
static bool is_there(const struct row *row)
{
	if (row->kind == KIND_PROCESS)
		return row->pins || row->spaces || has_done_anything(&row->total);
	if (row->kind == KIND_CGROUP || row->kind == KIND_USER)
		return row->processes || row->spaces || has_done_anything(&row->total);
	return true;
}

/* Does the cell have the text that is looked for? Sizes, rates and the like are not searched. */
static bool cell_matches(const struct column *column, const struct snapshot *snapshot,
			 const struct row *row, const char *filter)
{
	struct style style = { .all_digits = true };
	bool has_text = column->unit == UNIT_TEXT || column->unit == UNIT_ID ||
			column->unit == UNIT_ADDRESS;

	if (!has_text || !strcmp(column->key, "trend"))
		return false;
	return strcasestr(column_text(column, snapshot, row, &style, 0).s, filter);
}

static bool row_matches(const struct snapshot *snapshot, const struct row *row, const char *filter)
{
	const struct column *column;

	if (!filter || !*filter)
		return true;
	for (size_t i = 0; (column = column_of_kind(row->kind, i)); i++)
		if (cell_matches(column, snapshot, row, filter))
			return true;
	return false;
}

static bool is_of_process(const struct row *row, uint32_t pid)
{
	bool has_pid = row->kind == KIND_PROCESS || row->kind == KIND_IOAS ||
		       row->kind == KIND_DEVICE;

	return !pid || !has_pid || row->pid == pid;
}

/* Order. */

static int compare_rows(const struct context *context, const struct row *a, const struct row *b)
{
	const struct snapshot *snapshot = context->snapshot;
	bool invert = context->selection->is_inverted;
	int result = column_compare(context->sort, snapshot, a, b, invert);

	if (!result)
		result = column_compare(context->then, snapshot, a, b, false);
	if (!result)
		result = (a->iova > b->iova) - (a->iova < b->iova);
	return result ? result : (a->id > b->id) - (a->id < b->id);
}

static int compare_lines(const void *a, const void *b, void *context)
{
	return compare_rows(context, ((const struct line *)a)->row, ((const struct line *)b)->row);
}

static struct context context_of(const struct table *table)
{
	enum view view = table->selection->view;
	const struct column *sort = table->selection->sort;

	return (struct context){
		.snapshot = table->snapshot,
		.selection = table->selection,
		.sort = sort ? sort : column_default(view),
		.then = column_default(view),
	};
}

/* Lines. */

static struct line *add_line(struct table *table, size_t *room, const struct row *row)
{
	struct line *line;

	if (table->count == *room) {
		*room = *room ? *room * 2 : 64;
		table->line = reallocarray(table->line, *room, sizeof(*table->line));
		if (!table->line)
			tool_die("no memory for %zu lines", *room);
	}
	line = &table->line[table->count++];
	*line = (struct line){
		.row = row,
		.is_alarm = row->kind == KIND_PROCESS && row->pressure >= table_alarm,
	};
	return line;
}

static void make_list(struct table *table)
{
	const struct selection *selection = table->selection;
	const struct rows *rows = &table->snapshot->rows[selection->view];
	struct context context = context_of(table);
	size_t room = 0;

	for (size_t i = 0; i < rows->count; i++) {
		const struct row *row = &rows->row[i];

		if (!is_there(row))
			continue;
		table->all++;
		if (is_of_process(row, selection->pid) &&
		    row_matches(table->snapshot, row, selection->filter))
			add_line(table, &room, row);
	}
	if (table->count)
		qsort_r(table->line, table->count, sizeof(*table->line), compare_lines, &context);
}

/*
 * The tree: all rows of the kinds that it has, each under its parent. First the children of each
 * kind are sorted by parent, then by what the user wants; then the lines are made from the root.
 */
struct branch {
	const struct row **rows;
	size_t count;
};

struct tree {
	struct table *table;
	struct context context;
	struct branch kinds[LEVELS];
	size_t room;
};

static const enum kind level_kinds[LEVELS] = {
	[LEVEL_CGROUP] = KIND_CGROUP,
	[LEVEL_PROCESS] = KIND_PROCESS,
	[LEVEL_IOAS] = KIND_IOAS,
	[LEVEL_MAPPING] = KIND_MAPPING,
};

/* What the key of a row's parent is made of. */
static uint64_t parent_of(const struct row *row)
{
	switch (row->kind) {
	case KIND_PROCESS:
		return row->cgroup;
	case KIND_IOAS:
		return row->pid;
	default:
		return row->ioas;
	}
}

/* What its children name as their parent. */
static uint64_t number_of(const struct row *row)
{
	switch (row->kind) {
	case KIND_CGROUP:
		return row->cgroup;
	case KIND_PROCESS:
		return row->pid;
	default:
		return row->ioas;
	}
}

static int compare_in_branch(const void *a, const void *b, void *context)
{
	const struct row *left = *(const struct row *const *)a;
	const struct row *right = *(const struct row *const *)b;
	uint64_t above = parent_of(left), beside = parent_of(right);

	if (left->kind != KIND_CGROUP && above != beside)
		return above < beside ? -1 : 1;
	return compare_rows(context, left, right);
}

static void collect(struct tree *tree, enum level level)
{
	const struct rows *rows = &tree->table->snapshot->rows[level_kinds[level]];
	struct branch *branch = &tree->kinds[level];

	branch->rows = calloc(rows->count + 1, sizeof(*branch->rows));
	if (!branch->rows)
		tool_die("no memory for %zu rows", rows->count);
	for (size_t i = 0; i < rows->count; i++)
		if (is_there(&rows->row[i]) &&
		    is_of_process(&rows->row[i], tree->table->selection->pid))
			branch->rows[branch->count++] = &rows->row[i];
	if (branch->count)
		qsort_r(branch->rows, branch->count, sizeof(*branch->rows), compare_in_branch,
			&tree->context);
}

/* The first row below a parent: all rows of a branch are in order of their parents. */
static size_t first_below(const struct branch *branch, const struct row *parent)
{
	uint64_t number = number_of(parent);
	size_t low = 0, high = branch->count;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (parent_of(branch->rows[middle]) < number)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool has_below(const struct tree *tree, enum level level, const struct row *row)
{
	const struct branch *below;
	size_t first;

	if (level == LEVEL_MAPPING)
		return false;
	if (level == LEVEL_IOAS)
		return row->mappings;
	below = &tree->kinds[level + 1];
	first = first_below(below, row);
	return first < below->count && parent_of(below->rows[first]) == number_of(row);
}

static bool add_subtree(struct tree *tree, enum level level, const struct row *row, bool matches);

/* Returns whether any of it matches; lines are added of what does. */
static bool add_children(struct tree *tree, enum level level, const struct row *row, bool matches)
{
	const struct branch *below = &tree->kinds[level + 1];
	size_t last = 0;
	bool any = false;

	for (size_t i = first_below(below, row);
	     i < below->count && parent_of(below->rows[i]) == number_of(row); i++) {
		size_t at = tree->table->count;

		if (!add_subtree(tree, level + 1, below->rows[i], matches))
			continue;
		any = true;
		if (tree->table->count > at)
			last = at + 1;
	}
	if (last)
		tree->table->line[last - 1].is_last = true;
	return any;
}

/* With its parents when only something below it matches, and with its children when it matches. */
static bool add_subtree(struct tree *tree, enum level level, const struct row *row, bool matches)
{
	struct table *table = tree->table;
	const struct selection *selection = table->selection;
	size_t at = table->count;
	bool unfolded, any;

	matches = matches || row_matches(table->snapshot, row, selection->filter);
	unfolded = selection_is_unfolded(selection, row->kind, row->id);
	add_line(table, &tree->room, row);
	table->line[at].depth = level;
	table->line[at].has_children = has_below(tree, level, row);
	table->line[at].is_unfolded = unfolded && table->line[at].has_children;
	any = level < LEVEL_MAPPING && add_children(tree, level, row, matches);
	if (!matches && !any)
		table->count = at;
	else if (!unfolded)
		table->count = at + 1;
	return matches || any;
}

/* Of one process: its cgroup only. */
static bool is_root(const struct tree *tree, const struct row *cgroup)
{
	return !tree->table->selection->pid || has_below(tree, LEVEL_CGROUP, cgroup);
}

static void make_tree(struct table *table)
{
	struct tree tree = { .table = table, .context = context_of(table) };
	const struct branch *roots = &tree.kinds[LEVEL_CGROUP];

	for (enum level level = 0; level < LEVELS; level++)
		collect(&tree, level);
	table->all = tree.kinds[LEVEL_PROCESS].count;
	for (size_t i = 0; i < roots->count; i++)
		if (is_root(&tree, roots->rows[i]))
			add_subtree(&tree, LEVEL_CGROUP, roots->rows[i], false);
	for (enum level level = 0; level < LEVELS; level++)
		free(tree.kinds[level].rows);
}

struct table table_make(const struct snapshot *snapshot, const struct selection *selection)
{
	struct table table = { .snapshot = snapshot, .selection = selection };

	if (selection->view == VIEW_TREE)
		make_tree(&table);
	else
		make_list(&table);
	return table;
}

void table_free(struct table *table)
{
	free(table->line);
	table->line = NULL;
	table->count = 0;
}

struct cell table_text(const struct table *table, const struct line *line,
		       const struct column *column, const struct style *style, unsigned int width)
{
	unsigned int indent = 2 * line->depth;
	struct cell cell, text;

	if (table->selection->view != VIEW_TREE || strcmp(column->key, "name"))
		return column_text(column, table->snapshot, line->row, style, width);
	if (width && indent + 4 > width)
		indent = 0;
	text = column_text(column, table->snapshot, line->row, style,
			   width ? width - indent - 2 : 0);
	snprintf(cell.s, sizeof(cell.s), "%*s%c %.1000s", (int)indent, "",
		 !line->has_children ? ' ' :
		 line->is_unfolded   ? '-' :
				       '+',
		 text.s);
	return cell;
}
