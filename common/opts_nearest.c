// SPDX-License-Identifier: GPL-2.0-only
/*
 * What somebody may have meant who has mistyped a word.
 */
#include "opts.h"

#include <stdint.h>
#include <string.h>

/* Levenshtein distance; words here are short. */
static size_t distance(const char *a, const char *b)
{
	size_t row[64], len = strlen(b);

	if (len >= sizeof(row) / sizeof(*row))
		return SIZE_MAX;
	for (size_t j = 0; j <= len; j++)
		row[j] = j;
	for (size_t i = 1; *a; i++, a++) {
		size_t diagonal = row[0];

		row[0] = i;
		for (size_t j = 1; j <= len; j++) {
			size_t change = diagonal + (*a != b[j - 1]);

			diagonal = row[j];
			row[j] = row[j] + 1 < row[j - 1] + 1 ? row[j] + 1 : row[j - 1] + 1;
			if (change < row[j])
				row[j] = change;
		}
	}
	return row[len];
}

const char *opts_nearest(const char *word, const char *const *words)
{
	const char *nearest = NULL;
	size_t least = strlen(word) < 4 ? 2 : 3; /* this far off is another word */

	for (; *words; words++) {
		size_t d = distance(word, *words);

		if (d < least) {
			least = d;
			nearest = *words;
		}
	}
	return nearest;
}
