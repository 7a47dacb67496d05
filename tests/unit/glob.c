// SPDX-License-Identifier: GPL-2.0-only
/*
 * Tests of common/glob: the C library's fnmatch(3) says what is right, for what it defines.
 */
#include <errno.h>
#include <fnmatch.h>
#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include <linux/types.h>
#include "bpf/writetrace.h"
#include "common/glob.h"

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

static struct wt_glob glob;

static void check(const char *pattern, const char *s, bool want)
{
	int err = glob_compile(&glob, pattern);

	if (err)
		fail_msg("\"%s\" does not compile: %d", pattern, err);
	if (glob_matches(&glob, s, strlen(s)) != want)
		fail_msg("\"%s\" %s \"%s\"", pattern, want ? "must match" : "must not match", s);
}

static void check_fnmatch(const char *pattern, const char *s)
{
	check(pattern, s, !fnmatch(pattern, s, 0));
}

static const struct {
	const char *pattern, *s;
	bool want;
} edge_cases[] = {
	{ "", "", true },
	{ "", "a", false },
	{ "a", "", false },
	{ "*", "", true },
	{ "*", "a/b/.c", true },
	{ "***", "", true },
	{ "?", "", false },
	{ "?", "/", true },
	{ "?", ".", true },
	{ "??", "\xc3\xbc", true },
	{ "?*", "", false },
	{ "*?", "a", true },
	{ "*?*?*", "a", false },
	{ "*a", "bbba", true },
	{ "*a", "bbab", false },
	{ "a*", "a", true },
	{ "*ab*ab*", "aabab", true },
	{ "*ab*ab*", "aabb", false },
	{ "*aab", "aaab", true },
	{ "/var/*/log", "/var/a/b/log", true },
	{ "/var/*/log", "/var/log", false },
	{ "*.log", ".log", true },
	{ "[abc]x", "bx", true },
	{ "[abc]x", "dx", false },
	{ "[a-c]", "b", true },
	{ "[a-c]", "-", false },
	{ "[!a]", "b", true },
	{ "[!a]", "a", false },
	{ "[^a]", "/", true },
	{ "[^a]", "a", false },
	{ "[!a]", "", false },
	{ "[]a]", "]", true },
	{ "[]a]", "a", true },
	{ "[!]a]", "]", false },
	{ "[!]a]", "b", true },
	{ "[]-a]", "^", true },
	{ "[a-]", "-", true },
	{ "[-a]", "-", true },
	{ "[--/]", ".", true },
	{ "[a-b-d]", "c", false },
	{ "[a-b-d]", "-", true },
	{ "[c-a]", "b", false },
	{ "[!c-a]", "b", true },
	{ "[a!]", "!", true },
	{ "[a^]", "^", true },
	{ "[[]", "[", true },
	{ "[[:digit:]]", "5", true },
	{ "[[:digit:]]", "a", false },
	{ "[![:digit:]x]", "x", false },
	{ "[[:digit:][:upper:]_]", "Q", true },
	{ "[[:digit:]-z]", "-", true },
	{ "[[:digit]", ":", true },
	{ "[[:digit]x]", "gx]", true },
	{ "[:digit:]", "d", true },
	{ "[[=a=]b]", "a", true },
	{ "[[.-.]-0]", ".", true },
	{ "[+-[.-.]]", ",", true },
	{ "[\\]]", "]", true },
	{ "[\\]]", "\\", false },
	{ "[a\\-z]", "-", true },
	{ "[a\\-z]", "m", false },
	{ "[a-\\z]", "m", true },
	{ "[\x80-\xff]", "\xc3", true },
	{ "[!\x80-\xff]", "\xc3", false },
	{ "\\*", "*", true },
	{ "\\*", "a", false },
	{ "\\\\", "\\", true },
	{ "\\a", "a", true },
	{ "\\[a]", "[a]", true },
	{ "[", "[", true },
	{ "[a", "[a", true },
	{ "[a", "a", false },
	{ "a[", "a[", true },
	{ "[]", "[]", true },
	{ "[!]", "[!]", true },
	{ "[*", "[xyz", true },
	{ "[[a]", "a", true },
	{ "[a-", "[a-", true },
	{ "x[a*]", "x*", true },
};

