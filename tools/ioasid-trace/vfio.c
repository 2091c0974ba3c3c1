/* SPDX-License-Identifier: GPL-2.0-only */
#include <bpf/btf.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tool.h"
#include "vfio.h"
#include "vfio.skel.h"

#define TYPE1 "vfio_iommu_type1"

/* The functions that phases are timed by. */
enum function {
	FUNCTION_IOCTL,
	FUNCTION_RELEASE,
	FUNCTION_PIN,
	FUNCTION_UNPIN,
	FUNCTION_MAP,
	FUNCTION_UNMAP,
	FUNCTIONS,
};

static const struct {
	const char *name;
	const char *phase; /* that is missing without it; NULL: it can't be done without */
} functions[FUNCTIONS] = {
	[FUNCTION_IOCTL] = { "vfio_iommu_type1_ioctl", NULL },
	[FUNCTION_RELEASE] = { "vfio_iommu_type1_release", NULL },
	[FUNCTION_PIN] = { "vfio_pin_pages_remote", "pinning of map" },
	[FUNCTION_UNPIN] = { "vfio_unpin_pages_remote", "pinning of unmap" },
	[FUNCTION_MAP] = { "iommu_map", "table of map" },
	[FUNCTION_UNMAP] = { "iommu_unmap_fast", "table of unmap" },
};

static struct vfio_bpf *bpf;

/* Mark those that are functions of their own: a compiler may have put them into others. */
static void find_symbols(bool found[FUNCTIONS])
{
	FILE *symbols = fopen("/proc/kallsyms", "re");
	char line[512], name[256];

	if (!symbols)
		tool_die("/proc/kallsyms cannot be read: %m");
	while (fgets(line, sizeof(line), symbols)) {
		if (sscanf(line, "%*s %*s %255s", name) != 1)
			continue;
		for (enum function i = 0; i < FUNCTIONS; i++)
			if (!strcmp(name, functions[i].name))
				found[i] = true;
	}
	fclose(symbols);
}

static bool has_type(const struct btf *btf, const char *name)
{
	return btf && btf__find_by_name_kind(btf, name, BTF_KIND_FUNC) > 0;
}

/* Unmark those whose types the kernel doesn't tell. */
static void check_types(bool found[FUNCTIONS])
{
	struct btf *kernel = btf__load_vmlinux_btf();
	struct btf *module = kernel ? btf__load_module_btf(TYPE1, kernel) : NULL;

	for (enum function i = 0; i < FUNCTIONS; i++)
		if (!has_type(kernel, functions[i].name) && !has_type(module, functions[i].name))
			found[i] = false;
	btf__free(module);
	btf__free(kernel);
}

static void find_functions(bool found[FUNCTIONS])
{
	find_symbols(found);
	if (!found[FUNCTION_IOCTL])
		tool_die("VFIO type1 is not loaded; load it with: modprobe " TYPE1);
	check_types(found);
	for (enum function i = 0; i < FUNCTIONS; i++) {
		if (found[i])
			continue;
		if (!functions[i].phase)
			tool_die("%s has no BTF in this kernel; a kernel with "
				 "CONFIG_DEBUG_INFO_BTF_MODULES is needed",
				 functions[i].name);
		tool_warn("the phase '%s' is not timed, it is in 'other': this kernel has no "
			  "function %s",
			  functions[i].phase, functions[i].name);
	}
}

static void choose(bool wanted, struct bpf_program *enter, struct bpf_program *leave)
{
	bpf_program__set_autoload(enter, wanted);
	bpf_program__set_autoload(leave, wanted);
}

/* Phases that nobody asks for cost nothing. */
static bool wants_phases(const struct wish *wish)
{
	return wish->phases || wish->pass || wish->pass_failed || wish->pass_from_ns;
}

static struct bpf_object *open_vfio(const struct wish *wish)
{
	bool found[FUNCTIONS] = { false }, phases = wants_phases(wish);

	tool_need_kernel_bpf();
	find_functions(found);
	bpf = vfio_bpf__open();
	if (!bpf)
		return NULL;
	bpf->rodata->wish = *wish;
	bpf->rodata->page_shift = __builtin_ctzl(sysconf(_SC_PAGESIZE));
	choose(phases && found[FUNCTION_PIN], bpf->progs.enter_pin, bpf->progs.leave_pin);
	choose(phases && found[FUNCTION_UNPIN], bpf->progs.enter_unpin, bpf->progs.leave_unpin);
	choose(phases && found[FUNCTION_MAP], bpf->progs.enter_table, bpf->progs.leave_table);
	choose(phases && found[FUNCTION_UNMAP], bpf->progs.enter_clear, bpf->progs.leave_clear);
	return bpf->obj;
}

static void close_vfio(void)
{
	vfio_bpf__destroy(bpf);
	bpf = NULL;
}

const struct backend backend_vfio = {
	.name = "vfio",
	.operations = OPERATION_BIT(OPERATION_MAP) | OPERATION_BIT(OPERATION_UNMAP),
	.open = open_vfio,
	.close = close_vfio,
};
