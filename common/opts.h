/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Options from tables: each row says its name, its value and where that goes; argp does the rest.
 *
 * Help, parsing and error messages all read the same rows.
 */
#ifndef WT_OPTS_H
#define WT_OPTS_H

#include <stdbool.h>
#include <stddef.h>

#include "choice.h"

struct buf;

enum opt_type {
	OPT_FLAG,   /* bool */
	OPT_STRING, /* const char * */
	OPT_SIZE,   /* uint64_t, bytes: 4096, 8M */
	OPT_TIME,   /* uint64_t, nanoseconds: 10ms, 1.5s; a bare number is seconds */
	OPT_PERIOD, /* the same, above 0 */
	OPT_CALL,   /* handed to call() */
	OPT_MAYBE,  /* handed to call(), too, but there may be no value: then call() gets NULL */
};

struct opt {
	const char *name; /* long name */
	int key;	  /* short name, or a number above 255 that no other row has */
	const char *arg;  /* how help calls the value; NULL if there is none */
	enum opt_type type;
	size_t offset; /* of the variable in the target */
	const char *help;
	/* Return 0, or -errno with the reason in @why. */
	int (*call)(void *target, const char *arg, struct buf *why);
	choice_fn *choices; /* what the value may be, if that can be told: `help` lists it */
};

struct opt_group {
	const char *title;
	const struct opt *opts; /* ends with a row without name */
	void *target;
};

struct opts_spec {
	const char *command;  /* NULL: options before the command */
	const char *synopsis; /* behind the options */
	const char *about;
	const struct opt_group *groups; /* ends with a group without options */
	/* One argument that is no option. NULL: there must be none. */
	int (*argument)(void *target, const char *arg, struct buf *why);
	void *target;
	bool stop_at_argument; /* leave the first argument and all after it alone */
};

/** opts_parse - take the options out of @argv
 *
 * Asked for with -h, help goes to stdout, and what an option's value may be if that is `help`. The
 * caller exits with 0 then.
 * Return: index of the first argument left alone (argc if none); 0 after help; -EINVAL with the
 * reason in @why.
 */
int opts_parse(const struct opts_spec *spec, int argc, char **argv, struct buf *why);

/** opts_help - print the help of a command on stdout */
void opts_help(const struct opts_spec *spec);

/** opts_nearest - the word of @words (ends with NULL) that @word may have been meant to be, or NULL
 */
const char *opts_nearest(const char *word, const char *const *words);

#endif
