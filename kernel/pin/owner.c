// SPDX-License-Identifier: GPL-2.0-only
/*
 * Owner: charges of pins move to another owner, all or none.
 *
 * Each charge moves in a commit of its own, so the ledger agrees with the pins at any time; the
 * policy is asked after that, as it is for a new pin. If it refuses, all go back.
 *
 * Lock order: moving; a commit; domain->lock. One move at a time; a pin that somebody refers to
 * keeps its charge otherwise.
 */
#include <linux/mm.h>
#include <linux/mutex.h>
#include <linux/slab.h>
#include <linux/xarray.h>

#include "commit.h"
#include "fault.h"
#include "pin/pin.h"

static DEFINE_MUTEX(moving);

/* A pin whose charge moves, and what the charge was. */
struct change {
	struct ioasid_pin_group *pin;
	struct ioasid_charge old;
};

/**
 * ioasid_pins_collect() - add a pin to a set
 * @pins: the set, by number
 * @pin: the caller has a reference; the set takes its own
 *
 * Context: may sleep.
 * Return: 0 or -ENOMEM.
 */
int ioasid_pins_collect(struct xarray *pins, struct ioasid_pin_group *pin)
{
	void *old;

	if (ioasid_fault())
		return -ENOMEM;
	old = xa_cmpxchg(pins, pin->number, NULL, pin, GFP_KERNEL_ACCOUNT);
	if (xa_is_err(old))
		return -ENOMEM;
	if (old)
		return 0;
	ioasid_pin_get(pin);
	/* What the pin for writing isn't charged, its base is. */
	return pin->base ? ioasid_pins_collect(pins, pin->base) : 0;
}

/**
 * ioasid_pins_forget() - drop a set of pins
 * @pins: the set; empty afterwards
 *
 * Context: may sleep.
 */
void ioasid_pins_forget(struct xarray *pins)
{
	struct ioasid_pin_group *pin;
	unsigned long number;

	xa_for_each(pins, number, pin)
		ioasid_pin_put(pin);
	xa_destroy(pins);
}

/* Which charges have to move, as a list of changes. */
static struct change *plan(struct xarray *pins, struct ioasid_move *move, u64 *count)
{
	struct ioasid_pin_group *pin;
	struct change *changes;
	unsigned long number;
	u64 n = 0;

	xa_for_each(pins, number, pin)
		n += ioasid_move_needed(move, &pin->charge);
	changes = ioasid_fault() ? NULL : kvcalloc(max(n, 1), sizeof(*changes), GFP_KERNEL_ACCOUNT);
	if (!changes)
		return NULL;
	n = 0;
	xa_for_each(pins, number, pin) {
		if (!ioasid_move_needed(move, &pin->charge))
			continue;
		ioasid_move_plan(move, &pin->charge);
		changes[n++].pin = pin;
	}
	*count = n;
	return changes;
}

static void change_one(const struct ioasid_move *move, struct change *change)
{
	struct ioasid_pin_group *pin = change->pin;

	ioasid_commit_begin();
	ioasid_pin_lock(pin);
	ioasid_move_one(move, &pin->charge, &change->old);
	pin->domain->stat.uid = pin->charge.owner->uid;
	pin->domain->stat.cgroup = pin->charge.owner->cgroup;
	ioasid_pin_unlock(pin);
	ioasid_commit_end();
}

/* Back to what it was; the policy that granted the new charge hears of its end. */
static void undo_one(struct change *change)
{
	struct ioasid_pin_group *pin = change->pin;
	u64 pages = pin->charge.pages;

	ioasid_commit_begin();
	ioasid_pin_lock(pin);
	ioasid_move_back(&pin->charge, &change->old);
	pin->domain->stat.uid = pin->charge.owner->uid;
	pin->domain->stat.cgroup = pin->charge.owner->cgroup;
	ioasid_pin_unlock(pin);
	ioasid_commit_end();
	ioasid_charge_release(&change->old, pages, pin->domain->stat.domain);
}

static int change_all(struct ioasid_move *move, struct change *changes, u64 count,
		      struct ioasid_refusal *why)
{
	struct ioasid_pin_group *pin;
	u64 i, limit;
	int ret = 0;

	for (i = 0; !ret && i < count; i++) {
		pin = changes[i].pin;
		change_one(move, &changes[i]);
		ret = ioasid_charge_ask(&pin->charge, NULL, pin->domain->stat.domain, &limit, why);
		WRITE_ONCE(pin->domain->stat.limit, limit);
		cond_resched();
	}
	while (ret && i--)
		undo_one(&changes[i]);
	return ret;
}

/**
 * ioasid_pins_change_owner() - charge the calling process for pins from now on
 * @pins: the pins
 * @mode: what else than the ledger counts them from then on
 * @moved: set to the pages whose charge moved
 * @why: filled on failure
 *
 * Context: may sleep, no locks held.
 * Return: 0; -ENOMEM, -EINTR or a policy's refusal: then nothing has moved.
 */
int ioasid_pins_change_owner(struct xarray *pins, enum ioasid_charge_mode mode, u64 *moved,
			     struct ioasid_refusal *why)
{
	struct change *changes;
	struct ioasid_move move;
	u64 count, i;
	int ret;

	*moved = 0;
	if (mutex_lock_killable(&moving))
		return -EINTR;
	ret = ioasid_move_begin(&move, mode);
	if (ret)
		goto out_unlock;
	changes = plan(pins, &move, &count);
	ret = changes ? ioasid_move_reserve(&move, why) : -ENOMEM;
	if (ret)
		goto out_end;
	ret = change_all(&move, changes, count, why);
	for (i = 0; !ret && i < count; i++) {
		*moved += changes[i].old.pages;
		ioasid_move_drop_old(&move, &changes[i].old, changes[i].pin->domain->stat.domain);
	}
out_end:
	ioasid_move_end(&move, !ret);
	kvfree(changes);
out_unlock:
	mutex_unlock(&moving);
	return ret;
}
