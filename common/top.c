// SPDX-License-Identifier: GPL-2.0-only
#include "top.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>
#include <wchar.h>

#define NCURSES_NOMACROS
#include <ncurses.h>
#include <term.h>

#include "buf.h"
#include "text.h"
#include "top_guard.h"

/* A lone Escape is one if nothing follows for so long. */
#define ESCAPE_MS 25

#define CTRL_Z	  0x1a

enum { PAIR_RED = 1, PAIR_YELLOW };

struct top {
	SCREEN *screen;
	struct top_guard *guard;
	struct termios before;
	bool color;
};

int top_check(struct buf *why)
{
	const char *name = getenv("TERM"), *cup;
	int found;
	bool can;

	if (!name || !*name) {
		buf_puts(why, "the terminal: TERM is not set");
		return -EOPNOTSUPP;
	}
	if (setupterm(NULL, STDOUT_FILENO, &found) == ERR) {
		buf_printf(why, "the terminal: '%s' (TERM) is not a type that is known here", name);
		return -EOPNOTSUPP;
	}
	cup = tigetstr("cup");
	can = cup && cup != (const char *)-1;
	del_curterm(cur_term);
	if (!can) {
		buf_printf(why, "the terminal: '%s' (TERM) cannot move its cursor", name);
		return -EOPNOTSUPP;
	}
	return 0;
}

/* ncurses wants to handle these by itself. */
static const int taken[] = { SIGINT, SIGTERM, SIGTSTP, SIGWINCH };

#define N_TAKEN (sizeof(taken) / sizeof(taken[0]))

static SCREEN *new_screen(void)
{
	struct sigaction before[N_TAKEN];
	SCREEN *screen;

	for (size_t i = 0; i < N_TAKEN; i++)
		sigaction(taken[i], NULL, &before[i]);
	screen = newterm(NULL, stdout, stdin);
	for (size_t i = 0; i < N_TAKEN; i++)
		sigaction(taken[i], &before[i], NULL);
	return screen;
}

/* Keys one by one, as they are; Ctrl-C is a signal still. Ctrl-Z is none: see show(). Ctrl-S would
 * hold up our output, and us. */
static void set_modes(void)
{
	struct termios modes;

	cbreak();
	noecho();
	nonl();
	keypad(stdscr, TRUE);
	nodelay(stdscr, TRUE);
	set_escdelay(ESCAPE_MS);
	if (tcgetattr(STDIN_FILENO, &modes))
		return;
	modes.c_iflag &= ~IXON;
	modes.c_cc[VSUSP] = _POSIX_VDISABLE;
	tcsetattr(STDIN_FILENO, TCSADRAIN, &modes);
	def_prog_mode();
}

static void set_colors(struct top *top)
{
	top->color = top->color && has_colors() && start_color() == OK;
	if (!top->color)
		return;
	use_default_colors();
	init_pair(PAIR_RED, COLOR_RED, -1);
	init_pair(PAIR_YELLOW, COLOR_YELLOW, -1);
}

static bool is_pending(int number)
{
	sigset_t set;

	return !sigpending(&set) && sigismember(&set, number) == 1;
}

/* ncurses ignores SIGTSTP while it writes, and with that one that has come before, which we have
 * blocked, is lost. */
static void show(void)
{
	bool pending = is_pending(SIGTSTP);

	refresh();
	if (pending && !is_pending(SIGTSTP))
		raise(SIGTSTP);
}

int top_open(struct top **out, bool color, struct buf *why)
{
	struct top *top = calloc(1, sizeof(*top));
	int err = top ? 0 : -ENOMEM;

	if (!err && tcgetattr(STDIN_FILENO, &top->before))
		err = -errno;
	if (!err) {
		top->color = color;
		top->screen = new_screen();
		if (!top->screen)
			err = -ENODEV;
	}
	if (!err) {
		set_modes();
		set_colors(top);
		top_resize(top);
		err = top_guard_start(&top->guard);
	}
	if (err) {
		top_close(top);
		buf_printf(why, "the terminal: %s", strerror(-err));
	} else {
		*out = top;
	}
	return err;
}

