/* SPDX-License-Identifier: GPL-2.0-only */
/* What audit_log tells: one of these for each event, in the ring buffer audit_events. */
#ifndef AUDIT_LOG_H
#define AUDIT_LOG_H

/**
 * enum audit_log_what - what happened
 * @AUDIT_LOG_ADOPT: pages were pinned before the policy came
 * @AUDIT_LOG_CHARGE: pages are about to be pinned
 * @AUDIT_LOG_UNCHARGE: pages were let go, or could not be pinned after all
 */
enum audit_log_what {
	AUDIT_LOG_ADOPT = 1,
	AUDIT_LOG_CHARGE = 2,
	AUDIT_LOG_UNCHARGE = 3,
};

/**
 * struct audit_log_event - an event
 * @ns: when, since boot
 * @pages: how many
 * @process_pages: pages of the process afterwards
 * @cgroup: id of the cgroup
 * @lost: events that were lost before, ever: nobody read fast enough
 * @what: enum audit_log_what
 * @tgid: process
 * @uid: user
 * @reserved: 0
 */
struct audit_log_event {
	unsigned long long ns;
	unsigned long long pages;
	unsigned long long process_pages;
	unsigned long long cgroup;
	unsigned long long lost;
	unsigned int what;
	unsigned int tgid;
	unsigned int uid;
	unsigned int reserved;
};

#endif /* AUDIT_LOG_H */
