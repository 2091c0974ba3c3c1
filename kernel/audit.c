// SPDX-License-Identifier: GPL-2.0-only
/*
 * Audit: walk all mappings and all pins, and compare what is found with the counters and the
 * ledger.
 *
 * It freezes commits (commit.h), so nothing that has to agree changes meanwhile; it takes the same
 * locks as everybody else below that.
 */
#include "audit.h"

#include <linux/mm.h>

#include "commit.h"
#include "ioas/ioas.h"
#include "pin/pin.h"

static void count_mapping(void *arg, const struct ioasid_segment *segment)
{
	segment->pin->walked++;
	segment->pin->walked_pages += segment->pages;
}

/**
 * ioasid_audit() - check everything
 * @audit: filled
 *
 * Context: may sleep; everybody who wants to change something waits.
 */
void ioasid_audit(struct ioasid_audit *audit)
{
	struct ioasid_domain *domain = NULL;
	struct ioasid_domain_stat sum = {};
	size_t size = sizeof(audit->text);
	u64 pins, charged;
	u32 errors = 0;

	ioasid_commit_freeze();
	ioasid_ledger_audit_begin();
	audit->in_flight = 0;
	errors += ioasid_ioas_audit(&audit->mappings, &audit->mapped, audit->text, size,
				    count_mapping, NULL);
	audit->domains = 0;
	while ((domain = ioasid_domain_next(domain))) {
		pins = sum.pins;
		errors += ioasid_pins_audit(domain, &sum, &audit->in_flight, audit->text, size);
		audit->domains += sum.pins > pins;
	}
	errors += ioasid_ledger_audit_end(&charged, audit->text, size);
	ioasid_commit_thaw();

	audit->pins = sum.pins;
	audit->pinned = sum.pinned << PAGE_SHIFT;
	audit->charged = charged << PAGE_SHIFT;
	audit->mapped <<= PAGE_SHIFT;
	audit->errors = errors;
}
