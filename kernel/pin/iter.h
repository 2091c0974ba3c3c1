/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOASID_PIN_ITER_H
#define IOASID_PIN_ITER_H

int ioasid_iter_init(void);

#endif /* IOASID_PIN_ITER_H */
