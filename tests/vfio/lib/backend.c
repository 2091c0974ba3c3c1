// SPDX-License-Identifier: GPL-2.0-only
#include "backend.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/ioasid.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "call.h"
#include "check.h"
#include "container.h"

#define PARAMETER "allow_unsafe_interrupts"

const char *const backend_names[] = {
	[BACKEND_TYPE1] = "type1",
	[BACKEND_IOASID] = "ioasid-vfio",
};

/* As type1 was told: to accept an IOMMU that doesn't remap interrupts, or not to. */
static void parameters(char *text, size_t size)
{
	FILE *f = fopen("/sys/module/vfio_iommu_type1/parameters/" PARAMETER, "re");

	want_that(f);
	snprintf(text, size, PARAMETER "=%c", getc(f));
	fclose(f);
}

int backend_load(void)
{
	const char *kernel = getenv("KERNEL");
	char path[96], text[64];
	int module, ret;

	snprintf(path, sizeof(path), "build/mod/%s/kernel/ioasid-vfio.ko",
		 kernel ? kernel : "stock");
	module = open(path, O_RDONLY | O_CLOEXEC);
	if (module < 0)
		fail("%s: %m", path);
	parameters(text, sizeof(text));
	ret = syscall(SYS_finit_module, module, text, 0) ? -errno : 0;
	close(module);
	return ret;
}

int backend_unload(void)
{
	return syscall(SYS_delete_module, "ioasid_vfio", O_NONBLOCK) ? -errno : 0;
}

void backend_use(enum backend backend)
{
	bool loaded = access("/sys/module/ioasid_vfio", F_OK) == 0;

	if (backend == BACKEND_IOASID && !loaded)
		want(backend_load(), 0);
	if (backend == BACKEND_TYPE1 && loaded)
		want(backend_unload(), 0);
}

enum backend backend_of(int container)
{
	struct ioasid_error error = ERROR_INIT;
	int ret = vfio_call(container, IOASID_VFIO_ERROR, ADDRESS(&error));

	return ret == -ENOTTY ? BACKEND_TYPE1 : BACKEND_IOASID;
}