static void edges(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(edge_cases); i++) {
		check(edge_cases[i].pattern, edge_cases[i].s, edge_cases[i].want);
		/* Of all these glibc only differs in the one whose range has no end. */
		if (strcmp(edge_cases[i].pattern, "[a-"))
			check_fnmatch(edge_cases[i].pattern, edge_cases[i].s);
	}
}

/* Every byte against sets of each form, the twelve classes among them. */
static void sets(void **state)
{
	static const char *const patterns[] = {
		"[[:alnum:]]",	"[[:alpha:]]",
		"[[:blank:]]",	"[[:cntrl:]]",
		"[[:digit:]]",	"[[:graph:]]",
		"[[:lower:]]",	"[[:print:]]",
		"[[:punct:]]",	"[[:space:]]",
		"[[:upper:]]",	"[[:xdigit:]]",
		"[![:alnum:]]", "[^[:cntrl:][:space:]]",
		"[a-z0-9_.-]",	"[!a-z]",
		"[]-a]",	"[\x01-\xff]",
		"[\x80-\xbf]",	"[!-~]",
		"[[-\\]]",	"?",
		"\xff",		"\\?",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(patterns); i++) {
		for (int c = 1; c < 256; c++) {
			const char s[2] = { c };

			check_fnmatch(patterns[i], s);
		}
	}
}

static char pick(const char *from)
{
	return from[random() % strlen(from)];
}

/* A well-formed [set] of a few letters. */
static char *put_set(char *to)
{
	static const char *const members[] = { "a", "b",	 "c",	  "a-b", "b-c",	 "/",
					       ".", "[:alpha:]", "-",	  "\\]", "\\\\", "[",
					       "*", "?",	 "[=b=]", "!-c" };

	*to++ = '[';
	if (!(random() % 3))
		*to++ = pick("!^");
	if (!(random() % 5))
		*to++ = ']';
	do
		to = stpcpy(to, members[random() % ARRAY_SIZE(members)]);
	while (random() % 2);
	*to++ = ']';
	return to;
}

static void random_subject(char *s, const char *letters, int max)
{
	for (int n = random() % max; n > 0; n--)
		*s++ = pick(letters);
	*s = '\0';
}

static void random_patterns(void **state)
{
	char pattern[512], s[32], *to;
	int matches = 0, refused = 0;

	(void)state;
	srandom(1);
	for (int i = 0; i < 200000; i++) {
		to = pattern;
		for (int n = random() % 8; n > 0; n--) {
			switch (random() % 8) {
			case 0:
			case 1:
				*to++ = '*';
				break;
			case 2:
				*to++ = '?';
				break;
			case 3:
				to = put_set(to);
				break;
			case 4:
				*to++ = '\\';
				*to++ = pick("ab*?[]\\");
				break;
			default:
				*to++ = pick("aaabbc/.");
			}
		}
		*to = '\0';
		for (int k = 0; k < 5; k++) {
			random_subject(s, "aaabbc/.]\\-*", 10);
			/* such as "[[.]", or too many sets */
			if (glob_compile(&glob, pattern)) {
				refused++;
				continue;
			}
			check_fnmatch(pattern, s);
			matches += glob_matches(&glob, s, strlen(s));
		}
	}
	/* The comparison is worth something only if both answers are frequent. */
	assert_in_range(matches, 50000, 950000);
	assert_in_range(refused, 0, 100000);
}

/* Rubbish: brackets, dashes and quotes in any order. */
static void random_rubbish(void **state)
{
	char pattern[16], s[16];
	int compared = 0;

	(void)state;
	srandom(1);
	for (int i = 0; i < 1000000; i++) {
		random_subject(pattern, "[[]]!^--ab*?\\:=.", sizeof(pattern));
		/* A range that is never closed is where glibc forgets that its '[' is literal. */
		if (*pattern && pattern[strlen(pattern) - 1] == '-')
			continue;
		if (glob_compile(&glob, pattern))
			continue;
		random_subject(s, "[]!^-ab\\:=.", 8);
		check_fnmatch(pattern, s);
		compared++;
	}
	assert_true(compared > 500000);
}

