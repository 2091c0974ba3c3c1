/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Why a call was refused; and --events: a line for each call that was, and for each attach and
 * detach, as it happens.
 */
#ifndef IOASID_TRACE_REFUSAL_H
#define IOASID_TRACE_REFUSAL_H

#include "event.h"
#include "view.h"

/**
 * refusal_say - in words: "EDQUOT charge/uid_quota, 20K of 20K used by user"
 */
void refusal_say(const struct event *event, FILE *out);

/**
 * refusal_put - put errno, stage, reason, and of a limit policy, used and limit
 */
void refusal_put(const struct event *event, struct json *json);

/**
 * refusal_show - the line of --events, or a record "event"
 */
void refusal_show(const struct event *event, const struct view *view);

#endif /* IOASID_TRACE_REFUSAL_H */
