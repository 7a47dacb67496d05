// SPDX-License-Identifier: GPL-2.0-only
/*
 * A session's programs, maps and links by name; its description; its memory.
 */
#include "session_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <bpf/bpf.h>

#include "filter.h"
#include "kernel.h"
#include "meta.h"

/* Names of .bss and the like begin with the object's name, ours do not; and no dot may be in what
 * is pinned. */
static void map_name(const struct bpf_map *map, char name[OBJECTS_NAME_MAX])
{
	const char *dot = strchr(bpf_map__name(map), '.');

	if (!dot)
		snprintf(name, OBJECTS_NAME_MAX, "%s", bpf_map__name(map));
	else if (!strcmp(dot, ".bss"))
		snprintf(name, OBJECTS_NAME_MAX, OBJECTS_SHARED);
	else
		snprintf(name, OBJECTS_NAME_MAX, "%s", dot + 1);
	for (char *c = name; *c; c++)
		if (*c == '.')
			*c = '_';
}

/* -1 if the map was not created; libbpf 1.7 has the descriptor of a placeholder there. */
static int map_fd(const struct bpf_map *map)
{
	return bpf_map__autocreate(map) ? bpf_map__fd(map) : -1;
}

static int get_object(void *arg, const char *name)
{
	const size_t prefix = strlen(OBJECTS_PROGRAM);
	const struct session *s = arg;
	struct bpf_program *prog;
	char own[OBJECTS_NAME_MAX];
	struct bpf_map *map;
	int fd = -1;

	if (!strncmp(name, OBJECTS_PROGRAM, prefix)) {
		prog = bpf_object__find_program_by_name(s->skel->obj, name + prefix);
		fd = prog ? bpf_program__fd(prog) : -1;
		for (unsigned int i = 0; i < s->n_jumps; i++)
			if (!strcmp(s->jumps[i].name, name + prefix))
				fd = s->jumps[i].prog;
	} else {
		bpf_object__for_each_map (map, s->skel->obj) {
			map_name(map, own);
			if (!strcmp(own, name))
				fd = map_fd(map);
		}
	}
	if (fd < 0)
		return -ENOENT;
	fd = fcntl(fd, F_DUPFD_CLOEXEC, 0);
	return fd < 0 ? -errno : fd;
}

struct objects session_objects(struct session *session)
{
	return (struct objects){ .get = get_object, .arg = session };
}

static int each_program(const struct session *s, int (*fn)(void *arg, const char *name, int fd),
			void *arg)
{
	char name[OBJECTS_NAME_MAX];
	struct bpf_program *prog;
	int err;

	bpf_object__for_each_program (prog, s->skel->obj) {
		if (bpf_program__fd(prog) < 0 || session_fentry_is_copied(bpf_program__name(prog)))
			continue;
		snprintf(name, sizeof(name), OBJECTS_PROGRAM "%s", bpf_program__name(prog));
		err = fn(arg, name, bpf_program__fd(prog));
		if (err)
			return err;
	}
	for (unsigned int i = 0; i < s->n_jumps; i++) {
		snprintf(name, sizeof(name), OBJECTS_PROGRAM "%s", s->jumps[i].name);
		err = fn(arg, name, s->jumps[i].prog);
		if (err)
			return err;
	}
	return 0;
}

int session_each_object(const struct session *s, int (*fn)(void *arg, const char *name, int fd),
			void *arg)
{
	char name[OBJECTS_NAME_MAX];
	struct bpf_map *map;
	int err;

	bpf_object__for_each_map (map, s->skel->obj) {
		if (map_fd(map) < 0)
			continue;
		map_name(map, name);
		err = fn(arg, name, map_fd(map));
		if (err)
			return err;
	}
	err = each_program(s, fn, arg);
	for (unsigned int i = 0; !err && i < s->n_links; i++) {
		/* tracepoints of all operations run one program */
		snprintf(name, sizeof(name), OBJECTS_LINK "%03u_%s", i, s->links[i].program);
		err = fn(arg, name, s->links[i].fd);
	}
	return err;
}

int session_seal(struct session *s)
{
	__u32 zero = 0;
	int fd = bpf_map__fd(s->skel->maps.meta);

	meta_stamp(&s->meta);
	if (bpf_map_update_elem(fd, &zero, &s->meta, BPF_ANY) || bpf_map_freeze(fd))
		return -errno;
	s->pinned = true;
	return 0;
}

static uint64_t round_up(uint64_t n, uint64_t to)
{
	return (n + to - 1) / to * to;
}

#define HASH_ENTRY_BYTES  48
#define HASH_BUCKET_BYTES 16
#define PAGE_BYTES	  4096

static uint64_t map_memory(const struct bpf_map *map, unsigned int cpus)
{
	uint64_t key = round_up(bpf_map__key_size(map), 8), entries = bpf_map__max_entries(map);
	uint64_t value = round_up(bpf_map__value_size(map), 8), buckets = 1;

	switch (bpf_map__type(map)) {
	case BPF_MAP_TYPE_RINGBUF:
		return entries + 3 * PAGE_BYTES;
	case BPF_MAP_TYPE_TASK_STORAGE:
		return 0; /* with each task, once it writes: 100 bytes or so */
	case BPF_MAP_TYPE_PERCPU_ARRAY:
		return entries * value * cpus;
	case BPF_MAP_TYPE_HASH:
	case BPF_MAP_TYPE_LRU_HASH:
		while (buckets < entries)
			buckets *= 2;
		return entries * (HASH_ENTRY_BYTES + key + value) + buckets * HASH_BUCKET_BYTES;
	default:
		return round_up(entries * value, PAGE_BYTES);
	}
}

int64_t session_memory(const struct session_options *options, unsigned int cpus, bool preempts,
		       bool storage_refuses)
{
	struct session s = { .latency = !options->no_latency,
			     .follow = options->filter->follow && session_lists_tasks(options),
			     .copies = preempts ? WT_COPIES : 1,
			     .kernel = { .storage_refuses = storage_refuses,
					 .uring = { .layout = WT_URING_ENTRY,
						    .submit = "uring_submit",
						    .overflows = true } },
			     .fetches = true };
	struct bpf_map *map;
	uint64_t sum = 0;
	int err = session_skeleton(&s.skel, SESSION_OBJECT_PLAIN, -1);

	if (err)
		return err;
	session_describe(&s, options);
	/* any backend: for fentry libbpf would read the kernel's BTF, and leak it if nothing is
	 * loaded */
	s.meta.backend = BACKEND_RAW;
	err = session_configure(&s, options);
	bpf_object__for_each_map (map, s.skel->obj)
		if (bpf_map__autocreate(map))
			sum += map_memory(map, cpus);
	writetrace_bpf__destroy(s.skel);
	return err ? err : (int64_t)sum;
}
