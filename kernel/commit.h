/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Commit: the short section in which a change to the trees and the ledger becomes visible as one.
 *
 * A commit makes counters and trees agree: at its begin they do, and at its end they do again. The
 * audit shuts all commits out while it walks, so what it sees always has to add up.
 *
 * Inside a commit nothing is allocated, no user memory touched and no policy called, so an audit
 * never waits long. Commits don't nest. Lock order: a commit comes before every spinlock and rwlock
 * of ioasid.
 */
#ifndef IOASID_COMMIT_H
#define IOASID_COMMIT_H

#include <linux/percpu-rwsem.h>

extern struct percpu_rw_semaphore ioasid_commits;

static inline void ioasid_commit_begin(void)
{
	percpu_down_read(&ioasid_commits);
}

static inline void ioasid_commit_end(void)
{
	percpu_up_read(&ioasid_commits);
}

/* For the audit: no commit runs between the two. */
static inline void ioasid_commit_freeze(void)
{
	percpu_down_write(&ioasid_commits);
}

static inline void ioasid_commit_thaw(void)
{
	percpu_up_write(&ioasid_commits);
}

static inline void ioasid_assert_commit(void)
{
	percpu_rwsem_assert_held(&ioasid_commits);
}

#endif /* IOASID_COMMIT_H */
