/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * audit_log - refuses nothing, and reports who pins what.
 *
 * Demonstrates how a policy tells a program in user space of what it sees: through a ring buffer,
 * with the number of events that were lost because nobody read them. examples/audit_log.c is such
 * a program.
 *
 *	ioasidctl policy load audit_log.bpf.o
 *	audit_log
 */
#include "vmlinux.h"
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "audit_log.h"
#include "ioasid.bpf.h"

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 20);
} audit_events SEC(".maps");

__u64 lost;

static void tell(const struct ioasid_charge_request *request, __u32 what)
{
	struct audit_log_event *event = bpf_ringbuf_reserve(&audit_events, sizeof(*event), 0);

	if (!event) {
		__sync_fetch_and_add(&lost, 1);
		return;
	}
	event->ns = bpf_ktime_get_boot_ns();
	event->pages = request->pages;
	event->process_pages = request->mm_pages;
	if (what != AUDIT_LOG_UNCHARGE)
		event->process_pages += request->pages;
	event->cgroup = request->cgroup;
	event->lost = lost;
	event->what = what;
	event->tgid = request->tgid;
	event->uid = request->uid;
	event->reserved = 0;
	bpf_ringbuf_submit(event, 0);
}

SEC("struct_ops/charge")
int BPF_PROG(audit_log_charge, struct ioasid_charge_request *request)
{
	tell(request, AUDIT_LOG_CHARGE);
	return 0;
}

SEC("struct_ops/uncharge")
void BPF_PROG(audit_log_uncharge, struct ioasid_charge_request *request)
{
	tell(request, AUDIT_LOG_UNCHARGE);
}

SEC("struct_ops/adopt")
void BPF_PROG(audit_log_adopt, struct ioasid_charge_request *request)
{
	tell(request, AUDIT_LOG_ADOPT);
}

SEC(".struct_ops.link")
struct ioasid_account_ops audit_log = {
	.charge = (void *)audit_log_charge,
	.uncharge = (void *)audit_log_uncharge,
	.adopt = (void *)audit_log_adopt,
	.name = "audit_log",
};

char LICENSE[] SEC("license") = "GPL";
