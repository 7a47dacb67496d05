/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The table of what can be told of an event: each row says it as text and as JSON.
 */
#ifndef WT_FIELDS_H
#define WT_FIELDS_H

#include <stdbool.h>
#include <stddef.h>

struct buf;
struct choice;
struct file;
struct json;
struct print;
struct wt_event;

/* One event on its way to the output. */
struct line {
	struct print *print;
	const struct wt_event *event;
	const struct file *file; /* or NULL */
};

struct field {
	const char *name;   /* as -C takes it */
	const char *header; /* of the text column */
	const char *help;
	int width; /* text: columns at least; negative: flush left */
	void (*text)(struct buf *out, const struct line *line);
	void (*json)(struct json *json, const struct line *line);
	int narrow; /* width on a terminal that is too narrow for all; 0: as ever */
	bool shown; /* in text by default */
	bool bytes; /* in human units on a terminal */
	bool path;  /* may be shortened there if it is the last column */
	bool cut;   /* is shortened to narrow where that holds */
	bool (*slow)(const struct line *line); /* or NULL */
};

/* In the order of JSON. */
extern const struct field fields[];
extern const size_t fields_count;

/** fields_choice - what -C knows: a choice_fn */
bool fields_choice(size_t i, struct choice *choice);

/** fields_json_time - member "time" of an event of which only time_ns need be set */
void fields_json_time(struct json *json, const struct line *line);

/** fields_put_path - append a path of an enum wt_path_state for people: "/tmp/x (deleted)" */
void fields_put_path(struct buf *out, unsigned int state, const char *path, size_t len);

/** fields_json_path - members "path", unless it is NULL, and "path_state", unless it is plain */
void fields_json_path(struct json *json, unsigned int state, const char *path, size_t len);

/** fields_text_*, fields_json_* - columns of a file: fields_file.c */
void fields_text_kind(struct buf *out, const struct line *line);
void fields_json_kind(struct json *json, const struct line *line);
void fields_text_dev(struct buf *out, const struct line *line);
void fields_json_dev(struct json *json, const struct line *line);
void fields_text_ino(struct buf *out, const struct line *line);
void fields_json_ino(struct json *json, const struct line *line);
void fields_text_offset(struct buf *out, const struct line *line);
void fields_json_offset(struct json *json, const struct line *line);
void fields_text_file(struct buf *out, const struct line *line);
void fields_json_file(struct json *json, const struct line *line);

/** fields_text_peer, fields_json_peer - the peer of a socket: fields_peer.c */
void fields_text_peer(struct buf *out, const struct line *line);
void fields_json_peer(struct json *json, const struct line *line);

#endif
