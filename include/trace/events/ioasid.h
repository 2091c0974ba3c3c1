/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Tracepoints: one event per operation, at its end. The fields are those of the structures in
 * include/linux/ioasid_event.h, which says what they mean.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM ioasid

#if !defined(_TRACE_IOASID_H) || defined(TRACE_HEADER_MULTI_READ)
#define _TRACE_IOASID_H

#include <linux/tracepoint.h>
#include <linux/ioasid_event.h>
#include <linux/ioasid_policy.h>
#include <uapi/linux/ioasid.h>

TRACE_EVENT(ioasid_pin,
	TP_PROTO(const struct ioasid_event_pin *event),
	TP_ARGS(event),
	TP_STRUCT__entry(
		__field(u64, domain)
		__field(u64, pin)
		__field(u64, va)
		__field(u64, pages)
		__field(u64, runs)
		__field(u64, reused)
		__field(u64, total_ns)
		__field(u64, charge_ns)
		__field(u64, gup_ns)
		__field(u32, tgid)
		__field(s32, ret)
		__field(bool, write)
		__array(u32, run_sizes, IOASID_RUN_SIZES)
	),
	TP_fast_assign(
		__entry->domain = event->domain;
		__entry->pin = event->pin;
		__entry->va = event->va;
		__entry->pages = event->pages;
		__entry->runs = event->runs;
		__entry->reused = event->reused;
		__entry->total_ns = event->total_ns;
		__entry->charge_ns = event->charge_ns;
		__entry->gup_ns = event->gup_ns;
		__entry->tgid = event->tgid;
		__entry->ret = event->ret;
		__entry->write = event->write;
		memcpy(__entry->run_sizes, event->run_sizes, sizeof(event->run_sizes));
	),
	TP_printk("tgid=%u domain=%llu pin=%llu va=0x%llx pages=%llu runs=%llu reused=%llu write=%d ret=%d total_ns=%llu charge_ns=%llu gup_ns=%llu run_sizes=%s",
		  __entry->tgid, __entry->domain, __entry->pin, __entry->va, __entry->pages,
		  __entry->runs, __entry->reused, __entry->write, __entry->ret, __entry->total_ns,
		  __entry->charge_ns, __entry->gup_ns,
		  __print_array(__entry->run_sizes, IOASID_RUN_SIZES, sizeof(u32)))
);

TRACE_EVENT(ioasid_unpin,
	TP_PROTO(const struct ioasid_event_unpin *event),
	TP_ARGS(event),
	TP_STRUCT__entry(
		__field(u64, domain)
		__field(u64, pin)
		__field(u64, va)
		__field(u64, pages)
		__field(u64, runs)
		__field(u64, lived_ns)
		__field(u64, total_ns)
		__field(u32, tgid)
		__field(bool, stale)
	),
	TP_fast_assign(
		__entry->domain = event->domain;
		__entry->pin = event->pin;
		__entry->va = event->va;
		__entry->pages = event->pages;
		__entry->runs = event->runs;
		__entry->lived_ns = event->lived_ns;
		__entry->total_ns = event->total_ns;
		__entry->tgid = event->tgid;
		__entry->stale = event->stale;
	),
	TP_printk("tgid=%u domain=%llu pin=%llu va=0x%llx pages=%llu runs=%llu stale=%d lived_ns=%llu total_ns=%llu",
		  __entry->tgid, __entry->domain, __entry->pin, __entry->va, __entry->pages,
		  __entry->runs, __entry->stale, __entry->lived_ns, __entry->total_ns)
);

TRACE_EVENT(ioasid_stale,
	TP_PROTO(const struct ioasid_event_stale *event),
	TP_ARGS(event),
	TP_STRUCT__entry(
		__field(u64, domain)
		__field(u64, pin)
		__field(u64, va)
		__field(u64, pages)
		__field(u64, mapped)
		__field(u32, tgid)
	),
	TP_fast_assign(
		__entry->domain = event->domain;
		__entry->pin = event->pin;
		__entry->va = event->va;
		__entry->pages = event->pages;
		__entry->mapped = event->mapped;
		__entry->tgid = event->tgid;
	),
	TP_printk("tgid=%u domain=%llu pin=%llu va=0x%llx pages=%llu mapped=%llu",
		  __entry->tgid, __entry->domain, __entry->pin, __entry->va, __entry->pages,
		  __entry->mapped)
);

