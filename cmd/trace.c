// SPDX-License-Identifier: GPL-2.0-only
/*
 * writetrace trace: streams one line for each finished operation.
 */
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <linux/types.h>

#include "bpf/writetrace.h"
#include "cmd.h"
#include "common/buf.h"
#include "common/child.h"
#include "common/filter.h"
#include "common/proc.h"
#include "common/lines.h"
#include "common/log.h"
#include "common/opts.h"
#include "common/output.h"
#include "common/print.h"
#include "common/progress.h"
#include "common/session.h"
#include "common/stream.h"
#include "common/terminal.h"
#include "filter_opts.h"
#include "session_opts.h"
#include "summary.h"
#include "trace_opts.h"
#include "trace_top.h"

#define RING_DEFAULT (8 << 20)
#define WATCHERS_MAX 16

struct trace {
	struct globals *globals;
	struct trace_options options;
	struct session_opts session_options;
	struct filter filter;
	struct lines lines;
	const char *command; /* its name, or NULL */
	struct child *child;
	struct session *session;
	struct stream *stream;
	struct trace_top *top; /* or NULL */
};

static void trace_spec(struct opts_spec *spec, struct opt_group groups[5], struct trace *t)
{
	groups[0] = (struct opt_group){ "Filters (values of one option are alternatives, different "
					"options must all hold):",
					filter_opts, t ? &t->filter : NULL };
	groups[1] = (struct opt_group){ "Output:", trace_opts, t ? &t->options : NULL };
	groups[2] = (struct opt_group){ "Session:", session_opts, t ? &t->session_options : NULL };
	groups[3] = (struct opt_group){ "General:", globals_opts, t ? t->globals : NULL };
	groups[4] = (struct opt_group){};
	*spec = (struct opts_spec){
		.command = "trace",
		.synopsis = "[-- COMMAND [ARG...]]",
		.about = "Shows each write as it finishes, until interrupted, until every process "
			 "of --pid or COMMAND has exited, or as --duration and --count say.",
		.groups = groups,
	};
}

static int trace_open_output(struct trace *t, struct buf *why)
{
	struct output *output = &t->lines.output;
	int err;

	err = t->options.output ? output_file(output, t->options.output, t->options.force, why)
				: output_stdout(output, why);
	t->lines.print.options.color = cmd_wants_color(t->globals, t->lines.output.terminal);
	return err;
}

/* Who must not be traced because they show our output; said once. */
static void trace_skip_viewers(struct trace *t, struct session_options *o,
			       struct filter_task watchers[WATCHERS_MAX])
{
	if (t->options.include_self || o->has_command || t->filter.pids.n || t->filter.tids.n)
		return;
	if (t->lines.output.pipe)
		o->skip_pgrp = getpgrp();
	if (t->lines.output.terminal || t->lines.output.pipe)
		o->n_skipped = terminal_watchers(t->lines.output.fd, watchers, WATCHERS_MAX);
	o->skipped = watchers;
}

static void trace_note_skipped(const struct session_options *o)
{
	if (o->skipped)
		log_note("not traced: writetrace itself%s%s; --include-self traces that, too",
			 o->skip_pgrp ? " and its process group" : "",
			 o->n_skipped ? " and the terminal that shows this" : "");
}

static int trace_open_session(struct trace *t, struct buf *why)
{
	struct filter_task watchers[WATCHERS_MAX] = {};
	struct session_options o = {
		.filter = &t->filter,
		.backend = t->session_options.backend,
		.stream = !t->options.summary && !t->top,
		.tally = t->options.summary || t->top,
		.by = t->session_options.by,
		.rows = SESSION_ROWS,
		.no_latency = t->session_options.no_latency,
		.trace_pipe = t->session_options.trace_pipe,
		.include_self = t->options.include_self,
		.ring_size = t->options.ring_size,
		.data_max = t->options.data_max,
		.has_command = t->child != NULL,
	};
	struct progress *progress;
	uint64_t start_ns;
	int err;

	trace_skip_viewers(t, &o, watchers);
	progress = progress_start("loading programs into the kernel");
	err = session_open(&t->session, &o, why);
	progress_end(progress);
	if (!err)
		trace_note_skipped(&o);
	if (!err)
		cmd_note_holes(t->session);
	if (!err && t->child) {
		err = proc_task_start(child_pid(t->child), 0, &start_ns);
		if (!err)
			err = session_list(t->session, child_pid(t->child), start_ns);
		if (err)
			buf_printf(why, "COMMAND cannot be followed: %s", strerror(-err));
	}
	return err;
}

