// SPDX-License-Identifier: GPL-2.0-only
#include "pinned.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <bpf/bpf.h>

#include "bpffs.h"
#include "buf.h"
#include "meta.h"
#include "tally.h"

/* Another layout's description may be of any size, but of none that is absurd. */
#define META_SIZE_MAX (1 << 20)

static int get_object(void *arg, const char *name)
{
	return bpffs_get(arg, name);
}

struct objects pinned_objects(struct pinned *pinned)
{
	return (struct objects){ .get = get_object, .arg = pinned->dir };
}

static int read_meta(struct pinned *p, int fd, struct buf *why)
{
	struct bpf_map_info info = {};
	__u32 len = sizeof(info), zero = 0;
	char *value;
	int err = 0;

	if (bpf_obj_get_info_by_fd(fd, &info, &len))
		return -errno;
	if (info.type != BPF_MAP_TYPE_ARRAY || info.value_size > META_SIZE_MAX)
		return -EBADMSG;
	value = calloc(1, info.value_size + sizeof(p->meta));
	if (!value)
		return -ENOMEM;
	if (bpf_map_lookup_elem(fd, &zero, value))
		err = -errno;
	memcpy(&p->meta, value, sizeof(p->meta));
	free(value);
	return err ? err : meta_check(&p->meta, info.value_size, why);
}

int pinned_open(struct pinned *p, struct bpffs *fs, const char *name, struct buf *why)
{
	struct objects objects;
	size_t said = why->len;
	int err, fd;

	*p = (struct pinned){};
	err = bpffs_open_session(fs, name, &p->dir, why);
	if (err)
		return err;
	fd = bpffs_get(p->dir, OBJECTS_META);
	err = fd < 0 ? fd : read_meta(p, fd, why);
	if (fd >= 0)
		close(fd);
	objects = pinned_objects(p);
	if (!err)
		err = tally_open(&p->source, &objects, &p->meta);
	if (err && why->len == said)
		buf_printf(why, "session %s cannot be read: %s", name, strerror(-err));
	return err;
}

void pinned_close(struct pinned *p)
{
	tally_close(p->source);
	bpffs_close_session(p->dir);
	*p = (struct pinned){};
}

int pinned_tally(struct pinned *p, struct tally *tally)
{
	int err = bpffs_session_lock(p->dir);

	*tally = (struct tally){};
	if (err)
		return err;
	err = tally_read(tally, p->source);
	bpffs_session_unlock(p->dir);
	return err;
}