static void give_back(struct top *top)
{
	endwin();
	tcsetattr(STDIN_FILENO, TCSADRAIN, &top->before);
}

void top_close(struct top *top)
{
	if (!top)
		return;
	if (top->screen) {
		give_back(top);
		top_guard_end(top->guard);
		delscreen(top->screen);
	}
	free(top);
}

void top_size(const struct top *top, unsigned int *width, unsigned int *height)
{
	(void)top;
	*width = getmaxx(stdscr);
	*height = getmaxy(stdscr);
}

/* "31" of an escape sequence, or nothing, which ends all that was begun. */
static void set_attribute(const struct top *top, int sgr)
{
	switch (sgr) {
	case 1:
		attron(A_BOLD);
		break;
	case 7:
		attron(A_REVERSE);
		break;
	case 31:
		if (top->color)
			attron(COLOR_PAIR(PAIR_RED));
		break;
	case 33:
		if (top->color)
			attron(COLOR_PAIR(PAIR_YELLOW));
		break;
	default:
		attrset(A_NORMAL);
	}
}

/* One character. What this C library cannot print is one column wide to us, and must be so to
 * ncurses. Return: its bytes. */
static size_t draw_character(const char *s, size_t len)
{
	uint32_t codepoint;
	int seq = text_utf8_scan(s, len, &codepoint);

	if (seq > 1 && wcwidth(codepoint) < 0)
		addch('?');
	else
		addnstr(s, seq > 0 ? seq : 1);
	return seq > 0 ? seq : 1;
}

static void draw_line(const struct top *top, const char *s, size_t len)
{
	size_t n;

	for (; len; s += n, len -= n) {
		if (*s != '\033') {
			n = draw_character(s, len);
			continue;
		}
		n = strcspn(s, "m") + 1;
		set_attribute(top, atoi(s + 2));
		n = n < len ? n : len;
	}
	attrset(A_NORMAL);
}

void top_draw(struct top *top, const char *text, size_t len)
{
	int height = getmaxy(stdscr), y = 0;
	const char *end;
	size_t n;

	erase();
	for (; len && y < height; y++) {
		end = memchr(text, '\n', len);
		n = end ? (size_t)(end - text) : len;
		move(y, 0);
		draw_line(top, text, n);
		n += end != NULL;
		text += n;
		len -= n;
	}
	show();
}

int top_key(struct top *top)
{
	int key = getch();

	(void)top;
	switch (key) {
	case ERR:
		return TOP_NONE;
	case '\r':
	case '\n':
	case KEY_ENTER:
		return TOP_ENTER;
	case '\033':
		return TOP_ESCAPE;
	case '\b':
	case 0x7f:
	case KEY_BACKSPACE:
		return TOP_BACKSPACE;
	case CTRL_Z:
		return TOP_SUSPEND;
	}
	return key > 0 && key < 0x100 ? key : TOP_OTHER;
}

bool top_is_gone(const struct top *top)
{
	struct pollfd fd = { .fd = STDIN_FILENO, .events = POLLIN };

	(void)top;
	return poll(&fd, 1, 0) == 1 && fd.revents & (POLLHUP | POLLERR);
}

/* Blocked, it stops us as soon as it no longer is. */
static void stop(bool group)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTSTP);
	if (!group || kill(0, SIGTSTP))
		raise(SIGTSTP);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	sigprocmask(SIG_BLOCK, &set, NULL);
}

void top_suspend(struct top *top, bool group)
{
	give_back(top);
	top_guard_set(top->guard, false);
	stop(group);
	top_guard_set(top->guard, true);
	top_resize(top);
}

void top_resize(struct top *top)
{
	struct winsize size;

	(void)top;
	if (!ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) && size.ws_row && size.ws_col)
		resizeterm(size.ws_row, size.ws_col);
	reset_prog_mode();
	clearok(stdscr, TRUE);
	show();
}
