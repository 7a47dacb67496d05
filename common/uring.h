/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * One request of our own to io_uring, to see whether its hooks fire.
 */
#ifndef WT_URING_H
#define WT_URING_H

/** uring_nothing - a request of that @opcode for no byte of /dev/null
 *
 * Return: 0; or -errno if io_uring cannot be used.
 */
int uring_nothing(int opcode);

#endif
