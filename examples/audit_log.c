/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * audit_log - prints what the policy audit_log reports, a line for each event, until SIGINT, or
 * until there is nothing more to read, with --once.
 *
 *	ioasidctl policy load audit_log.bpf.o
 *	audit_log
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "audit_log.h"

static volatile sig_atomic_t is_over;

static void end(int signal)
{
	is_over = signal;
}

/* The ring buffer of the policy that is loaded; -1 when it isn't. */
static int find_events(void)
{
	__u32 id = 0;

	while (!bpf_map_get_next_id(id, &id)) {
		struct bpf_map_info info = { 0 };
		__u32 size = sizeof(info);
		int fd = bpf_map_get_fd_by_id(id);

		if (fd < 0)
			continue;
		if (!bpf_map_get_info_by_fd(fd, &info, &size) &&
		    info.type == BPF_MAP_TYPE_RINGBUF && !strcmp(info.name, "audit_events"))
			return fd;
		close(fd);
	}
	return -1;
}

static int show(void *data, void *bytes, size_t size)
{
	static const char *const words[] = {
		[AUDIT_LOG_ADOPT] = "adopt",
		[AUDIT_LOG_CHARGE] = "charge",
		[AUDIT_LOG_UNCHARGE] = "uncharge",
	};
	const struct audit_log_event *event = bytes;

	(void)data;
	if (size < sizeof(*event) || event->what > AUDIT_LOG_UNCHARGE || !words[event->what])
		return 0;
	printf("%llu.%06llu %-8s pages=%llu process_pages=%llu tgid=%u uid=%u cgroup=%llu lost=%llu\n",
	       event->ns / 1000000000, event->ns / 1000 % 1000000, words[event->what], event->pages,
	       event->process_pages, event->tgid, event->uid, event->cgroup, event->lost);
	return 0;
}

int main(int argc, char **argv)
{
	int once = argc > 1 && !strcmp(argv[1], "--once");
	struct ring_buffer *buffer;
	int fd, count = 1;

	if (argc > 2 || (argc > 1 && !once)) {
		fprintf(stderr, "usage: audit_log [--once]\n");
		return 2;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	signal(SIGINT, end);
	signal(SIGTERM, end);
	fd = find_events();
	if (fd < 0) {
		fprintf(stderr, "audit_log: the policy is not loaded (or you are not root); "
				"to load it: ioasidctl policy load audit_log.bpf.o\n");
		return 1;
	}
	buffer = ring_buffer__new(fd, show, NULL, NULL);
	if (!buffer) {
		fprintf(stderr, "audit_log: its ring buffer cannot be read: %s\n", strerror(errno));
		return 1;
	}
	while (!is_over && count >= 0 && !(once && !count))
		count = ring_buffer__poll(buffer, once ? 0 : 1000);
	ring_buffer__free(buffer);
	return count < 0 && count != -EINTR;
}
