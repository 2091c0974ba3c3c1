// SPDX-License-Identifier: GPL-2.0-only
#include "pci.h"

#include <dirent.h>
#include <fcntl.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "check.h"

#define BUS "/sys/bus/pci"

static void device_path(char *path, size_t size, const struct pci_device *device,
			const char *attribute)
{
	snprintf(path, size, BUS "/devices/%s/%s", device->address, attribute);
}

static void write_text(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
		fail("%s to %s: %m", text, path);
	close(fd);
}

static uint32_t read_number(const struct pci_device *device, const char *attribute)
{
	char path[96], text[16] = "";
	int fd;

	device_path(path, sizeof(path), device, attribute);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || read(fd, text, sizeof(text) - 1) <= 0)
		fail("%s: %m", path);
	close(fd);
	return strtoul(text, NULL, 0);
}

unsigned int pci_find(uint32_t vendor, uint32_t device, struct pci_device *found,
		      unsigned int capacity)
{
	struct dirent **entries;
	unsigned int count = 0;
	int n = scandir(BUS "/devices", &entries, NULL, alphasort), i;

	want_that(n >= 0);
	for (i = 0; i < n; i++) {
		struct pci_device one = {};

		if (entries[i]->d_name[0] != '.') {
			snprintf(one.address, sizeof(one.address), "%.15s", entries[i]->d_name);
			if (read_number(&one, "vendor") == vendor &&
			    read_number(&one, "device") == device && count++ < capacity)
				found[count - 1] = one;
		}
		free(entries[i]);
	}
	free(entries);
	return count;
}

/* The last name of what a link leads to; false when there is no such link. */
static bool link_name(const struct pci_device *device, const char *attribute, char *name,
		      size_t size)
{
	char path[96], target[256];
	ssize_t length;

	device_path(path, sizeof(path), device, attribute);
	length = readlink(path, target, sizeof(target) - 1);
	if (length < 0)
		return false;
	target[length] = 0;
	snprintf(name, size, "%s", basename(target));
	return true;
}

void pci_bind(const struct pci_device *device, const char *driver)
{
	char path[96], now[64];

	if (link_name(device, "driver", now, sizeof(now))) {
		if (!strcmp(now, driver))
			return;
		pci_unbind(device, now);
	}
	device_path(path, sizeof(path), device, "driver_override");
	write_text(path, driver);
	write_text(BUS "/drivers_probe", device->address);
	if (!link_name(device, "driver", now, sizeof(now)) || strcmp(now, driver) != 0)
		fail("%s doesn't take %s", driver, device->address);
}

void pci_unbind(const struct pci_device *device, const char *driver)
{
	char path[96];

	snprintf(path, sizeof(path), BUS "/drivers/%s/unbind", driver);
	write_text(path, device->address);
}

void pci_remove(const struct pci_device *device)
{
	char path[96];

	device_path(path, sizeof(path), device, "remove");
	write_text(path, "1");
}

void pci_rescan(void)
{
	write_text(BUS "/rescan", "1");
}

bool pci_is_there(const struct pci_device *device)
{
	char path[96];

	device_path(path, sizeof(path), device, "vendor");
	return access(path, F_OK) == 0;
}

unsigned int pci_group(const struct pci_device *device)
{
	char name[64];

	if (!link_name(device, "iommu_group", name, sizeof(name)))
		fail("%s is in no IOMMU group", device->address);
	return strtoul(name, NULL, 10);
}
