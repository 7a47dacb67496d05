// SPDX-License-Identifier: GPL-2.0-only
/*
 * writetrace unpin: ends pinned sessions and removes them.
 */
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd.h"
#include "common/bpffs.h"
#include "common/buf.h"
#include "common/json.h"
#include "common/kernel.h"
#include "common/log.h"
#include "common/opts.h"
#include "common/progress.h"

struct unpin {
	struct globals *globals;
	bool all;
	const char **names;
	size_t n_names;
	bool own; /* the names are ours to free */
	struct progress *progress;
};

static int keep_name(struct unpin *u, const char *name)
{
	const char **names = reallocarray(u->names, u->n_names + 1, sizeof(*names));

	if (!names)
		return -ENOMEM;
	u->names = names;
	u->names[u->n_names++] = name;
	return 0;
}

static int add_name(void *target, const char *arg, struct buf *why)
{
	int err = keep_name(target, arg);

	if (err)
		buf_puts(why, "out of memory");
	return err ? err : cmd_check_name(arg, why);
}

static const struct opt unpin_opts[] = {
	{ "all", 'a', NULL, OPT_FLAG, offsetof(struct unpin, all), "all sessions", NULL },
	{},
};

static void unpin_spec(struct opts_spec *spec, struct opt_group groups[3], struct unpin *u)
{
	groups[0] = (struct opt_group){ "Options:", unpin_opts, u };
	groups[1] = (struct opt_group){ "General:", globals_opts, u ? u->globals : NULL };
	groups[2] = (struct opt_group){};
	*spec = (struct opts_spec){
		.command = "unpin",
		.synopsis = "NAME...\n--all",
		.about = "Ends pinned sessions, also those of other versions of writetrace, and "
			 "removes all that they have left.",
		.groups = groups,
		.argument = add_name,
		.target = u,
	};
}

static int collect_name(void *arg, const char *name)
{
	char *copy = strdup(name);
	int err = copy ? keep_name(arg, copy) : -ENOMEM;

	if (err)
		free(copy);
	return err;
}

static int unpin_print(const struct unpin *u)
{
	struct buf out = {};
	struct json json = { .out = &out, .pretty = u->globals->pretty };
	int err;

	json_begin_object(&json, NULL);
	json_begin_array(&json, "unpinned");
	for (size_t i = 0; i < u->n_names; i++)
		json_str(&json, NULL, u->names[i]);
	json_end_array(&json);
	json_end_object(&json);
	buf_putc(&out, '\n');
	err = out.err || fwrite(out.data, 1, out.len, stdout) != out.len;
	buf_free(&out);
	return err ? CMD_FAILED : CMD_DONE;
}

/* The others are removed, too, if one cannot be. */
static int remove_names(struct unpin *u, struct bpffs *fs)
{
	int status = CMD_DONE;

	for (size_t i = 0; i < u->n_names; i++) {
		struct buf why = {};
		int err;

		progress_say(u->progress, "unpinning session %s (%zu of %zu)", u->names[i], i + 1,
			     u->n_names);
		err = cmd_explain_refusal(bpffs_remove(fs, u->names[i], &why), &why);
		if (err) {
			progress_clear(u->progress);
			log_error("%s", why.len ? buf_cstr(&why) : strerror(-err));
			status = cmd_status(err);
		}
		buf_free(&why);
	}
	return status;
}

static int unpin_locked(struct unpin *u, struct bpffs *fs)
{
	int err = 0, status;

	bpffs_sweep(fs);
	if (u->all) {
		u->own = true;
		err = bpffs_each(fs, collect_name, u);
	}
	if (err) {
		struct buf why = {};

		progress_clear(u->progress);
		buf_printf(&why, "the sessions cannot be listed: %s", strerror(-err));
		err = cmd_explain_refusal(err, &why);
		log_error("%s", buf_cstr(&why));
		buf_free(&why);
		return cmd_status(err);
	}
	status = remove_names(u, fs);
	progress_end(u->progress);
	u->progress = NULL;
	if (u->globals->json && status == CMD_DONE)
		status = unpin_print(u);
	return status;
}

static int unpin_run(struct unpin *u)
{
	const char *dir = u->globals->bpffs ? u->globals->bpffs : KERNEL_BPFFS_DIR;
	struct bpffs *fs = NULL;
	struct buf why = {};
	int err, status;

	err = bpffs_open(&fs, dir, false, &why);
	if (err == -ENOENT && u->all) {
		status = u->globals->json ? unpin_print(u) : CMD_DONE;
	} else if (err == -ENOENT) {
		for (size_t i = 0; i < u->n_names; i++)
			log_error("there is no session %s", u->names[i]);
		status = CMD_FAILED;
	} else if (err) {
		log_error("%s", buf_cstr(&why));
		status = cmd_status(err);
	} else {
		u->progress = progress_start("waiting for other commands on sessions");
		err = bpffs_lock(fs, true);
		if (err)
			progress_clear(u->progress);
		if (err)
			log_error("the lock cannot be had: %s", strerror(-err));
		status = err ? CMD_FAILED : unpin_locked(u, fs);
	}
	progress_end(u->progress);
	bpffs_close(fs);
	buf_free(&why);
	return status;
}

static void unpin_free(struct unpin *u)
{
	for (size_t i = 0; u->own && i < u->n_names; i++)
		free((char *)u->names[i]);
	free(u->names);
}

static int run(int argc, char **argv, struct globals *globals)
{
	struct unpin u = { .globals = globals };
	struct opt_group groups[3];
	struct opts_spec spec;
	int status;

	unpin_spec(&spec, groups, &u);
	if (cmd_parse(&spec, argc, argv, globals, &status)) {
		if (u.all == (u.n_names > 0)) {
			log_error("%s; see writetrace help unpin",
				  u.all ? "NAME and --all exclude each other"
					: "no NAME, and no --all");
			status = CMD_USAGE;
		} else {
			status = unpin_run(&u);
		}
	}
	unpin_free(&u);
	return status;
}

static void help(void)
{
	struct opt_group groups[3];
	struct opts_spec spec;

	unpin_spec(&spec, groups, NULL);
	opts_help(&spec);
}

const struct cmd cmd_unpin = {
	.name = "unpin",
	.summary = "end pinned sessions",
	.run = run,
	.help = help,
};
