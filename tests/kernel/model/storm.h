/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Storm: many threads of several processes call whatever there is on the same objects. Nothing can
 * be said of a call but which errors are its own; when all stop, everything has to agree.
 */
#ifndef MODEL_STORM_H
#define MODEL_STORM_H

#include <stdbool.h>
#include <stdint.h>

/* Killing: a process is killed at a random moment of each round, and replaced. */
void storm(uint64_t from, uint64_t rounds, bool killing);

#endif /* MODEL_STORM_H */
