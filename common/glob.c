// SPDX-License-Identifier: GPL-2.0-only
/*
 * Patterns compiled into tokens, and the matcher that BPF programs have a copy of.
 */
#include "glob.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

#include <linux/types.h>
#include "../bpf/writetrace.h"

#define GLOB_SET_SIZE sizeof(((struct wt_glob *)0)->classes[0])

bool glob_has_wildcard(const char *pattern)
{
	return strpbrk(pattern, "*?[");
}

static int glob_push(struct wt_glob *g, unsigned int token)
{
	if (g->n == WT_GLOB_MAX)
		return -E2BIG;
	g->token[g->n++] = token;
	return 0;
}

static void glob_set_range(__u8 *set, unsigned char first, unsigned char last)
{
	for (unsigned int c = first; c <= last; c++)
		set[c / 8] |= 1 << c % 8;
}

/* Pairs of first and last byte. 0x00, a control byte, is missing: no name can hold it. */
static const struct {
	const char *name;
	const char *ranges;
} glob_classes[] = {
	{ "alnum", "09AZaz" },	 { "alpha", "AZaz" },
	{ "blank", "\t\t  " },	 { "cntrl", "\x01\x1f\x7f\x7f" },
	{ "digit", "09" },	 { "graph", "!~" },
	{ "lower", "az" },	 { "print", " ~" },
	{ "punct", "!/:@[`{~" }, { "space", "\t\r  " },
	{ "upper", "AZ" },	 { "xdigit", "09AFaf" },
};

/* [:name:] or [=x=] at *pattern. Return: 1 if there was one, added to set, with *pattern behind it;
 * 0 if there is none; -EINVAL if there is one that nobody knows.
 */
static int glob_named(const char **pattern, __u8 *set)
{
	const char *p = *pattern, *ranges;
	size_t len;

	if (p[0] != '[')
		return 0;
	if (p[1] == '=') {
		if (!p[2] || p[3] != '=' || p[4] != ']')
			return -EINVAL;
		glob_set_range(set, p[2], p[2]);
		*pattern = p + 5;
		return 1;
	}
	if (p[1] != ':')
		return 0;
	p += 2;
	len = strspn(p, "abcdefghijklmnopqrstuvwxyz");
	if (p[len] != ':' || p[len + 1] != ']')
		return 0;
	for (size_t i = 0; i < sizeof(glob_classes) / sizeof(glob_classes[0]); i++) {
		if (strlen(glob_classes[i].name) != len || memcmp(glob_classes[i].name, p, len))
			continue;
		for (ranges = glob_classes[i].ranges; *ranges; ranges += 2)
			glob_set_range(set, ranges[0], ranges[1]);
		*pattern = p + len + 2;
		return 1;
	}
	return -EINVAL;
}

/* One byte of a set: x, \x or [.x.]. Return: 1, with *pattern behind it; 0 if the pattern ends
 * here; -EINVAL.
 */
static int glob_set_byte(const char **pattern, unsigned char *c)
{
	const char *p = *pattern;

	if (!*p)
		return 0;
	if (p[0] == '[' && p[1] == '.') {
		if (!p[2] || p[3] != '.' || p[4] != ']')
			return -EINVAL;
		*c = p[2];
		*pattern = p + 5;
		return 1;
	}
	if (*p == '\\' && !*++p)
		return -EINVAL;
	*c = *p;
	*pattern = p + 1;
	return 1;
}

/* One member of a set: a class, a byte or a range. Return: as glob_set_byte(). */
static int glob_set_member(const char **pattern, __u8 *set)
{
	unsigned char first, last;
	int ret;

	ret = glob_named(pattern, set);
	if (ret)
		return ret;
	ret = glob_set_byte(pattern, &first);
	if (ret <= 0)
		return ret;
	last = first;
	if ((*pattern)[0] == '-' && (*pattern)[1] != ']') {
		++*pattern;
		/* A class is no end of a range. */
		if (glob_named(pattern, set))
			return -EINVAL;
		ret = glob_set_byte(pattern, &last);
		if (ret <= 0)
			return ret;
	}
	glob_set_range(set, first, last);
	return 1;
}

/* What follows a '['. Return: 1, with set filled in and *pattern behind the ']'; 0 if there is none
 * and the '[' stands for itself; -EINVAL.
 */
