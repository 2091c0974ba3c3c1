/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOASID_PIN_BUFFER_H
#define IOASID_PIN_BUFFER_H

struct device;

int ioasid_buffer_init(struct device *device);

#endif /* IOASID_PIN_BUFFER_H */
