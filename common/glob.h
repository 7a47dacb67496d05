/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Patterns for names and paths, compiled here into the tokens that a BPF program matches.
 *
 * The language is that of fnmatch(3) in the C locale with no flags: '*' and '?' match '/' and a
 * leading dot too, as with find -path. struct wt_glob and its limits are laid out in
 * bpf/writetrace.h. A token is a byte (0 to 255), WT_GLOB_ANY, WT_GLOB_STAR or WT_GLOB_CLASS + i
 * for the set of bytes in classes[i], where byte c is bit c % 8 of classes[i][c / 8].
 *
 * Include this as "glob.h" or "common/glob.h", never with -Icommon: <glob.h> is libc's.
 */
#ifndef WT_GLOB_H
#define WT_GLOB_H

#include <stdbool.h>
#include <stddef.h>

struct wt_glob;

/** glob_has_wildcard - whether @pattern holds one of the bytes '*', '?' and '['
 *
 * A pattern without them is for glob_compile_literal(), which takes a backslash as it stands; one
 * with them is for glob_compile(), where a backslash quotes. So \* is how to name one star.
 */
bool glob_has_wildcard(const char *pattern);

/** glob_compile - compile @pattern into @g, which is overwritten
 *
 * '*' any bytes, '?' one byte, [abc] [a-z] [!a] [^a] []a] one of a set, in it also [:digit:] and
 * the other eleven POSIX classes (ASCII only) and the one-byte forms [.x.] and [=x=]; a backslash
 * quotes the next byte, in a set too. A '[' that is never closed stands for itself. Everything is
 * bytewise: '?' takes one byte of a UTF-8 character.
 *
 * Return: 0; -EINVAL for a backslash at the end, an unknown [:class:] or, in a set, [. or [= that
 * is not one of the forms above, or one of these (but [.x.]) at the end of a range; -E2BIG for more
 * than WT_GLOB_MAX tokens or WT_GLOB_CLASSES different sets. After an error @g is undefined.
 */
int glob_compile(struct wt_glob *g, const char *pattern);

/** glob_compile_literal - compile @path, in which no byte is special
 *
 * With @tree the result matches @path and everything below it; then slashes at its end do not
 * count, and "/" matches every absolute path.
 *
 * Return: 0; -EINVAL if @path is empty; -E2BIG if it is longer than WT_GLOB_MAX.
 */
int glob_compile_literal(struct wt_glob *g, const char *path, bool tree);

/** glob_matches - whether all @len bytes at @s (less than 2^32) match @g */
bool glob_matches(const struct wt_glob *g, const char *s, size_t len);

#endif
