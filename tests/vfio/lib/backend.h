/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Who serves the containers that are opened from now on. VFIO asks the backend that came last
 * first, so it is ioasid-vfio while that is loaded, and VFIO type1 else.
 */
#ifndef BACKEND_H
#define BACKEND_H

enum backend {
	BACKEND_TYPE1,
	BACKEND_IOASID,
};

extern const char *const backend_names[];

/* No container may be in use. */
void backend_use(enum backend backend);
/* 0 or a negative errno. */
int backend_load(void);
int backend_unload(void);
/* Of a container that has an IOMMU: who serves it? */
enum backend backend_of(int container);

#endif /* BACKEND_H */
