// SPDX-License-Identifier: GPL-2.0-only
#include "objects.h"

#include <errno.h>
#include <unistd.h>

#include <bpf/bpf.h>

int objects_map(const struct objects *objects, const char *name, uint32_t type, uint32_t key_size,
		uint32_t value_size)
{
	struct bpf_map_info info = {};
	__u32 len = sizeof(info);
	int fd = objects_get(objects, name), err = 0;

	if (fd < 0)
		return fd;
	if (bpf_obj_get_info_by_fd(fd, &info, &len))
		err = -errno;
	else if (info.type != type || info.key_size != key_size || info.value_size != value_size)
		err = -EINVAL;
	if (!err)
		return fd;
	close(fd);
	return err;
}
