// SPDX-License-Identifier: GPL-2.0-only
/*
 * Policy files: what operators see of policies, and how they get rid of them, in the directory
 * policy of /dev/ioasid in sysfs. docs/policies.md tells what is in them.
 *
 *	account, place			who decides, and counters, a "NAME value" a line
 *	account_exits, place_exits	how the last policies left
 *	btf				1 when BPF policies can be loaded
 *	eject				"NAME why": eject this one; account and place are names, too
 *	builtin_only			1: eject all, and let none come
 */
#include "uapi/policy.h"

#include <linux/device.h>
#include <linux/kstrtox.h>
#include <linux/string.h>
#include <linux/sysfs.h>

#include "policy/account.h"
#include "policy/place.h"
#include "policy/type.h"

static ssize_t account_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return ioasid_slot_show(&ioasid_account_slot, buf);
}
static DEVICE_ATTR_RO(account);

static ssize_t place_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return ioasid_slot_show(&ioasid_place_slot, buf);
}
static DEVICE_ATTR_RO(place);

static ssize_t account_exits_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return ioasid_exit_show(&ioasid_account_slot.exits, buf);
}
static DEVICE_ATTR_RO(account_exits);

static ssize_t place_exits_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return ioasid_exit_show(&ioasid_place_slot.exits, buf);
}
static DEVICE_ATTR_RO(place_exits);

static ssize_t btf_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%d\n", ioasid_type_has_btf());
}
static DEVICE_ATTR_RO(btf);

/* "NAME" or "NAME why". */
static ssize_t eject_store(struct device *dev, struct device_attribute *attr, const char *buf,
			   size_t size)
{
	char name[IOASID_NAME_LEN], text[IOASID_EXIT_TEXT_LEN];
	const char *end = buf + strcspn(buf, " \n");
	int ret;

	if (end == buf || end - buf >= (ptrdiff_t)sizeof(name))
		return -EINVAL;
	memcpy(name, buf, end - buf);
	name[end - buf] = 0;
	if (*end == ' ')
		end++;
	ioasid_policy_copy_text(text, end, strcspn(end, "\n"));
	if (!text[0])
		strscpy(text, "ejected by an operator");
	ret = ioasid_slot_eject(&ioasid_account_slot, name, text);
	if (ret)
		ret = ioasid_slot_eject(&ioasid_place_slot, name, text);
	return ret ?: size;
}
static DEVICE_ATTR_WO(eject);

static ssize_t builtin_only_show(struct device *dev, struct device_attribute *attr, char *buf)
{
	return sysfs_emit(buf, "%d\n", READ_ONCE(ioasid_account_slot.builtin_only));
}

static ssize_t builtin_only_store(struct device *dev, struct device_attribute *attr,
				  const char *buf, size_t size)
{
	bool only;
	int ret = kstrtobool(buf, &only);

	if (ret)
		return ret;
	ioasid_slot_set_builtin_only(&ioasid_account_slot, only);
	ioasid_slot_set_builtin_only(&ioasid_place_slot, only);
	return size;
}
static DEVICE_ATTR_RW(builtin_only);

static struct attribute *policy_attrs[] = {
	&dev_attr_account.attr,	      &dev_attr_place.attr,
	&dev_attr_account_exits.attr, &dev_attr_place_exits.attr,
	&dev_attr_btf.attr,	      &dev_attr_eject.attr,
	&dev_attr_builtin_only.attr,  NULL,
};

static const struct attribute_group policy_group = {
	.name = "policy",
	.attrs = policy_attrs,
};

const struct attribute_group *ioasid_policy_groups[] = {
	&policy_group,
	NULL,
};