static int glob_set(const char **pattern, __u8 *set)
{
	const char *p = *pattern;
	bool negate = *p == '!' || *p == '^';
	int ret;

	memset(set, 0, GLOB_SET_SIZE);
	if (negate)
		p++;
	/* The first member may be ']'. */
	do {
		ret = glob_set_member(&p, set);
		if (ret <= 0)
			return ret;
	} while (*p != ']');
	for (size_t i = 0; negate && i < GLOB_SET_SIZE; i++)
		set[i] = ~set[i];
	*pattern = p + 1;
	return 1;
}

/* Equal sets share a place. */
static int glob_push_set(struct wt_glob *g, const __u8 *set, unsigned int *n_sets)
{
	unsigned int i;

	for (i = 0; i < *n_sets; i++) {
		if (!memcmp(g->classes[i], set, GLOB_SET_SIZE))
			break;
	}
	if (i == WT_GLOB_CLASSES)
		return -E2BIG;
	if (i == *n_sets)
		memcpy(g->classes[(*n_sets)++], set, GLOB_SET_SIZE);
	return glob_push(g, WT_GLOB_CLASS + i);
}

int glob_compile(struct wt_glob *g, const char *pattern)
{
	const char *p = pattern;
	__u8 set[GLOB_SET_SIZE];
	unsigned int n_sets = 0;
	int err = 0;

	memset(g, 0, sizeof(*g));
	while (!err && *p) {
		unsigned char c = *p++;

		switch (c) {
		case '*':
			if (!g->n || g->token[g->n - 1] != WT_GLOB_STAR)
				err = glob_push(g, WT_GLOB_STAR);
			break;
		case '?':
			err = glob_push(g, WT_GLOB_ANY);
			break;
		case '[':
			err = glob_set(&p, set);
			if (err > 0)
				err = glob_push_set(g, set, &n_sets);
			else if (!err)
				err = glob_push(g, c);
			break;
		case '\\':
			if (!*p)
				return -EINVAL;
			c = *p++;
			/* fallthrough */
		default:
			err = glob_push(g, c);
		}
	}
	return err;
}

int glob_compile_literal(struct wt_glob *g, const char *path, bool tree)
{
	size_t len = strlen(path);

	if (!len)
		return -EINVAL;
	memset(g, 0, sizeof(*g));
	g->tree = tree;
	while (tree && len > 1 && path[len - 1] == '/')
		len--;
	if (len > WT_GLOB_MAX)
		return -E2BIG;
	for (size_t i = 0; i < len; i++)
		g->token[g->n++] = (unsigned char)path[i];
	/* Below the root there is no second slash to look for. */
	if (tree && len == 1 && *path == '/')
		g->token[g->n++] = WT_GLOB_STAR;
	return 0;
}

static bool glob_token_match(const struct wt_glob *g, unsigned int token, unsigned char c)
{
	if (token < WT_GLOB_ANY)
		return token == c;
	if (token == WT_GLOB_ANY)
		return true;
	token = (token - WT_GLOB_CLASS) % WT_GLOB_CLASSES;
	return g->classes[token][c / 8] >> c % 8 & 1;
}

/* The matcher, in the form that a BPF program can have: one loop of at most max_steps and four
 * scalars of state. Only the last star is ever tried again: what an earlier one could gain by
 * taking more, the last one can take too. It takes one byte more each time, and between two tries
 * there are at most n + 1 steps, so (n + 1) * (len + 1) steps are always enough.
 */
static bool glob_run(const struct wt_glob *g, const char *s, __u32 len, __u64 max_steps)
{
	__u32 n = g->n, ti = 0, si = 0; /* the next token, the next byte */
	__u32 star_ti = 0, star_si = 0; /* where to go on after the last star; 0: none yet */

	if (n > WT_GLOB_MAX)
		return false;
	for (__u64 step = 0; step < max_steps; step++) {
		unsigned int token = g->token[ti % WT_GLOB_MAX];

		if (ti < n && token == WT_GLOB_STAR) {
			if (++ti == n)
				return true;
			star_ti = ti;
			star_si = si;
			continue;
		}
		if (ti == n && (si == len || (g->tree && s[si] == '/')))
			return true;
		/* Each token left needs a byte, and a longer star leaves only fewer. */
		if (si == len)
			return false;
		if (ti < n && glob_token_match(g, token, s[si])) {
			ti++;
			si++;
			continue;
		}
		if (!star_ti)
			return false;
		ti = star_ti;
		si = ++star_si;
	}
	return false;
}

bool glob_matches(const struct wt_glob *g, const char *s, size_t len)
{
	return glob_run(g, s, len, (g->n + 1ull) * (len + 1ull));
}
