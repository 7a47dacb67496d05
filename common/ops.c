// SPDX-License-Identifier: GPL-2.0-only
/*
 * Numbers for 32-bit programs are those of arch/x86/entry/syscalls/syscall_32.tbl and of
 * arch/arm64/include/asm/unistd32.h.
 */
#include "ops.h"

#include <errno.h>
#include <string.h>
#include <sys/syscall.h>
#include <linux/types.h>

#include "bpf/writetrace.h"
#include "buf.h"
#include "list.h"

#if defined(__x86_64__)
#define NR_COMPAT(x86, arm) (x86)
#elif defined(__aarch64__)
#define NR_COMPAT(x86, arm) (arm)
#else
#error "32-bit system call numbers of this architecture are missing"
#endif

/* Functions of x86: arch/x86/include/asm/syscall_wrapper.h, arch/x86/kernel/sys_ia32.c. */
#if defined(__x86_64__)
#define FUNCTION_COMPAT(name) (name)
#else
#define FUNCTION_COMPAT(name) NULL
#endif

/* Arguments are unpacked by call_unpack() in bpf/call.bpf.h. On 32-bit ARM pwrite64 and pwritev
 * pass positions in other registers; they are left out until a test covers them. */
const struct op ops[WT_OP_COUNT] = {
	[WT_OP_WRITE] = { "write", "write", SYS_write, NR_COMPAT(4, 4),
			  FUNCTION_COMPAT("__ia32_sys_write") },
	[WT_OP_PWRITE64] = { "pwrite64", "write", SYS_pwrite64, NR_COMPAT(181, OPS_NO_SYSCALL),
			     FUNCTION_COMPAT("__ia32_sys_ia32_pwrite64") },
	[WT_OP_WRITEV] = { "writev", "write", SYS_writev, NR_COMPAT(146, 146),
			   FUNCTION_COMPAT("__ia32_sys_writev") },
	[WT_OP_PWRITEV] = { "pwritev", "write", SYS_pwritev, NR_COMPAT(334, OPS_NO_SYSCALL),
			    FUNCTION_COMPAT("__ia32_compat_sys_pwritev") },
	[WT_OP_PWRITEV2] = { "pwritev2", "write", SYS_pwritev2, NR_COMPAT(379, OPS_NO_SYSCALL),
			     FUNCTION_COMPAT("__ia32_compat_sys_pwritev2") },
};

/* Groups of the contract. Those without an operation yet are known, so that the default list and
 * scripts keep working as they fill. */
static const char *const groups[] = { "write", "copy", "send", "sync", "all" };

static bool is_group(const char *name, size_t len)
{
	for (size_t i = 0; i < sizeof(groups) / sizeof(*groups); i++)
		if (strlen(groups[i]) == len && !memcmp(groups[i], name, len))
			return true;
	return false;
}

static bool same(const char *name, const char *item, size_t len)
{
	return strlen(name) == len && !memcmp(name, item, len);
}

static int ops_parse_item(const char *item, size_t len, void *arg, struct buf *why)
{
	uint64_t *mask = arg, found = 0;

	for_each_op (i)
		if (same(ops[i].name, item, len) || same(ops[i].group, item, len) ||
		    same("all", item, len))
			found |= 1ULL << i;
	if (!found && !is_group(item, len)) {
		buf_printf(why, "unknown operation '%.*s'; known are", (int)len, item);
		for_each_op (i)
			buf_printf(why, " %s", ops[i].name);
		buf_puts(why, " and the groups write copy send sync all");
		return -EINVAL;
	}
	*mask |= found;
	return 0;
}

int ops_parse(const char *list, uint64_t *mask, struct buf *why)
{
	int err;

	*mask = 0;
	err = list_parse(list, ops_parse_item, mask, why);
	if (!err && !*mask) {
		buf_printf(why, "no operation of '%s' can be traced by this version", list);
		err = -EINVAL;
	}
	return err;
}

uint64_t ops_all(void)
{
	return (1ULL << WT_OP_COUNT) - 1;
}

uint64_t ops_default(void)
{
	uint64_t mask = 0;

	for_each_op (i)
		if (!strcmp(ops[i].group, "write") || !strcmp(ops[i].group, "copy"))
			mask |= 1ULL << i;
	return mask;
}
