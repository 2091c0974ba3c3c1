// SPDX-License-Identifier: GPL-2.0-only
#include "user.h"

#include <errno.h>
#include <linux/capability.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "call.h"
#include "check.h"
#include "memory.h"

static struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };

void set_limit(uint64_t limit)
{
	struct rlimit rlimit;

	want(getrlimit(RLIMIT_MEMLOCK, &rlimit), 0);
	rlimit.rlim_cur = limit;
	if (rlimit.rlim_max < limit)
		rlimit.rlim_max = limit;
	want(setrlimit(RLIMIT_MEMLOCK, &rlimit), 0);
}

void become_user(uid_t uid, uint64_t limit)
{
	struct __user_cap_data_struct caps[2] = {};

	/* First of all: raising it takes a capability. */
	set_limit(limit);
	want(prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0), 0);
	want(setresuid(uid, uid, uid), 0);
	caps[0].effective = caps[0].permitted = 1u << CAP_SETUID;
	want(syscall(SYS_capset, &header, caps), 0);
}

void drop_ipc_lock(void)
{
	struct __user_cap_data_struct caps[2];

	want(syscall(SYS_capget, &header, caps), 0);
	caps[0].effective &= ~(1u << CAP_IPC_LOCK);
	want(syscall(SYS_capset, &header, caps), 0);
}

struct locked_ask {
	int fd;
	uid_t uid;
	uint64_t used;
};

static void ask_locked(void *arg)
{
	struct ioasid_error error = ERROR_INIT;
	struct locked_ask *ask = arg;
	struct ioasid_pin pin = {
		.size = sizeof(pin),
		.va = ADDRESS(anon(PAGE)),
		.length = PAGE,
		.error = ADDRESS(&error),
	};

	become_user(ask->uid, 0);
	want(call(ask->fd, IOASID_PIN, &pin), -ENOMEM);
	want(error.stage, IOASID_STAGE_CHARGE);
	ask->used = error.used;
}

uint64_t user_locked(uid_t uid)
{
	struct locked_ask *ask =
		mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	uint64_t used;

	want_that(ask != MAP_FAILED);
	ask->fd = device_open();
	ask->uid = uid;
	in_child(ask_locked, ask);
	used = ask->used;
	want(close(ask->fd), 0);
	want(munmap(ask, PAGE), 0);
	return used;
}