static int trace_open_stream(struct trace *t, struct buf *why)
{
	uint32_t pids[t->filter.pids.n + 1];
	struct stream_thread tids[t->filter.tids.n + 1];
	struct stream_options o = {
		.session = t->session,
		.calls = { .record = lines_record,
			   .idle = lines_idle,
			   .signal = lines_signal,
			   .arg = &t->lines },
		.others = lines_signals(),
		.child = t->child ? child_pid(t->child) : 0,
		.pids = pids,
		.n_pids = t->filter.pids.n,
		.tids = tids,
		.n_tids = t->filter.tids.n,
		.duration_ns = t->options.duration_ns,
		.output = t->lines.output.fd,
	};
	int err;

	for (size_t i = 0; i < t->filter.pids.n; i++)
		pids[i] = t->filter.pids.items[i].nr;
	for (size_t i = 0; i < t->filter.tids.n; i++)
		tids[i] = (struct stream_thread){ t->filter.tids.items[i].nr,
						  t->filter.tids.items[i].start_ns };
	if (t->top)
		trace_top_stream(t->top, &o);
	t->lines.filter = &t->filter;
	t->lines.limit = t->options.count;
	err = lines_open(&t->lines, session_file_slots(t->session));
	if (!err)
		err = stream_open(&t->stream, &o);
	t->lines.stream = t->stream;
	if (err)
		buf_printf(why, "the event ring cannot be read: %s", strerror(-err));
	return err;
}

static bool any_lost(const uint64_t *lost)
{
	return lost[WT_LOST_RING] || lost[WT_LOST_INFLIGHT] || lost[WT_LOST_SKIPPED] ||
	       lost[WT_LOST_UNSEEN];
}

/* Nobody would ask for --strict who wants to hear of a success all the same. */
static int strict_exit(const struct trace *t, int status, const uint64_t *lost)
{
	bool maybe = any_lost(lost) || t->lines.lost_unknown;

	return !status && t->options.strict && maybe ? CMD_LOST : status;
}

/* Return: 0 or -errno. */
static int trace_lines_end(struct trace *t, uint64_t *lost)
{
	bool known[WT_LOST_COUNT] = {};
	struct print_sum sum;
	struct buf text = {};
	int err;

	err = lines_finish(&t->lines, t->session, lost, known, &sum);
	print_sum_text(&text, &sum);
	if (!err && !t->lines.closed)
		log_note("%s", buf_cstr(&text));
	buf_free(&text);
	return err;
}

static int trace_finish(struct trace *t, uint64_t *lost)
{
	if (t->top)
		return trace_top_end(t->top, t->session, &t->lines, lost);
	return t->options.summary ? summary_end(t->session, &t->lines, t->globals, lost)
				  : trace_lines_end(t, lost);
}

/* COMMAND's status, unless we have ended first, as asked. It may end with the very last line that
 * was asked for. */
static int trace_status(const struct trace *t, int end)
{
	const bool enough = t->lines.limit && t->lines.events >= t->lines.limit;
	const bool ended = end == STREAM_CHILD_EXITED || (t->child && end == STREAM_INTERRUPTED);

	return ended && !enough ? child_exit_status(stream_child_status(t->stream)) : CMD_DONE;
}

static int trace_run(struct trace *t)
{
	int end, err, signal = t->child ? stream_pending_end() : 0;
	uint64_t lost[WT_LOST_COUNTERS] = {};

	if (signal) {
		log_note("told to end before %s was started", t->command);
		output_discard(&t->lines.output);
		return 128 + signal;
	}
	if (t->child)
		child_go(t->child);
	else if (!t->options.summary && !t->top)
		lines_header(&t->lines);
	end = stream_run(t->stream);
	trace_top_hide(t->top);
	/* a COMMAND that cannot be started leaves nothing but an error */
	if (end == STREAM_CHILD_EXITED && child_exec_errno(t->child)) {
		log_error("%s: %s", t->command, strerror(child_exec_errno(t->child)));
		output_discard(&t->lines.output);
		return child_exit_status(stream_child_status(t->stream));
	}
	t->lines.closed |= end == STREAM_OUTPUT_CLOSED;
	err = trace_finish(t, lost);
	if (end < 0)
		err = end;
	if (t->lines.closed)
		cmd_die_of_closed_output();
	/* an error would go to the output, too, which takes nothing */
	if (err == -EINTR)
		log_note("told to end at once: not all was written");
	else if (err)
		log_error("%s: %s", t->options.output ? t->options.output : "output",
			  strerror(-err));
	if (err)
		return t->command ? CMD_WITH_COMMAND : CMD_FAILED;
	return strict_exit(t, trace_status(t, end), lost);
}

