/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOASID_UAPI_IOCTL_H
#define IOASID_UAPI_IOCTL_H

struct file;

long ioasid_ioctl(struct file *file, unsigned int command, unsigned long arg);

#endif /* IOASID_UAPI_IOCTL_H */
