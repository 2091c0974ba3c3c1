/* SPDX-License-Identifier: GPL-2.0-only */
/* The module itself, taken out and put back. */
#ifndef MODULE_H
#define MODULE_H

/* Take the module out: 0 or a negative errno, at once. */
int module_remove(void);
int module_insert(void);
/* It goes, in a moment at most, and comes back. */
void want_module_goes(void);

#endif /* MODULE_H */
