// SPDX-License-Identifier: GPL-2.0-only
#include "trace_top.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd.h"
#include "common/buf.h"
#include "common/lines.h"
#include "common/live.h"
#include "common/ranking.h"
#include "common/session.h"
#include "common/stream.h"
#include "common/tally.h"
#include "common/text.h"
#include "common/top.h"
#include "report_view.h"

#define FILTER_MAX 255

struct trace_top {
	const struct globals *globals;
	uint64_t interval_ns;
	sigset_t signals;
	struct top *screen;
	struct tally_source *source;
	struct tally now;
	struct tally recent; /* now less what there was before */
	struct live live;
	struct ranking_match match;
	char filter[FILTER_MAX + 1];
	char before[FILTER_MAX + 1]; /* while another is being typed */
	bool typing;
	bool quit;
};

int trace_top_new(struct trace_top **out, const struct globals *globals, uint64_t interval_ns,
		  struct buf *why)
{
	struct trace_top *top;
	int err = top_check(why);

	if (err)
		return err;
	top = calloc(1, sizeof(*top));
	if (!top) {
		buf_puts(why, "out of memory");
		return -ENOMEM;
	}
	top->globals = globals;
	top->interval_ns = interval_ns;
	sigemptyset(&top->signals);
	sigaddset(&top->signals, SIGTSTP);
	sigaddset(&top->signals, SIGCONT);
	sigaddset(&top->signals, SIGWINCH);
	*out = top;
	return 0;
}

/* "show: /var/li_": what is being typed, or NULL. */
static const char *prompt(const struct trace_top *top, struct buf *text)
{
	if (!top->typing)
		return NULL;
	buf_puts(text, "show (path or command name): ");
	text_safe(text, top->filter, strlen(top->filter));
	return buf_cstr(text);
}

static int draw(struct trace_top *top)
{
	struct buf out = {}, typed = {};
	int err;

	top_size(top->screen, &top->live.width, &top->live.height);
	top->live.notice = prompt(top, &typed);
	err = live_text(&out, &top->live);
	/* without its end of line, so that the cursor stays there */
	if (!err)
		top_draw(top->screen, out.data, out.len);
	buf_free(&typed);
	buf_free(&out);
	return err;
}

/* What there is now, and what of it has come since the last time. */
static int look(struct trace_top *top)
{
	struct tally now, recent;
	int err = tally_read(&now, top->source);

	if (!err)
		err = tally_difference(&recent, &now, &top->now);
	if (err) {
		tally_free(&now);
		return err;
	}
	top->live.recent_ns = now.at_ns - top->now.at_ns;
	tally_free(&top->recent);
	tally_free(&top->now);
	top->recent = recent;
	top->now = now;
	return 0;
}

static int tick(void *arg)
{
	struct trace_top *top = arg;
	int err;

	if (top->live.paused)
		return 0;
	err = look(top);
	return err ? err : draw(top);
}

static int idle(void *arg)
{
	(void)arg;
	return 0;
}

static int on_signal(void *arg, int number)
{
	struct trace_top *top = arg;

	if (number == SIGTSTP)
		top_suspend(top->screen, false);
	else
		top_resize(top->screen);
	return draw(top);
}

static void type_end(struct trace_top *top, bool taken)
{
	top->typing = false;
	if (!taken)
		strcpy(top->filter, top->before);
}

/* The last character, which may be of several bytes. */
static void type_back(struct trace_top *top)
{
	size_t len = strlen(top->filter);

	while (len && (top->filter[len - 1] & 0xc0) == 0x80)
		len--;
	top->filter[len ? len - 1 : 0] = '\0';
}

static void type_key(struct trace_top *top, int key)
{
	size_t len = strlen(top->filter);

	if (key == TOP_ENTER || key == TOP_ESCAPE)
		type_end(top, key == TOP_ENTER);
	else if (key == TOP_BACKSPACE)
		type_back(top);
	else if (key >= ' ' && key < 0x100 && len < FILTER_MAX)
		memcpy(top->filter + len, (char[2]){ (char)key, '\0' }, 2);
	/* the rows follow at once */
	ranking_match_set(&top->match, top->filter);
}

