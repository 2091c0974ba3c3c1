/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef IOASID_UAPI_POLICY_H
#define IOASID_UAPI_POLICY_H

struct attribute_group;

extern const struct attribute_group *ioasid_policy_groups[];

#endif /* IOASID_UAPI_POLICY_H */
