// SPDX-License-Identifier: GPL-2.0-only
#include "module.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "check.h"

int module_remove(void)
{
	return syscall(SYS_delete_module, "ioasid", O_NONBLOCK) ? -errno : 0;
}

int module_insert(void)
{
	const char *kernel = getenv("KERNEL");
	char path[128];
	int file, ret;

	snprintf(path, sizeof(path), "build/mod/%s/kernel/ioasid.ko", kernel ? kernel : "stock");
	file = open(path, O_RDONLY | O_CLOEXEC);
	if (file < 0)
		fail("%s: %m", path);
	ret = syscall(SYS_finit_module, file, "", 0) ? -errno : 0;
	close(file);
	return ret;
}

void want_module_goes(void)
{
	int i, ret = module_remove();

	/* The kernel frees a policy's programs, which use the module, a moment after they left. */
	for (i = 0; ret == -EAGAIN && i < 1000; i++) {
		usleep(10000);
		ret = module_remove();
	}
	want(ret, 0);
	want(module_insert(), 0);
}