DECLARE_EVENT_CLASS(ioasid_charge_class,
	TP_PROTO(const struct ioasid_event_charge *event),
	TP_ARGS(event),
	TP_STRUCT__entry(
		__field(u64, domain)
		__field(u64, cgroup)
		__field(u64, pages)
		__field(u64, used)
		__field(u64, limit)
		__field(u32, tgid)
		__field(u32, uid)
		__field(s32, ret)
		__array(char, policy, IOASID_NAME_LEN)
		__field(u32, reason)
	),
	TP_fast_assign(
		__entry->domain = event->domain;
		__entry->cgroup = event->cgroup;
		__entry->pages = event->pages;
		__entry->used = event->used;
		__entry->limit = event->limit;
		__entry->tgid = event->tgid;
		__entry->uid = event->uid;
		__entry->ret = event->ret;
		strscpy_pad(__entry->policy, event->policy, IOASID_NAME_LEN);
		__entry->reason = event->reason;
	),
	TP_printk("tgid=%u uid=%u cgroup=%llu domain=%llu pages=%llu used=%llu limit=%lld policy=%s ret=%d reason=%u",
		  __entry->tgid, __entry->uid, __entry->cgroup, __entry->domain, __entry->pages,
		  __entry->used, (s64)__entry->limit, __entry->policy, __entry->ret,
		  __entry->reason)
);

DEFINE_EVENT(ioasid_charge_class, ioasid_charge,
	TP_PROTO(const struct ioasid_event_charge *event),
	TP_ARGS(event)
);

DEFINE_EVENT(ioasid_charge_class, ioasid_uncharge,
	TP_PROTO(const struct ioasid_event_charge *event),
	TP_ARGS(event)
);

TRACE_EVENT(ioasid_map,
	TP_PROTO(const struct ioasid_event_map *event),
	TP_ARGS(event),
	TP_STRUCT__entry(
		__field(u64, ioas)
		__field(u64, iova)
		__field(u64, va)
		__field(u64, pages)
		__field(u64, pins)
		__field(u64, runs)
		__field(u64, reused)
		__field(u64, total_ns)
		__field(u64, pin_ns)
		__field(u64, policy_ns)
		__field(u64, place_ns)
		__field(u64, table_ns)
		__field(u32, tgid)
		__field(s32, ret)
		__array(char, policy, IOASID_NAME_LEN)
		__field(u32, stage)
		__field(u32, reason)
	),
	TP_fast_assign(
		__entry->ioas = event->ioas;
		__entry->iova = event->iova;
		__entry->va = event->va;
		__entry->pages = event->pages;
		__entry->pins = event->pins;
		__entry->runs = event->runs;
		__entry->reused = event->reused;
		__entry->total_ns = event->total_ns;
		__entry->pin_ns = event->pin_ns;
		__entry->policy_ns = event->policy_ns;
		__entry->place_ns = event->place_ns;
		__entry->table_ns = event->table_ns;
		__entry->tgid = event->tgid;
		__entry->ret = event->ret;
		strscpy_pad(__entry->policy, event->policy, IOASID_NAME_LEN);
		__entry->stage = event->stage;
		__entry->reason = event->reason;
	),
	TP_printk("tgid=%u ioas=%llu iova=0x%llx va=0x%llx pages=%llu pins=%llu runs=%llu reused=%llu policy=%s ret=%d total_ns=%llu pin_ns=%llu policy_ns=%llu place_ns=%llu table_ns=%llu stage=%u reason=%u",
		  __entry->tgid, __entry->ioas, __entry->iova, __entry->va, __entry->pages,
		  __entry->pins, __entry->runs, __entry->reused, __entry->policy, __entry->ret,
		  __entry->total_ns, __entry->pin_ns, __entry->policy_ns, __entry->place_ns,
		  __entry->table_ns, __entry->stage, __entry->reason)
);

