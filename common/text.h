/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Bytes made safe to show: processes choose their names and paths, a terminal obeys what it reads.
 *
 * One set of harmful characters serves text and JSON alike, see text_is_harmful(). UTF-8 is judged
 * by RFC 3629 and Unicode 15, section 3.9, table 3-7: no overlong forms, no surrogates, nothing
 * above U+10FFFF.
 */
#ifndef WT_TEXT_H
#define WT_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct buf;

/** text_safe - append @len bytes at @src so that showing them does no harm
 *
 * Each byte of an invalid UTF-8 sequence or of a harmful character becomes \xHH (upper-case hex),
 * everything else passes. So does a backslash: a name that holds the four characters \x1B looks
 * like the byte 0x1B does. Text is for people; JSON gives the exact bytes.
 */
void text_safe(struct buf *out, const char *src, size_t len);

/** text_is_harmful - whether a terminal could obey this character, or a reader be misled by it
 *
 * These are the controls (U+0000-001F, U+007F-009F), line and paragraph separator (U+2028, U+2029)
 * and the bidirectional marks, embeddings, overrides and isolates (U+061C, U+200E, U+200F,
 * U+202A-202E, U+2066-2069). All of them lie in the BMP.
 */
bool text_is_harmful(uint32_t codepoint);

/** text_utf8_scan - take one UTF-8 sequence from the @len (at least 1) bytes at @s
 *
 * Return: the length, 1 to 4, of a well-formed sequence, with its value in @codepoint; or minus the
 * length, 1 to 3, of the ill-formed one, which is the "maximal subpart" that Unicode 15, section
 * 3.9 wants replaced by one U+FFFD. @codepoint is then left alone.
 */
int text_utf8_scan(const char *s, size_t len, uint32_t *codepoint);

/** text_utf8_next - length of the well-formed UTF-8 sequence that starts at @s
 *
 * Return: 1 to 4; 0 if there is none or @len is 0.
 */
size_t text_utf8_next(const char *s, size_t len);

/** text_is_utf8 - whether all @len bytes at @s are well-formed UTF-8; no bytes are */
bool text_is_utf8(const char *s, size_t len);

/** text_base64 - append @len bytes at @p as base64 (RFC 4648 section 4, padded, no line breaks) */
void text_base64(struct buf *out, const void *p, size_t len);

/** text_hex_digit - the upper-case hex digit of the low four bits of @v */
static inline char text_hex_digit(unsigned int v)
{
	return "0123456789ABCDEF"[v & 15];
}

/* All eight bytes at once: what is returned is 0 if each is printable ASCII and, with quoted, none
 * is '"' or '\\'. If a byte has its top bit set, carries spoil the other terms, but not the first.
 */
static inline uint64_t text_word_special(uint64_t word, bool quoted)
{
	const uint64_t ones = 0x0101010101010101;
	uint64_t special = word | (word + ones) | ~(word + ones * 0x60);

	if (quoted) {
		special |= ~((word ^ ones * '"') + ones * 0x7f);
		special |= ~((word ^ ones * '\\') + ones * 0x7f);
	}
	return special & (ones * 0x80);
}

/** text_plain - how many of the @len bytes at @s may be copied as they are
 *
 * Plain is printable ASCII, 0x20 to 0x7E; with @quoted (inside a JSON string) less '"' and '\\'.
 */
static inline size_t text_plain(const char *s, size_t len, bool quoted)
{
	size_t n = 0;
	uint64_t word;

	for (; len - n >= sizeof(word); n += sizeof(word)) {
		memcpy(&word, s + n, sizeof(word));
		if (text_word_special(word, quoted))
			break;
	}
	for (; n < len; n++) {
		if (s[n] < 0x20 || s[n] >= 0x7f || (quoted && (s[n] == '"' || s[n] == '\\')))
			break;
	}
	return n;
}

#endif
