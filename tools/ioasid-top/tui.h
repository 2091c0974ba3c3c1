/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Tables on a terminal, with keys.
 */
#ifndef IOASID_TOP_TUI_H
#define IOASID_TOP_TUI_H

#include "table.h"

/* What the command line said, so that saved settings don't. */
#define TUI_GIVEN_VIEW (1U << 0)
#define TUI_GIVEN_SORT (1U << 1)
#define TUI_GIVEN_DELAY (1U << 2)

/**
 * struct tui_options - what the command line says
 * @selection: what is shown at first; the keys change it
 * @style: of cells
 * @delay_ns: between two snapshots
 * @count: end after so many, 0: never
 * @no_colour: as on a terminal that has none
 * @given: TUI_GIVEN_*
 */
struct tui_options {
	struct selection *selection;
	struct style style;
	uint64_t delay_ns;
	uint64_t count;
	bool no_colour;
	unsigned int given;
};

/**
 * tui_run - show snapshots until somebody wants no more; between snapshot_start() and _end()
 */
void tui_run(const struct tui_options *options);

#endif /* IOASID_TOP_TUI_H */
