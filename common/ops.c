// SPDX-License-Identifier: GPL-2.0-only
/*
 * Numbers for 32-bit programs are those of arch/x86/entry/syscalls/syscall_32.tbl and of
 * arch/arm64/include/asm/unistd32.h.
 */
#include "ops.h"

#include <errno.h>
#include <string.h>
#include <sys/syscall.h>
#include <linux/io_uring.h>
#include <linux/types.h>

#include "bpf/writetrace.h"
#include "buf.h"
#include "choice.h"
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

#define SHAPE(form_, fd_, count_, place_)                                \
	{                                                                \
		.form = WT_FORM_##form_, .fd = (fd_), .count = (count_), \
		.place = OP_PLACE_##place_                               \
	}

/* Arguments are unpacked by call_unpack() in bpf/call.bpf.h. Numbers of 32-bit ARM are left out
 * until a test covers them, but for those of the first calls. */
#define ROW(name_, group_, syscall_, nr_, shape_, nr_compat_, function_)                    \
	{                                                                                   \
		.name = (name_), .group = (group_), .syscall = (syscall_), .shape = shape_, \
		.nr = (nr_), .nr_compat = (nr_compat_), .nr_compat_old = OPS_NO_SYSCALL,    \
		.compat_function = FUNCTION_COMPAT(function_),                              \
	}
#define URING(name_, group_, opcode_, opcode_also_)                                               \
	{                                                                                         \
		.name = (name_), .group = (group_), .source = OP_URING, .opcode = (opcode_),      \
		.opcode_also = (opcode_also_), .nr = OPS_NO_SYSCALL, .nr_compat = OPS_NO_SYSCALL, \
		.nr_compat_old = OPS_NO_SYSCALL,                                                  \
	}
#define AIO(name_, group_)                                                                  \
	{                                                                                   \
		.name = (name_), .group = (group_), .source = OP_AIO, .nr = OPS_NO_SYSCALL, \
		.nr_compat = OPS_NO_SYSCALL, .nr_compat_old = OPS_NO_SYSCALL,               \
	}
#define CALL(name_, nr_, nr_compat_, function_)                                                   \
	{                                                                                         \
		.name = (name_), .group = "", .syscall = (name_), .source = OP_CALL, .nr = (nr_), \
		.nr_compat = (nr_compat_), .nr_compat_old = OPS_NO_SYSCALL,                       \
		.compat_function = FUNCTION_COMPAT(function_),                                    \
	}
/* enum io_uring_op of Linux 6.0, 6.1 and 6.15, which headers that we build with may not have */
#define OPCODE_SEND_ZC	    47
#define OPCODE_SENDMSG_ZC   48
#define OPCODE_WRITEV_FIXED 61

#define NR_X86(nr)	    NR_COMPAT(nr, OPS_NO_SYSCALL)

