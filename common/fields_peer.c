// SPDX-License-Identifier: GPL-2.0-only
/*
 * The column of a socket's peer.
 */
#include "fields.h"

#include <arpa/inet.h>
#include <string.h>
#include <sys/socket.h>
#include <linux/types.h>

#include "bpf/writetrace.h"
#include "buf.h"
#include "files.h"
#include "json.h"
#include "text.h"

static const struct {
	unsigned int family;
	const char *name;
} families[] = { { AF_UNIX, "unix" },	    { AF_INET, "inet" },     { AF_INET6, "inet6" },
		 { AF_NETLINK, "netlink" }, { AF_PACKET, "packet" }, { AF_VSOCK, "vsock" } };

/* The peer of a socket, in memory that is aligned. False if the file is none. */
static bool take_peer(struct wt_peer *peer, const struct file *file)
{
	*peer = (struct wt_peer){};
	if (!file || file->peer_len < WT_PEER_HEAD)
		return false;
	memcpy(peer, file->path + file->path_len, file->peer_len);
	return true;
}

/* A path may have an end; an abstract name has none but its length. */
static void put_unix_peer(struct buf *out, const char *name, size_t len)
{
	if (len && !*name) {
		buf_putc(out, '@');
		buf_put(out, name + 1, len - 1);
	} else {
		buf_put(out, name, strnlen(name, len));
	}
}

/* 127.0.0.1:80   [::1]:80   /run/log   @abstract   Nothing for one that is not connected. */
static void put_peer(struct buf *out, const struct wt_peer *peer, size_t len)
{
	char address[INET6_ADDRSTRLEN];
	bool v6 = peer->family == AF_INET6;

	if (peer->family == AF_UNIX) {
		put_unix_peer(out, peer->path, len - WT_PEER_HEAD);
	} else if ((v6 || peer->family == AF_INET) && peer->port) {
		inet_ntop(peer->family, peer->addr, address, sizeof(address));
		buf_printf(out, v6 ? "[%s]:%u" : "%s:%u", address, ntohs(peer->port));
	}
}

void fields_text_peer(struct buf *out, const struct line *line)
{
	struct buf text = {};
	struct wt_peer peer;

	if (take_peer(&peer, line->file))
		put_peer(&text, &peer, line->file->peer_len);
	if (text.len)
		text_safe(out, text.data, text.len);
	else
		buf_putc(out, '-');
	buf_free(&text);
}

void fields_json_peer(struct json *json, const struct line *line)
{
	struct buf text = {};
	struct wt_peer peer;

	if (!take_peer(&peer, line->file))
		return;
	for (size_t i = 0; i < sizeof(families) / sizeof(*families); i++)
		if (families[i].family == peer.family)
			json_str(json, "family", families[i].name);
	put_peer(&text, &peer, line->file->peer_len);
	if (text.len)
		json_bytes(json, "peer", text.data, text.len);
	buf_free(&text);
}
