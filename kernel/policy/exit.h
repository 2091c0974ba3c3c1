/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Exit: how policies left. The last few of each slot are kept, the newest with its dump.
 */
#ifndef IOASID_POLICY_EXIT_H
#define IOASID_POLICY_EXIT_H

#include <linux/ioasid_policy.h>
#include <linux/spinlock.h>
#include <linux/time64.h>
#include <linux/types.h>

#define IOASID_EXITS 8

/**
 * struct ioasid_exit - how one policy left
 * @info: what it was told itself
 * @policy: its name
 * @at: when, seconds of the calendar
 * @asked: decisions it was asked for while it was there
 * @refused: of these, refused
 */
struct ioasid_exit {
	struct ioasid_exit_info info;
	char policy[IOASID_NAME_LEN];
	time64_t at;
	u64 asked;
	u64 refused;
};

/**
 * struct ioasid_exit_log - the last exits
 * @lock: guards all
 * @count: ever
 * @last: number n is at n modulo IOASID_EXITS
 */
struct ioasid_exit_log {
	spinlock_t lock;
	u64 count;
	struct ioasid_exit last[IOASID_EXITS];
};

const char *ioasid_exit_name(enum ioasid_exit_kind kind);
void ioasid_exit_note(struct ioasid_exit_log *log, const struct ioasid_exit *exit);
bool ioasid_exit_last(struct ioasid_exit_log *log, u64 back, struct ioasid_exit *exit);
ssize_t ioasid_exit_show(struct ioasid_exit_log *log, char *buf);

#endif /* IOASID_POLICY_EXIT_H */
