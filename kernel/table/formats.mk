# SPDX-License-Identifier: GPL-2.0-only
# A page table format is a source in fmt/; that it is there is all that it takes. Whoever includes
# this has set kernel to the folder of the kernel's sources, and uses
#
#	formats		the names
#	format_flags	what tells them to table/format.h

formats := $(sort $(patsubst $(kernel)/table/fmt/%.c,%,$(wildcard $(kernel)/table/fmt/*.c)))
format_flags := -D'IOASID_FORMATS=$(patsubst %,FORMAT(%),$(formats))'
