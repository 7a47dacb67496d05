// SPDX-License-Identifier: GPL-2.0-only
/*
 * writetrace pin: leaves a session behind that goes on without us.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <linux/types.h>

#include "bpf/writetrace.h"
#include "cmd.h"
#include "common/bpffs.h"
#include "common/buf.h"
#include "common/filter.h"
#include "common/json.h"
#include "common/kernel.h"
#include "common/log.h"
#include "common/opts.h"
#include "common/progress.h"
#include "common/session.h"
#include "common/units.h"
#include "filter_opts.h"
#include "session_opts.h"

#define EVENTS_DEFAULT 16384

struct pin {
	struct globals *globals;
	struct session_opts session_options;
	struct filter filter;
	const char *name;
	uint64_t rows;
	uint64_t events;
	bool replace;
	struct session *session;
	struct bpffs *fs;
};

static int set_name(void *target, const char *arg, struct buf *why)
{
	struct pin *p = target;

	if (p->name) {
		buf_printf(why, "unexpected argument '%s'", arg);
		return -EINVAL;
	}
	p->name = arg;
	return cmd_check_name(arg, why);
}

static int set_number(const char *arg, uint64_t least, uint64_t most, uint64_t *to, struct buf *why)
{
	uint64_t n;

	if (units_parse_u64(arg, most, &n) || n < least) {
		buf_printf(why, "'%s' is not a number from %llu to %llu", arg,
			   (unsigned long long)least, (unsigned long long)most);
		return -EINVAL;
	}
	*to = n;
	return 0;
}

static int set_rows(void *target, const char *arg, struct buf *why)
{
	return set_number(arg, 1, WT_ROWS_MAX, &((struct pin *)target)->rows, why);
}

static int set_events(void *target, const char *arg, struct buf *why)
{
	return set_number(arg, 0, WT_EVENTS_MAX, &((struct pin *)target)->events, why);
}

#define AT(member) offsetof(struct pin, member)

static const struct opt pin_opts[] = {
	{ "rows", 500, "N", OPT_CALL, 0,
	  "how many rows there may be; what no longer fits is added to one, `other' (default "
	  "10240)",
	  set_rows },
	{ "events", 501, "N", OPT_CALL, 0,
	  "the flight recorder keeps the newest N events; 0 turns it off (default 16384)",
	  set_events },
	{ "replace", 502, NULL, OPT_FLAG, AT(replace),
	  "replace a session of that name, in one step", NULL },
	{},
};

static void pin_spec(struct opts_spec *spec, struct opt_group groups[5], struct pin *p)
{
	groups[0] = (struct opt_group){ "Filters (values of one option are alternatives, different "
					"options must all hold):",
					filter_opts, p ? &p->filter : NULL };
	groups[1] = (struct opt_group){ "Session:", session_opts, p ? &p->session_options : NULL };
	groups[2] = (struct opt_group){ "", pin_opts, p };
	groups[3] = (struct opt_group){ "General:", globals_opts, p ? p->globals : NULL };
	groups[4] = (struct opt_group){};
	*spec = (struct opts_spec){
		.command = "pin",
		.synopsis = "[NAME]",
		.about = "Leaves a session behind, pinned below /sys/fs/bpf/writetrace/NAME, that "
			 "goes on until `writetrace unpin NAME'. `writetrace dump NAME' shows what "
			 "it has seen. NAME is `default' if left out.",
		.groups = groups,
		.argument = set_name,
		.target = p,
	};
}

static int pin_object(void *arg, const char *name, int fd)
{
	struct {
		struct bpffs_stage *stage;
		struct buf *why;
	} *to = arg;

	return bpffs_pin(to->stage, name, fd, to->why);
}

/* The lock is held: from the first pin to the moment when the session counts nobody sees it. */
static int pin_publish(struct pin *p, struct buf *why)
{
	struct bpffs_stage *stage = NULL;
	int err;

	bpffs_sweep(p->fs);
	err = bpffs_stage(p->fs, &stage, why);
	if (!err) {
		struct {
			struct bpffs_stage *stage;
			struct buf *why;
		} to = { stage, why };

		err = session_seal(p->session);
		if (err)
			buf_printf(why, "the session's description cannot be stored: %s",
				   strerror(-err));
		else
			err = session_each_object(p->session, pin_object, &to);
	}
	if (!err)
		err = bpffs_publish(stage, p->name, p->replace, why);
	if (!err)
		session_enable(p->session);
	bpffs_stage_end(stage);
	return err;
}

/* Said before the programs are loaded, which takes time. */
static int pin_check_name(struct pin *p, struct buf *why)
{
	struct bpffs_dir *dir = NULL;
	struct buf none = {};
	int err;

	if (p->replace)
		return 0;
	err = bpffs_lock(p->fs, true);
	if (err)
		return err;
	bpffs_sweep(p->fs);
	if (!bpffs_open_session(p->fs, p->name, &dir, &none)) {
		buf_printf(why, "session %s exists; --replace replaces it", p->name);
		err = -EEXIST;
	}
	bpffs_close_session(dir);
	bpffs_unlock(p->fs);
	buf_free(&none);
	return err;
}

/* Return: 0 or -errno.
 *
 * web /sys/fs/bpf/writetrace/web   or   {"name":"web","path":"…","memory_bytes":6291456} */
