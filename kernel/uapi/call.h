/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Call: one ioctl. Each has a function ioasid_run_NAME(), and ioasid_undo_NAME() if there is
 * something to undo when its result can't be delivered.
 */
#ifndef IOASID_UAPI_CALL_H
#define IOASID_UAPI_CALL_H

#include <linux/types.h>

#include "refusal.h"
#include "trace/lap.h"
#include "uapi/object.h"

struct ioasid_ioas;

/**
 * struct ioasid_mapping_call - a call that maps
 * @ioas: where to
 * @flags: IOASID_MAP_*
 * @maker: as of struct ioasid_map_wish
 * @va: what it names, for the tracepoint
 * @length: bytes
 * @iova: in and out
 * @reused: out: bytes that were pinned already
 * @segments: what is mapped
 * @lap: the call's watch
 * @why: filled on failure
 */
struct ioasid_mapping_call {
	struct ioasid_ioas *ioas;
	u32 flags;
	u32 maker;
	u64 va;
	u64 length;
	u64 iova;
	u64 reused;
	struct ioasid_segments segments;
	struct ioasid_lap lap;
	struct ioasid_refusal *why;
};

int ioasid_map_segments(struct ioasid_mapping_call *call, int ret);

int ioasid_check_range(u64 start, u64 length);
int ioasid_check_memory(u64 va, u64 length, struct ioasid_refusal *why);
void ioasid_tell_why(struct ioasid_error *error, const struct ioasid_refusal *why, int ret);
int ioasid_report(struct ioasid_file *file, u64 to, const struct ioasid_refusal *why, int ret);
struct ioasid_domain *ioasid_call_domain(struct ioasid_file *file);
int ioasid_publish(struct ioasid_file *file, struct ioasid_object *object, u32 *id);
void ioasid_unpublish(struct ioasid_file *file, u32 id);

/* pin.c */
int ioasid_run_pin(struct ioasid_file *file, void *arg);
void ioasid_undo_pin(struct ioasid_file *file, void *arg);
int ioasid_run_unpin(struct ioasid_file *file, void *arg);
int ioasid_run_change_owner(struct ioasid_file *file, void *arg);
int ioasid_run_dirty(struct ioasid_file *file, void *arg);
int ioasid_run_option(struct ioasid_file *file, void *arg);

/* map.c */
int ioasid_run_map(struct ioasid_file *file, void *arg);
void ioasid_undo_map(struct ioasid_file *file, void *arg);
int ioasid_run_map_file(struct ioasid_file *file, void *arg);
void ioasid_undo_map_file(struct ioasid_file *file, void *arg);
int ioasid_run_map_batch(struct ioasid_file *file, void *arg);
int ioasid_run_copy(struct ioasid_file *file, void *arg);
void ioasid_undo_copy(struct ioasid_file *file, void *arg);
int ioasid_run_unmap(struct ioasid_file *file, void *arg);

/* space.c */
int ioasid_run_ioas_alloc(struct ioasid_file *file, void *arg);
void ioasid_undo_ioas_alloc(struct ioasid_file *file, void *arg);
int ioasid_run_table_alloc(struct ioasid_file *file, void *arg);
void ioasid_undo_table_alloc(struct ioasid_file *file, void *arg);
int ioasid_run_translate(struct ioasid_file *file, void *arg);
int ioasid_run_access(struct ioasid_file *file, void *arg);
int ioasid_run_iova_ranges(struct ioasid_file *file, void *arg);
int ioasid_run_allow_iovas(struct ioasid_file *file, void *arg);
int ioasid_run_reserve(struct ioasid_file *file, void *arg);

/* query.c */
int ioasid_run_info(struct ioasid_file *file, void *arg);
int ioasid_run_query(struct ioasid_file *file, void *arg);
int ioasid_run_audit(struct ioasid_file *file, void *arg);

#endif /* IOASID_UAPI_CALL_H */
