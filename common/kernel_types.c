// SPDX-License-Identifier: GPL-2.0-only
/*
 * Those of the kernel's types that our programs know, as a BTF of their own.
 *
 * libbpf looks for each type that a program knows among all that the kernel has, one after the
 * other: with the kernel's own BTF that is a third of the time that a session takes to begin.
 */
#include "kernel.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <linux/types.h>

#include <bpf/btf.h>

/* Numbers of a kernel's types in our BTF; 0: not in it */
struct subset {
	const struct btf *kernel;
	struct btf *own;
	__u32 *numbers;
	int err;
};

/* Numbers that are given in the first pass; the types are copied in their order in the second. */
#define WANTED	1
#define EMPTIED 2 /* of this struct or union only name and size */

static void want(struct subset *s, __u32 id);

static void want_members(struct subset *s, const struct btf_type *type)
{
	const struct btf_member *members = btf_members(type);

	for (unsigned int i = 0; i < btf_vlen(type); i++)
		want(s, members[i].type);
}

/* A type, and what it consists of; not what it points to. */
static void want(struct subset *s, __u32 id)
{
	const struct btf_type *type = id ? btf__type_by_id(s->kernel, id) : NULL;

	if (!type || s->numbers[id])
		return;
	s->numbers[id] = WANTED;
	if (btf_is_composite(type) && type->name_off)
		s->numbers[id] = EMPTIED;
	else if (btf_is_composite(type))
		want_members(s, type);
	else if (btf_is_array(type)) {
		want(s, btf_array(type)->type);
		want(s, btf_array(type)->index_type);
	} else if (btf_is_mod(type) || btf_is_typedef(type))
		want(s, type->type);
}

static void copy(struct subset *s, __u32 id)
{
	const struct btf_type *type = btf__type_by_id(s->kernel, id);
	int number;

	if (s->numbers[id] != EMPTIED)
		number = btf__add_type(s->own, s->kernel, type);
	else if (btf_is_struct(type))
		number = btf__add_struct(s->own, btf__name_by_offset(s->kernel, type->name_off),
					 type->size);
	else
		number = btf__add_union(s->own, btf__name_by_offset(s->kernel, type->name_off),
					type->size);
	if (number < 0)
		s->err = number;
	else
		s->numbers[id] = number;
}

/* What a copied type consists of has other numbers there. */
static void renumber(const struct subset *s, struct btf_type *type)
{
	struct btf_member *members = btf_members(type);

	if (btf_is_composite(type)) {
		for (unsigned int i = 0; i < btf_vlen(type); i++)
			members[i].type = s->numbers[members[i].type];
	} else if (btf_is_array(type)) {
		btf_array(type)->type = s->numbers[btf_array(type)->type];
		btf_array(type)->index_type = s->numbers[btf_array(type)->index_type];
	} else if (btf_is_mod(type) || btf_is_typedef(type)) {
		type->type = s->numbers[type->type];
	} else if (btf_is_ptr(type)) {
		type->type = 0;
	}
}

static void fill(struct subset *s, const struct kernel_name *names, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (names[i].id)
			s->numbers[names[i].id] = WANTED;
	for (size_t i = 0; i < n; i++)
		if (names[i].id)
			want_members(s, btf__type_by_id(s->kernel, names[i].id));
	for (__u32 id = 1; id < btf__type_cnt(s->kernel) && !s->err; id++)
		if (s->numbers[id])
			copy(s, id);
	for (__u32 id = 1; id < btf__type_cnt(s->own); id++)
		renumber(s, (struct btf_type *)btf__type_by_id(s->own, id));
}

static int into_memory(const struct btf *btf)
{
	__u32 size;
	const void *data = btf__raw_data(btf, &size);
	int fd = data ? memfd_create("btf", MFD_CLOEXEC) : -1;

	if (fd >= 0 && write(fd, data, size) == (ssize_t)size)
		return fd;
	if (fd >= 0)
		close(fd);
	return -errno;
}

int kernel_copy_types(const struct btf *btf, const struct kernel_name *names, size_t n)
{
	struct subset s = { .kernel = btf,
			    .own = btf__new_empty(),
			    .numbers = calloc(btf__type_cnt(btf), sizeof(__u32)) };

	if (!s.own || !s.numbers)
		s.err = -ENOMEM;
	else
		fill(&s, names, n);
	if (!s.err)
		s.err = into_memory(s.own);
	btf__free(s.own);
	free(s.numbers);
	return s.err;
}
