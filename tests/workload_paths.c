// SPDX-License-Identifier: GPL-2.0-only
/*
 * `ops`, under which name: deep, long, odd, linked, renamed, deleted and reused files; and `names`:
 * commands and files called by every byte there is.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "workload.h"

#define DEPTH  40
#define REUSES 20

static void write_once(struct wl_ops *ops, const char *name)
{
	int fd = wl_open(ops->dir, name, O_WRONLY | O_TRUNC);

	wl_ops_one(ops, WL_WRITE, fd, 24, 0, 24);
	wl_must(close(fd), "close");
}

/* Like the system calls, but fine if it is done already or there is nothing to do */
static void make_dir(const struct wl_ops *ops, const char *name)
{
	char *path = wl_path(ops->dir, name);

	if (mkdir(path, 0755) && errno != EEXIST)
		wl_must(-1, path);
	free(path);
}

static void remove_file(const struct wl_ops *ops, const char *name)
{
	char *path = wl_path(ops->dir, name);

	if (unlink(path) && errno != ENOENT)
		wl_must(-1, path);
	free(path);
}

static void apply(const struct wl_ops *ops, int (*call)(const char *, const char *),
		  const char *from, const char *to)
{
	char *old = wl_path(ops->dir, from), *new = wl_path(ops->dir, to);

	wl_must(call(old, new), new);
	free(old);
	free(new);
}

/* @depth directories below each other, each called by @name, and a file in the last */
static void nested(struct wl_ops *ops, const char *top, const char *name, int depth)
{
	char path[PATH_MAX];
	size_t len = snprintf(path, sizeof(path), "%s", top);

	make_dir(ops, path);
	for (int i = 1; i < depth; i++) {
		len += snprintf(path + len, sizeof(path) - len, "/%s", name);
		make_dir(ops, path);
	}
	snprintf(path + len, sizeof(path) - len, "/file");
	write_once(ops, path);
}

static void deep_and_long(struct wl_ops *ops)
{
	char name[201];

	nested(ops, "deep", "d", DEPTH);
	memset(name, 'n', 200);
	name[200] = '\0';
	nested(ops, "long", name, 6);
	memset(name, 'x', 200);
	write_once(ops, name);
}

