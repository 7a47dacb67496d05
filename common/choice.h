/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The values an option may have, where these can be told one by one: `-e help` lists them, and so
 * completions know them.
 */
#ifndef WT_CHOICE_H
#define WT_CHOICE_H

#include <stdbool.h>
#include <stddef.h>

struct buf;

struct choice {
	const char *name;
	const char *help;
	bool by_default;
};

/* Number @i, from 0, goes to @choice. Return: false if there are no more. */
typedef bool choice_fn(size_t i, struct choice *choice);

/** choice_at - what a choice_fn is to do where there is a table of @n */
bool choice_at(const struct choice *all, size_t n, size_t i, struct choice *choice);

/** choice_list - append all, a line each */
void choice_list(struct buf *out, choice_fn *fn);

#endif
