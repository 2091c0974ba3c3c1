// SPDX-License-Identifier: GPL-2.0-only
#include "emu.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/ioctl.h>

#include "check.h"
#include "load.h"

void emu_load(void)
{
	module_load("ioasid-emu");
}

int emu_device_open(void)
{
	int client = open("/dev/ioasid-emu", O_RDWR | O_CLOEXEC);

	want_that(client >= 0);
	return client;
}

int emu_call(int client, unsigned long request, struct emu_args *args)
{
	return ioctl(client, request, args) ? -errno : 0;
}

int emu_walk(int walker, unsigned long request, struct emu_walk *args)
{
	return ioctl(walker, request, args) ? -errno : 0;
}
