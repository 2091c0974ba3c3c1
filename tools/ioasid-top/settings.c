/* SPDX-License-Identifier: GPL-2.0-only */
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "settings.h"

#define NSEC_PER_SEC 1e9
#define BLANKS " \t\n"

struct path {
	char s[PATH_MAX];
};

static struct settings_note note(const char *format, ...) __attribute__((format(printf, 1, 2)));

static struct settings_note note(const char *format, ...)
{
	struct settings_note result;
	va_list args;

	va_start(args, format);
	vsnprintf(result.s, sizeof(result.s), format, args);
	va_end(args);
	return result;
}

/* Empty when there is no place for them. */
static struct path settings_path(void)
{
	const char *config = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
	struct path path = { "" };
	int length = 0;

	if (config && *config == '/')
		length = snprintf(path.s, sizeof(path.s), "%s/ioasid/top", config);
	else if (home && *home == '/')
		length = snprintf(path.s, sizeof(path.s), "%s/.config/ioasid/top", home);
	if (length >= (int)sizeof(path.s))
		*path.s = '\0';
	return path;
}

static bool read_bool(const char *word, bool *value)
{
	*value = word && !strcmp(word, "yes");
	return *value || (word && !strcmp(word, "no"));
}

static bool read_delay(const char *word, uint64_t *delay_ns)
{
	char *end;
	double seconds = word ? strtod(word, &end) : 0;

	if (!word || *end || !(seconds >= 0.01 && seconds <= 1e6))
		return false;
	*delay_ns = seconds * NSEC_PER_SEC;
	return true;
}

/* The view that the next word names; VIEWS when it names none. */
static enum view read_view(void)
{
	const char *word = strtok(NULL, BLANKS);

	return word ? view_find(word) : VIEWS;
}

/* "sort VIEW COLUMN", and maybe "inverted" */
static bool read_sort(struct settings *settings)
{
	enum view view = read_view();
	const char *name = strtok(NULL, BLANKS), *order = strtok(NULL, BLANKS);

	if (view == VIEWS || !name || (order && strcmp(order, "inverted")))
		return false;
	settings->sort[view] = column_find(view, name);
	settings->is_inverted[view] = order;
	return settings->sort[view];
}

/* "hide VIEW COLUMN..." */
static bool read_hidden(struct settings *settings)
{
	enum view view = read_view();
	const char *name;

	if (view == VIEWS)
		return false;
	while ((name = strtok(NULL, BLANKS))) {
		const struct column *column = column_find(view, name);
		size_t i = 0;

		if (!column)
			return false;
		while (column_of(view, i) != column)
			i++;
		settings->is_hidden[view][i] = true;
	}
	return true;
}

static bool read_line(struct settings *settings, char *line)
{
	const char *key = strtok(line, BLANKS);

	if (!key || *key == '#')
		return true;
	if (!strcmp(key, "sort"))
		return read_sort(settings);
	if (!strcmp(key, "hide"))
		return read_hidden(settings);
	if (!strcmp(key, "view")) {
		settings->view = read_view();
		return settings->view != VIEWS;
	}
	if (!strcmp(key, "delay"))
		return read_delay(strtok(NULL, BLANKS), &settings->delay_ns);
	if (!strcmp(key, "bytes"))
		return read_bool(strtok(NULL, BLANKS), &settings->all_digits);
	if (!strcmp(key, "ascii"))
		return read_bool(strtok(NULL, BLANKS), &settings->is_ascii);
	if (!strcmp(key, "monochrome"))
		return read_bool(strtok(NULL, BLANKS), &settings->no_colour);
	return false;
}

struct settings_note settings_read(struct settings *settings)
{
	struct settings_note result = { "" };
	struct settings fresh = *settings;
	struct path path = settings_path();
	unsigned int number = 0;
	char line[1024];
	FILE *file;

	file = *path.s ? fopen(path.s, "r") : NULL;
	if (!file && *path.s && errno != ENOENT && errno != ENOTDIR)
		return note("the settings are not used: %s: %s", path.s, strerror(errno));
	if (!file)
		return result;
	while (!*result.s && fgets(line, sizeof(line), file)) {
		number++;
		if (!read_line(&fresh, line))
			result = note("the settings are not used: line %u of %s makes no sense",
				      number, path.s);
	}
	if (ferror(file))
		result = note("the settings are not used: %s: %s", path.s, strerror(errno));
	fclose(file);
	if (!*result.s)
		*settings = fresh;
	return result;
}

static const char *yes_or_no(bool value)
{
	return value ? "yes" : "no";
}

static void write_view(FILE *file, const struct settings *settings, enum view view)
{
	bool is_first = true;

	if (settings->sort[view])
		fprintf(file, "sort %s %s%s\n", view_name(view), settings->sort[view]->key,
			settings->is_inverted[view] ? " inverted" : "");
	for (size_t i = 0; column_of(view, i); i++) {
		if (!settings->is_hidden[view][i])
			continue;
		if (is_first)
			fprintf(file, "hide %s", view_name(view));
		is_first = false;
		fprintf(file, " %s", column_of(view, i)->key);
	}
	if (!is_first)
		fputc('\n', file);
}

static void write_all(FILE *file, const struct settings *settings)
{
	fputs("# Written by ioasid-top when W is typed there.\n", file);
	fprintf(file, "view %s\n", view_name(settings->view));
	fprintf(file, "delay %g\n", settings->delay_ns / NSEC_PER_SEC);
	fprintf(file, "bytes %s\n", yes_or_no(settings->all_digits));
	fprintf(file, "ascii %s\n", yes_or_no(settings->is_ascii));
	fprintf(file, "monochrome %s\n", yes_or_no(settings->no_colour));
	for (enum view view = 0; view < VIEWS; view++)
		write_view(file, settings, view);
}

/* Each that is missing, of the folders that the file is in. */
static void make_folders(const struct path *path)
{
	struct path folder = *path;

	for (char *slash = strchr(folder.s + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		mkdir(folder.s, 0700);
		*slash = '/';
	}
}

/* In a file beside it first, so that a full disk leaves the old one whole. */
struct settings_note settings_write(const struct settings *settings)
{
	struct path path = settings_path();
	char fresh[PATH_MAX + 8];
	int error;
	FILE *file;

	if (!*path.s)
		return note(
			"the settings cannot be saved: neither HOME nor XDG_CONFIG_HOME is set");
	make_folders(&path);
	snprintf(fresh, sizeof(fresh), "%s.new", path.s);
	file = fopen(fresh, "w");
	if (!file)
		return note("the settings cannot be saved: %s: %s", fresh, strerror(errno));
	write_all(file, settings);
	error = ferror(file);
	if (fclose(file) || error || rename(fresh, path.s)) {
		error = errno;
		unlink(fresh);
		return note("the settings cannot be saved: %s: %s", path.s, strerror(error));
	}
	return note("the settings are saved in %s", path.s);
}
