/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOASID_AUDIT_H
#define IOASID_AUDIT_H

#include <uapi/linux/ioasid.h>

void ioasid_audit(struct ioasid_audit *audit);

#endif /* IOASID_AUDIT_H */
