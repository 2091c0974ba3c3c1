/* SPDX-License-Identifier: GPL-2.0-only */
#include <string.h>

#include "model.h"

const struct model *model_find(const char *name)
{
	static const struct model *const models[] = { &model_hist, &model_phases, &model_slow,
						      &model_pins };

	for (unsigned int i = 0; i < sizeof(models) / sizeof(*models); i++)
		if (!strcmp(models[i]->name, name))
			return models[i];
	return NULL;
}
