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
	uint64_t top_ns;
	bool summary;
	bool force;
	bool strict;
	bool include_self;
};

struct buf;

/** trace_opts_check - what only shows when all options are known; @by: rows' keys, 0 if not given
 *
 * Return: 0, or -EINVAL with the reason in @why.
 */
int trace_opts_check(const struct trace_options *options, bool json, uint32_t by, struct buf *why);

/** trace_opts_command - where "--" stands, behind which is COMMAND; 0: there is none */
int trace_opts_command(int argc, char **argv);

/** trace_opts - a table of options for a struct trace_options */
extern const struct opt trace_opts[];

#endif
