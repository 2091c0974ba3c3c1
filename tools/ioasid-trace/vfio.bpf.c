/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The kernel's own vfio_iommu_type1, which has no tracepoints: its map and unmap calls from the
 * entry to the exit of its ioctl, and in them the time of the functions that pin memory and that
 * write page tables, as far as the kernel has them as functions of their own.
 *
 * What happens between these is in no phase.
 */
#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "count.bpf.h"

/* From the ABI, linux/vfio.h. */
#define MAP_DMA 0x3b71
#define UNMAP_DMA 0x3b72
#define UNMAP_ALL (1u << 1)

struct map_argument {
	__u32 size;
	__u32 flags;
	__u64 va;
	__u64 iova;
	__u64 length;
};

struct unmap_argument {
	__u32 size;
	__u32 flags;
	__u64 iova;
	__u64 length;
};

/* Set before loading: log2 of the page size. */
const volatile __u32 page_shift;

/* A thread's call while it is in one. */
struct progress {
	__u64 began_ns;
	__u64 inner_ns; /* when the function that is timed began */
	__u64 phases_ns[PHASES];
	__u64 runs; /* contiguous runs that were entered into page tables */
};

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct progress);
} progresses SEC(".maps");

/* Containers have no numbers: they get one when they are seen first. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, KEYS_MOST);
	__type(key, __u64);
	__type(value, __u64);
} containers SEC(".maps");

__u64 containers_seen;

static __u64 number_of(const void *container)
{
	__u64 key = (__u64)container, *number = bpf_map_lookup_elem(&containers, &key), new;

	if (number)
		return *number;
	new = __sync_fetch_and_add(&containers_seen, 1) + 1;
	if (bpf_map_update_elem(&containers, &key, &new, BPF_NOEXIST))
		lose(LOST_UNCOUNTED);
	return new;
}

static struct progress *progress_of(__u64 flags)
{
	return bpf_task_storage_get(&progresses, bpf_get_current_task_btf(), NULL, flags);
}

static __u32 current_tgid(void)
{
	return bpf_get_current_pid_tgid() >> 32;
}

static bool is_wanted(unsigned int command)
{
	__u32 operation = command == MAP_DMA ? OPERATION_MAP : OPERATION_UNMAP;

	return (command == MAP_DMA || command == UNMAP_DMA) && wish.operations & 1u << operation &&
	       (!wish.tgid || wish.tgid == current_tgid());
}

SEC("fentry/vfio_iommu_type1_ioctl")
int BPF_PROG(enter_call, void *container, unsigned int command)
{
	struct progress *progress;

	if (!is_wanted(command))
		return 0;
	progress = progress_of(BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (!progress) {
		lose(LOST_UNCOUNTED);
		return 0;
	}
	__builtin_memset(progress, 0, sizeof(*progress));
	progress->began_ns = bpf_ktime_get_ns();
	return 0;
}

static void enter_phase(void)
{
	struct progress *progress = progress_of(0);

	if (progress && progress->began_ns)
		progress->inner_ns = bpf_ktime_get_ns();
}

static void leave_phase(enum phase phase)
{
	struct progress *progress = progress_of(0);

	if (!progress || !progress->inner_ns)
		return;
	progress->phases_ns[phase] += bpf_ktime_get_ns() - progress->inner_ns;
	progress->inner_ns = 0;
	progress->runs += phase == PHASE_TABLE;
}

SEC("fentry/vfio_pin_pages_remote")
int BPF_PROG(enter_pin)
{
	enter_phase();
	return 0;
}

SEC("fexit/vfio_pin_pages_remote")
int BPF_PROG(leave_pin)
{
	leave_phase(PHASE_PIN);
	return 0;
}

SEC("fentry/vfio_unpin_pages_remote")
int BPF_PROG(enter_unpin)
{
	enter_phase();
	return 0;
}

SEC("fexit/vfio_unpin_pages_remote")
int BPF_PROG(leave_unpin)
{
	leave_phase(PHASE_PIN);
	return 0;
}

SEC("fentry/iommu_map")
int BPF_PROG(enter_table)
{
	enter_phase();
	return 0;
}

SEC("fexit/iommu_map")
int BPF_PROG(leave_table)
{
	leave_phase(PHASE_TABLE);
	return 0;
}

SEC("fentry/iommu_unmap_fast")
int BPF_PROG(enter_clear)
{
	enter_phase();
	return 0;
}

SEC("fexit/iommu_unmap_fast")
int BPF_PROG(leave_clear)
{
	leave_phase(PHASE_TABLE);
	return 0;
}

static __always_inline void add_phases(const struct call *call, const struct progress *progress)
{
	struct phase_sum *sum = find_phases(call);

	if (!sum)
		return;
	add(&sum->phases_ns[PHASE_PIN], progress->phases_ns[PHASE_PIN]);
	add(&sum->phases_ns[PHASE_TABLE], progress->phases_ns[PHASE_TABLE]);
}

/* Count it; the event to fill in further, or NULL. */
static __always_inline struct event *end_call(void *context, const struct call *call,
					      const struct progress *progress)
{
	struct event *event;

	count(call);
	add_phases(call, progress);
	event = passes(call) ? new_call_event(context, call) : NULL;
	if (!event)
		return NULL;
	event->phases_ns[PHASE_PIN] = progress->phases_ns[PHASE_PIN];
	event->phases_ns[PHASE_TABLE] = progress->phases_ns[PHASE_TABLE];
	return event;
}

static __always_inline void end_map(void *context, struct call *call, const void *user,
				    const struct progress *progress)
{
	struct map_argument argument = {};
	struct event *event;

	bpf_probe_read_user(&argument, sizeof(argument), user);
	call->operation = OPERATION_MAP;
	call->pages = argument.length >> page_shift;
	event = end_call(context, call, progress);
	if (!event)
		return;
	event->iova = argument.iova;
	event->va = argument.va;
	event->pages = call->pages;
	event->runs = progress->runs;
	submit(event);
}

/* After the call its argument has how much was unmapped; when it fails, how much was asked for. */
static __always_inline void end_unmap(void *context, struct call *call, const void *user,
				      const struct progress *progress)
{
	struct unmap_argument argument = {};
	struct event *event;

	bpf_probe_read_user(&argument, sizeof(argument), user);
	call->operation = OPERATION_UNMAP;
	call->pages = call->ret ? 0 : argument.length >> page_shift;
	event = end_call(context, call, progress);
	if (!event)
		return;
	event->iova = argument.iova;
	event->pages = argument.flags & UNMAP_ALL ? ~0ULL : argument.length >> page_shift;
	event->unmapped = call->pages;
	submit(event);
}

SEC("fexit/vfio_iommu_type1_ioctl")
int BPF_PROG(leave_call, void *container, unsigned int command, unsigned long argument, long ret)
{
	struct progress *progress = progress_of(0);
	struct call call = {};

	if (!progress || !progress->began_ns)
		return 0;
	call.ns = bpf_ktime_get_ns() - progress->began_ns;
	progress->began_ns = 0;
	call.ret = ret;
	call.tgid = current_tgid();
	call.ioas = number_of(container);
	if (wish.ioas && wish.ioas != call.ioas)
		return 0;
	if (command == MAP_DMA)
		end_map(ctx, &call, (const void *)argument, progress);
	else
		end_unmap(ctx, &call, (const void *)argument, progress);
	return 0;
}

/* Another container may get its address. */
SEC("fentry/vfio_iommu_type1_release")
int BPF_PROG(forget, void *container)
{
	__u64 key = (__u64)container;

	bpf_map_delete_elem(&containers, &key);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";
