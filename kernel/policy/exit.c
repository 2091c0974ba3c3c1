// SPDX-License-Identifier: GPL-2.0-only
/* Exit: how policies left. See exit.h. */
#include "policy/exit.h"

#include <linux/string.h>
#include <linux/sysfs.h>

static const char *const names[] = {
	[IOASID_EXIT_NONE] = "none",
	[IOASID_EXIT_UNREGISTERED] = "unregistered",
	[IOASID_EXIT_ERRNO] = "invalid_errno",
	[IOASID_EXIT_IOVA] = "invalid_iova",
	[IOASID_EXIT_LENGTH] = "invalid_length",
	[IOASID_EXIT_OPERATOR] = "operator",
	[IOASID_EXIT_SYSFS] = "builtin_only",
	[IOASID_EXIT_TIMEOUT] = "refused_too_long",
	[IOASID_EXIT_ERROR] = "error",
};

/**
 * ioasid_exit_name() - a kind of exit in one word
 * @kind: the kind
 */
const char *ioasid_exit_name(enum ioasid_exit_kind kind)
{
	return names[kind];
}

/**
 * ioasid_exit_note() - keep how a policy left
 * @log: where
 * @exit: how
 */
void ioasid_exit_note(struct ioasid_exit_log *log, const struct ioasid_exit *exit)
{
	spin_lock(&log->lock);
	log->last[log->count++ % IOASID_EXITS] = *exit;
	spin_unlock(&log->lock);
}

/**
 * ioasid_exit_last() - how a policy left
 * @log: where
 * @back: 0 for the last one, 1 for the one before
 * @exit: filled
 *
 * Return: false when there is none, or it isn't kept any more.
 */
bool ioasid_exit_last(struct ioasid_exit_log *log, u64 back, struct ioasid_exit *exit)
{
	bool there;

	spin_lock(&log->lock);
	there = back < IOASID_EXITS && back < log->count;
	if (there)
		*exit = log->last[(log->count - 1 - back) % IOASID_EXITS];
	spin_unlock(&log->lock);
	return there;
}

/**
 * ioasid_exit_show() - the last exits, the newest first, and what the newest was about
 * @log: where
 * @buf: a page
 *
 * Return: bytes written.
 */
ssize_t ioasid_exit_show(struct ioasid_exit_log *log, char *buf)
{
	struct ioasid_exit exit;
	ssize_t n = 0;
	u64 back;

	for (back = 0; ioasid_exit_last(log, back, &exit); back++) {
		n += sysfs_emit_at(buf, n, "exit %lld %s %s %lld %llu %llu %s\n", exit.at,
				   exit.policy, names[exit.info.kind], exit.info.code, exit.asked,
				   exit.refused, exit.info.text);
		if (exit.info.dump[0])
			n += sysfs_emit_at(buf, n, "dump %s\n", exit.info.dump);
	}
	return n;
}
