/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * handle - include/ioasid/policy.h as a program uses it: attach the policies in an object, wait
 * until one has ended, report. Says what it sees before, meanwhile and after.
 */
#include <ioasid/policy.h>
#include <stdlib.h>

static void die(const struct ioasid_policy_handle *handle)
{
	printf("handle: %s\n", handle->error);
	exit(1);
}

/* As with a skeleton: the object is not the handle's. */
static struct bpf_object *open_object(const char *file)
{
	struct bpf_object *object = bpf_object__open_file(file, NULL);

	if (!object) {
		perror(file);
		exit(1);
	}
	return object;
}

int main(int argc, char **argv)
{
	struct ioasid_policy_handle handle;
	struct bpf_object *object;

	if (argc != 2)
		return 2;
	setvbuf(stdout, NULL, _IOLBF, 0);
	object = open_object(argv[1]);
	if (ioasid_policy_use(&handle, object) || ioasid_policy_load(&handle))
		die(&handle);
	ioasid_policy_report(&handle, stdout);
	if (ioasid_policy_attach(&handle))
		die(&handle);
	ioasid_policy_report(&handle, stdout);
	printf("in 10 ms: %d\n", ioasid_policy_wait(&handle, 10, NULL));
	printf("in the end: %d\n", ioasid_policy_wait(&handle, -1, NULL));
	ioasid_policy_report(&handle, stdout);
	ioasid_policy_close(&handle);
	bpf_object__close(object);
	return 0;
}
