// SPDX-License-Identifier: GPL-2.0-only
#include "kmsg.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "check.h"

#define MOST_LINE 8192

int kmsg_open(void)
{
	int kmsg = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);

	want_that(kmsg >= 0);
	want_that(lseek(kmsg, 0, SEEK_END) >= 0);
	return kmsg;
}

unsigned int kmsg_count(int kmsg, const char *text)
{
	char line[MOST_LINE];
	unsigned int count = 0;
	ssize_t length;

	while ((length = read(kmsg, line, sizeof(line) - 1)) > 0) {
		line[length] = 0;
		count += strstr(line, text) != NULL;
	}
	want(errno, EAGAIN);
	return count;
}

static bool has_class(const char *name)
{
	char path[96];

	snprintf(path, sizeof(path), "/sys/class/iommu/%s", name);
	return access(path, F_OK) == 0;
}

const char *kmsg_fault(void)
{
	if (has_class("dmar0"))
		return "fault addr";
	if (has_class("ivhd0"))
		return NULL;
	return "fault from EP";
}
