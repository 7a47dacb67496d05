/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Options that say how a session traces, the same for trace and pin.
 */
#ifndef WT_SESSION_OPTS_H
#define WT_SESSION_OPTS_H

#include <stdbool.h>
#include <stdint.h>

#include "common/backend.h"
#include "common/opts.h"

struct buf;
struct filter;

struct session_opts {
	enum backend backend; /* BACKEND_AUTO unless named */
	uint32_t by;	      /* WT_BY_*; 0 unless given */
	bool no_latency;
	bool trace_pipe;
};

/* Target: a struct session_opts. */
extern const struct opt session_opts[];

/* Row keys unless --by says otherwise: pid, file. */
extern const uint32_t session_opts_by;

/* Rows of a session unless told otherwise. */
#define SESSION_ROWS 10240

/** session_opts_check - what only shows when all options are known
 *
 * Return: 0, or -EINVAL with the reason in @why.
 */
int session_opts_check(const struct session_opts *options, const struct filter *filter,
		       struct buf *why);

#endif
