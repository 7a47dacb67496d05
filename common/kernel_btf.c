// SPDX-License-Identifier: GPL-2.0-only
/*
 * What the kernel's BTF tells of it.
 */
#include <stdio.h>
#include <string.h>
#include <linux/types.h>

#include <bpf/btf.h>

#include "bpf/writetrace.h"
#include "kernel.h"
#include "ops.h"

bool kernel_has_function(const struct btf *btf, const char *name)
{
	return btf__find_by_name_kind(btf, name, BTF_KIND_FUNC) > 0;
}

/* TYPEDEF → PTR → FUNC_PROTO; its first parameter is not the tracepoint's. Return: how many that
 * has, 0 if there is no such tracepoint. */
static unsigned int tracepoint_parameters(const struct btf *btf, const char *name)
{
	int id = btf__find_by_name_kind(btf, name, BTF_KIND_TYPEDEF);
	const struct btf_type *type = id > 0 ? btf__type_by_id(btf, id) : NULL;

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

struct kernel_uring kernel_find_uring(const struct btf *btf)
{
	struct kernel_uring uring = { .layout = WT_URING_NONE };

	if (tracepoint_parameters(btf, "btf_trace_io_uring_submit_req"))
		uring.submit = "uring_submit";
	else if (tracepoint_parameters(btf, "btf_trace_io_uring_submit_sqe"))
		uring.submit = "uring_submit_sqe";
	else
		return uring;
	uring.compat_flag = enum_value(btf, "IO_RING_F_COMPAT");
	switch (tracepoint_parameters(btf, "btf_trace_io_uring_complete")) {
	case 3: /* ctx, req, cqe */
		uring.layout = WT_URING_ENTRY;
		break;
	case 4: /* ctx, user_data, res, cflags */
		uring.layout = WT_URING_NUMBERS;
		break;
	case 7: /* ctx, req, user_data, res, cflags, two more */
		uring.layout = WT_URING_REQUEST;
		break;
	}
	return uring;
}

bool kernel_has_uring(void)
{
	struct btf *btf = btf__load_vmlinux_btf();
	bool has = btf && kernel_find_uring(btf).layout != WT_URING_NONE;

	btf__free(btf);
	return has;
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
	struct btf *btf = btf__load_vmlinux_btf();
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
