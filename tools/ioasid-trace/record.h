/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ioasid-trace record: everything into a file.
 */
#ifndef IOASID_TRACE_RECORD_H
#define IOASID_TRACE_RECORD_H

int record_main(int argc, char **argv);

#endif /* IOASID_TRACE_RECORD_H */
