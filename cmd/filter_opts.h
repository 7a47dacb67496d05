/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The filters, which trace and pin share.
 */
#ifndef WT_FILTER_OPTS_H
#define WT_FILTER_OPTS_H

#include "common/opts.h"

extern const struct opt filter_opts[];

#endif
