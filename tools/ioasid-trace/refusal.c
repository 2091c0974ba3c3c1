/* SPDX-License-Identifier: GPL-2.0-only */
#include <string.h>

#include "refusal.h"
#include "text.h"

void refusal_say(const struct event *event, FILE *out)
{
	bool is_limited = event->flags & EVENT_LIMITED;
	const char *stage = event_stage(event), *reason = event_reason(event);
	const char *by = is_limited ? event->account : reason;
	const char *error = strerrorname_np(event->error);

	fprintf(out, "%s", error ? error : "?");
	if (stage || by)
		fprintf(out, " %s%s%s", stage ? stage : "", stage && by ? "/" : "", by ? by : "");
	if (is_limited)
		fprintf(out, ", %s of %s used%s%s", text_size(bytes_of(event->used)).s,
			text_size(bytes_of(event->limit)).s, reason ? " by " : "",
			reason ? reason : "");
}

static void put_name(struct json *json, const char *key, const char *name)
{
	if (name)
		json_string(json, key, name);
	else
		json_null(json, key);
}

void refusal_put(const struct event *event, struct json *json)
{
	json_string(json, "errno", strerrorname_np(event->error) ?: "?");
	put_name(json, "stage", event_stage(event));
	put_name(json, "reason", event_reason(event));
	if (!(event->flags & EVENT_LIMITED))
		return;
	json_string(json, "policy", event->account);
	json_number(json, "asked", event->asked);
	json_number(json, "used", event->used);
	if (event->limit == UINT64_MAX)
		json_null(json, "limit");
	else
		json_number(json, "limit", event->limit);
}

/* "0000:00:04.0 group 5 container 2", with "+1" when there is one more device in the group */
static void say_group(const struct event *event, FILE *out)
{
	if (!event->devices) {
		fprintf(out, "table %llu", event->table);
		return;
	}
	fprintf(out, "%s", event->device);
	if (event->devices > 1)
		fprintf(out, "+%u", event->devices - 1);
	fprintf(out, " group %u", event->group);
	if (event->container)
		fprintf(out, " container %llu", event->container);
}

static bool is_of_table(const struct event *event)
{
	return event->operation == OPERATION_ATTACH || event->operation == OPERATION_DETACH;
}

/* What it is of, how much, and how it went. */
static void say(const struct event *event, uint64_t time_ns, FILE *out)
{
	fprintf(out, "%9.3f %-6s %7u %5llu ", time_ns / 1e9, operation_names[event->operation],
		event->tgid, event->ioas);
	if (is_of_table(event))
		say_group(event, out);
	else
		fprintf(out, "%s",
			event->pages == UINT64_MAX ? "all" : text_size(bytes_of(event->pages)).s);
	fputs(": ", out);
	if (event->error)
		refusal_say(event, out);
	else
		fprintf(out, "%s, %s", text_size(bytes_of(event->pages)).s,
			text_time(event->total_ns).s);
	fputc('\n', out);
}

static void put_group(const struct event *event, struct json *json)
{
	json_number(json, "table", event->table);
	if (!event->devices)
		return;
	json_string(json, "device", event->device);
	json_number(json, "devices", event->devices);
	json_number(json, "group", event->group);
	if (event->container)
		json_number(json, "container", event->container);
	else
		json_null(json, "container");
}

static void put(const struct event *event, uint64_t time_ns, struct json *json)
{
	json_open(json, NULL);
	json_string(json, "record", "event");
	json_number(json, "time", time_ns);
	json_string(json, "operation", operation_names[event->operation]);
	json_number(json, "pid", event->tgid);
	json_number(json, "ioas", event->ioas);
	if (is_of_table(event))
		put_group(event, json);
	if (event->pages == UINT64_MAX)
		json_null(json, "pages");
	else
		json_number(json, "pages", event->pages);
	json_number(json, "duration", event->total_ns);
	if (event->error)
		refusal_put(event, json);
	else
		json_null(json, "errno");
	json_close(json);
}

void refusal_show(const struct event *event, const struct view *view)
{
	uint64_t time_ns = event->time_ns > view->start_ns ? event->time_ns - view->start_ns : 0;

	if (view->json)
		put(event, time_ns, view->json);
	else
		say(event, time_ns, view->out);
}