/* clang-format off */
const struct op ops[WT_CALL_COUNT] = {
	[WT_OP_WRITE] = ROW("write", "write", "write", SYS_write,
		SHAPE(DATA, 0, 2, CURRENT), NR_COMPAT(4, 4), "__ia32_sys_write"),
	[WT_OP_PWRITE64] = ROW("pwrite64", "write", "pwrite64", SYS_pwrite64,
		SHAPE(DATA, 0, 2, VALUE), NR_X86(181), "__ia32_sys_ia32_pwrite64"),
	[WT_OP_WRITEV] = ROW("writev", "write", "writev", SYS_writev,
		SHAPE(VECTORS, 0, 2, CURRENT), NR_COMPAT(146, 146), "__ia32_sys_writev"),
	[WT_OP_PWRITEV] = ROW("pwritev", "write", "pwritev", SYS_pwritev,
		SHAPE(VECTORS, 0, 2, VALUE), NR_X86(334), "__ia32_compat_sys_pwritev"),
	[WT_OP_PWRITEV2] = ROW("pwritev2", "write", "pwritev2", SYS_pwritev2,
		SHAPE(VECTORS, 0, 2, VALUE_RWF), NR_X86(379), "__ia32_compat_sys_pwritev2"),
	[WT_OP_SENDFILE] = {
		.name = "sendfile", .group = "copy", .syscall = "sendfile64", .nr = SYS_sendfile,
		.shape = SHAPE(LENGTH, 0, 3, CURRENT),
		.nr_compat = NR_X86(239), .nr_compat_old = NR_X86(187),
		.compat_function = FUNCTION_COMPAT("__ia32_sys_sendfile64"),
	},
	[WT_OP_SPLICE] = ROW("splice", "copy", "splice", SYS_splice,
		SHAPE(LENGTH, 2, 4, POINTER), NR_X86(313), "__ia32_sys_splice"),
	[WT_OP_VMSPLICE] = ROW("vmsplice", "copy", "vmsplice", SYS_vmsplice,
		SHAPE(VECTORS, 0, 2, NONE), NR_X86(316), "__ia32_sys_vmsplice"),
	[WT_OP_TEE] = ROW("tee", "copy", "tee", SYS_tee,
		SHAPE(LENGTH, 1, 2, NONE), NR_X86(315), "__ia32_sys_tee"),
	[WT_OP_COPY_FILE_RANGE] = ROW("copy_file_range", "copy", "copy_file_range",
		SYS_copy_file_range,
		SHAPE(LENGTH, 2, 4, POINTER), NR_X86(377), "__ia32_sys_copy_file_range"),
	[WT_OP_SENDTO] = ROW("sendto", "send", "sendto", SYS_sendto,
		SHAPE(DATA, 0, 2, NONE), NR_X86(369), "__ia32_sys_sendto"),
	[WT_OP_SENDMSG] = ROW("sendmsg", "send", "sendmsg", SYS_sendmsg,
		SHAPE(MESSAGE, 0, 2, NONE), NR_X86(370), "__ia32_compat_sys_sendmsg"),
	[WT_OP_SENDMMSG] = ROW("sendmmsg", "send", "sendmmsg", SYS_sendmmsg,
		SHAPE(MESSAGES, 0, 2, NONE), NR_X86(345), "__ia32_compat_sys_sendmmsg"),
	[WT_OP_FSYNC] = ROW("fsync", "sync", "fsync", SYS_fsync,
		SHAPE(NONE, 0, 1, NONE), NR_X86(118), "__ia32_sys_fsync"),
	[WT_OP_FDATASYNC] = ROW("fdatasync", "sync", "fdatasync", SYS_fdatasync,
		SHAPE(NONE, 0, 1, NONE), NR_X86(148), "__ia32_sys_fdatasync"),
	[WT_OP_SYNC_FILE_RANGE] = ROW("sync_file_range", "sync", "sync_file_range",
		SYS_sync_file_range,
		SHAPE(LENGTH, 0, 2, VALUE_1), NR_X86(314), "__ia32_sys_ia32_sync_file_range"),
	[WT_OP_SYNCFS] = ROW("syncfs", "sync", "syncfs", SYS_syncfs,
		SHAPE(NONE, 0, 1, NONE), NR_X86(344), "__ia32_sys_syncfs"),
	[WT_OP_MSYNC] = ROW("msync", "sync", "msync", SYS_msync,
		SHAPE(LENGTH, OP_NO_FD, 1, NONE), NR_X86(144), "__ia32_sys_msync"),
	[WT_OP_URING_WRITE] = URING("io_uring:write", "write", IORING_OP_WRITE, 0),
	[WT_OP_URING_WRITEV] =
		URING("io_uring:writev", "write", IORING_OP_WRITEV, OPCODE_WRITEV_FIXED),
	[WT_OP_URING_WRITE_FIXED] =
		URING("io_uring:write_fixed", "write", IORING_OP_WRITE_FIXED, 0),
	[WT_OP_URING_SEND] = URING("io_uring:send", "send", IORING_OP_SEND, OPCODE_SEND_ZC),
	[WT_OP_URING_SENDMSG] =
		URING("io_uring:sendmsg", "send", IORING_OP_SENDMSG, OPCODE_SENDMSG_ZC),
	[WT_OP_URING_FSYNC] = URING("io_uring:fsync", "sync", IORING_OP_FSYNC, 0),
	[WT_OP_AIO_PWRITE] = AIO("aio:pwrite", "write"),
	[WT_OP_AIO_PWRITEV] = AIO("aio:pwritev", "write"),
	[WT_OP_AIO_FSYNC] = AIO("aio:fsync", "sync"),
	/* its number is that of the operation */
	[WT_CALL_SENDFILE_OLD] = CALL("sendfile_old", OPS_NO_SYSCALL, OPS_NO_SYSCALL,
		"__ia32_compat_sys_sendfile"),
	[WT_CALL_IO_SUBMIT] = CALL("io_submit", SYS_io_submit, NR_X86(248),
		"__ia32_compat_sys_io_submit"),
	[WT_CALL_IO_DESTROY] = CALL("io_destroy", SYS_io_destroy, NR_X86(246),
		"__ia32_sys_io_destroy"),
	[WT_CALL_IO_GETEVENTS] = CALL("io_getevents", SYS_io_getevents, NR_X86(247),
		"__ia32_sys_io_getevents_time32"),
	[WT_CALL_IO_PGETEVENTS] = CALL("io_pgetevents", SYS_io_pgetevents, NR_X86(385),
		"__ia32_compat_sys_io_pgetevents"),
	[WT_CALL_IO_PGETEVENTS_TIME64] = CALL("io_pgetevents_time64", OPS_NO_SYSCALL, NR_X86(416),
		"__ia32_compat_sys_io_pgetevents_time64"),
};
/* clang-format on */

