/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The one table of operations: name, group, number, hooks, how its arguments lie.
 */
#ifndef WT_OPS_H
#define WT_OPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <linux/types.h>

#include "bpf/writetrace.h"

struct buf;
struct choice;

#define OPS_NO_SYSCALL (-1)

/* Where a call's arguments say at which position it writes. */
enum op_place {
	OP_PLACE_NONE,	    /* the file has no position that means anything */
	OP_PLACE_CURRENT,   /* the file's own position */
	OP_PLACE_VALUE,	    /* argument 3 */
	OP_PLACE_VALUE_1,   /* argument 1 */
	OP_PLACE_VALUE_RWF, /* argument 3, or the file's own if that is -1; argument 5: RWF_ flags
			     */
	OP_PLACE_POINTER,   /* argument 3 points to it if it is not NULL, else the file's own */
};

#define OP_NO_FD (-1)

struct op_shape {
	enum wt_form form;
	int fd;	   /* number of the argument: descriptor of the file written to; or OP_NO_FD */
	int count; /* the same of bytes, vectors or messages */
	enum op_place place;
};

enum op_source {
	OP_SYSCALL, /* a system call of its own */
	OP_URING,   /* io_uring, an opcode of its own */
	OP_AIO,	    /* AIO, an opcode of its own */
	OP_CALL,    /* none: a system call that tells of others */
};

struct op {
	const char *name;      /* as users see it; also NAME in fentry_NAME_0 */
	const char *group;     /* write, copy, send, sync */
	const char *syscall;   /* its name in the kernel: sys_enter_SYSCALL */
	struct op_shape shape; /* how its arguments lie */
	enum op_source source;
	int opcode;	   /* of io_uring */
	int opcode_also;   /* the same without copying, or from registered buffers; or 0 */
	int nr;		   /* system call number, or OPS_NO_SYSCALL */
	int nr_compat;	   /* number for 32-bit programs, or OPS_NO_SYSCALL */
	int nr_compat_old; /* an older call of the same kind, or OPS_NO_SYSCALL */
	/* the kernel's function for 32-bit programs, if it is another than for the rest */
	const char *compat_function;
};

/* Rows are in the order of enum wt_op, and behind them of enum wt_call_id. */
extern const struct op ops[];

#define for_each_op(i)	 for (unsigned int i = 0; i < WT_OP_COUNT; i++)
#define for_each_call(i) for (unsigned int i = 0; i < WT_CALL_COUNT; i++)

/** ops_parse - a comma-separated list of operations and groups
 *
 * @mask gets a bit per enum wt_op.
 * Return: 0, or -EINVAL with the reason in @why.
 */
int ops_parse(const char *list, uint64_t *mask, struct buf *why);

/** ops_put - append @mask as ops_parse() takes it: "all", groups that are whole, then operations */
void ops_put(struct buf *out, uint64_t mask);

/** ops_choice - what ops_parse() knows: groups, then operations; a choice_fn */
bool ops_choice(size_t i, struct choice *choice);

/** ops_shape - how the arguments of operation @op lie, as the BPF side wants to be told */
struct wt_shape ops_shape(unsigned int op);

/** ops_from - those of that source */
uint64_t ops_from(enum op_source source);

/** ops_calls - the system calls to be hooked for the operations @mask, a bit per row */
uint64_t ops_calls(uint64_t mask);

/** ops_has_latency - whether the latency of an operation is the time that such a call takes */
bool ops_has_latency(unsigned int call);

/** ops_has_size - whether operation @op says how many bytes it is about */
bool ops_has_size(unsigned int op);

/** ops_all - every operation */
uint64_t ops_all(void);

/** ops_default - what `--ops write,copy` would give */
uint64_t ops_default(void);

#endif
