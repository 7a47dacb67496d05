/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The one table of operations: name, group, number, hooks, how its arguments lie.
 */
#ifndef WT_OPS_H
#define WT_OPS_H

#include <stdbool.h>
#include <stdint.h>

struct buf;

#define OPS_NO_SYSCALL (-1)

struct op {
	const char *name;  /* as users see it; also NAME in fentry_NAME_0 and sys_enter_NAME */
	const char *group; /* write, copy, send, sync */
	int nr;		   /* system call number */
	int nr_compat;	   /* number for 32-bit programs, or OPS_NO_SYSCALL */
	/* the kernel's function for 32-bit programs, if it is another than for the rest */
	const char *compat_function;
};

/* Rows are in the order of enum wt_op. */
extern const struct op ops[];

#define for_each_op(i) for (unsigned int i = 0; i < WT_OP_COUNT; i++)

/** ops_parse - a comma-separated list of operations and groups
 *
 * @mask gets a bit per enum wt_op.
 * Return: 0, or -EINVAL with the reason in @why.
 */
int ops_parse(const char *list, uint64_t *mask, struct buf *why);

/** ops_all - every operation */
uint64_t ops_all(void);

/** ops_default - what `--ops write,copy` would give */
uint64_t ops_default(void);

#endif
