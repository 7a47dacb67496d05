// SPDX-License-Identifier: GPL-2.0-only
#include "log.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <bpf/libbpf.h>

#include "buf.h"
#include "json.h"
#include "text.h"

static struct {
	enum log_level level;
	bool json_errors;
} log_state = { .level = LOG_LEVEL_NORMAL };

static int log_libbpf(enum libbpf_print_level level, const char *format, va_list args)
{
	(void)level;
	if (log_state.level < LOG_LEVEL_DEBUG)
		return 0;
	return vfprintf(stderr, format, args);
}

void log_setup(enum log_level level, bool json_errors)
{
	log_state.level = level;
	log_state.json_errors = json_errors;
	libbpf_set_print(log_libbpf);
}

bool log_is_debug(void)
{
	return log_state.level == LOG_LEVEL_DEBUG;
}

bool log_has_notes(void)
{
	return log_state.level != LOG_LEVEL_QUIET;
}

static void log_write(int fd, const struct buf *line)
{
	/* Nobody is left to tell if even this fails. */
	if (write(fd, line->data, line->len) < 0)
		return;
}

static void log_line(struct buf *message)
{
	struct buf line = {};

	buf_puts(&line, "writetrace: ");
	text_safe(&line, message->data, message->len);
	buf_putc(&line, '\n');
	log_write(STDERR_FILENO, &line);
	buf_free(&line);
}

static void log_vformat(struct buf *message, const char *format, va_list args)
{
	char *text = NULL;

	if (vasprintf(&text, format, args) >= 0)
		buf_puts(message, text);
	free(text);
}

void log_error(const char *format, ...)
{
	struct buf message = {}, line = {};
	struct json json = { .out = &line };
	va_list args;

	va_start(args, format);
	log_vformat(&message, format, args);
	va_end(args);
	log_line(&message);
	if (log_state.json_errors) {
		json_begin_object(&json, NULL);
		json_bytes(&json, "error", message.data, message.len);
		json_end_object(&json);
		buf_putc(&line, '\n');
		log_write(STDOUT_FILENO, &line);
	}
	buf_free(&line);
	buf_free(&message);
}

void log_note(const char *format, ...)
{
	struct buf message = {};
	va_list args;

	if (!log_has_notes())
		return;
	va_start(args, format);
	log_vformat(&message, format, args);
	va_end(args);
	log_line(&message);
	buf_free(&message);
}
