/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOASID_UAPI_FILE_H
#define IOASID_UAPI_FILE_H

struct file;
struct ioasid_file;

struct ioasid_file *ioasid_file_of(struct file *filp);
int ioasid_file_init(void);
void ioasid_file_exit(void);

#endif /* IOASID_UAPI_FILE_H */
