// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the kernel's BTF tells of it.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>
#include <linux/types.h>

#include <bpf/btf.h>

#include "bpf/writetrace.h"
#include "kernel.h"
#include "kernel_type_names.h"
#include "ops.h"

/* Kinds of the names below */
static const char *const structs[] = { KERNEL_TYPE_NAMES };
#define SUBMIT_REQ "btf_trace_io_uring_submit_req"
#define SUBMIT_SQE "btf_trace_io_uring_submit_sqe"
#define COMPLETE   "btf_trace_io_uring_complete"
#define OVERFLOW   "btf_trace_io_uring_cqe_overflow"
static const char *const typedefs[] = { SUBMIT_REQ, SUBMIT_SQE, COMPLETE, OVERFLOW };
#define CAST "bpf_rdonly_cast"
/* Linux e21aa341785c, without which fexit of a function that sleeps may crash the kernel */
#define IMAGE "bpf_tramp_image"
/* Where this is (6.1 to 6.18; not 7.3), task storage refuses a program that has preempted another
 * one at it: 6.1 to look up, all to make room for a task that has none yet. */
#define BUSY	 "bpf_task_storage_busy"

#define STRUCTS	 (sizeof(structs) / sizeof(*structs))
#define TYPEDEFS (sizeof(typedefs) / sizeof(*typedefs))
#define NAMES	 (STRUCTS + TYPEDEFS + 3)

static int compare_names(const void *a, const void *b)
{
	return strcmp(((const struct kernel_name *)a)->name, ((const struct kernel_name *)b)->name);
}

static unsigned int first_two(const char *name)
{
	return (unsigned char)name[0] << 8 | (unsigned char)(*name ? name[1] : 0);
}

/* libbpf (1.1) reads it into memory first, of which it makes a copy. */
struct btf *kernel_btf_load(void)
{
	int fd = open("/sys/kernel/btf/vmlinux", O_RDONLY | O_CLOEXEC);
	struct btf *btf = NULL;
	void *map = MAP_FAILED;
	struct stat st;

	if (fd >= 0 && !fstat(fd, &st) && st.st_size > 0)
		map = mmap(NULL, st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (fd >= 0)
		close(fd);
	if (map != MAP_FAILED) {
		btf = btf__new(map, st.st_size);
		munmap(map, st.st_size);
	}
	return btf ? btf : btf__load_vmlinux_btf();
}

void kernel_find_names(const struct btf *btf, struct kernel_name *names, size_t n)
{
	/* most of the tens of thousands of names begin with other letters than any of these */
	static bool begins[1 << 16];

	memset(begins, 0, sizeof(begins));
	for (size_t i = 0; i < n; i++)
		begins[first_two(names[i].name)] = true;
	for (__u32 id = 1; id < btf__type_cnt(btf); id++) {
		const struct btf_type *type = btf__type_by_id(btf, id);
		struct kernel_name key = { .name = btf__name_by_offset(btf, type->name_off) };
		struct kernel_name *found;

		if (!type->name_off || !begins[first_two(key.name)])
			continue;
		found = bsearch(&key, names, n, sizeof(*names), compare_names);
		if (found && !found->id && found->kind == btf_kind(type))
			found->id = id;
	}
}

static const struct kernel_name *find(const struct kernel_name *names, const char *name)
{
	struct kernel_name key = { .name = name };

	return bsearch(&key, names, NAMES, sizeof(key), compare_names);
}

/* TYPEDEF → PTR → FUNC_PROTO; its first parameter is not the tracepoint's. Return: how many that
 * has, 0 if there is no such tracepoint. */
static unsigned int tracepoint_parameters(const struct btf *btf, const struct kernel_name *name)
{
	const struct btf_type *type = name->id ? btf__type_by_id(btf, name->id) : NULL;

	type = type ? btf__type_by_id(btf, type->type) : NULL;
	type = type ? btf__type_by_id(btf, type->type) : NULL;
	return type && btf_is_func_proto(type) && btf_vlen(type) ? btf_vlen(type) - 1 : 0;
}

/* Value of the name in some enumeration, or 0. */
static uint32_t enum_value(const struct btf *btf, const char *name)
{
	for (__u32 id = 1; id < btf__type_cnt(btf); id++) {
		const struct btf_type *type = btf__type_by_id(btf, id);
		const struct btf_enum *values = btf_enum(type);

		if (!btf_is_enum(type))
			continue;
		for (unsigned int i = 0; i < btf_vlen(type); i++)
			if (!strcmp(btf__name_by_offset(btf, values[i].name_off), name))
				return values[i].val;
	}
	return 0;
}

/* Also of structs without a name in it. */
static bool has_member(const struct btf *btf, __u32 id, const char *name)
{
	const struct btf_type *type = id ? btf__type_by_id(btf, id) : NULL;

	if (!type || !btf_is_composite(type))
		return false;
	for (unsigned int i = 0; i < btf_vlen(type); i++) {
		const struct btf_member *member = &btf_members(type)[i];

		if (member->name_off ? !strcmp(btf__name_by_offset(btf, member->name_off), name)
				     : has_member(btf, member->type, name))
			return true;
	}
	return false;
}

static struct kernel_uring find_uring(const struct btf *btf, const struct kernel_name *names)
{
	const unsigned int req = tracepoint_parameters(btf, find(names, SUBMIT_REQ));
	const unsigned int sqe = tracepoint_parameters(btf, find(names, SUBMIT_SQE));
	struct kernel_uring uring = { .layout = WT_URING_NONE };