/* Patterns that make a recursive matcher take for ever. */
static void worst_case(void **state)
{
	static char s[4096];
	char pattern[WT_GLOB_MAX + 1] = "";

	(void)state;
	memset(s, 'a', sizeof(s));
	for (size_t i = 0; i + 1 < WT_GLOB_MAX; i += 2)
		memcpy(pattern + i, "*a", 2);
	assert_int_equal(glob_compile(&glob, pattern), 0);
	assert_true(glob_matches(&glob, s, sizeof(s)));
	pattern[WT_GLOB_MAX - 1] = 'b';
	assert_int_equal(glob_compile(&glob, pattern), 0);
	assert_false(glob_matches(&glob, s, sizeof(s)));

	/* the most steps there can be: half of the pattern is compared at each place */
	memset(pattern, 'a', WT_GLOB_MAX);
	pattern[0] = '*';
	pattern[WT_GLOB_MAX - 1] = 'b';
	assert_int_equal(glob_compile(&glob, pattern), 0);
	assert_false(glob_matches(&glob, s, sizeof(s)));
	s[sizeof(s) - 1] = 'b';
	assert_true(glob_matches(&glob, s, sizeof(s)));
}

static void limits(void **state)
{
	char pattern[WT_GLOB_MAX + 3], s[WT_GLOB_MAX + 2];
	char *to = pattern;

	(void)state;
	memset(pattern, 'a', sizeof(pattern));
	memset(s, 'a', sizeof(s));
	pattern[WT_GLOB_MAX] = '\0';
	assert_int_equal(glob_compile(&glob, pattern), 0);
	assert_true(glob_matches(&glob, s, WT_GLOB_MAX));
	assert_false(glob_matches(&glob, s, WT_GLOB_MAX - 1));
	assert_false(glob_matches(&glob, s, WT_GLOB_MAX + 1));
	assert_int_equal(glob_compile_literal(&glob, pattern, false), 0);
	assert_true(glob_matches(&glob, s, WT_GLOB_MAX));
	pattern[WT_GLOB_MAX] = 'a';
	pattern[WT_GLOB_MAX + 1] = '\0';
	assert_int_equal(glob_compile(&glob, pattern), -E2BIG);
	assert_int_equal(glob_compile_literal(&glob, pattern, false), -E2BIG);
	memset(pattern, '*', WT_GLOB_MAX + 1);
	assert_int_equal(glob_compile(&glob, pattern), 0);
	assert_int_equal(glob.n, 1);

	for (int i = 0; i < WT_GLOB_CLASSES; i++)
		to += sprintf(to, "[%c_]", 'a' + i);
	assert_int_equal(glob_compile(&glob, pattern), 0);
	assert_true(glob_matches(&glob, "abcd_fgh", WT_GLOB_CLASSES));
	assert_false(glob_matches(&glob, "abcdefgg", WT_GLOB_CLASSES));
	strcpy(to, "[h_][_c]");
	assert_int_equal(glob_compile(&glob, pattern), 0);
	strcpy(to, "[ij]");
	assert_int_equal(glob_compile(&glob, pattern), -E2BIG);
}

static void errors(void **state)
{
	static const char *const patterns[] = { "\\",
						"a\\",
						"[a\\",
						"*\\",
						"[[:foo:]]",
						"[[::]]",
						"[[:DIGIT:]]x[[:zap:]]",
						"[[.ab.]]",
						"[[.]",
						"[a-[.]",
						"[[=ab=]]",
						"[[=]",
						"[a-[:digit:]]",
						"[a-[=z=]]" };

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(patterns); i++) {
		int err = glob_compile(&glob, patterns[i]);

		if (err != -EINVAL)
			fail_msg("\"%s\": %d", patterns[i], err);
	}
}

