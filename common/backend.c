// SPDX-License-Identifier: GPL-2.0-only
#include "backend.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <linux/types.h>

#include "bpf/writetrace.h"
#include "buf.h"
#include "ops.h"

static const char *const backend_names[BACKEND_COUNT] = {
	[BACKEND_FENTRY] = "fentry",
	[BACKEND_RAW] = "raw",
	[BACKEND_TRACEPOINT] = "tracepoint",
};

const char *backend_name(enum backend backend)
{
	return backend_names[backend];
}

int backend_parse(const char *name, enum backend *backend)
{
	for (int i = 0; i < BACKEND_COUNT; i++)
		if (!strcmp(name, backend_names[i])) {
			*backend = i;
			return 0;
		}
	return -EINVAL;
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