TRACE_EVENT(ioasid_unmap,
	TP_PROTO(const struct ioasid_event_unmap *event),
	TP_ARGS(event),
	TP_STRUCT__entry(
		__field(u64, ioas)
		__field(u64, iova)
		__field(u64, pages)
		__field(u64, unmapped)
		__field(u64, total_ns)
		__field(u64, place_ns)
		__field(u64, table_ns)
		__field(u64, flush_ns)
		__field(u64, pin_ns)
		__field(u32, tgid)
		__field(s32, ret)
	),
	TP_fast_assign(
		__entry->ioas = event->ioas;
		__entry->iova = event->iova;
		__entry->pages = event->pages;
		__entry->unmapped = event->unmapped;
		__entry->total_ns = event->total_ns;
		__entry->place_ns = event->place_ns;
		__entry->table_ns = event->table_ns;
		__entry->flush_ns = event->flush_ns;
		__entry->pin_ns = event->pin_ns;
		__entry->tgid = event->tgid;
		__entry->ret = event->ret;
	),
	TP_printk("tgid=%u ioas=%llu iova=0x%llx pages=%lld unmapped=%llu ret=%d total_ns=%llu place_ns=%llu table_ns=%llu flush_ns=%llu pin_ns=%llu",
		  __entry->tgid, __entry->ioas, __entry->iova, (s64)__entry->pages,
		  __entry->unmapped, __entry->ret, __entry->total_ns, __entry->place_ns,
		  __entry->table_ns, __entry->flush_ns, __entry->pin_ns)
);

DECLARE_EVENT_CLASS(ioasid_table_class,
	TP_PROTO(const struct ioasid_event_table *event),
	TP_ARGS(event),
	TP_STRUCT__entry(
		__field(u64, ioas)
		__field(u64, table)
		__field(u64, pages)
		__field(u64, memory)
		__field(u64, total_ns)
		__field(u32, tgid)
		__field(u32, format)
		__field(u32, levels)
		__field(s32, ret)
		__field(u64, container)
		__field(u32, group)
		__field(u32, devices)
		__array(char, device, IOASID_DEVICE_LEN)
		__field(u32, reason)
	),
	TP_fast_assign(
		__entry->ioas = event->ioas;
		__entry->table = event->table;
		__entry->pages = event->pages;
		__entry->memory = event->memory;
		__entry->total_ns = event->total_ns;
		__entry->tgid = event->tgid;
		__entry->format = event->format;
		__entry->levels = event->levels;
		__entry->ret = event->ret;
		__entry->container = event->container;
		__entry->group = event->group;
		__entry->devices = event->devices;
		memcpy(__entry->device, event->device, IOASID_DEVICE_LEN);
		__entry->reason = event->reason;
	),
	TP_printk("tgid=%u ioas=%llu table=%llu format=%u levels=%u pages=%llu memory=%llu ret=%d total_ns=%llu container=%llu group=%u devices=%u device=%s reason=%u",
		  __entry->tgid, __entry->ioas, __entry->table, __entry->format, __entry->levels,
		  __entry->pages, __entry->memory, __entry->ret, __entry->total_ns,
		  __entry->container, __entry->group, __entry->devices, __entry->device,
		  __entry->reason)
);

DEFINE_EVENT(ioasid_table_class, ioasid_table_attach,
	TP_PROTO(const struct ioasid_event_table *event),
	TP_ARGS(event)
);

DEFINE_EVENT(ioasid_table_class, ioasid_table_detach,
	TP_PROTO(const struct ioasid_event_table *event),
	TP_ARGS(event)
);

TRACE_EVENT(ioasid_policy,
	TP_PROTO(const struct ioasid_event_policy *event),
	TP_ARGS(event),
	TP_STRUCT__entry(
		__field(s64, code)
		__field(u64, asked)
		__field(u64, refused)
		__field(u32, action)
		__field(u32, exit)
		__array(char, kind, IOASID_NAME_LEN)
		__array(char, policy, IOASID_NAME_LEN)
		__array(char, text, IOASID_EXIT_TEXT_LEN)
	),
	TP_fast_assign(
		__entry->code = event->code;
		__entry->asked = event->asked;
		__entry->refused = event->refused;
		__entry->action = event->action;
		__entry->exit = event->exit;
		strscpy_pad(__entry->kind, event->kind);
		strscpy_pad(__entry->policy, event->policy);
		strscpy_pad(__entry->text, event->text);
	),
	TP_printk("kind=%s policy=%s action=%s exit=%u code=%lld asked=%llu refused=%llu text=\"%s\"",
		  __entry->kind, __entry->policy,
		  __print_symbolic(__entry->action,
				   { IOASID_POLICY_ATTACHED, "attached" },
				   { IOASID_POLICY_EJECTED, "ejected" },
				   { IOASID_POLICY_DETACHED, "detached" }),
		  __entry->exit, __entry->code, __entry->asked, __entry->refused,
		  __entry->text)
);

#endif /* _TRACE_IOASID_H */

#include <trace/define_trace.h>