static void odd_names(struct wl_ops *ops)
{
	static const char *const names[] = {
		"two  spaces ",
		"it's \"quoted\"",
		"back\\slash",
		"tab\there",
		"new\nline",
		"\303\244\303\266\303\274 \342\202\254 \346\274\242\345\255\227 \360\237\230\200",
		"%s%n",
		"-dash",
		"{\"json\":1}",
		"named (deleted)",
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		write_once(ops, names[i]);
}

static void symlinks(struct wl_ops *ops)
{
	char *link = wl_path(ops->dir, "link-to-dir");

	make_dir(ops, "real");
	remove_file(ops, "link-to-dir");
	wl_must(symlink("real", link), link);
	write_once(ops, "link-to-dir/file");
	free(link);

	remove_file(ops, "link-to-file");
	link = wl_path(ops->dir, "link-to-file");
	wl_must(symlink("link-to-dir/../link-to-dir/target", link), link);
	write_once(ops, "link-to-file");
	free(link);
}

static void renamed_and_linked(struct wl_ops *ops)
{
	int fd;

	remove_file(ops, "renamed");
	write_once(ops, "before");
	apply(ops, rename, "before", "renamed");
	write_once(ops, "renamed");

	remove_file(ops, "linked");
	write_once(ops, "first");
	apply(ops, link, "first", "linked");
	write_once(ops, "linked");
	write_once(ops, "first");

	/* renamed while open: the same descriptor has a new path */
	remove_file(ops, "moved");
	fd = wl_open(ops->dir, "moving", O_WRONLY | O_TRUNC);
	wl_ops_one(ops, WL_WRITE, fd, 24, 0, 24);
	apply(ops, rename, "moving", "moved");
	wl_ops_one(ops, WL_WRITE, fd, 24, 0, 24);
	wl_must(close(fd), "close");
}

static void deleted(struct wl_ops *ops)
{
	int fd = wl_open(ops->dir, "unlinked", O_RDWR | O_TRUNC);

	wl_ops_one(ops, WL_WRITE, fd, 24, 0, 24);
	remove_file(ops, "unlinked");
	wl_ops_each(ops, fd, 50, 4096);
	wl_must(close(fd), "close");

	fd = wl_open(ops->dir, "never seen", O_RDWR | O_TRUNC);
	remove_file(ops, "never seen");
	wl_ops_one(ops, WL_WRITE, fd, 24, 0, 24);
	wl_must(close(fd), "close");

	/* deleted under this name, alive under another */
	remove_file(ops, "other name");
	fd = wl_open(ops->dir, "one name", O_RDWR | O_TRUNC);
	apply(ops, link, "one name", "other name");
	remove_file(ops, "one name");
	wl_ops_one(ops, WL_WRITE, fd, 24, 0, 24);
	wl_must(close(fd), "close");
}

/* The file system hands out the same inode again and again. */
static void reused(struct wl_ops *ops)
{
	char name[16];

	for (int i = 0; i < REUSES; i++) {
		snprintf(name, sizeof(name), "reuse%d", i);
		remove_file(ops, name);
		write_once(ops, name);
		remove_file(ops, name);
	}
	write_once(ops, "reuse-last");
	remove_file(ops, "reuse-last");
}

void wl_ops_paths(struct wl_ops *ops)
{
	deep_and_long(ops);
	odd_names(ops);
	symlinks(ops);
	renamed_and_linked(ops);
	deleted(ops);
	reused(ops);
}

/* Every byte but 0 and '/' is in one of these names, @len bytes of them each. */
static int next_name(int byte, char *name, int len)
{
	int n = 0;

	for (; n < len && byte < 256; byte++)
		if (byte != '/')
			name[n++] = byte;
	name[n] = '\0';
	return byte;
}

/* Whole files of all bytes under names of all bytes; then one write under each hostile name */
static void write_names(const char *dir, struct wl_expect *expect, const char *data)
{
	static const char *const comms[] = {
		"\033[31mred\033[0m",
		"\033]0;title\007",
		"a\nb\r\nc",
		"\xff\xfe\xc3(bad",
		"\xe2\x80\xae"
		"evil",
		"\xc2\x9b"
		"2J",
		"\xc3",
		"cut 14 bytes \xe2\x82\xac",
		"\xed\xa0\x80\xed\xbf",
		"\xf0\x9f\x98\x80",
		"tab\tbs\b\x7f",
		"\"\\quote\\\"'",
		"\xe2\x81\xa6"
		"iso\xe2\x81\xa9",
		"",
		"\xc0\xaf\xf5\x80",
		"\x01\x02\x03",
	};
	static const int lengths[] = { 200, 64, 17, 3, 1 };
	struct wl_event *ev = calloc(1, sizeof(*ev));
	unsigned int seq = 0;
	char name[256];

	if (!ev)
		wl_die("out of memory");
	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		for (int byte = 1; byte < 256; seq++) {
			const char *comm = comms[seq % (sizeof(comms) / sizeof(comms[0]))];
			int fd;

			/* "." and ".." are taken */
			byte = next_name(byte, name, lengths[i]);
			if (!strcmp(name, "."))
				continue;
			wl_must(prctl(PR_SET_NAME, comm), "PR_SET_NAME");
			fd = wl_open(dir, name, O_WRONLY | O_TRUNC);
			wl_event_run_full(ev, seq % WL_OPS, fd, data, 256, 0);
			wl_expect_add(expect, ev);
			wl_must(close(fd), "close");
		}
	}
	free(ev);
}

bool wl_cmd_names(int argc, char **argv)
{
	static const struct option options[] = { { "data", required_argument, NULL, 'd' }, { 0 } };
	struct wl_expect *expect;
	size_t data_max = 0;
	char data[256];
	int c;

	while ((c = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (c != 'd')
			return false;
		data_max = wl_number(optarg, "--data");
	}
	if (argc - optind != 2)
		return false;
	for (int i = 0; i < 256; i++)
		data[i] = i;
	expect = wl_expect_open(argv[optind + 1], data_max, true);
	write_names(argv[optind], expect, data);
	wl_expect_close(expect);
	return true;
}
