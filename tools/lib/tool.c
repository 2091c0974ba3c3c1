/* SPDX-License-Identifier: GPL-2.0-only */
#include <bpf/libbpf.h>
#include <errno.h>
#include <linux/capability.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "tool.h"

#define NSEC_PER_SEC 1000000000ULL

static const char *tool_name = "ioasid";
static bool verbose;

/* What libbpf said, kept for the case that something fails. */
static FILE *bpf_log;
static char *bpf_log_text;
static size_t bpf_log_size;

static int keep_bpf_message(enum libbpf_print_level level, const char *format, va_list args)
{
	if (level == LIBBPF_DEBUG && !verbose)
		return 0;
	return vfprintf(verbose ? stderr : bpf_log, format, args);
}

static void print_version(FILE *stream, struct argp_state *state)
{
	(void)state;
	fprintf(stream, "%s %s\n", tool_name, TOOL_VERSION);
}

void tool_start(const char *name)
{
	tool_name = name;
	argp_program_version_hook = print_version;
	argp_err_exit_status = TOOL_USAGE;
	bpf_log = open_memstream(&bpf_log_text, &bpf_log_size);
	if (!bpf_log)
		tool_die("no memory");
	libbpf_set_print(keep_bpf_message);
	setvbuf(stdout, NULL, isatty(STDOUT_FILENO) ? _IOLBF : _IOFBF, 1 << 16);
}

void tool_set_verbose(void)
{
	verbose = true;
}

static void warn_args(const char *format, va_list args)
{
	fflush(stdout);
	fprintf(stderr, "%s: ", tool_name);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
}

void tool_warn(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	warn_args(format, args);
	va_end(args);
}

void tool_die(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	warn_args(format, args);
	va_end(args);
	exit(TOOL_FAILED);
}

char *tool_bpf_log(void)
{
	fflush(bpf_log);
	return bpf_log_text;
}

void tool_show_bpf_log(void)
{
	fflush(bpf_log);
	if (!bpf_log_size)
		return;
	fwrite(bpf_log_text, 1, bpf_log_size, stderr);
	rewind(bpf_log);
}

static const char *bpf_remedy(int error)
{
	switch (-error) {
	case EPERM:
		return "; run it as root, and see that kernel lockdown is off";
	case EACCES:
		return " by the verifier, see above";
	case ESRCH:
	case ENOENT:
		return "; the loaded ioasid module is probably of another version";
	case EINVAL:
	case ENOTSUP:
		return "; a kernel of 6.12 or newer and a module of this version are needed";
	default:
		return "";
	}
}

void tool_die_bpf(int error, const char *format, ...)
{
	char what[256];
	va_list args;

	va_start(args, format);
	vsnprintf(what, sizeof(what), format, args);
	va_end(args);
	fflush(stdout);
	tool_show_bpf_log();
	tool_die("%s: %s%s", what, strerror(-error), bpf_remedy(error));
}

void tool_need_module(void)
{
	if (access("/sys/module/ioasid", F_OK))
		tool_die("the ioasid module is not loaded; load it with: modprobe ioasid");
}

/* A call that makes no sense: what matters is whether it is known. */
static bool has_bpf(void)
{
	return !syscall(SYS_bpf, -1, NULL, 0) || errno != ENOSYS;
}

/* The module says itself whether the kernel has taken its BTF. */
static bool module_has_btf(void)
{
	FILE *file = fopen("/sys/class/misc/ioasid/policy/btf", "r");
	int c = file ? fgetc(file) : '1';

	if (file)
		fclose(file);
	return c == '1' && !access("/sys/kernel/btf/ioasid", F_OK);
}

/* Looking at a module's BTF asks for CAP_SYS_ADMIN, CAP_BPF and CAP_PERFMON do not suffice. */
static bool may_load(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];

	if (syscall(SYS_capget, &header, data))
		return false;
	return data[0].effective & (1u << CAP_SYS_ADMIN);
}

void tool_need_kernel_bpf(void)
{
	if (!may_load())
		tool_die("must be root to load BPF programs (CAP_SYS_ADMIN); try: sudo %s",
			 tool_name);
	if (!has_bpf())
		tool_die("this kernel has no BPF; one built with CONFIG_BPF_SYSCALL is needed");
	if (access("/sys/kernel/btf/vmlinux", F_OK))
		tool_die("this kernel has no BTF; one built with CONFIG_DEBUG_INFO_BTF is needed");
}

void tool_need_bpf(void)
{
	tool_need_module();
	tool_need_kernel_bpf();
	if (!module_has_btf())
		tool_die("the loaded ioasid module has no BTF; build it with pahole installed and "
			 "with the kernel's vmlinux at hand");
}

static sigset_t end_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	return set;
}

/* Blocked, not handled: they cannot come between looking and waiting. */
void tool_catch_signals(void)
{
	sigset_t set = end_signals();

	sigprocmask(SIG_BLOCK, &set, NULL);
}

uint64_t tool_now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * NSEC_PER_SEC + now.tv_nsec;
}

bool tool_wait(uint64_t deadline_ns)
{
	sigset_t set = end_signals();

	for (;;) {
		uint64_t now = tool_now_ns();
		uint64_t left = deadline_ns > now ? deadline_ns - now : 0;
		struct timespec time = { left / NSEC_PER_SEC, left % NSEC_PER_SEC };

		if (sigtimedwait(&set, NULL, deadline_ns == UINT64_MAX ? NULL : &time) >= 0)
			return false;
		if (errno == EAGAIN)
			return true;
	}
}

uint64_t tool_number(struct argp_state *state, const char *what, const char *text, uint64_t least,
		     uint64_t most)
{
	unsigned long long value;
	char *end;

	errno = 0;
	value = strtoull(text, &end, 0);
	if (errno || end == text || *end || *text == '-' || value < least || value > most)
		argp_error(state, "'%s' is no %s", text, what);
	return value;
}

uint64_t tool_seconds(struct argp_state *state, const char *text)
{
	char *end;
	double value = strtod(text, &end);

	if (end == text || *end || !(value >= 0.01 && value <= 1e6))
		argp_error(state, "'%s' is no number of seconds (0.01 or more)", text);
	return value * NSEC_PER_SEC;
}
