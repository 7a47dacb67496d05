// SPDX-License-Identifier: GPL-2.0-only
#include "opts.h"

#include <argp.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "buf.h"
#include "units.h"

#define KEY_HELP  'h'
#define NS_PER_S  1000000000ULL
#define NAMES_MAX 128

/* What argp carries through a parse. */
struct parse {
	const struct opts_spec *spec;
	struct argp_option *options; /* of all groups, titles included */
	char *doc;
	struct buf *why;
	int next;    /* argv index behind the last option looked at */
	int stopped; /* argv index of the argument that ended the parse, or 0 */
	bool help;
	const struct opt *listed; /* its choices are asked for instead */
	bool told;		  /* the reason is in why */
};

static const struct opt *find_key(const struct opts_spec *spec, int key, void **target)
{
	for (const struct opt_group *g = spec->groups; g->opts; g++)
		for (const struct opt *o = g->opts; o->name; o++)
			if (o->key == key) {
				*target = g->target;
				return o;
			}
	return NULL;
}

static int store_period(const char *arg, uint64_t *ns)
{
	uint64_t period;
	int err = units_parse_time_ns(arg, NS_PER_S, &period);

	if (err || !period)
		return err ? err : -EINVAL;
	*ns = period;
	return 0;
}

static int store(const struct opt *opt, void *target, const char *arg, struct buf *why)
{
	void *to = (char *)target + opt->offset;

	switch (opt->type) {
	case OPT_FLAG:
		*(bool *)to = true;
		return 0;
	case OPT_STRING:
		*(const char **)to = arg;
		return 0;
	case OPT_SIZE:
		return units_parse_size(arg, to);
	case OPT_TIME:
		return units_parse_time_ns(arg, NS_PER_S, to);
	case OPT_PERIOD:
		return store_period(arg, to);
	case OPT_CALL:
	case OPT_MAYBE:
		return opt->call(target, arg, why);
	}
	return -EINVAL;
}

static const char *type_wants(enum opt_type type)
{
	switch (type) {
	case OPT_SIZE:
		return "a size (4096, 64K, 8M)";
	case OPT_TIME:
		return "a time (250us, 10ms, 1.5s)";
	case OPT_PERIOD:
		return "a time above 0 (500ms, 10s)";
	default:
		return "a value";
	}
}

static int take_option(struct parse *p, const struct opt *opt, void *target, const char *arg)
{
	struct buf reason = {};
	int err = store(opt, target, arg, &reason);

	if (err) {
		buf_printf(p->why, "--%s: ", opt->name);
		if (reason.len)
			buf_put(p->why, reason.data, reason.len);
		else
			buf_printf(p->why, "'%s' is not %s%s", arg, type_wants(opt->type),
				   err == -ERANGE ? " in range" : "");
		p->told = true;
	}
	buf_free(&reason);
	return err ? EINVAL : 0;
}

static int take_argument(struct parse *p, const char *arg)
{
	const struct opts_spec *spec = p->spec;

	if (!spec->argument) {
		buf_printf(p->why, "unexpected argument '%s'", arg);
		p->told = true;
		return EINVAL;
	}
	if (spec->argument(spec->target, arg, p->why)) {
		p->told = true;
		return EINVAL;
	}
	return 0;
}

/* Help of the command, or of an option's values: what follows is not looked at. */
static void show_instead(struct parse *p, const struct opt *listed, struct argp_state *state)
{
	p->help = true;
	p->listed = listed;
	state->next = state->argc;
}

static error_t parse_key(int key, char *arg, struct argp_state *state)
{
	struct parse *p = state->input;
	const struct opt *opt;
	void *target;

	p->next = state->next;
	if (key == KEY_HELP) {
		show_instead(p, NULL, state);
		return 0;
	}
	if (key == ARGP_KEY_ARG) {
		if (!p->spec->stop_at_argument)
			return p->help ? 0 : take_argument(p, arg);
		p->stopped = state->next - 1;
		state->next = state->argc;
		return 0;
	}
	opt = find_key(p->spec, key, &target);
	if (opt && opt->choices && arg && !strcmp(arg, "help")) {
		show_instead(p, opt, state);
		return 0;
	}
	return opt ? take_option(p, opt, target, arg) : ARGP_ERR_UNKNOWN;
}

