// SPDX-License-Identifier: GPL-2.0-only
/*
 * Ioctl: finds the call of include/uapi/linux/ioasid.h, and carries its argument in and out.
 *
 * A call goes: size, copy in, check that the result can be delivered, run, copy out. What cannot be
 * delivered is undone, so a call that fails has changed nothing.
 */
#include "uapi/ioctl.h"

#include <linux/fs.h>
#include <linux/mm.h>
#include <linux/uaccess.h>
#include <uapi/linux/ioasid.h>

#include "fault.h"
#include "uapi/call.h"

static int run_destroy(struct ioasid_file *file, void *arg)
{
	struct ioasid_destroy *args = arg;
	struct ioasid_refusal why = {};
	int ret = -EOPNOTSUPP;

	if (!args->flags && !args->__reserved)
		ret = ioasid_object_destroy(file, ioasid_object_get_any(file, args->id), false);
	if (ret == -EBUSY)
		ioasid_refuse(&why, IOASID_STAGE_USE, 0, 0, ret);
	return ioasid_report(file, args->error, &why, ret);
}

union argument {
	struct ioasid_info info;
	struct ioasid_ioas_alloc ioas_alloc;
	struct ioasid_destroy destroy;
	struct ioasid_pin pin;
	struct ioasid_unpin unpin;
	struct ioasid_map map;
	struct ioasid_unmap unmap;
	struct ioasid_table_alloc table_alloc;
	struct ioasid_translate translate;
	struct ioasid_access access;
	struct ioasid_query query;
	struct ioasid_audit audit;
	struct ioasid_map_file map_file;
	struct ioasid_map_batch map_batch;
	struct ioasid_copy copy;
	struct ioasid_iova_ranges iova_ranges;
	struct ioasid_allow_iovas allow_iovas;
	struct ioasid_reserve reserve;
	struct ioasid_change_owner change_owner;
	struct ioasid_option option;
	struct ioasid_dirty dirty;
};

/**
 * struct call - one ioctl
 * @size: bytes of its argument, as of now
 * @least: bytes of its first version
 * @run: does it
 * @undo: undoes it when the result can't be delivered; NULL when there is nothing to undo
 * @silent: nothing comes back in the argument, so it need not be writable
 * @partial: the argument tells how far it came, so it is delivered when the call fails too
 */
struct call {
	size_t size;
	size_t least;
	int (*run)(struct ioasid_file *file, void *arg);
	void (*undo)(struct ioasid_file *file, void *arg);
	bool silent;
	bool partial;
};

