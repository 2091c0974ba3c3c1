/* SPDX-License-Identifier: GPL-2.0-only */
/* Loading the modules of tests/module. */
#ifndef LOAD_H
#define LOAD_H

/* Load one, unless a test before has. */
void module_load(const char *name);

#endif /* LOAD_H */
