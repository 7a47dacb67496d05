/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Publishes, opens, lists and removes pinned sessions, and refuses what is not ours.
 *
 * Sessions are directories DIR/writetrace/NAME, flat, each with the programs, links and maps of one
 * session. Whoever makes or removes one holds the directory's lock (flock) exclusively; whoever
 * opens one holds it shared. Names that begin with "stage_" or "trash_" and a session that was
 * never enabled are remains of somebody who was killed. Links in the file system are never
 * followed; a directory that is not root's alone is refused. Source of what bpffs can do:
 * shared/KERNEL.md, Pins.
 *
 * A session counts as enabled by struct wt_shared.enabled in its map "shared". It is set after
 * bpffs_publish() and before bpffs_stage_end(), under the same lock. Until it is, the session is
 * not there for others; and if we are killed then, what it replaced comes back.
 */
#ifndef WT_BPFFS_H
#define WT_BPFFS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct buf;

struct bpffs;

/** bpffs_name_ok - [A-Za-z0-9_-]{1,64}, and not a name that we keep for ourselves */
bool bpffs_name_ok(const char *name);

/** bpffs_open - DIR/writetrace, checked
 *
 * With @create it is made if it is missing, and a BPF file system is mounted at the usual place if
 * there is none (only there, only on an empty directory).
 * Return: 0; -ENOENT if there is none (not @create); -EOPNOTSUPP if the kernel or our privileges do
 * not allow it; -ENODEV if @dir is not a BPF file system (other than the usual place, which just
 * holds no sessions then); -EINVAL if it is not root's alone; another -errno; with the reason in
 * @why.
 */
int bpffs_open(struct bpffs **fs, const char *dir, bool create, struct buf *why);
void bpffs_close(struct bpffs *fs);

/** bpffs_lock - hold the lock until bpffs_unlock(), exclusively or shared; waits
 *
 * A process forked meanwhile holds it, too, if we die before it does.
 */
int bpffs_lock(struct bpffs *fs, bool exclusive);
void bpffs_unlock(struct bpffs *fs);

/** bpffs_sweep - remove remains; the exclusive lock is held */
void bpffs_sweep(struct bpffs *fs);

/** bpffs_sweep_if_needed - the same where there are any and nobody else is at work; no lock is held
 */
void bpffs_sweep_if_needed(struct bpffs *fs);

struct bpffs_stage;

/** bpffs_stage - a directory to pin into, with a name of its own; the exclusive lock is held */
int bpffs_stage(struct bpffs *fs, struct bpffs_stage **stage, struct buf *why);

/** bpffs_pin - pin a program, link or map there */
int bpffs_pin(struct bpffs_stage *stage, const char *name, int fd, struct buf *why);

/** bpffs_publish - give it its name in one step
 *
 * With @replace an existing session of that name is exchanged; what was replaced is removed by
 * bpffs_stage_end().
 * Return: 0; -EEXIST if the name is taken (not @replace); -EINVAL if it is taken by what is not a
 * session, or cannot be a name; another -errno; with the reason in @why.
 */
int bpffs_publish(struct bpffs_stage *stage, const char *name, bool replace, struct buf *why);

/** bpffs_stage_end - forget it; what was not published, or was replaced, is removed
 *
 * Waits as bpffs_remove() does for what was replaced. The exclusive lock is held.
 */
void bpffs_stage_end(struct bpffs_stage *stage);

/** bpffs_each - call @fn with the name of each session, in order of names; a lock is held
 *
 * Directories that hold no meta map of ours are left out, and sessions that were never enabled.
 * Return: 0; what @fn returned first, if not 0; or -errno if something could not be read.
 */
int bpffs_each(struct bpffs *fs, int (*fn)(void *arg, const char *name), void *arg);

struct bpffs_dir;

/** bpffs_open_session - the directory of session @name; a lock is held
 *
 * Return: 0; -ENOENT if there is none; -EINVAL if it is none of ours; another -errno; with the
 * reason in @why.
 */
int bpffs_open_session(struct bpffs *fs, const char *name, struct bpffs_dir **dir, struct buf *why);
void bpffs_close_session(struct bpffs_dir *dir);

/** bpffs_get - a descriptor of what is pinned there as @name
 *
 * Return: a descriptor, or -errno (-ENOENT: nothing of that name; -ELOOP: a symbolic link; -EINVAL:
 * something else that is not pinned).
 */
int bpffs_get(const struct bpffs_dir *dir, const char *name);

/** bpffs_session_lock - serialize readers that take a moment of a session; waits
 *
 * Return: 0 or -errno.
 */
int bpffs_session_lock(const struct bpffs_dir *dir);
void bpffs_session_unlock(const struct bpffs_dir *dir);

/** bpffs_remove - remove session @name, of whatever version; the exclusive lock is held
 *
 * Its programs count nothing from the first step on. Waits until its links and programs are gone,
 * at most 10 s: others may hold them.
 * Return: 0; -ENOENT; -EINVAL if it is none of ours; another -errno; with the reason in @why.
 */
int bpffs_remove(struct bpffs *fs, const char *name, struct buf *why);

/** bpffs_has_any - a cheap look whether DIR/writetrace exists at all; nothing is reported */
bool bpffs_has_any(const char *dir);

#endif