/* Groups of the contract. Those without an operation yet are known, so that the default list and
 * scripts keep working as they fill. */
static const struct group {
	const char *name;
	const char *help;
	const char *member_help;
} groups[] = {
	{ "write", "group: data to a descriptor", "of group write" },
	{ "copy", "group: from one descriptor to another", "of group copy" },
	{ "send", "group: messages to a socket", "of group send" },
	{ "sync", "group: bring to the disk what was written", "of group sync" },
	{ "all", "all operations", NULL },
};

#define N_GROUPS (sizeof(groups) / sizeof(*groups))

static const struct group *find_group(const char *name, size_t len)
{
	for (size_t i = 0; i < N_GROUPS; i++)
		if (strlen(groups[i].name) == len && !memcmp(groups[i].name, name, len))
			return &groups[i];
	return NULL;
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
	if (!found && !find_group(item, len)) {
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

/* include/uapi/linux/fs.h */
#define RWF_APPEND_FLAG 0x10

struct wt_shape ops_shape(unsigned int op)
{
	const struct op_shape *s = &ops[op].shape;
	const bool value = s->place == OP_PLACE_VALUE || s->place == OP_PLACE_VALUE_RWF;

	return (struct wt_shape){
		.pos_mask = value ? UINT64_MAX : 0,
		.pos_mask_1 = s->place == OP_PLACE_VALUE_1 ? UINT64_MAX : 0,
		.at_mask = s->place == OP_PLACE_POINTER ? UINT64_MAX : 0,
		.no_fd = s->fd == OP_NO_FD ? UINT32_MAX : 0,
		.append_mask = s->place == OP_PLACE_VALUE_RWF ? RWF_APPEND_FLAG : 0,
		.form = s->form,
		.fd = s->fd == OP_NO_FD ? 0 : s->fd,
		.count = s->count,
		.moves = s->place != OP_PLACE_NONE,
		.has_pos = value || s->place == OP_PLACE_VALUE_1,
		.pos_always = s->place != OP_PLACE_VALUE_RWF,
		.pipe_end = op == WT_OP_VMSPLICE,
	};
}

uint64_t ops_from(enum op_source source)
{
	uint64_t mask = 0;

	for_each_op (i)
		if (ops[i].source == source)
			mask |= 1ULL << i;
	return mask;
}

uint64_t ops_calls(uint64_t mask)
{
	uint64_t calls = mask & ops_from(OP_SYSCALL);

	if (mask & 1ULL << WT_OP_SENDFILE)
		calls |= 1ULL << WT_CALL_SENDFILE_OLD;
	if (mask & ops_from(OP_AIO))
		calls |= 1ULL << WT_CALL_IO_SUBMIT | 1ULL << WT_CALL_IO_DESTROY |
			 1ULL << WT_CALL_IO_GETEVENTS | 1ULL << WT_CALL_IO_PGETEVENTS |
			 1ULL << WT_CALL_IO_PGETEVENTS_TIME64;
	return calls;
}

bool ops_has_latency(unsigned int call)
{
	return call < WT_OP_COUNT || call == WT_CALL_SENDFILE_OLD;
}

bool ops_has_size(unsigned int op)
{
	return ops[op].source == OP_SYSCALL ? ops[op].shape.form != WT_FORM_NONE
					    : strcmp(ops[op].group, "sync") != 0;
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

static void put_name(struct buf *out, const char *name, bool *any)
{
	if (*any)
		buf_putc(out, ',');
	buf_puts(out, name);
	*any = true;
}

void ops_put(struct buf *out, uint64_t mask)
{
	bool any = false;

	if (mask == ops_all()) {
		buf_puts(out, "all");
		return;
	}
	for (size_t i = 0; i < N_GROUPS; i++) {
		uint64_t members = 0;

		if (ops_parse(groups[i].name, &members, NULL) || !members ||
		    (mask & members) != members)
			continue;
		put_name(out, groups[i].name, &any);
		mask &= ~members;
	}
	for_each_op (i)
		if (mask & 1ULL << i)
			put_name(out, ops[i].name, &any);
}

static void group_choice(const struct group *group, struct choice *choice)
{
	uint64_t mask;

	*choice = (struct choice){ .name = group->name, .help = group->help };
	choice->by_default = !ops_parse(group->name, &mask, NULL) && !(mask & ~ops_default());
}

bool ops_choice(size_t i, struct choice *choice)
{
	if (i < N_GROUPS) {
		group_choice(&groups[i], choice);
		return true;
	}
	i -= N_GROUPS;
	for_each_op (op) {
		/* by its name the whole group is meant */
		if (find_group(ops[op].name, strlen(ops[op].name)) || i--)
			continue;
		*choice = (struct choice){ .name = ops[op].name };
		choice->help = find_group(ops[op].group, strlen(ops[op].group))->member_help;
		choice->by_default = ops_default() & 1ULL << op;
		return true;
	}
	return false;
}
