/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * How much walk.bpf.c writes down: a row for each that it meets.
 */
#ifndef WALK_H
#define WALK_H

#define ROWS 1024
#define FIELDS 10

#endif /* WALK_H */