static const struct call calls[] = {
	[_IOC_NR(IOASID_INFO)] = { sizeof(struct ioasid_info), 40, ioasid_run_info },
	[_IOC_NR(IOASID_IOAS_ALLOC)] = { sizeof(struct ioasid_ioas_alloc), 16,
					 ioasid_run_ioas_alloc, ioasid_undo_ioas_alloc },
	[_IOC_NR(IOASID_DESTROY)] = { sizeof(struct ioasid_destroy), 16, run_destroy,
				      .silent = true },
	[_IOC_NR(IOASID_PIN)] = { sizeof(struct ioasid_pin), 48, ioasid_run_pin, ioasid_undo_pin },
	[_IOC_NR(IOASID_UNPIN)] = { sizeof(struct ioasid_unpin), 24, ioasid_run_unpin,
				    .silent = true },
	[_IOC_NR(IOASID_MAP)] = { sizeof(struct ioasid_map), 64, ioasid_run_map, ioasid_undo_map },
	[_IOC_NR(IOASID_UNMAP)] = { sizeof(struct ioasid_unmap), 40, ioasid_run_unmap,
				    .partial = true },
	[_IOC_NR(IOASID_TABLE_ALLOC)] = { sizeof(struct ioasid_table_alloc), 32,
					  ioasid_run_table_alloc, ioasid_undo_table_alloc },
	[_IOC_NR(IOASID_TRANSLATE)] = { sizeof(struct ioasid_translate), 64, ioasid_run_translate },
	[_IOC_NR(IOASID_ACCESS)] = { sizeof(struct ioasid_access), 48, ioasid_run_access,
				     .partial = true },
	[_IOC_NR(IOASID_QUERY)] = { sizeof(struct ioasid_query), 112, ioasid_run_query },
	[_IOC_NR(IOASID_AUDIT)] = { sizeof(struct ioasid_audit), 200, ioasid_run_audit },
	[_IOC_NR(IOASID_MAP_FILE)] = { sizeof(struct ioasid_map_file), 56, ioasid_run_map_file,
				       ioasid_undo_map_file },
	[_IOC_NR(IOASID_MAP_BATCH)] = { sizeof(struct ioasid_map_batch), 40, ioasid_run_map_batch,
					.partial = true },
	[_IOC_NR(IOASID_COPY)] = { sizeof(struct ioasid_copy), 48, ioasid_run_copy,
				   ioasid_undo_copy },
	[_IOC_NR(IOASID_IOVA_RANGES)] = { sizeof(struct ioasid_iova_ranges), 32,
					  ioasid_run_iova_ranges, .partial = true },
	[_IOC_NR(IOASID_ALLOW_IOVAS)] = { sizeof(struct ioasid_allow_iovas), 32,
					  ioasid_run_allow_iovas, .silent = true },
	[_IOC_NR(IOASID_RESERVE)] = { sizeof(struct ioasid_reserve), 40, ioasid_run_reserve,
				      .silent = true },
	[_IOC_NR(IOASID_CHANGE_OWNER)] = { sizeof(struct ioasid_change_owner), 24,
					   ioasid_run_change_owner },
	[_IOC_NR(IOASID_OPTION)] = { sizeof(struct ioasid_option), 24, ioasid_run_option },
	[_IOC_NR(IOASID_DIRTY)] = { sizeof(struct ioasid_dirty), 72, ioasid_run_dirty,
				    .partial = true },
};

static int copy_in(const struct call *call, union argument *arg, void __user *from)
{
	u32 size;

	if (get_user(size, (u32 __user *)from))
		return -EFAULT;
	if (size < call->least)
		return -EINVAL;
	if (size > PAGE_SIZE)
		return -E2BIG;
	return copy_struct_from_user(arg, call->size, from, size);
}

static int copy_out(const struct call *call, const union argument *arg, void __user *to, u32 size)
{
	return copy_to_user(to, arg, min_t(size_t, call->size, size)) ? -EFAULT : 0;
}

/**
 * ioasid_ioctl() - a call on an open file
 * @filp: the file
 * @command: IOASID_INFO and so on
 * @where: user address of the argument
 *
 * Return: 0 or a negative errno as include/uapi/linux/ioasid.h says.
 */
long ioasid_ioctl(struct file *filp, unsigned int command, unsigned long where)
{
	struct ioasid_file *file = filp->private_data;
	void __user *user = (void __user *)where;
	union argument arg = {};
	const struct call *call;
	u32 size;
	int ret;

	if (_IOC_TYPE(command) != IOASID_TYPE || _IOC_NR(command) >= ARRAY_SIZE(calls) ||
	    command != _IO(IOASID_TYPE, _IOC_NR(command)))
		return -ENOTTY;
	call = &calls[_IOC_NR(command)];
	ret = copy_in(call, &arg, user);
	if (ret)
		return ret;
	/* They all begin with their size. What can't be written to is refused before the work. */
	size = arg.info.size;
	if (!call->silent && copy_out(call, &arg, user, size))
		return -EFAULT;

	ret = call->run(file, &arg);
	if (call->silent || (ret && !call->partial))
		return ret;
	if (!ioasid_fault() && !copy_out(call, &arg, user, size))
		return ret;
	if (!ret && call->undo)
		call->undo(file, &arg);
	return ret ?: -EFAULT;
}
