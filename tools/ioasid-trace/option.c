/* SPDX-License-Identifier: GPL-2.0-only */
#include <stdlib.h>
#include <string.h>

#include "number.h"
#include "option.h"
#include "tool.h"
#include "vfio.h"

#define BUFFER_MOST (1ULL << 30)

static uint32_t operation_bit(struct argp_state *state, const char *name)
{
	for (enum operation i = 0; i < OPERATIONS; i++)
		if (!strcmp(operation_names[i], name))
			return OPERATION_BIT(i);
	argp_error(state, "'%s' is no operation; there are: map, unmap, pin, unpin, attach, detach",
		   name);
	return 0;
}

uint32_t option_operations(struct argp_state *state, const char *list)
{
	char *words = strdup(list), *rest = words, *word;
	uint32_t bits = 0;

	while ((word = strsep(&rest, ",")))
		bits |= operation_bit(state, word);
	free(words);
	return bits;
}

enum by option_by(struct argp_state *state, const char *name)
{
	for (enum by by = BY_NOTHING + 1; by < BYS; by++)
		if (!strcmp(by_names[by], name))
			return by;
	argp_error(state, "--by '%s'? There are: process, ioas, device, size, policy", name);
	return BY_NOTHING;
}

size_t option_buffer(struct argp_state *state, const char *text)
{
	uint64_t size, power = BUFFER_LEAST;

	if (!number_parse(text, &size, NULL) || size < BUFFER_LEAST || size > BUFFER_MOST)
		argp_error(state, "'%s' is no size of a buffer, from 4K to 1G", text);
	while (power < size)
		power *= 2;
	return power;
}

const struct backend *option_backend(struct argp_state *state, const char *name)
{
	static const struct backend *const backends[] = { &backend_ioasid, &backend_vfio };

	for (size_t i = 0; i < sizeof(backends) / sizeof(backends[0]); i++)
		if (!strcmp(backends[i]->name, name))
			return backends[i];
	argp_error(state, "'%s' is no backend; there are: ioasid, vfio", name);
	return NULL;
}