static void sort_by(struct trace_top *top, int step)
{
	const int n = REPORT_LATENCY + 1;

	top->live.sort = (top->live.sort + n + step) % n;
}

static void command_key(struct trace_top *top, int key)
{
	struct live *live = &top->live;

	switch (key) {
	case 'b':
		live->sort = REPORT_BYTES;
		break;
	case 'c':
		live->sort = REPORT_CALLS;
		break;
	case 'e':
		live->sort = REPORT_ERRORS;
		break;
	case 'l':
		live->sort = REPORT_LATENCY;
		break;
	case '<':
		sort_by(top, -1);
		break;
	case '>':
		sort_by(top, 1);
		break;
	case 'k':
		live->by = live_next_by(live->by, live->meta->by);
		break;
	case '/':
		top->typing = true;
		strcpy(top->before, top->filter);
		break;
	case 'p':
	case ' ':
		live->paused = !live->paused;
		break;
	case 'r':
		live->since_start = !live->since_start;
		break;
	case 'h':
	case '?':
		live->help = !live->help;
		break;
	case TOP_ESCAPE:
		live->help = false;
		break;
	case 'q':
		top->quit = true;
		break;
	}
}

static int on_input(void *arg)
{
	struct trace_top *top = arg;
	int key = top_key(top->screen);

	if (key == TOP_NONE && top_is_gone(top->screen))
		return STREAM_STOP;
	for (; key != TOP_NONE; key = top_key(top->screen)) {
		if (key == TOP_SUSPEND)
			top_suspend(top->screen, true);
		else if (top->typing)
			type_key(top, key);
		else
			command_key(top, key);
		if (top->quit)
			return STREAM_STOP;
	}
	return draw(top);
}

const sigset_t *trace_top_signals(const struct trace_top *top)
{
	return &top->signals;
}

void trace_top_stream(struct trace_top *top, struct stream_options *o)
{
	o->calls = (struct stream_calls){
		.idle = idle,
		.tick = tick,
		.input = on_input,
		.signal = on_signal,
		.arg = top,
	};
	o->tick_ns = top->interval_ns;
	o->input = STDIN_FILENO;
	o->others = trace_top_signals(top);
}

static void set_view(struct trace_top *top, const struct wt_meta *meta)
{
	struct report_options view = report_view(top->globals, STDOUT_FILENO, true);

	top->live = (struct live){
		.meta = meta,
		.now = &top->now,
		.recent = &top->recent,
		.by = meta->by,
		.sort = view.sort,
		.match = &top->match,
		.footer = true,
		.reverse = true,
		.color = view.color,
		.utf8 = view.utf8,
	};
}

int trace_top_show(struct trace_top *top, struct session *session, struct buf *why)
{
	struct objects objects = session_objects(session);
	int err = tally_open(&top->source, &objects, session_meta(session));

	set_view(top, session_meta(session));
	top->now.at_ns = top->live.meta->start_ns;
	if (!err)
		err = look(top);
	if (!err)
		err = top_open(&top->screen, top->live.color, why);
	if (!err)
		err = draw(top);
	if (err && !why->len)
		buf_printf(why, "the session cannot be shown: %s", strerror(-err));
	return err;
}

void trace_top_hide(struct trace_top *top)
{
	if (!top || !top->screen)
		return;
	top_size(top->screen, &top->live.width, &top->live.height);
	top_close(top->screen);
	top->screen = NULL;
}

int trace_top_end(struct trace_top *top, struct session *session, struct lines *lines,
		  uint64_t *lost)
{
	struct live *live = &top->live;
	int err;

	session_stop(session);
	err = look(top);
	live->since_start = true;
	live->paused = live->help = live->footer = live->reverse = false;
	/* the shell's prompt comes below */
	live->height -= live->height > 1;
	if (!err)
		err = live_text(&lines->out, live);
	if (!err)
		err = lines_flush(lines);
	memcpy(lost, top->now.lost, sizeof(top->now.lost));
	return err;
}

void trace_top_free(struct trace_top *top)
{
	if (!top)
		return;
	trace_top_hide(top);
	tally_free(&top->recent);
	tally_free(&top->now);
	tally_close(top->source);
	free(top);
}
