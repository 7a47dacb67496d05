/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The ways to see system calls, best first.
 */
#ifndef WT_BACKEND_H
#define WT_BACKEND_H

struct buf;

enum backend {
	BACKEND_FENTRY,	    /* fentry and fexit on the functions of the system calls */
	BACKEND_RAW,	    /* sys_enter and sys_exit */
	BACKEND_TRACEPOINT, /* two tracepoints for each system call */
	BACKEND_COUNT,
	BACKEND_AUTO = BACKEND_COUNT, /* the first of these that works */
};

/** backend_name - "fentry", "raw", "tracepoint" */
const char *backend_name(enum backend backend);

/** backend_parse - the backend of that name
 *
 * Return: 0 or -EINVAL.
 */
int backend_parse(const char *name, enum backend *backend);

/** backend_hook - append where a backend sees operation @op (enum wt_op), for people */
void backend_hook(enum backend backend, unsigned int op, struct buf *out);

#endif
