/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Names of users and cgroups. Each is looked up once, and lives until names_end().
 */
#ifndef IOASID_TOP_NAMES_H
#define IOASID_TOP_NAMES_H

#include <stdint.h>

/**
 * name_of_user - its name, or its number
 */
const char *name_of_user(uint32_t uid);

/**
 * name_of_cgroup - its path, or "#" and its number when it has none (any more)
 */
const char *name_of_cgroup(uint64_t cgroup);

void names_end(void);

#endif /* IOASID_TOP_NAMES_H */
