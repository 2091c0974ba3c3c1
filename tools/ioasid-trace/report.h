/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * ioasid-trace report: what a recording has, as any mode shows it.
 */
#ifndef IOASID_TRACE_REPORT_H
#define IOASID_TRACE_REPORT_H

int report_main(int argc, char **argv);

#endif /* IOASID_TRACE_REPORT_H */
