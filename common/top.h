/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The terminal as a screen: lines in, keys out, and as it was when that ends, whatever ends it.
 *
 * Standard output is what is written to, standard input what keys come from. No signal is handled
 * here: SIGTSTP, SIGCONT and SIGWINCH come to the caller, who calls top_suspend() or top_resize().
 * Should we be killed, a process of its own puts the terminal back (top_guard).
 */
#ifndef WT_TOP_H
#define WT_TOP_H

#include <stdbool.h>
#include <stddef.h>

struct buf;
struct top;

/* What top_key() returns besides bytes, 1 to 255, as they were typed. */
enum top_key {
	TOP_NONE = 0,
	TOP_ENTER = 0x100,
	TOP_ESCAPE,
	TOP_BACKSPACE,
	TOP_SUSPEND, /* Ctrl-Z: top_suspend() is for the caller to call */
	TOP_OTHER,   /* arrows and the like */
};

/** top_check - whether $TERM is known and can do what a screen needs
 *
 * Return: 0, or -EOPNOTSUPP with the reason in @why.
 */
int top_check(struct buf *why);

/** top_open - take the terminal over; it is clear then
 *
 * Return: 0 or -errno with the reason in @why.
 */
int top_open(struct top **top, bool color, struct buf *why);

/** top_close - give it back as it was; @top may be NULL */
void top_close(struct top *top);

/** top_size - columns and lines */
void top_size(const struct top *top, unsigned int *width, unsigned int *height);

/** top_draw - show @len bytes of @text, lines as live_text() makes them
 *
 * What does not fit is cut. The cursor stays behind the last line.
 */
void top_draw(struct top *top, const char *text, size_t len);

/** top_key - the next key that was pressed: a byte, or an enum top_key; TOP_NONE if there is none
 */
int top_key(struct top *top);

/** top_is_gone - whether no key will ever come: somebody has hung up */
bool top_is_gone(const struct top *top);

/** top_suspend - give the terminal back, stop as SIGTSTP would have stopped us, and take it over
 * again once we go on
 *
 * With @group all of our process group is stopped, as by a key.
 */
void top_suspend(struct top *top, bool group);

/** top_resize - the terminal may have another size, or show what somebody else has left there */
void top_resize(struct top *top);

#endif
