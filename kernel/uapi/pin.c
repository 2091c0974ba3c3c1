// SPDX-License-Identifier: GPL-2.0-only
/* The calls that pin: PIN, UNPIN, CHANGE_OWNER, OPTION of the file. */
#include <linux/capability.h>
#include <linux/err.h>
#include <linux/mm.h>
#include <linux/sched.h>
#include <linux/xarray.h>

#include "ioas/ioas.h"
#include "pin/pin.h"
#include "policy/place.h"
#include "uapi/call.h"

static int pin(struct ioasid_file *file, struct ioasid_pin *args, struct ioasid_refusal *why)
{
	bool write = args->flags & IOASID_PIN_WRITE;
	struct ioasid_pin_wish wish = {
		.va = args->va,
		.pages = args->length >> PAGE_SHIFT,
		.write = write,
		.mode = file->charge_mode,
	};
	struct ioasid_object *object;
	int ret;

	object = ioasid_object_alloc(IOASID_OBJECT_PIN);
	if (!object)
		return -ENOMEM;
	object->write = write;
	wish.domain = ioasid_call_domain(file);
	if (IS_ERR(wish.domain)) {
		ret = PTR_ERR(wish.domain);
		goto out_object;
	}
	ret = ioasid_pin_range(&wish, &object->pin, why);
	ioasid_domain_put(wish.domain);
	if (ret)
		goto out_object;
	args->out_new = args->length - (object->pin.reused << PAGE_SHIFT);
	return ioasid_publish(file, object, &args->out_id);

out_object:
	ioasid_object_put(object);
	return ret;
}

static int dry_run(struct ioasid_file *file, struct ioasid_pin *args, struct ioasid_refusal *why)
{
	struct ioasid_pin_wish wish = {
		.va = args->va,
		.pages = args->length >> PAGE_SHIFT,
		.write = args->flags & IOASID_PIN_WRITE,
		.mode = file->charge_mode,
	};
	u64 missing = 0;
	int ret;

	wish.domain = ioasid_call_domain(file);
	if (IS_ERR(wish.domain))
		return PTR_ERR(wish.domain);
	ret = ioasid_pin_dry_run(&wish, &missing, why);
	ioasid_domain_put(wish.domain);
	args->out_new = missing << PAGE_SHIFT;
	args->out_id = 0;
	return ret;
}

/**
 * ioasid_run_pin() - IOASID_PIN
 * @file: whose call
 * @arg: struct ioasid_pin
 *
 * Return: 0 or a negative errno.
 */
int ioasid_run_pin(struct ioasid_file *file, void *arg)
{
	struct ioasid_refusal why = {};
	struct ioasid_pin *args = arg;
	int ret;

	if (args->flags & ~(IOASID_PIN_WRITE | IOASID_PIN_DRY_RUN) || args->__reserved)
		ret = -EOPNOTSUPP;
	else
		ret = ioasid_check_memory(args->va, args->length, &why);
	if (!ret)
		ret = args->flags & IOASID_PIN_DRY_RUN ? dry_run(file, args, &why) :
							 pin(file, args, &why);
	return ioasid_report(file, args->error, &why, ret);
}

/**
 * ioasid_undo_pin() - undo IOASID_PIN
 * @file: whose call
 * @arg: struct ioasid_pin
 */
void ioasid_undo_pin(struct ioasid_file *file, void *arg)
{
	struct ioasid_pin *args = arg;

	if (args->out_id)
		ioasid_unpublish(file, args->out_id);
}

/**
 * ioasid_run_unpin() - IOASID_UNPIN
 * @file: whose call
 * @arg: struct ioasid_unpin
 *
 * Return: 0 or a negative errno.
 */
int ioasid_run_unpin(struct ioasid_file *file, void *arg)
{
	struct ioasid_refusal why = {};
	struct ioasid_unpin *args = arg;
	bool defer = args->flags & IOASID_UNPIN_DEFER;
	int ret;

	if (args->flags & ~IOASID_UNPIN_DEFER || args->__reserved)
		ret = -EOPNOTSUPP;
	else
		ret = ioasid_object_destroy(
			file, ioasid_object_get(file, args->id, IOASID_OBJECT_PIN), defer);
	if (ret == -EBUSY)
		ioasid_refuse(&why, IOASID_STAGE_USE, 0, 0, ret);
	return ioasid_report(file, args->error, &why, ret);
}

