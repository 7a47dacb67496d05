// SPDX-License-Identifier: GPL-2.0-only
/*
 * writetrace dump: shows what a pinned session has seen. It changes nothing.
 */
#include "dump.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd.h"
#include "common/bpffs.h"
#include "common/buf.h"
#include "common/kernel.h"
#include "common/log.h"
#include "common/opts.h"
#include "common/output.h"
#include "common/progress.h"
#include "common/tally.h"
#include "common/units.h"
#include "pause.h"
#include "report_view.h"

static int set_name(void *target, const char *arg, struct buf *why)
{
	struct dump *d = target;

	if (d->name) {
		buf_printf(why, "unexpected argument '%s'", arg);
		return -EINVAL;
	}
	d->name = arg;
	return cmd_check_name(arg, why);
}

static int set_events(void *target, const char *arg, struct buf *why)
{
	struct dump *d = target;

	d->has_events = true;
	d->events = UINT64_MAX;
	if (!arg || !units_parse_u64(arg, UINT64_MAX, &d->events))
		return 0;
	buf_printf(why, "'%s' is not a number", arg);
	return -EINVAL;
}

static int set_sort(void *target, const char *arg, struct buf *why)
{
	struct dump *d = target;

	d->has_sort = true;
	return report_parse_sort(arg, &d->sort, why);
}

static int set_limit(void *target, const char *arg, struct buf *why)
{
	struct dump *d = target;

	d->has_limit = true;
	if (!units_parse_u64(arg, UINT64_MAX, &d->limit))
		return 0;
	buf_printf(why, "'%s' is not a number", arg);
	return -EINVAL;
}

#define AT(member) offsetof(struct dump, member)

static const struct opt dump_opts[] = {
	{ "list", 'l', NULL, OPT_FLAG, AT(list), "the sessions there are", NULL },
	{ "events", 600, "N", OPT_MAYBE, 0,
	  "the newest N events of the flight recorder (all it has, without N), oldest first",
	  set_events },
	{ "follow", 'F', NULL, OPT_FLAG, AT(follow), "with --events: go on as new ones come",
	  NULL },
	{ "interval", 601, "TIME", OPT_PERIOD, AT(interval_ns),
	  "print what came since the last time, every TIME", NULL },
	{ "sort", 602, "KEY", OPT_CALL, 0, "bytes (the default), calls, errors or latency",
	  set_sort, report_sort_choice },
	{ "limit", 603, "N", OPT_CALL, 0,
	  "how many rows to show; 0 for all (default 20, all with --json)", set_limit },
	{},
};

static void dump_spec(struct opts_spec *spec, struct opt_group groups[3], struct dump *d)
{
	groups[0] = (struct opt_group){ "Options:", dump_opts, d };
	groups[1] = (struct opt_group){ "General:", globals_opts, d ? d->globals : NULL };
	groups[2] = (struct opt_group){};
	*spec = (struct opts_spec){
		.command = "dump",
		.synopsis = "[NAME]",
		.about =
			"Shows what a pinned session has seen: totals with histograms, and the top "
			"rows. NAME may be left out where there is only one. Changes nothing.",
		.groups = groups,
		.argument = set_name,
		.target = d,
	};
}

int dump_put(struct buf *out, struct buf *why)
{
	static struct output output = { .fd = -1 };
	int err = 0;

	if (output.fd < 0)
		err = output_stdout(&output, why);
	/* whoever waits for a reader that stalls can be told to end */
	while (!err && (out->len || out->err)) {
		err = output_write(&output, out);
		if (err == -EAGAIN)
			err = pause_until_writable() ? 0 : -EINTR;
	}
	buf_reset(out);
	if (err == -EPIPE)
		cmd_die_of_closed_output(); /* where SIGPIPE was ignored */
	if (err && !why->len)
		buf_printf(why, "standard output: %s",
			   err == -EINTR ? "told to end before all was written" : strerror(-err));
	return err;
}

void dump_ready(struct dump *d)
{
	progress_end(d->progress);
	d->progress = NULL;
}

struct report_options dump_view(const struct dump *d)
{
	struct report_options view = report_view(d->globals, STDOUT_FILENO, d->terminal);

	view.sort = d->sort;
	view.heat = d->terminal ? &d->heat : NULL;
	if (d->has_limit)
		view.limit = d->limit;
	return view;
}

static int print_report(struct dump *d, const struct tally *tally, struct buf *why)
{
	struct report_options view = dump_view(d);
	struct buf out = {};
	int err = report_print(&out, &d->pinned.meta, tally, &view);

	dump_ready(d);
	if (!err)
		err = dump_put(&out, why);
	buf_free(&out);
	return err;
}

static int dump_once(struct dump *d, struct buf *why)
{
	struct tally tally;
	int err = pinned_tally(&d->pinned, &tally);

	if (!err)
		err = print_report(d, &tally, why);
	tally_free(&tally);
	return err;
}

/* One more report: what came since @before, which becomes what there is now. */
static int dump_difference(struct dump *d, struct tally *before, struct buf *why)
{
	struct tally now, difference;
	int err = pinned_tally(&d->pinned, &now);

	if (err) {
		tally_free(&now);
		return err;
	}
	err = tally_difference(&difference, &now, before);
	if (!err) {
		heat_add(&d->heat, &difference);
		err = print_report(d, &difference, why);
	}
	tally_free(&difference);
	tally_free(before);
	*before = now;
	return err;
}

#define LOOK_NS 100000000

/* Waits for the time, in short steps: an unpin waits for us to let go of what we hold open.
 * Return: false if a signal came. */