static int trace_fail(struct trace *t, int err, struct buf *why)
{
	log_error("%s", buf_cstr(why));
	output_discard(&t->lines.output);
	return t->command ? CMD_WITH_COMMAND : cmd_status(err);
}

static int trace_start(struct trace *t, char **command)
{
	struct child_options child = { .no_terminal = t->options.top_ns > 0,
				       .ignore_chld = t->globals->sigchld_ignored,
				       .ignore_xfsz = t->globals->sigxfsz_ignored };
	struct buf why = {};
	int err, status;

	t->command = command ? *command : NULL;
	err = filter_resolve(&t->filter, &why);
	if (!err && t->options.top_ns)
		err = trace_top_new(&t->top, t->globals, t->options.top_ns, &why);
	if (!err)
		err = trace_open_output(t, &why);
	if (!err) {
		err = stream_block_signals(t->top ? trace_top_signals(t->top) : lines_signals(),
					   &child.mask);
		if (!err && command)
			err = child_start(&t->child, command, &child);
		if (err)
			buf_printf(&why, "cannot start: %s", strerror(-err));
	}
	if (!err)
		err = trace_open_session(t, &why);
	if (!err)
		err = trace_open_stream(t, &why);
	if (!err && t->top)
		err = trace_top_show(t->top, t->session, &why);
	status = err ? trace_fail(t, err, &why) : trace_run(t);
	buf_free(&why);
	return status;
}

static int trace_close(struct trace *t, int status)
{
	struct progress *progress;
	int err;

	trace_top_free(t->top);
	stream_close(t->stream);
	progress = t->session ? progress_start("waiting for programs to be detached") : NULL;
	session_close(t->session);
	progress_end(progress);
	child_close(t->child);
	lines_close(&t->lines);
	filter_free(&t->filter);
	err = t->lines.output.fd > 0 ? output_close(&t->lines.output) : 0;
	if (err) {
		log_error("%s: %s", t->options.output, strerror(-err));
		if (status == CMD_DONE)
			status = t->command ? CMD_WITH_COMMAND : CMD_FAILED;
	}
	free(t);
	return status;
}

/* What only shows when all options are known. Return: 0 or -EINVAL. */
static int trace_check_options(struct trace *t, struct buf *why)
{
	const struct print_options options = {
		.json = t->globals->json,
		.pretty = t->globals->pretty,
		.data = t->options.data_max > 0,
		.latency = !t->session_options.no_latency,
	};
	struct buf reason = {};
	int err;

	if (session_opts_check(&t->session_options, &t->filter, why))
		return -EINVAL;
	if (trace_opts_check(&t->options, t->globals->json, t->session_options.by, why))
		return -EINVAL;
	if (!t->session_options.by)
		t->session_options.by = session_opts_by;
	err = print_setup(&t->lines.print, &options, t->options.columns, &reason);
	if (err)
		buf_printf(why, "--columns: %s", buf_cstr(&reason));
	buf_free(&reason);
	return err;
}

static int run(int argc, char **argv, struct globals *globals)
{
	int dashes = trace_opts_command(argc, argv), status;
	struct opt_group groups[5];
	struct opts_spec spec;
	struct trace *t = calloc(1, sizeof(*t));
	struct buf why = {};

	if (!t) {
		log_error("out of memory");
		return CMD_FAILED;
	}
	t->globals = globals;
	t->session_options.backend = BACKEND_AUTO;
	t->options.ring_size = RING_DEFAULT;
	trace_spec(&spec, groups, t);
	if (!cmd_parse(&spec, dashes ? dashes : argc, argv, globals, &status))
		return trace_close(t, status);
	if (dashes && !argv[dashes + 1]) {
		log_error("no COMMAND after --; see writetrace help trace");
		return trace_close(t, CMD_USAGE);
	}
	if (trace_check_options(t, &why)) {
		log_error("%s; see writetrace help trace", buf_cstr(&why));
		buf_free(&why);
		return trace_close(t, CMD_USAGE);
	}
	t->filter.follow |= dashes > 0;
	return trace_close(t, trace_start(t, dashes ? argv + dashes + 1 : NULL));
}

static void help(void)
{
	struct opt_group groups[5];
	struct opts_spec spec;

	trace_spec(&spec, groups, NULL);
	opts_help(&spec);
}

const struct cmd cmd_trace = {
	.name = "trace",
	.summary = "show writes as they happen",
	.run = run,
	.help = help,
};
