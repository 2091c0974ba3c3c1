// SPDX-License-Identifier: GPL-2.0-only
/* Commit: see commit.h. */
#include "commit.h"

DEFINE_PERCPU_RWSEM(ioasid_commits);
