// SPDX-License-Identifier: GPL-2.0-only
#include "choice.h"

#include <string.h>

#include "buf.h"

bool choice_at(const struct choice *all, size_t n, size_t i, struct choice *choice)
{
	if (i >= n)
		return false;
	*choice = all[i];
	return true;
}

/*
 *	bytes   bytes written *
 *	calls   operations
 *	* by default
 */
void choice_list(struct buf *out, choice_fn *fn)
{
	bool any_default = false;
	struct choice choice;
	size_t width = 0;

	for (size_t i = 0; fn(i, &choice); i++)
		if (width < strlen(choice.name))
			width = strlen(choice.name);
	for (size_t i = 0; fn(i, &choice); i++) {
		buf_printf(out, "%-*s %s%s\n", (int)width, choice.name, choice.help,
			   choice.by_default ? " *" : "");
		any_default |= choice.by_default;
	}
	if (any_default)
		buf_puts(out, "* by default\n");
}
