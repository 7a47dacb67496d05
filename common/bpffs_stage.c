// SPDX-License-Identifier: GPL-2.0-only
/*
 * Making a session: pinned in a directory that nobody looks into, then named in one step.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <linux/types.h>

#include <bpf/bpf.h>

#include "bpffs_internal.h"
#include "buf.h"

struct bpffs_stage {
	struct bpffs *fs;
	int fd;
	char name[BPFFS_RESERVED_LEN]; /* of what bpffs_stage_end() removes, or "" */
	bool published;
};

int bpffs_stage(struct bpffs *fs, struct bpffs_stage **stage, struct buf *why)
{
	struct bpffs_stage *s = calloc(1, sizeof(*s));
	int err = s ? bpffs_reserve(BPFFS_STAGE, s->name) : -ENOMEM;

	*stage = NULL;
	if (err) {
		buf_puts(why, strerror(-err));
		free(s);
		return err;
	}
	s->fs = fs;
	s->fd = bpffs_make_dir(fs->fd, s->name, fs->path, why);
	if (s->fd < 0) {
		err = s->fd;
		if (err == -EEXIST)
			buf_printf(why, "%s/%s: %s", fs->path, s->name, strerror(-err));
		free(s);
		return err;
	}
	*stage = s;
	return 0;
}

int bpffs_pin(struct bpffs_stage *stage, const char *name, int fd, struct buf *why)
{
	char path[PATH_MAX];
	int err;

	if (strchr(name, '/') || snprintf(path, sizeof(path), "/proc/self/fd/%d/%s", stage->fd,
					  name) >= (int)sizeof(path))
		err = -EINVAL;
	else
		err = bpf_obj_pin(fd, path);
	if (!err)
		return 0;
	buf_printf(why, "%s cannot be pinned: %s", name, strerror(-err));
	if (err != -EINVAL)
		return err;
	buf_printf(why,
		   " (%sSELinux refuses all pins on some kernels; writetrace trace works "
		   "without)",
		   bpffs_type(fd) == BPFFS_LINK
			   ? "kernels before 5.15 cannot pin links of tracepoints; "
			   : "");
	return -EOPNOTSUPP;
}

static int rename_in(const struct bpffs *fs, const char *from, const char *to, unsigned int flags)
{
	return renameat2(fs->fd, from, fs->fd, to, flags) ? -errno : 0;
}

/*
 * Exchanging came to bpffs after 5.10. Without, the name is free for a moment, which nobody sees
 * who respects the lock; and if we are killed in it, bpffs_sweep() undoes the first step.
 */
static int replace_in_steps(struct bpffs_stage *stage, const char *name)
{
	char aside[BPFFS_RESERVED_LEN];
	int err;

	err = bpffs_reserve(BPFFS_STAGE, aside);
	if (!err)
		err = rename_in(stage->fs, name, aside, RENAME_NOREPLACE);
	if (err)
		return err;
	err = rename_in(stage->fs, stage->name, name, RENAME_NOREPLACE);
	if (err)
		rename_in(stage->fs, aside, name, RENAME_NOREPLACE);
	else
		memcpy(stage->name, aside, sizeof(aside));
	return err;
}

static int replace(struct bpffs_stage *stage, const char *name)
{
	int err = rename_in(stage->fs, stage->name, name, RENAME_EXCHANGE);

	return err == -EINVAL ? replace_in_steps(stage, name) : err;
}

static int put_new(struct bpffs_stage *stage, const char *name)
{
	int err = rename_in(stage->fs, stage->name, name, RENAME_NOREPLACE);

	if (!err)
		stage->name[0] = '\0';
	return err;
}

int bpffs_publish(struct bpffs_stage *stage, const char *name, bool replacing, struct buf *why)
{
	const struct bpffs *fs = stage->fs;
	int state, err;

	if (!bpffs_name_ok(name)) {
		buf_printf(why, "'%s' cannot be the name of a session", name);
		return -EINVAL;
	}
	state = bpffs_state_of(fs, name);
	if (state == BPFFS_FOREIGN) {
		buf_printf(why, "%s/%s is not a session of writetrace; it is left alone", fs->path,
			   name);
		return -EINVAL;
	}
	if (state == -ENOENT)
		err = put_new(stage, name);
	else if (state < 0)
		err = state;
	else if (replacing || state == BPFFS_UNUSED)
		err = replace(stage, name);
	else
		err = -EEXIST;
	if (!err)
		stage->published = true;
	else if (err == -EEXIST)
		buf_printf(why, "session %s exists; --replace replaces it", name);
	else
		buf_printf(why, "%s/%s cannot be published: %s", fs->path, name, strerror(-err));
	return err;
}

/* Of a session that was not published, our own process holds links and programs yet. */
void bpffs_stage_end(struct bpffs_stage *stage)
{
	if (!stage)
		return;
	close(stage->fd);
	if (*stage->name)
		bpffs_discard(stage->fs, stage->name, stage->published, NULL);
	free(stage);
}
