/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * What probe has found, and how it is shown.
 */
#ifndef WT_CMD_PROBE_H
#define WT_CMD_PROBE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/utsname.h>

#include "common/backend.h"
#include "common/buf.h"

struct globals;
struct json;
struct progress;

#define CHECKS_MAX 24

struct check {
	const char *name;
	bool ok;
	struct buf detail;
	const char *fix; /* what to do about a "no", or NULL */
};

struct probe {
	struct globals *globals;
	struct progress *progress;
	bool helpers;
	bool color;
	struct utsname uts;
	struct check checks[CHECKS_MAX];
	size_t n_checks;
	struct check backends[BACKEND_COUNT];
	enum backend best; /* BACKEND_COUNT: none */
	bool pin;
	bool uring; /* the kernel tells of io_uring's requests */
};

/** probe_print_text - for people, with the remedy below each "no" */
void probe_print_text(const struct probe *p, struct buf *out);

/** probe_print_json - as one document */
void probe_print_json(const struct probe *p, struct buf *out);

#endif
