/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Talk to people, on stderr: errors, notes, and with --debug what libbpf and the verifier say.
 *
 * An error is one line, `writetrace: WHAT: WHY`; with --json stdout gets {"error":"…"} besides.
 */
#ifndef WT_LOG_H
#define WT_LOG_H

#include <stdbool.h>

enum log_level {
	LOG_LEVEL_QUIET,  /* errors only */
	LOG_LEVEL_NORMAL, /* and notes */
	LOG_LEVEL_DEBUG,  /* and libbpf's words */
};

/** log_setup - choose what is said; also routes libbpf's messages here */
void log_setup(enum log_level level, bool json_errors);

/** log_is_debug - --debug was given */
bool log_is_debug(void);

/** log_has_notes - notes are wanted: not --quiet */
bool log_has_notes(void);

/** log_error - report why the command fails; once, by the command */
void log_error(const char *format, ...) __attribute__((format(printf, 1, 2)));

/** log_note - something worth knowing that is no failure */
void log_note(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