	if (!req && !sqe)
		return uring;
	uring.submit = req ? "uring_submit" : "uring_submit_sqe";
	if (has_member(btf, find(names, "io_ring_ctx")->id, "int_flags"))
		uring.compat_flag = enum_value(btf, "IO_RING_F_COMPAT");
	switch (tracepoint_parameters(btf, find(names, COMPLETE))) {
	case 3: /* ctx, req, cqe; once it was: ctx, user_data, res */
		if (req)
			uring.layout = WT_URING_ENTRY;
		break;
	case 4: /* ctx, user_data, res, cflags; the submission once told of five, and not of req */
		if (sqe > 5)
			uring.layout = WT_URING_NUMBERS;
		break;
	case 7: /* ctx, req, user_data, res, cflags, two more */
		uring.layout = WT_URING_REQUEST;
		break;
	}
	/* ctx, user_data, res, cflags, the entry */
	uring.overflows = uring.layout != WT_URING_NUMBERS &&
			  tracepoint_parameters(btf, find(names, OVERFLOW)) == 5;
	return uring;
}

void kernel_gather(const struct btf *btf, struct kernel_facts *facts, bool types)
{
	struct kernel_name names[NAMES] = {}, found[STRUCTS];
	size_t n = 0;

	for (size_t i = 0; i < STRUCTS; i++)
		names[n++] = (struct kernel_name){ structs[i], BTF_KIND_STRUCT, 0 };
	for (size_t i = 0; i < TYPEDEFS; i++)
		names[n++] = (struct kernel_name){ typedefs[i], BTF_KIND_TYPEDEF, 0 };
	names[n++] = (struct kernel_name){ CAST, BTF_KIND_FUNC, 0 };
	names[n++] = (struct kernel_name){ IMAGE, BTF_KIND_STRUCT, 0 };
	names[n++] = (struct kernel_name){ BUSY, BTF_KIND_VAR, 0 };
	qsort(names, n, sizeof(*names), compare_names);
	kernel_find_names(btf, names, n);
	facts->direct = find(names, CAST)->id;
	facts->safe_fexit = find(names, IMAGE)->id;
	facts->storage_refuses = find(names, BUSY)->id;
	facts->uring = find_uring(btf, names);
#define NUMBER(name) facts->types[WT_TYPE_##name] = find(names, #name)->id;
	WT_TYPES(NUMBER)
#undef NUMBER
	for (size_t i = 0; i < STRUCTS; i++)
		found[i] = *find(names, structs[i]);
	facts->types_fd = types ? kernel_copy_types(btf, found, STRUCTS) : -1;
}

bool kernel_has_uring(void)
{
	struct btf *btf = kernel_btf_load();
	struct kernel_facts facts = {};

	if (btf)
		kernel_gather(btf, &facts, false);
	btf__free(btf);
	return facts.uring.layout != WT_URING_NONE;
}

void kernel_hook_name(unsigned int hook, char name[KERNEL_FUNCTION_MAX])
{
	const struct op *op = &ops[hook % WT_CALL_COUNT];

	*name = 0;
	if (hook >= WT_CALL_COUNT && op->compat_function)
		snprintf(name, KERNEL_FUNCTION_MAX, "%s", op->compat_function);
	else if (hook < WT_CALL_COUNT && op->nr != OPS_NO_SYSCALL)
		snprintf(name, KERNEL_FUNCTION_MAX, KERNEL_SYSCALL "%s", op->syscall);
}

/* FUNC_PROTO → PTR → (const) STRUCT, or FWD */
static bool takes_typed_pointer(const struct btf *btf, const struct btf_type *type)
{
	if (!type || !btf_vlen(type))
		return false;
	type = btf__type_by_id(btf, btf_params(type)->type);
	while (type && (btf_is_ptr(type) || btf_is_mod(type)))
		type = btf__type_by_id(btf, type->type);
	return type && btf_is_struct(type);
}

/*
 * Looks once at each function: there are tens of thousands. Some are there twice, the second time
 * as what stands in for a call that the kernel is built without (6.1): the one that is like the
 * others is taken, so that there are fewer prototypes.
 */
void kernel_find_hooks(const struct btf *btf, struct kernel_function *hooks)
{
	char names[WT_HOOKS][KERNEL_FUNCTION_MAX];
	__u32 usual = 0;
	int first;

	memset(hooks, 0, WT_HOOKS * sizeof(*hooks));
	for (unsigned int i = 0; i < WT_HOOKS; i++)
		kernel_hook_name(i, names[i]);
	first = btf__find_by_name_kind(btf, names[0], BTF_KIND_FUNC);
	if (first > 0)
		usual = btf__type_by_id(btf, first)->type;
	for (__u32 id = 1; id < btf__type_cnt(btf); id++) {
		const struct btf_type *type = btf__type_by_id(btf, id);
		const char *name;

		if (!btf_is_func(type))
			continue;
		name = btf__name_by_offset(btf, type->name_off);
		if (strncmp(name, "__", 2))
			continue;
		for (unsigned int i = 0; i < WT_HOOKS; i++)
			if (!strcmp(name, names[i]) && (!hooks[i].id || type->type == usual))
				hooks[i] = (struct kernel_function){
					.id = id,
					.prototype = type->type,
					.typed = takes_typed_pointer(
						btf, btf__type_by_id(btf, type->type)),
				};
	}
}

bool kernel_has_compat_functions(void)
{
	struct btf *btf = kernel_btf_load();
	struct kernel_function hooks[WT_HOOKS];
	bool all = true;

	if (!btf)
		return false;
	kernel_find_hooks(btf, hooks);
	for_each_call(i) all = all && (!ops[i].compat_function || hooks[WT_HOOK(i, true)].id);
	btf__free(btf);
	return all;
}

/*
 * The counter itself cannot be seen to be missing. Linux dd8657894c11 began to count in the series
 * that added a field `missed` to struct bpf_link_info (3acf8ace6823), and that can.
 */
bool kernel_counts_tracepoint_misses(const struct btf *btf)
{
	bool found = false;

	for (__u32 id = 1; !found && id < btf__type_cnt(btf); id++) {
		const struct btf_type *type = btf__type_by_id(btf, id);
		const struct btf_member *member = btf_members(type);

		/* the anonymous struct { func_name, name_len, offset, addr, missed, … } */
		if (btf_kind(type) != BTF_KIND_STRUCT || type->name_off || btf_vlen(type) < 5)
			continue;
		found = !strcmp(btf__name_by_offset(btf, member[0].name_off), "func_name") &&
			!strcmp(btf__name_by_offset(btf, member[4].name_off), "missed");
	}
	return found;
}
