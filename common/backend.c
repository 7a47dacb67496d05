// SPDX-License-Identifier: GPL-2.0-only
#include "backend.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <linux/types.h>

#include "bpf/writetrace.h"
#include "buf.h"
#include "choice.h"
#include "ops.h"

static const struct choice backends[BACKEND_COUNT] = {
	[BACKEND_FENTRY] = { "fentry", "the kernel's functions for these calls" },
	[BACKEND_RAW] = { "raw", "entry and exit of all system calls" },
	[BACKEND_TRACEPOINT] = { "tracepoint", "two tracepoints for each call" },
};

const char *backend_name(enum backend backend)
{
	return backends[backend].name;
}

int backend_parse(const char *name, enum backend *backend)
{
	for (int i = 0; i < BACKEND_COUNT; i++)
		if (!strcmp(name, backends[i].name)) {
			*backend = i;
			return 0;
		}
	return -EINVAL;
}

bool backend_choice(size_t i, struct choice *choice)
{
	return choice_at(backends, BACKEND_COUNT, i, choice);
}

void backend_hook(enum backend backend, unsigned int op, struct buf *out)
{
	if (ops[op].source == OP_URING) {
		buf_puts(out, "io_uring_submit_req (_sqe), io_uring_complete");
		return;
	}
	if (ops[op].source == OP_AIO) {
		backend_hook(backend, WT_CALL_IO_SUBMIT, out);
		if (backend != BACKEND_RAW)
			buf_puts(out, ", exit of io_getevents");
		buf_puts(out, ": results as they are fetched or, taken out of the ring in user "
			      "memory, at the next "
			      "io_submit");
		return;
	}
	switch (backend) {
	case BACKEND_FENTRY:
		buf_printf(out, "fentry, fexit of sys_%s", ops[op].syscall);
		break;
	case BACKEND_TRACEPOINT:
		buf_printf(out, "sys_enter_%s, sys_exit_%s", ops[op].syscall, ops[op].syscall);
		break;
	default:
		buf_puts(out, "sys_enter, sys_exit");
	}
}

void backend_program(enum backend backend, bool exit, unsigned int op, bool compat, int copy,
		     char *name, size_t size)
{
	if (backend == BACKEND_FENTRY)
		snprintf(name, size, "%s%s_%s_%d", exit ? "fexit" : "fentry", compat ? "32" : "",
			 ops[op].name, copy);
	else
		snprintf(name, size, "%s_%s_%d", backend_name(backend), exit ? "exit" : "enter",
			 copy);
}

bool backend_has_hook(const struct wt_meta *meta, unsigned int op, bool compat)
{
	uint64_t mine = ops_calls(meta->ops);

	if (compat)
		mine &= meta->backend == BACKEND_FENTRY ? meta->compat_ops : 0;
	else if (ops[op].nr == OPS_NO_SYSCALL)
		return false;
	else if (meta->backend == BACKEND_RAW)
		mine &= -mine; /* one hook sees them all */
	return mine & 1ULL << op;
}

bool backend_sees_submit(const struct wt_meta *meta)
{
	return (meta->ops & ops_from(OP_AIO)) && (meta->latency || meta->backend != BACKEND_RAW);
}

bool backend_sees_begin(const struct wt_meta *meta, unsigned int op)
{
	if (op == WT_CALL_IO_SUBMIT)
		return backend_sees_submit(meta);
	return meta->latency && ops_has_latency(op);
}
