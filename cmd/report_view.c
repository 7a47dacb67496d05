// SPDX-License-Identifier: GPL-2.0-only
#include "report_view.h"

#include <langinfo.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>

#include "cmd.h"
#include "common/units.h"

/* COLUMNS is what the user says, TIOCGWINSZ what the terminal says. */
static unsigned int terminal_width(int fd)
{
	const char *columns = getenv("COLUMNS");
	struct winsize size;
	uint64_t width;

	if (columns && !units_parse_u64(columns, 10000, &width) && width)
		return width;
	if (!ioctl(fd, TIOCGWINSZ, &size) && size.ws_col)
		return size.ws_col;
	return 80;
}

struct report_options report_view(const struct globals *globals, int fd, bool terminal)
{
	return (struct report_options){
		.json = globals->json,
		.pretty = globals->pretty,
		.color = cmd_wants_color(globals, terminal),
		.utf8 = !strcmp(nl_langinfo(CODESET), "UTF-8"),
		.width = terminal ? terminal_width(fd) : 0,
		.limit = globals->json ? 0 : REPORT_ROWS,
	};
}
