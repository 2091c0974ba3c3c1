/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * /dev/ioasid-emu of tests/module: a client of an address space or a walker of a table, driven by
 * calls.
 */
#ifndef EMU_H
#define EMU_H

#include <stdint.h>

#include "../../module/ioasid-emu.h"

/* Load the module, unless a test before has. */
void emu_load(void);
/* A file that is nobody's client yet. */
int emu_device_open(void);
/* A call on it: 0 or a negative errno. */
int emu_call(int client, unsigned long request, struct emu_args *args);
int emu_walk(int walker, unsigned long request, struct emu_walk *args);

#endif /* EMU_H */