static bool wait_interval(const struct dump *d, int fd, bool *enabled)
{
	uint64_t left = d->interval_ns;

	while (left) {
		uint64_t step = left < LOOK_NS ? left : LOOK_NS;

		if (!pause_for(fd, step))
			return false;
		left -= step;
		*enabled = tally_enabled(d->pinned.source);
		if (!*enabled)
			break;
	}
	return true;
}

/* The first report is of all there was, as iostat's is, and no slice of time like the others. Ends
 * with the session. */
static int dump_interval(struct dump *d, struct buf *why)
{
	struct tally before;
	bool enabled = true;
	int fd = pause_open(), err = fd < 0 ? fd : pinned_tally(&d->pinned, &before);

	if (fd < 0)
		return err;
	d->heat.fractions = d->interval_ns % UNITS_NS_PER_S;
	if (!err)
		err = print_report(d, &before, why);
	while (enabled && !err && wait_interval(d, fd, &enabled))
		err = dump_difference(d, &before, why);
	tally_free(&before);
	close(fd);
	return err;
}

struct only {
	struct buf names;
	char *name;
	size_t n;
};

static int count_name(void *arg, const char *name)
{
	struct only *only = arg;

	buf_printf(&only->names, "%s%s", only->n++ ? ", " : "", name);
	free(only->name);
	only->name = strdup(name);
	return only->name ? 0 : -ENOMEM;
}

/* The session that is meant. @name is to be freed. */
static int choose(struct dump *d, struct bpffs *fs, char **name, struct buf *why)
{
	struct only only = {};
	int err = 0;

	if (d->name)
		only.name = strdup(d->name);
	else
		err = bpffs_each(fs, count_name, &only);
	if (!err && d->name && !only.name)
		err = -ENOMEM;
	if (!err && !d->name && !only.n) {
		buf_puts(why, "there is no session; `writetrace pin' makes one");
		err = -ENOENT;
	} else if (!err && !d->name && only.n > 1) {
		buf_printf(why, "there are several sessions, name one: %s", buf_cstr(&only.names));
		err = -EINVAL;
	}
	buf_free(&only.names);
	if (err)
		free(only.name);
	else
		*name = only.name;
	return err;
}

static int dump_open(struct dump *d, struct bpffs *fs, struct buf *why)
{
	char *name = NULL;
	int err = choose(d, fs, &name, why);

	if (!err)
		err = pinned_open(&d->pinned, fs, name, why);
	free(name);
	return err;
}

static int dump_session(struct dump *d, struct buf *why)
{
	int err;

	if (d->has_events || d->follow)
		return dump_events(d, why);
	err = d->interval_ns ? dump_interval(d, why) : dump_once(d, why);
	if (err && !why->len)
		buf_printf(why, "session %s cannot be read: %s", d->pinned.meta.name,
			   strerror(-err));
	return err;
}

static int dump_run(struct dump *d, struct buf *why)
{
	const char *dir = d->globals->bpffs ? d->globals->bpffs : KERNEL_BPFFS_DIR;
	struct bpffs *fs = NULL;
	int err = bpffs_open(&fs, dir, false, why);

	if (err == -ENOENT && d->list) {
		buf_reset(why);
		return dump_list(d, NULL, why);
	}
	if (err == -ENOENT) {
		buf_reset(why);
		buf_printf(why, "there is no session%s%s; `writetrace pin' makes one",
			   d->name ? " " : "", d->name ? d->name : "");
	}
	if (err)
		return err;
	bpffs_sweep_if_needed(fs);
	err = bpffs_lock(fs, false);
	if (err)
		buf_printf(why, "the lock cannot be had: %s", strerror(-err));
	else
		err = d->list ? dump_list(d, fs, why) : dump_open(d, fs, why);
	bpffs_close(fs);
	return err || d->list ? err : dump_session(d, why);
}

static int check_options(const struct dump *d, struct buf *why)
{
	const int modes = d->list + (d->has_events || d->follow) + (d->interval_ns > 0);

	if (modes > 1)
		buf_puts(why, "--list, --events and --interval exclude one another");
	else if (d->follow && !d->has_events)
		buf_puts(why, "--follow goes with --events");
	else if (d->list && d->name)
		buf_puts(why, "--list takes no NAME");
	else if ((d->list || d->has_events) && (d->has_sort || d->has_limit))
		buf_printf(why, "--%s shows no rows, so --%s has no use",
			   d->list ? "list" : "events", d->has_sort ? "sort" : "limit");
	return why->len ? -EINVAL : 0;
}

static int run(int argc, char **argv, struct globals *globals)
{
	struct dump d = { .globals = globals, .terminal = isatty(STDOUT_FILENO) };
	struct opt_group groups[3];
	struct opts_spec spec;
	struct buf why = {};
	int status, err;

	dump_spec(&spec, groups, &d);
	if (!cmd_parse(&spec, argc, argv, globals, &status))
		return status;
	if (check_options(&d, &why)) {
		log_error("%s; see writetrace help dump", buf_cstr(&why));
		status = CMD_USAGE;
	} else {
		d.progress = progress_start("reading sessions");
		err = cmd_explain_refusal(dump_run(&d, &why), &why);
		dump_ready(&d);
		if (err)
			log_error("%s", why.len ? buf_cstr(&why) : strerror(-err));
		status = err ? cmd_status(err) : CMD_DONE;
	}
	pinned_close(&d.pinned);
	buf_free(&why);
	return status;
}

static void help(void)
{
	struct opt_group groups[3];
	struct opts_spec spec;

	dump_spec(&spec, groups, NULL);
	opts_help(&spec);
}

const struct cmd cmd_dump = {
	.name = "dump",
	.summary = "show what a pinned session has seen",
	.run = run,
	.help = help,
};
