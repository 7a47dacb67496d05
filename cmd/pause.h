/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Waiting for a while, or until somebody wants us to end.
 */
#ifndef WT_PAUSE_H
#define WT_PAUSE_H

#include <stdbool.h>
#include <stdint.h>

/** pause_open - from now on SIGINT and SIGTERM only end a pause
 *
 * Return: a descriptor for pause_for(), or -errno.
 */
int pause_open(void);

/** pause_until_writable - wait until PIPE_BUF bytes can be written to standard output without
 * blocking
 *
 * Return: true, or false if they cannot and a signal came. Always true before pause_open().
 */
bool pause_until_writable(void);

/** pause_for - wait @ns nanoseconds
 *
 * Does not return if nobody reads standard output any longer.
 * Return: true; false if a signal came, or the terminal is gone.
 */
bool pause_for(int fd, uint64_t ns);

#endif
