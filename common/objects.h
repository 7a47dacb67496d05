/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Programs and maps of a session by name, wherever they are: in a session of our own or pinned.
 */
#ifndef WT_OBJECTS_H
#define WT_OBJECTS_H

#include <stdint.h>
#include <stdio.h>

/* Names of maps are those in bpf/maps.bpf.h; this one holds struct wt_shared. */
#define OBJECTS_SHARED "shared"
#define OBJECTS_META   "meta"

/* Names of programs have this before them, those of links the other. */
#define OBJECTS_PROGRAM	 "prog_"
#define OBJECTS_LINK	 "link_"

#define OBJECTS_NAME_MAX 80

struct objects {
	/* Return: a descriptor for the caller to close, or -errno. */
	int (*get)(void *arg, const char *name);
	void *arg;
};

static inline int objects_get(const struct objects *objects, const char *name)
{
	return objects->get(objects->arg, name);
}

/** objects_map - a map by name, if it is of the type (enum bpf_map_type) and sizes that we reckon
 * with
 *
 * Return: a descriptor for the caller to close; -EINVAL for another one; another -errno.
 */
int objects_map(const struct objects *objects, const char *name, uint32_t type, uint32_t key_size,
		uint32_t value_size);

#endif
