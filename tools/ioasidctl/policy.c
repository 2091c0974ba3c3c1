/* SPDX-License-Identifier: GPL-2.0-only */
#include "ioasidctl.h"
#include "leave.h"
#include "list.h"
#include "load.h"
#include "log.h"
#include "map.h"
#include "show.h"
#include "stats.h"
#include "swap.h"

static const struct command commands[] = {
	{ "load", "ioasidctl policy load", policy_load },
	{ "swap", "ioasidctl policy swap", policy_swap },
	{ "unload", "ioasidctl policy unload", policy_unload },
	{ "eject", "ioasidctl policy eject", policy_eject },
	{ "list", "ioasidctl policy list", policy_list },
	{ "show", "ioasidctl policy show", policy_show },
	{ "stats", "ioasidctl policy stats", policy_stats },
	{ "log", "ioasidctl policy log", policy_log },
	{ "map", "ioasidctl policy map", policy_map },
	{ 0 },
};

static const char arguments[] = "load FILE.bpf.o [--set NAME=VALUE]... [--hold]\n"
				"swap FILE.bpf.o [--set NAME=VALUE]...\n"
				"unload account|place|NAME\n"
				"eject account|place|NAME [WHY]\n"
				"list [--json]\n"
				"show [account|place|NAME] [--json]\n"
				"stats [INTERVAL [COUNT]] [--json]\n"
				"log [account|place] [--json]\n"
				"map NAME MAP [KEY [FIELD=VALUE]...] [--json]";

static const char documentation[] =
	"Load, look after and unload the policies of ioasid.\v"
	"Examples:\n"
	"  ioasidctl policy load uid_quota.bpf.o --set quota_pages=64K\n"
	"  ioasidctl policy swap uid_quota.bpf.o --set quota_pages=128K\n"
	"  ioasidctl policy show account\n"
	"  ioasidctl policy unload account\n\n"
	"'ioasidctl policy load --help' and so on tell the options of a verb.\n";

int command_policy(int argc, char **argv)
{
	return command_choose(commands, arguments, documentation, argc, argv);
}