/* All pins that the file's mappings and ids use. */
static int collect_pins(struct ioasid_file *file, struct xarray *pins)
{
	struct ioasid_object *object;
	unsigned long id = 0;
	int ret = 0;
	u32 i;

	while (!ret && (object = ioasid_object_next(file, &id))) {
		if (object->kind == IOASID_OBJECT_IOAS)
			ret = ioasid_ioas_collect_pins(object->ioas, 0, U64_MAX, pins);
		for (i = 0; !ret && i < object->pin.count; i++)
			ret = ioasid_pins_collect(pins, object->pin.list[i].pin);
		ioasid_object_put(object);
	}
	return ret;
}

/**
 * ioasid_run_change_owner() - IOASID_CHANGE_OWNER
 * @file: whose call
 * @arg: struct ioasid_change_owner
 *
 * Return: 0 or a negative errno.
 */
int ioasid_run_change_owner(struct ioasid_file *file, void *arg)
{
	struct ioasid_change_owner *args = arg;
	struct ioasid_refusal why = {};
	struct xarray pins;
	u64 moved = 0;
	int ret;

	if (args->flags)
		return ioasid_report(file, args->error, &why, -EOPNOTSUPP);
	xa_init_flags(&pins, XA_FLAGS_ACCOUNT);
	ret = collect_pins(file, &pins) ?:
		      ioasid_pins_change_owner(&pins, file->charge_mode, &moved, &why);
	ioasid_pins_forget(&pins);
	args->out_moved = moved << PAGE_SHIFT;
	return ioasid_report(file, args->error, &why, ret);
}

static int set_charge_mode(struct ioasid_file *file, u64 value)
{
	if (value > IOASID_CHARGE_NONE)
		return -EINVAL;
	if (value == IOASID_CHARGE_NONE && !capable(CAP_IPC_LOCK))
		return -EPERM;
	if (value != file->charge_mode && !xa_empty(&file->objects))
		return -EBUSY;
	file->charge_mode = value;
	return 0;
}

static int charge_mode(struct ioasid_file *file, struct ioasid_option *args)
{
	if (args->id)
		return -EINVAL;
	if (args->flags & IOASID_OPTION_SET)
		return set_charge_mode(file, args->value);
	args->value = file->charge_mode;
	return 0;
}

static int large_entries(struct ioasid_file *file, struct ioasid_option *args)
{
	struct ioasid_object *object;
	int ret = 0;

	if (args->flags & IOASID_OPTION_SET && args->value > 1)
		return -EINVAL;
	object = ioasid_object_get(file, args->id, IOASID_OBJECT_IOAS);
	if (!object)
		return -ENOENT;
	if (args->flags & IOASID_OPTION_SET)
		ret = ioasid_ioas_set_small(object->ioas, !args->value);
	else
		args->value = !object->ioas->small;
	ioasid_object_put(object);
	return ret;
}

static int set_place_policy(struct ioasid_ioas *ioas, const char __user *from)
{
	char name[IOASID_NAME_LEN];

	if (copy_from_user(name, from, sizeof(name)))
		return -EFAULT;
	if (strnlen(name, sizeof(name)) == sizeof(name))
		return -EINVAL;
	if (name[0] && !ioasid_slot_has(&ioasid_place_slot, name))
		return -ENOENT;
	ioasid_ioas_set_policy(ioas, name);
	return 0;
}

static int get_place_policy(struct ioasid_ioas *ioas, char __user *to)
{
	char name[IOASID_NAME_LEN];

	ioasid_ioas_get_policy(ioas, name);
	return copy_to_user(to, name, sizeof(name)) ? -EFAULT : 0;
}

static int place_policy(struct ioasid_file *file, struct ioasid_option *args)
{
	char __user *name = u64_to_user_ptr(args->value);
	struct ioasid_object *object;
	int ret;

	object = ioasid_object_get(file, args->id, IOASID_OBJECT_IOAS);
	if (!object)
		return -ENOENT;
	if (args->flags & IOASID_OPTION_SET)
		ret = set_place_policy(object->ioas, name);
	else
		ret = get_place_policy(object->ioas, name);
	ioasid_object_put(object);
	return ret;
}

/**
 * ioasid_run_option() - IOASID_OPTION
 * @file: whose call
 * @arg: struct ioasid_option
 *
 * Return: 0 or a negative errno.
 */
int ioasid_run_option(struct ioasid_file *file, void *arg)
{
	struct ioasid_option *args = arg;

	if (args->flags & ~IOASID_OPTION_SET)
		return -EOPNOTSUPP;
	if (args->option == IOASID_OPTION_PLACE_POLICY)
		return place_policy(file, args);
	if (!(args->flags & IOASID_OPTION_SET) && args->value)
		return -EINVAL;
	switch (args->option) {
	case IOASID_OPTION_CHARGE_MODE:
		return charge_mode(file, args);
	case IOASID_OPTION_LARGE_ENTRIES:
		return large_entries(file, args);
	default:
		return -EOPNOTSUPP;
	}
}
