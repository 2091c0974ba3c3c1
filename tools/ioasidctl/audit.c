/* SPDX-License-Identifier: GPL-2.0-only */
#include <errno.h>
#include <fcntl.h>
#include <linux/ioasid.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "ioasidctl.h"
#include "json.h"
#include "tool.h"

enum {
	OPTION_JSON = 256,
};

static const struct argp_option options[] = {
	{ "json", OPTION_JSON, NULL, 0, "Show JSON", 0 },
	{ NULL, 'h', NULL, OPTION_HIDDEN, "Show this help", 0 },
	{ 0 },
};

static error_t parse_option(int key, char *argument, struct argp_state *state)
{
	bool *as_json = state->input;

	switch (key) {
	case OPTION_JSON:
		*as_json = true;
		return 0;
	case 'h':
		argp_state_help(state, stdout, ARGP_HELP_STD_HELP);
		return 0;
	case ARGP_KEY_ARG:
		argp_error(state, "what is '%s'?", argument);
		return 0;
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static void read_audit(struct ioasid_audit *audit)
{
	int fd;

	tool_need_module();
	fd = open("/dev/ioasid", O_RDWR | O_CLOEXEC);
	if (fd < 0)
		tool_die("/dev/ioasid cannot be opened: %m%s",
			 errno == EACCES ? "; try: sudo ioasidctl audit" : "");
	*audit = (struct ioasid_audit){ .size = sizeof(*audit) };
	if (ioctl(fd, IOASID_AUDIT, audit))
		tool_die("the audit cannot be made: %m%s",
			 errno == EPERM ? "; try: sudo ioasidctl audit" : "");
	close(fd);
}

static void show_text(const struct ioasid_audit *audit)
{
	printf("errors    %u\n", audit->errors);
	printf("processes %llu\n", audit->domains);
	printf("pins      %llu\n", audit->pins);
	printf("pinned    %llu bytes\n", audit->pinned);
	printf("charged   %llu bytes\n", audit->charged);
	printf("mappings  %llu\n", audit->mappings);
	printf("mapped    %llu bytes\n", audit->mapped);
	printf("in flight %llu\n", audit->in_flight);
	if (audit->errors)
		printf("%.*s\n", (int)sizeof(audit->text), audit->text);
}

static void show_json(const struct ioasid_audit *audit)
{
	struct json json = { .out = stdout };
	char text[sizeof(audit->text) + 1];

	snprintf(text, sizeof(text), "%.*s", (int)sizeof(audit->text), audit->text);
	json_open(&json, NULL);
	json_string(&json, "record", "audit");
	json_number(&json, "errors", audit->errors);
	json_number(&json, "processes", audit->domains);
	json_number(&json, "pins", audit->pins);
	json_number(&json, "pinned", audit->pinned);
	json_number(&json, "charged", audit->charged);
	json_number(&json, "mappings", audit->mappings);
	json_number(&json, "mapped", audit->mapped);
	json_number(&json, "in_flight", audit->in_flight);
	json_string(&json, "text", text);
	json_close(&json);
}

int command_audit(int argc, char **argv)
{
	static const struct argp argp = {
		.options = options,
		.parser = parse_option,
		.doc = "Compare the ledger with what is pinned and mapped. Exit status 1 when they "
		       "disagree.",
	};
	struct ioasid_audit audit;
	bool as_json = false;

	argp_parse(&argp, argc, argv, 0, NULL, &as_json);
	read_audit(&audit);
	if (as_json)
		show_json(&audit);
	else
		show_text(&audit);
	return audit.errors ? TOOL_FAILED : 0;
}