static int pin_print(const struct pin *p, const char *dir, int64_t memory)
{
	struct buf out = {}, path = {};
	struct json json = { .out = &out, .pretty = p->globals->pretty };
	int err;

	buf_printf(&path, "%s/writetrace/%s", dir, p->name);
	if (p->globals->json) {
		json_begin_object(&json, NULL);
		json_str(&json, "name", p->name);
		json_bytes(&json, "path", path.data, path.len);
		if (memory < 0)
			json_null(&json, "memory_bytes");
		else
			json_u64(&json, "memory_bytes", memory);
		json_end_object(&json);
		buf_putc(&out, '\n');
	} else {
		buf_printf(&out, "%s %s\n", p->name, buf_cstr(&path));
	}
	err = out.err;
	if (!err && (fwrite(out.data, 1, out.len, stdout) != out.len || fflush(stdout)))
		err = -errno;
	buf_free(&out);
	buf_free(&path);
	return err;
}

static void pin_note(const struct pin *p, int64_t memory)
{
	const struct wt_meta *m = session_meta(p->session);
	struct buf size = {}, recorder = {};

	if (m->events)
		buf_printf(&recorder, "the newest %u events%s", m->events,
			   m->lanes > 1 ? " of each CPU" : "");
	else
		buf_puts(&recorder, "no flight recorder");
	if (memory < 0)
		buf_puts(&size, "an unknown amount");
	else
		units_size(&size, memory);
	log_note("backend %s, at most %u rows, %s; %s of kernel memory", backend_name(m->backend),
		 m->rows, buf_cstr(&recorder), buf_cstr(&size));
	buf_free(&size);
	buf_free(&recorder);
}

static int pin_publish_locked(struct pin *p, struct buf *why)
{
	int err = pin_publish(p, why);

	bpffs_unlock(p->fs);
	return err;
}

/* Says what there is now. */
static int pin_report(const struct pin *p, const struct session_options *o, const char *dir,
		      struct buf *why)
{
	const struct wt_meta *m = session_meta(p->session);
	int64_t memory =
		session_memory(o, m->cpus, m->copies > 1, session_storage_refuses(p->session));
	int err;

	cmd_note_holes(p->session);
	pin_note(p, memory);
	err = pin_print(p, dir, memory);
	if (err)
		buf_printf(why, "standard output: %s; session %s goes on", strerror(-err), p->name);
	return err;
}

/*
 * A signal would leave remains, which the next command would remove, and before all is said a
 * session that goes on leaving out whoever has our number later.
 */
static int pin_without_signals(struct pin *p, const struct session_options *o, const char *dir,
			       struct progress *progress, struct buf *why)
{
	sigset_t all, before;
	int err = bpffs_lock(p->fs, true);

	if (err) {
		buf_printf(why, "the lock cannot be had: %s", strerror(-err));
		progress_end(progress);
		return err;
	}
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &before);
	err = pin_publish_locked(p, why);
	progress_end(progress);
	if (!err) {
		err = pin_report(p, o, dir, why);
		session_forget_us(p->session);
	}
	sigprocmask(SIG_SETMASK, &before, NULL);
	return err;
}

static int pin_run(struct pin *p, struct buf *why)
{
	const char *dir = p->globals->bpffs ? p->globals->bpffs : KERNEL_BPFFS_DIR;
	const struct session_options o = {
		.filter = &p->filter,
		.backend = p->session_options.backend,
		.name = p->name,
		.tally = true,
		.by = p->session_options.by,
		.rows = p->rows,
		.events = p->events,
		.no_latency = p->session_options.no_latency,
		.trace_pipe = p->session_options.trace_pipe,
	};
	struct progress *progress = progress_start("pinning session %s", p->name);
	int err = filter_resolve(&p->filter, why);

	if (!err)
		err = bpffs_open(&p->fs, dir, true, why);
	if (!err)
		err = pin_check_name(p, why);
	if (!err)
		err = session_open(&p->session, &o, why);
	if (!err)
		return pin_without_signals(p, &o, dir, progress, why);
	progress_end(progress);
	return err;
}

static int run(int argc, char **argv, struct globals *globals)
{
	struct pin p = { .globals = globals,
			 .session_options = { .backend = BACKEND_AUTO },
			 .rows = SESSION_ROWS,
			 .events = EVENTS_DEFAULT };
	struct opt_group groups[5];
	struct opts_spec spec;
	struct buf why = {};
	int status, err;

	pin_spec(&spec, groups, &p);
	if (!cmd_parse(&spec, argc, argv, globals, &status)) {
		filter_free(&p.filter);
		return status;
	}
	if (!p.name)
		p.name = "default";
	if (!p.session_options.by)
		p.session_options.by = session_opts_by;
	err = session_opts_check(&p.session_options, &p.filter, &why);
	status = CMD_USAGE;
	if (!err) {
		err = pin_run(&p, &why);
		status = err ? cmd_status(err) : CMD_DONE;
	}
	if (err)
		log_error("%s", why.len ? buf_cstr(&why) : strerror(-err));
	buf_free(&why);
	session_close(p.session);
	bpffs_close(p.fs);
	filter_free(&p.filter);
	return status;
}

static void help(void)
{
	struct opt_group groups[5];
	struct opts_spec spec;

	pin_spec(&spec, groups, NULL);
	opts_help(&spec);
}

const struct cmd cmd_pin = {
	.name = "pin",
	.summary = "trace on after the command has ended",
	.run = run,
	.help = help,
};
