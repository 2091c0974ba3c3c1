/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The backend of the module's own tracepoints.
 */
#include <linux/types.h>

#include "ioasid-trace.h"
#include "ioasid-trace.skel.h"
#include "tool.h"
#include "tracer.h"

static struct ioasid_trace_bpf *bpf;

static void load_if(struct bpf_program *program, bool is_needed)
{
	bpf_program__set_autoload(program, is_needed);
}

/* What is not needed is not loaded: its tracepoint stays off. */
static void choose(const struct wish *wish)
{
	bool passes = wish->pass || wish->pass_failed || wish->pass_from_ns;
	uint32_t limited = OPERATION_BIT(OPERATION_MAP) | OPERATION_BIT(OPERATION_PIN);

	load_if(bpf->progs.on_map, wish->operations & OPERATION_BIT(OPERATION_MAP));
	load_if(bpf->progs.on_unmap, wish->operations & OPERATION_BIT(OPERATION_UNMAP));
	load_if(bpf->progs.on_pin, wish->operations & OPERATION_BIT(OPERATION_PIN));
	load_if(bpf->progs.on_unpin, wish->operations & OPERATION_BIT(OPERATION_UNPIN));
	load_if(bpf->progs.on_attach,
		wish->devices || wish->operations & OPERATION_BIT(OPERATION_ATTACH));
	load_if(bpf->progs.on_detach,
		wish->devices || wish->operations & OPERATION_BIT(OPERATION_DETACH));
	load_if(bpf->progs.on_charge, passes && wish->operations & limited);
	load_if(bpf->progs.walk, wish->devices);
}

static struct bpf_object *open(const struct wish *wish)
{
	tool_need_bpf();
	bpf = ioasid_trace_bpf__open();
	if (!bpf)
		return NULL;
	bpf->rodata->wish = *wish;
	choose(wish);
	return bpf->obj;
}

static void close(void)
{
	ioasid_trace_bpf__destroy(bpf);
	bpf = NULL;
}

const struct backend backend_ioasid = {
	.name = "ioasid",
	.operations = OPERATION_BIT(OPERATIONS) - 1,
	.open = open,
	.close = close,
};
