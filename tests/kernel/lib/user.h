/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Other users, without the capability that lifts the limit.
 */
#ifndef USER_H
#define USER_H

#include <stdint.h>
#include <sys/types.h>

#define USER_A 54321
#define USER_B 54322

/*
 * This process is another user's from now on, limited to so many bytes of locked memory, and has no
 * capability but to do this again.
 */
void become_user(uid_t uid, uint64_t limit);

/* The same user, without CAP_IPC_LOCK. */
void drop_ipc_lock(void);

void set_limit(uint64_t limit);

/* Bytes that are charged to this user against RLIMIT_MEMLOCK, as a refusal tells them. */
uint64_t user_locked(uid_t uid);

#endif /* USER_H */