static size_t count_rows(const struct opts_spec *spec)
{
	size_t n = 2; /* help, end */

	for (const struct opt_group *g = spec->groups; g->opts; g++, n++)
		for (const struct opt *o = g->opts; o->name; o++)
			n++;
	return n;
}

/* argp's own table, made from ours. */
static int make_options(struct parse *p)
{
	struct argp_option *to = calloc(count_rows(p->spec), sizeof(*to));
	int group = 1;

	p->options = to;
	if (!to)
		return -ENOMEM;
	for (const struct opt_group *g = p->spec->groups; g->opts; g++, group++) {
		*to++ = (struct argp_option){ .doc = g->title, .group = group };
		for (const struct opt *o = g->opts; o->name; o++)
			*to++ = (struct argp_option){ .name = o->name,
						      .key = o->key,
						      .arg = o->arg,
						      .flags = o->type == OPT_MAYBE
								       ? OPTION_ARG_OPTIONAL
								       : 0,
						      .doc = o->help,
						      .group = group };
	}
	*to = (struct argp_option){
		.name = "help", .key = KEY_HELP, .doc = "Show this help", .group = group - 1
	};
	return 0;
}

/* "pid", 3 → the row; NULL with *matches > 1 if several begin like that */
static const struct argp_option *find_long(const struct parse *p, const char *name, size_t len,
					   int *matches)
{
	const struct argp_option *found = NULL;

	*matches = 0;
	for (const struct argp_option *o = p->options; o->name || o->doc; o++) {
		if (!o->name || strncmp(o->name, name, len))
			continue;
		if (strlen(o->name) == len) {
			*matches = 1;
			return o;
		}
		found = o;
		++*matches;
	}
	return *matches == 1 ? found : NULL;
}

static void explain_long(struct parse *p, const char *word)
{
	const char *names[NAMES_MAX], *near;
	size_t len = strcspn(word, "="), n = 0;
	const struct argp_option *option;
	char name[64];
	int matches;

	option = find_long(p, word, len, &matches);
	if (option && option->arg && !word[len]) {
		buf_printf(p->why, "option '--%s' needs a value (%s)", option->name, option->arg);
	} else if (option) {
		buf_printf(p->why, "option '--%s' takes no value", option->name);
	} else if (matches) {
		buf_printf(p->why, "option '--%.*s' is ambiguous", (int)len, word);
	} else {
		buf_printf(p->why, "unknown option '--%.*s'", (int)len, word);
		for (const struct argp_option *o = p->options; o->name || o->doc; o++)
			if (o->name && n < NAMES_MAX - 1)
				names[n++] = o->name;
		names[n] = NULL;
		snprintf(name, sizeof(name), "%.*s", (int)len, word);
		near = opts_nearest(name, names);
		if (near)
			buf_printf(p->why, ", did you mean '--%s'?", near);
	}
}

/* A word of short options, "-xp": the first that is wrong. Return: whether one is. */
static bool explain_short(struct parse *p, const char *word)
{
	for (const char *c = word; *c; c++) {
		const struct argp_option *o = p->options;

		while ((o->name || o->doc) && o->key != *c)
			o++;
		if (!o->name) {
			buf_printf(p->why, "unknown option '-%c'", *c);
			return true;
		}
		if (o->arg && !c[1]) {
			buf_printf(p->why, "option '-%c' needs a value (%s)", *c, o->arg);
			return true;
		}
		if (o->arg)
			return false;
	}
	return false;
}

