// SPDX-License-Identifier: GPL-2.0-only
/*
 * List: the pins of a domain in order of their numbers, told a few at a time, or counted all.
 *
 * Numbers only grow, so a cursor is enough to go on with after the lock was dropped: a pin that is
 * there all the time is told once.
 *
 * Lock order: domain->lock; the ledger's.
 */
#include "pin/pin.h"

#include <linux/mm.h>

/* The pin with the lowest number above @number, or NULL. */
static struct ioasid_pin_group *pin_after(struct ioasid_domain *domain, u64 number)
{
	struct rb_node *node = domain->pins.rb_node;
	struct ioasid_pin_group *pin, *found = NULL;

	lockdep_assert_held(&domain->lock);
	while (node) {
		pin = ioasid_pin_by_number(node);
		if (pin->number > number) {
			found = pin;
			node = node->rb_left;
		} else {
			node = node->rb_right;
		}
	}
	return found;
}

static void fill_entry(const struct ioasid_pin_group *pin, struct ioasid_query_entry *entry)
{
	*entry = (struct ioasid_query_entry){
		.start = pin->va,
		.length = pin->last - pin->va + 1,
		.pin = pin->number,
		.pin_offset = refcount_read(&pin->refs),
		.va = pin->charge.pages << PAGE_SHIFT,
		.flags = IOASID_ENTRY_READ,
	};
	if (pin->write)
		entry->flags |= IOASID_ENTRY_WRITE;
	if (!ioasid_pin_settled(pin))
		entry->flags |= IOASID_ENTRY_BUSY;
	if (pin->state == IOASID_PIN_STALE)
		entry->flags |= IOASID_ENTRY_STALE;
}

/**
 * ioasid_pins_list() - the pins of a domain, in order of their numbers
 * @domain: the domain
 * @cursor: number of the pin before, moved on; all ones at the end
 * @entries: filled
 * @capacity: room in @entries; the lock is held for so many
 *
 * Return: how many were filled in.
 */
u32 ioasid_pins_list(struct ioasid_domain *domain, u64 *cursor, struct ioasid_query_entry *entries,
		     u32 capacity)
{
	struct ioasid_pin_group *pin;
	u32 n = 0;

	spin_lock(&domain->lock);
	for (pin = pin_after(domain, *cursor); pin && n < capacity;
	     pin = ioasid_pin_by_number(rb_next(&pin->by_number))) {
		*cursor = pin->number;
		if (pin->state != IOASID_PIN_FAILED)
			fill_entry(pin, &entries[n++]);
	}
	if (!pin)
		*cursor = U64_MAX;
	spin_unlock(&domain->lock);
	return n;
}

static void fill_stat(const struct ioasid_pin_group *pin, struct ioasid_pin_stat *stat)
{
	struct ioasid_query_entry entry;

	fill_entry(pin, &entry);
	*stat = (struct ioasid_pin_stat){
		.pin = pin->number,
		.va = pin->va,
		.pages = entry.length >> PAGE_SHIFT,
		.charged = pin->charge.pages,
		.references = entry.pin_offset,
		.mappings = pin->mappings,
		.mapped = pin->mapped,
		.flags = entry.flags,
		.runs = pin->pages ? READ_ONCE(pin->runs.count) : 0,
	};
}

/**
 * ioasid_pins_next() - iterate over the pins of a domain, in order of their numbers
 * @domain: the domain
 * @cursor: number of the pin before, or 0 to begin; moved on
 * @stat: filled
 *
 * Return: false at the end.
 */
bool ioasid_pins_next(struct ioasid_domain *domain, u64 *cursor, struct ioasid_pin_stat *stat)
{
	struct ioasid_pin_group *pin;

	spin_lock(&domain->lock);
	pin = pin_after(domain, *cursor);
	while (pin && pin->state == IOASID_PIN_FAILED)
		pin = ioasid_pin_by_number(rb_next(&pin->by_number));
	if (pin) {
		*cursor = pin->number;
		fill_stat(pin, stat);
	}
	spin_unlock(&domain->lock);
	return pin;
}

static void disagree(const struct ioasid_domain *domain, const char *what, u64 counter, u64 walked,
		     u32 *errors, char *text, size_t size)
{
	if (counter != walked && !(*errors)++)
		snprintf(text, size, "domain %llu: %s is %llu, its pins have %llu",
			 domain->stat.domain, what, counter, walked);
}

/**
 * ioasid_pins_audit() - walk the pins of a domain
 * @domain: the domain; the mappings of its pins have been counted in pin->walked
 * @sum: the domain's counters as found by walking are added to these
 * @in_flight: references that are neither a mapping's nor a handle's are added to this
 * @text: the first disagreement in words; left alone when there is none
 * @size: bytes in @text
 *
 * Context: commits are frozen.
 * Return: disagreements.
 */
u32 ioasid_pins_audit(struct ioasid_domain *domain, struct ioasid_domain_stat *sum, u64 *in_flight,
		      char *text, size_t size)
{
	struct ioasid_domain_stat walked = {};
	struct ioasid_domain_stat *stat = &domain->stat;
	struct ioasid_pin_group *pin;
	struct rb_node *node;
	u32 errors = 0;

	spin_lock(&domain->lock);
	for (node = rb_first(&domain->pins); node; node = rb_next(node)) {
		pin = ioasid_pin_by_number(node);
		walked.pins += pin->pages > 0;
		walked.pinned += ioasid_pin_pinned(pin);
		walked.charged += pin->charge.pages;
		walked.mappings += pin->walked;
		walked.mapped += pin->walked_pages;
		walked.shared += ioasid_pin_shared(pin);
		walked.metadata += pin->pages ? pin->metadata : 0;
		*in_flight += refcount_read(&pin->refs) - pin->mappings - pin->handles - pin->bases;
		ioasid_ledger_audit_count(&pin->charge);
		disagree(domain, "mappings of a pin", pin->mappings, pin->walked, &errors, text,
			 size);
		disagree(domain, "users of a pin", hlist_count_nodes(&pin->users), pin->walked,
			 &errors, text, size);
		disagree(domain, "pages mapped of a pin", pin->mapped, pin->walked_pages, &errors,
			 text, size);
		pin->walked = 0;
		pin->walked_pages = 0;
	}
	disagree(domain, "pins", stat->pins, walked.pins, &errors, text, size);
	disagree(domain, "pinned", stat->pinned, walked.pinned, &errors, text, size);
	disagree(domain, "charged", stat->charged, walked.charged, &errors, text, size);
	disagree(domain, "mappings", stat->mappings, walked.mappings, &errors, text, size);
	disagree(domain, "mapped", stat->mapped, walked.mapped, &errors, text, size);
	disagree(domain, "shared", stat->shared, walked.shared, &errors, text, size);
	disagree(domain, "metadata", stat->metadata, walked.metadata, &errors, text, size);
	spin_unlock(&domain->lock);

	sum->pins += walked.pins;
	sum->pinned += walked.pinned;
	return errors;
}
