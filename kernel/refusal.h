/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Refusal: why an operation failed, filled in on the floor that refused and carried up to become a
 * struct ioasid_error. Amounts are in bytes. The first refusal of an operation is kept.
 */
#ifndef IOASID_REFUSAL_H
#define IOASID_REFUSAL_H

#include <linux/limits.h>
#include <linux/string.h>
#include <uapi/linux/ioasid.h>

struct ioasid_refusal {
	enum ioasid_stage stage;
	enum ioasid_reason reason;
	u64 asked;
	u64 used;
	u64 limit;
	u64 addr;
	char policy[IOASID_NAME_LEN];
};

#define IOASID_NO_LIMIT U64_MAX

/**
 * ioasid_refuse() - note a refusal and pass its errno on
 * @why: where to note it
 * @stage: which step refuses
 * @addr: address that is refused, 0 when there is none
 * @asked: bytes asked for
 * @ret: the errno, negative
 *
 * Return: @ret.
 */
static inline int ioasid_refuse(struct ioasid_refusal *why, enum ioasid_stage stage, u64 addr,
				u64 asked, int ret)
{
	if (why->stage != IOASID_STAGE_NONE)
		return ret;
	why->stage = stage;
	why->addr = addr;
	why->asked = asked;
	why->limit = IOASID_NO_LIMIT;
	strscpy_pad(why->policy, "builtin");
	return ret;
}

/**
 * ioasid_refuse_window() - the same, because of IOVAs that some hardware doesn't translate
 * @why: where to note it
 * @start: first IOVA
 * @last: last IOVA
 * @ret: the errno, negative
 *
 * Return: @ret.
 */
static inline int ioasid_refuse_window(struct ioasid_refusal *why, u64 start, u64 last, int ret)
{
	why->reason = IOASID_REASON_WINDOW;
	return ioasid_refuse(why, IOASID_STAGE_TABLE, start, last - start + 1, ret);
}

#endif /* IOASID_REFUSAL_H */
