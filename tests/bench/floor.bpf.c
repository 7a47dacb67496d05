// SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause
/*
 * Programs that do nothing, on the hooks that writetrace has: what no tracer on these hooks can be
 * cheaper than.
 */
#include <linux/bpf.h>
#include <bpf/bpf_helpers.h>

char LICENSE[] SEC("license") = "Dual BSD/GPL";

#define EMPTY(section, name) \
	SEC("?" section)     \
	int name(void *ctx)  \
	{                    \
		(void)ctx;   \
		return 0;    \
	}

EMPTY("tp_btf/sys_enter", raw_enter)
EMPTY("tp_btf/sys_exit", raw_exit)
EMPTY("tp/syscalls/sys_enter_write", tracepoint_enter)
EMPTY("tp/syscalls/sys_exit_write", tracepoint_exit)
EMPTY("fentry/" WT_FLOOR_WRITE, fentry_enter)
EMPTY("fexit/" WT_FLOOR_WRITE, fentry_exit)
