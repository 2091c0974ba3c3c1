/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What every tool does alike: errors that name their remedy, the checks before loading BPF, and
 * waiting that a signal ends.
 */
#ifndef TOOLS_LIB_TOOL_H
#define TOOLS_LIB_TOOL_H

#include <argp.h>
#include <stdbool.h>
#include <stdint.h>

#define TOOL_VERSION "0.1"

/* Exit status: something failed, or the command line makes no sense. */
#define TOOL_FAILED 1
#define TOOL_USAGE 2

/**
 * tool_start - first thing in main
 * @name: of the tool, for messages
 */
void tool_start(const char *name);

/**
 * tool_set_verbose - show what libbpf says from now on; without it, only after a failure
 */
void tool_set_verbose(void);

/**
 * tool_warn - a line on stderr, after the tool's name
 */
void tool_warn(const char *format, ...) __attribute__((format(printf, 1, 2)));

/**
 * tool_die - tool_warn(), then exit with TOOL_FAILED
 */
void tool_die(const char *format, ...) __attribute__((format(printf, 1, 2), noreturn));

/**
 * tool_die_bpf - die of a libbpf call that returned @error, with what libbpf and the verifier said
 * @error: negative errno
 */
void tool_die_bpf(int error, const char *format, ...)
	__attribute__((format(printf, 2, 3), noreturn));

/**
 * tool_show_bpf_log - print what libbpf has said so far, if it was not shown as it was said
 */
void tool_show_bpf_log(void);

/**
 * tool_bpf_log - what libbpf has said so far, if it was not shown as it was said
 *
 * Returns text that may be changed.
 */
char *tool_bpf_log(void);

/**
 * tool_need_module - die unless the module is loaded
 */
void tool_need_module(void);

/**
 * tool_need_kernel_bpf - die unless we may load BPF programs, whatever they are for
 */
void tool_need_kernel_bpf(void);

/**
 * tool_need_bpf - die unless the module is loaded, has BTF, and we may load BPF programs for it
 */
void tool_need_bpf(void);

/**
 * tool_catch_signals - from now on SIGINT and SIGTERM end tool_wait() instead of the tool
 */
void tool_catch_signals(void);

/**
 * tool_wait - wait until a moment or a signal
 * @deadline_ns: on CLOCK_MONOTONIC, UINT64_MAX to wait for the signal only
 *
 * Returns true when the time has come, false when a signal asks to end.
 */
bool tool_wait(uint64_t deadline_ns);

/**
 * tool_now_ns - CLOCK_MONOTONIC
 */
uint64_t tool_now_ns(void);

/**
 * tool_number - the number that an option's argument must be, or a usage error
 */
uint64_t tool_number(struct argp_state *state, const char *what, const char *text, uint64_t least,
		     uint64_t most);

/**
 * tool_seconds - a positive number of seconds, fractions allowed, in nanoseconds; or a usage error
 */
uint64_t tool_seconds(struct argp_state *state, const char *text);

#endif /* TOOLS_LIB_TOOL_H */
