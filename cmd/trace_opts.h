/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The options that only trace has.
 */
#ifndef WT_CMD_TRACE_OPTS_H
#define WT_CMD_TRACE_OPTS_H

#include <stdbool.h>
#include <stdint.h>

#include "common/opts.h"

struct trace_options {
	const char *output;
	const char *columns;
	uint64_t data_max;
	uint64_t duration_ns;
	uint64_t count;
	uint64_t ring_size;
	bool summary;
	bool force;
	bool strict;
	bool include_self;
};

/** trace_opts - a table of options for a struct trace_options */
extern const struct opt trace_opts[];

#endif
