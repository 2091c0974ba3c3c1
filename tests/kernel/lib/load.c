// SPDX-License-Identifier: GPL-2.0-only
#include "load.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "check.h"

void module_load(const char *name)
{
	const char *kernel = getenv("KERNEL");
	char path[256], *dash;
	int module;

	snprintf(path, sizeof(path), "/sys/module/%s", name);
	for (dash = strchr(path, '-'); dash; dash = strchr(dash, '-'))
		*dash = '_';
	if (!access(path, F_OK))
		return;
	snprintf(path, sizeof(path), "build/mod/%s/tests/module/%s.ko", kernel ? kernel : "stock",
		 name);
	module = open(path, O_RDONLY | O_CLOEXEC);
	if (module < 0)
		fail("cannot open %s", path);
	want(syscall(SYS_finit_module, module, "", 0), 0);
	close(module);
}
