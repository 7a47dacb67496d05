// SPDX-License-Identifier: GPL-2.0-only
#include "progress.h"

#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "log.h"
#include "terminal.h"

#define LINE_MAX_LEN 128

struct progress {
	pthread_t thread;
	pthread_mutex_t mutex; /* for all below */
	pthread_cond_t cond;
	bool due; /* the second is over */
	bool ended;
	size_t shown; /* columns that are on the terminal */
	char line[LINE_MAX_LEN];
};

/* Spaces, as not every terminal can clear a line. @line may be empty. */
static void draw(struct progress *p, const char *line)
{
	unsigned int width, height;
	char text[2 * LINE_MAX_LEN + 3];
	size_t len = strlen(line);
	int n;

	terminal_size(STDERR_FILENO, &width, &height);
	/* one that is full would go on in the next line */
	if (len >= width)
		len = width - 1;
	n = snprintf(text, sizeof(text), "\r%*s\r%.*s", (int)p->shown, "", (int)len, line);
	if (p->shown || len)
		p->shown = write(STDERR_FILENO, text, n) < 0 ? 0 : len;
}

static void *wait_a_second(void *arg)
{
	struct progress *p = arg;
	struct timespec until;
	int err = 0;

	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec++;
	pthread_mutex_lock(&p->mutex);
	while (!p->ended && !err)
		err = pthread_cond_timedwait(&p->cond, &p->mutex, &until);
	if (!p->ended) {
		p->due = true;
		draw(p, p->line);
	}
	pthread_mutex_unlock(&p->mutex);
	return NULL;
}

static void set_line(struct progress *p, const char *format, va_list args)
{
	int n = snprintf(p->line, sizeof(p->line), "writetrace: ");

	vsnprintf(p->line + n, sizeof(p->line) - n - strlen("..."), format, args);
	strcat(p->line, "...");
}

/* Signals are for the others. */
static int start_thread(struct progress *p)
{
	pthread_condattr_t attr;
	sigset_t all, before;
	int err;

	pthread_mutex_init(&p->mutex, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&p->cond, &attr);
	pthread_condattr_destroy(&attr);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	err = pthread_create(&p->thread, NULL, wait_a_second, p);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return err;
}

struct progress *progress_start(const char *format, ...)
{
	struct progress *p = NULL;
	va_list args;

	if (log_has_notes() && !log_is_debug() && isatty(STDERR_FILENO))
		p = calloc(1, sizeof(*p));
	if (!p)
		return NULL;
	va_start(args, format);
	set_line(p, format, args);
	va_end(args);
	if (start_thread(p)) {
		free(p);
		p = NULL;
	}
	return p;
}

void progress_say(struct progress *p, const char *format, ...)
{
	va_list args;

	if (!p)
		return;
	pthread_mutex_lock(&p->mutex);
	va_start(args, format);
	set_line(p, format, args);
	va_end(args);
	if (p->due)
		draw(p, p->line);
	pthread_mutex_unlock(&p->mutex);
}

void progress_clear(struct progress *p)
{
	if (!p)
		return;
	pthread_mutex_lock(&p->mutex);
	*p->line = '\0';
	draw(p, p->line);
	pthread_mutex_unlock(&p->mutex);
}

void progress_end(struct progress *p)
{
	if (!p)
		return;
	pthread_mutex_lock(&p->mutex);
	p->ended = true;
	pthread_cond_signal(&p->cond);
	pthread_mutex_unlock(&p->mutex);
	pthread_join(p->thread, NULL);
	draw(p, "");
	pthread_cond_destroy(&p->cond);
	pthread_mutex_destroy(&p->mutex);
	free(p);
}