static void wildcards(void **state)
{
	(void)state;
	assert_true(glob_has_wildcard("a*"));
	assert_true(glob_has_wildcard("?"));
	assert_true(glob_has_wildcard("/srv/[ab]"));
	assert_true(glob_has_wildcard("\\*"));
	assert_false(glob_has_wildcard(""));
	assert_false(glob_has_wildcard("/var/lib/a\\b]"));
}

static void literal(void **state)
{
	static const struct {
		const char *path;
		bool tree;
		const char *s;
		bool want;
	} cases[] = {
		{ "/a/b", false, "/a/b", true },
		{ "/a/b", false, "/a/b/", false },
		{ "/a/b", false, "/a/b/c", false },
		{ "/a/b", false, "/a", false },
		{ "/a*\\?[", false, "/a*\\?[", true },
		{ "/a*\\?[", false, "/axx?[", false },
		{ "/a\xff", false, "/a\xff", true },
		{ "/a/b", true, "/a/b", true },
		{ "/a/b", true, "/a/b/", true },
		{ "/a/b", true, "/a/b/c/d", true },
		{ "/a/b", true, "/a/bc", false },
		{ "/a/b", true, "/a/b c/d", false },
		{ "/a/b", true, "/a", false },
		{ "/a/b", true, "/a/", false },
		{ "/a/b", true, "", false },
		{ "/a/b", true, "/x/a/b/c", false },
		{ "/a/b/", true, "/a/b/c", true },
		{ "/a/b//", true, "/a/b", true },
		{ "/a/b/", false, "/a/b", false },
		{ "/", true, "/", true },
		{ "/", true, "/etc/passwd", true },
		{ "//", true, "/etc", true },
		{ "/", true, "", false },
		{ "/", true, "pipe:[12]", false },
		{ "/", false, "/", true },
		{ "/", false, "/etc", false },
		{ "pipe:[12]", true, "pipe:[12]", true },
	};
	char deep[WT_GLOB_MAX + 2];

	(void)state;
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		assert_int_equal(glob_compile_literal(&glob, cases[i].path, cases[i].tree), 0);
		if (glob_matches(&glob, cases[i].s, strlen(cases[i].s)) != cases[i].want)
			fail_msg("\"%s\" (%d), \"%s\"", cases[i].path, cases[i].tree, cases[i].s);
	}
	assert_int_equal(glob_compile_literal(&glob, "", true), -EINVAL);
	assert_int_equal(glob_compile_literal(&glob, "", false), -EINVAL);
	/* a slash that does not count takes no token */
	memset(deep, 'd', WT_GLOB_MAX);
	strcpy(deep + WT_GLOB_MAX, "/");
	assert_int_equal(glob_compile_literal(&glob, deep, true), 0);
	assert_int_equal(glob_compile_literal(&glob, deep, false), -E2BIG);
}

/* Subjects are counted, not terminated: nothing behind them is looked at. */
static void counted(void **state)
{
	char *s = malloc(3);

	(void)state;
	assert_non_null(s);
	memcpy(s, "abc", 3);
	assert_int_equal(glob_compile(&glob, "ab*"), 0);
	assert_true(glob_matches(&glob, s, 3));
	assert_int_equal(glob_compile(&glob, "*?c[!x]"), 0);
	assert_false(glob_matches(&glob, s, 3));
	assert_int_equal(glob_compile_literal(&glob, "abc", true), 0);
	assert_true(glob_matches(&glob, s, 3));
	assert_false(glob_matches(&glob, s, 2));
	free(s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(edges),	   cmocka_unit_test(sets),
		cmocka_unit_test(random_patterns), cmocka_unit_test(random_rubbish),
		cmocka_unit_test(worst_case),	   cmocka_unit_test(limits),
		cmocka_unit_test(errors),	   cmocka_unit_test(wildcards),
		cmocka_unit_test(literal),	   cmocka_unit_test(counted),
	};

	/* The oracle must neither see another locale nor treat [^a] as POSIX leaves it open. */
	setenv("LC_ALL", "C", 1);
	setlocale(LC_ALL, "C");
	unsetenv("POSIXLY_CORRECT");
	return cmocka_run_group_tests_name("glob", tests, NULL, NULL);
}
