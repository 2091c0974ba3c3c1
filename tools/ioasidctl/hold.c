/* SPDX-License-Identifier: GPL-2.0-only */
#include <signal.h>

#include "hold.h"
#include "tool.h"

static void ignore(int signal)
{
	(void)signal;
}

/* Blocked but while we wait, they cannot come between looking and waiting. */
static void catch_signals(sigset_t *before)
{
	struct sigaction action = { .sa_handler = ignore };
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigprocmask(SIG_BLOCK, &set, before);
	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
}

int hold(const struct ioasid_policy_handle *handle)
{
	sigset_t before;
	int ended;

	catch_signals(&before);
	ioasid_policy_report(handle, stdout);
	fflush(stdout);
	ended = ioasid_policy_wait(handle, -1, &before);
	if (ended == -EINTR)
		return 0;
	if (ended < 0)
		tool_die("the policies cannot be watched: %s", strerror(-ended));
	ioasid_policy_report(handle, stdout);
	return TOOL_FAILED;
}