/* getopt is told to keep quiet: it would print two lines, and never JSON. So find out again what
 * it did not like: it is the word before or at the place where it stopped. */
static void explain(struct parse *p, int argc, char **argv, int stopped_at)
{
	const char *word = stopped_at > 0 ? argv[stopped_at - 1] : "";

	if (!strncmp(word, "--", 2) && word[2]) {
		explain_long(p, word + 2);
		return;
	}
	if (*word == '-' && explain_short(p, word + 1))
		return;
	if (stopped_at < argc && argv[stopped_at][0] == '-' &&
	    explain_short(p, argv[stopped_at] + 1))
		return;
	buf_puts(p->why, "wrong usage");
}

/* argp tells its parser where it stopped in one last call. */
static error_t parse_any(int key, char *arg, struct argp_state *state)
{
	struct parse *p = state->input;

	switch (key) {
	case ARGP_KEY_INIT:
	case ARGP_KEY_END:
	case ARGP_KEY_NO_ARGS:
	case ARGP_KEY_SUCCESS:
	case ARGP_KEY_FINI:
	case ARGP_KEY_ARGS:
		return ARGP_ERR_UNKNOWN;
	case ARGP_KEY_ERROR:
		if (!p->told)
			explain(p, state->argc, state->argv, state->next);
		p->told = true;
		return 0;
	}
	return parse_key(key, arg, state);
}

/* argp asks for each part of the help: this one is empty unless we fill it. */
static char *add_help(int key, const char *text, void *input)
{
	(void)input;
	if (key != ARGP_KEY_HELP_EXTRA)
		return (char *)text;
	return strdup("The value of an option that wants a LIST, NAME, KEY or WHEN may be `help', "
		      "which lists what there is.");
}

static int prepare(struct parse *p, const struct opts_spec *spec, struct argp *argp)
{
	*p = (struct parse){ .spec = spec };
	if (make_options(p))
		return -ENOMEM;
	*argp = (struct argp){ .options = p->options,
			       .parser = parse_any,
			       .args_doc = spec->synopsis,
			       .doc = spec->about,
			       .help_filter = add_help };
	return 0;
}

static void show_help(const struct opts_spec *spec, const struct argp *argp)
{
	char name[64];

	snprintf(name, sizeof(name), spec->command ? "writetrace %s" : "writetrace", spec->command);
	argp_help(argp, stdout,
		  ARGP_HELP_SHORT_USAGE | ARGP_HELP_PRE_DOC | ARGP_HELP_LONG | ARGP_HELP_POST_DOC,
		  name);
}

static int show_choices(const struct opt *opt, struct buf *why)
{
	struct buf text = {};
	int err;

	choice_list(&text, opt->choices);
	err = text.err;
	if (err)
		buf_puts(why, "out of memory");
	else
		fwrite(text.data, 1, text.len, stdout);
	buf_free(&text);
	return err;
}

int opts_parse(const struct opts_spec *spec, int argc, char **argv, struct buf *why)
{
	unsigned int flags = ARGP_NO_ERRS | ARGP_NO_HELP | ARGP_NO_EXIT;
	struct argp argp;
	struct parse p;
	int err, index = 0;

	if (prepare(&p, spec, &argp)) {
		buf_puts(why, "out of memory");
		return -ENOMEM;
	}
	p.why = why;
	if (spec->stop_at_argument)
		flags |= ARGP_IN_ORDER;
	err = argp_parse(&argp, argc, argv, flags, &index, &p);
	if (!err && p.listed)
		err = show_choices(p.listed, why);
	else if (!err && p.help)
		show_help(spec, &argp);
	free(p.options);
	if (err)
		return -EINVAL;
	if (p.help)
		return 0;
	return p.stopped ? p.stopped : argc;
}

void opts_help(const struct opts_spec *spec)
{
	struct argp argp;
	struct parse p;

	if (prepare(&p, spec, &argp))
		return;
	show_help(spec, &argp);
	free(p.options);
}
