// SPDX-License-Identifier: GPL-2.0-only
#include "report_view.h"

#include <langinfo.h>
#include <string.h>

#include "cmd.h"
#include "common/terminal.h"

struct report_options report_view(const struct globals *globals, int fd, bool terminal)
{
	unsigned int width = 0, height;

	if (terminal)
		terminal_size(fd, &width, &height);
	return (struct report_options){
		.json = globals->json,
		.pretty = globals->pretty,
		.color = cmd_wants_color(globals, terminal),
		.utf8 = !strcmp(nl_langinfo(CODESET), "UTF-8"),
		.width = width,
		.limit = globals->json ? 0 : REPORT_ROWS,
	};
}
