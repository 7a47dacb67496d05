/* SPDX-License-Identifier: GPL-2.0-only OR BSD-2-Clause */
/*
 * The contract: every byte that crosses between kernel and user space is laid out here.
 *
 * Both sides include it, so it includes nothing itself; whoever includes it has __u8 to __u64
 * (linux/types.h). Padding is spelled out and sizes are asserted, so that the two compilers cannot
 * disagree. It is one file, long as it is: what refers to each other is laid out together.
 */
#ifndef WT_WRITETRACE_H
#define WT_WRITETRACE_H

#define WT_COMM_LEN 16
#define WT_PATH_MAX 4096 /* longest path sent, without a terminating NUL */
#define WT_DATA_MAX 4096 /* most bytes of written data sent with one event */

/* Operations. Their names, groups and hooks are in common/ops.c. */
enum wt_op {
	WT_OP_WRITE,
	WT_OP_PWRITE64,
	WT_OP_WRITEV,
	WT_OP_PWRITEV,
	WT_OP_PWRITEV2,
	WT_OP_SENDFILE,
	WT_OP_SPLICE,
	WT_OP_VMSPLICE,
	WT_OP_TEE,
	WT_OP_COPY_FILE_RANGE,
	WT_OP_SENDTO,
	WT_OP_SENDMSG,
	WT_OP_SENDMMSG,
	WT_OP_FSYNC,
	WT_OP_FDATASYNC,
	WT_OP_SYNC_FILE_RANGE,
	WT_OP_SYNCFS,
	WT_OP_MSYNC,
	WT_OP_URING_WRITE,
	WT_OP_URING_WRITEV,
	WT_OP_URING_WRITE_FIXED,
	WT_OP_URING_SEND,
	WT_OP_URING_SENDMSG,
	WT_OP_URING_FSYNC,
	WT_OP_AIO_PWRITE,
	WT_OP_AIO_PWRITEV,
	WT_OP_AIO_FSYNC,
	WT_OP_COUNT,
};

/* System calls that are hooked: operations, and behind them a second one of 32-bit programs for the
 * same operation, and AIO's: that hand operations over, fetch their results, and end it all. */
enum wt_call_id {
	WT_CALL_SENDFILE_OLD = WT_OP_COUNT,
	WT_CALL_IO_SUBMIT,
	WT_CALL_IO_DESTROY,
	WT_CALL_IO_GETEVENTS,
	WT_CALL_IO_PGETEVENTS,
	WT_CALL_IO_PGETEVENTS_TIME64,
	WT_CALL_COUNT,
};

/* How the arguments of an operation's system call lie (table ops in common/ops.c). */
enum wt_form {
	WT_FORM_NONE,	  /* no data and no size */
	WT_FORM_LENGTH,	  /* a number of bytes, no data */
	WT_FORM_DATA,	  /* argument 1: the data, its length */
	WT_FORM_VECTORS,  /* argument 1: vectors, their number */
	WT_FORM_MESSAGE,  /* argument 1: a struct msghdr */
	WT_FORM_MESSAGES, /* argument 1: structs mmsghdr, their number */
};

/* Which arguments are what. Masks and flags instead of cases: the verifier would walk all that
 * follows once for each case. */
struct wt_shape {
	__u64 pos_mask; /* argument 3, or 1: position */
	__u64 pos_mask_1;
	__u64 at_mask;	   /* argument 3: address of the position, if not NULL */
	__u32 no_fd;	   /* all bits if the call has no descriptor, else 0 */
	__u32 append_mask; /* argument 5: RWF_APPEND */
	__u8 form;	   /* enum wt_form */
	__u8 fd;	   /* number of the argument: descriptor of the file written to */
	__u8 count;	   /* the same of bytes, vectors or messages */
	__u8 moves;	   /* the file's position means something */
	__u8 has_pos;	   /* there is a position among the arguments */
	__u8 pos_always;   /* also if it is -1 */
	__u8 pipe_end;	   /* at the end of a pipe that is not for writing it reads */
	__u8 pad;
};

/* Hooks are numbered by call; behind them come those for calls of 32-bit programs, where these have
 * hooks of their own. */
#define WT_HOOK(call, compat) ((compat) ? WT_CALL_COUNT + (call) : (call))
#define WT_HOOKS	      (2 * WT_CALL_COUNT)

/* Kinds of file, in the order of their names in common/filter.c. */
enum wt_kind {
	WT_KIND_NONE, /* the descriptor was not open, or the file could not be read */
	WT_KIND_FILE,
	WT_KIND_PIPE,
	WT_KIND_SOCKET,
	WT_KIND_TTY,
	WT_KIND_CHAR,
	WT_KIND_BLOCK,
	WT_KIND_ANON,
	WT_KIND_COUNT,
};

enum wt_path_state {
	WT_PATH_PLAIN,
	WT_PATH_DELETED,
	WT_PATH_TRUNCATED, /* deeper or longer than the walk goes: the last part of the path */
	WT_PATH_UNKNOWN,
};

/* Why something is missing. Counted per CPU in struct wt_counters; most of what is skipped the
 * kernel counts for us (bpf_prog_info.recursion_misses). */
enum wt_lost {
	WT_LOST_RING,	  /* the ring was full */
	WT_LOST_INFLIGHT, /* no memory to remember an operation's start, or a process to follow */
	WT_LOST_UNPAIRED, /* interrupted before it was done (the kernel restarts it or fails it);
			     and WT_LOST_UNSEEN, where users read it */
	WT_LOST_SKIPPED, /* all copies of a program skipped by the kernel (an upper bound), or begun
			    unseen where it matters how long it took */
	WT_LOST_COUNT,
	/* of io_uring and AIO: ended unseen, and may have been done. The kernel counts it apart. */
	WT_LOST_UNSEEN = WT_LOST_COUNT,
	WT_LOST_COUNTERS,
};

/* Globs are compiled in user space (common/glob.c) into tokens that a BPF program can step over. */
#define WT_GLOB_MAX	1024 /* tokens */
#define WT_GLOB_CLASSES 8
#define WT_GLOB_ANY	256 /* ? */
#define WT_GLOB_STAR	257 /* * */
#define WT_GLOB_CLASS	258 /* 258 + i: one byte of classes[i] */

struct wt_glob {
	__u16 n;   /* tokens in use */
	__u8 tree; /* a literal path: whatever lies below it matches, too */
	__u8 pad[5];
	__u16 token[WT_GLOB_MAX]; /* 0 to 255: that byte; else WT_GLOB_* */
	__u8 classes[WT_GLOB_CLASSES][32];
};

/* How many alternatives an option takes; the maps are sized to what a session uses. */
#define WT_GLOBS_MAX   32 /* of --comm, and of --path */
#define WT_CGROUPS_MAX 16

/* Settings, frozen before load: the verifier drops what is off. */
struct wt_config {
	__u64 aio_ops; /* bit per operation of AIO that is wanted */
	__u64 min_size;
	__u64 min_latency_ns;
	__u64 pidns_ino;  /* 0: pids as the kernel numbers them, else as this pid namespace does */
	__u32 skip_pgrp;  /* process group that is not traced unless named; 0: none */
	__u32 data_max;	  /* bytes of data captured with each event; 0: none */
	__u32 file_mask;  /* slots of the seen-file table minus one; a power of two minus one */
	__u32 kinds;	  /* bit per enum wt_kind; 0: all */
	__u32 comm_globs; /* rows 0.. of map globs */
	__u32 path_globs; /* rows comm_globs.. of map globs */
	__u32 cgroups;	  /* rows of map cgroups */
	__u32 wake_every; /* events of one CPU after which a sleeping reader is woken */
	__u32 by;	  /* row key: WT_BY_* */
	__u32 event_mask; /* slots of a lane of map events minus one; a power of two minus one */
	__u32 path_mask;  /* the same of map paths */
	__u32 span_mask;  /* the same of map span_slots */
	__u32 uring_compat; /* bit of io_ring_ctx.int_flags: of a 32-bit program */
	__u8 stream;	    /* operations go into the ring */
	__u8 tally;	    /* operations are added to totals and rows */
	__u8 record;	    /* operations go into the flight recorder */
	__u8 lanes;	    /* each CPU has a lane of the flight recorder of its own */
	__u8 skip_tasks;    /* map skipped decides */
	__u8 latency;	    /* entry hooks are attached, latency is measured */
	__u8 copies;	    /* of each exit program that are attached: 1, or WT_COPIES */
	__u8 task_storage;  /* BPF_MAP_TYPE_TASK_STORAGE works, else one array slot per tid */
	__u8 slots;	    /* map task_slots remembers what was decided by pid */
	__u8 start_slots;   /* and when operations began */
	__u8 by_pid;	    /* map pids decides */
	__u8 by_tid;	    /* map tids decides */
	__u8 by_uid;
	__u8 by_fd;
	__u8 follow;
	__u8 failed_only;
	__u8 trace_pipe;
	__u8 include_self;
	__u8 messages;	 /* there are operations that send messages */
	__u8 uring;	 /* enum wt_uring */
	__u8 typed_regs; /* the verifier knows what the hooks' struct pt_regs is */
	__u8 addresses;	 /* calls say whom they send to: that is the peer then */
	__u8 aio_blocks; /* io_submit is seen, so the operations of AIO are known before they end */
	__u8 tty_major[64]; /* bit per major number below 512 that belongs to terminals */
	__u8 pad[5];
};

/* Types of the kernel whose members are read by plain loads (bpf/read.bpf.h). Programs name them by
 * their numbers in the kernel's BTF. */
#define WT_TYPES(X)      \
	X(cgroup)        \
	X(cred)          \
	X(css_set)       \
	X(dentry)        \
	X(fdtable)       \
	X(file)          \
	X(files_struct)  \
	X(inode)         \
	X(io_kiocb)      \
	X(io_ring_ctx)   \
	X(io_rw)         \
	X(io_sr_msg)     \
	X(io_uring_cqe)  \
	X(kernfs_node)   \
	X(mount)         \
	X(pid)           \
	X(pid_namespace) \
	X(signal_struct) \
	X(super_block)   \
	X(task_struct)
#define WT_TYPE(name) WT_TYPE_##name,
enum wt_type { WT_TYPES(WT_TYPE) WT_TYPE_COUNT };
#undef WT_TYPE

/* Where the kernel preempts programs: how many copies of each are attached, see span.bpf.h, and how
 * many tasks of one CPU may be under way where scratch memory is needed. */
#define WT_COPIES	  4
#define WT_ENTER_COPIES	  2
#define WT_SCRATCH_PLACES 6

/* Identity of a task: its number and its start. A number alone may belong to another process by
 * now. User space knows starts to 10 ms only (/proc/PID/stat), so a start within that of `from`
 * matches. */
#define WT_START_TOLERANCE_NS 10000000ULL

struct wt_task_id {
	__u64 from_ns; /* start of the task, CLOCK_BOOTTIME, rounded down by the tolerance */
};

/* What a record in the ring is. */
enum wt_record_type {
	WT_RECORD_WRITE = 1,
	WT_RECORD_FILE = 2,
};

/* struct wt_event.flags */
#define WT_EVENT_COMPAT	    1	/* made by the 32-bit system call */
#define WT_EVENT_LATENCY    2	/* latency_ns is known */
#define WT_EVENT_SIZE	    4	/* size is known */
#define WT_EVENT_POS	    8	/* offset is known, if the file has one */
#define WT_EVENT_DATA_FAULT 16	/* data could not be read */
#define WT_EVENT_FILE	    32	/* file holds an identity */
#define WT_EVENT_FD	    64	/* fd is one */
#define WT_EVENT_NO_DATA    128 /* there is none, or it cannot be got at */

/*
 * One finished operation: identity only; the path is in the struct wt_file with the same id, which
 * came earlier. `data_len` bytes of data follow.
 */
struct wt_event {
	__u8 type; /* WT_RECORD_WRITE */
	__u8 op;
	__u8 flags;
	__u8 pad;
	__u16 cpu;
	__u16 data_len;
	__u64 lost;    /* events this CPU could not put into the ring, since the session began */
	__u64 time_ns; /* end of the operation, CLOCK_BOOTTIME */
	__u64 latency_ns;
	__u64 file;
	__u64 cgroup;
	__s64 offset;
	__u64 size;
	__s64 ret;
	__u32 pid;
	__u32 tid;
	__u32 uid;
	__s32 fd;
	char comm[WT_COMM_LEN];
};
_Static_assert(sizeof(struct wt_event) == 104, "struct wt_event");

/*
 * A file, sent the first time it is seen (and again when its slot was used by another). `path_len`
 * bytes of path follow, and behind them, of sockets, `peer_len` bytes of a struct wt_peer.
 */
struct wt_file {
	__u8 type; /* WT_RECORD_FILE */
	__u8 kind;
	__u8 path_state;
	__u8 undecided; /* the globs need more steps than the kernel took: user space decides */
	__u16 path_len;
	__u16 peer_len;
	__u64 id;
	__u64 ino;
	__u32 dev; /* as the kernel keeps it: major << 20 | minor */
	__u32 mode;
};
_Static_assert(sizeof(struct wt_file) == 32, "struct wt_file");

/* Who is at the other end of a socket. */
#define WT_UNIX_PATH_MAX 108

struct wt_peer {
	__u16 family; /* AF_* */
	__u16 port;   /* in network order; 0: not connected, or a family without ports */
	union {
		__u8 addr[16];		     /* IPv4: the first 4 bytes */
		char path[WT_UNIX_PATH_MAX]; /* as many bytes as there are; begins with NUL:
						abstract */
	};
};
#define WT_PEER_HEAD 4 /* bytes ahead of the address */

/* Bytes that follow a struct wt_file at most */
#define WT_FILE_TAIL_MAX (WT_PATH_MAX + 112)
_Static_assert(sizeof(struct wt_peer) == 112, "struct wt_peer");

/* Counters, one set per CPU; all __u64, so that they can be summed up as an array. */
struct wt_counters {
	__u64 lost[WT_LOST_COUNTERS];
	__u64 sent; /* events put into the ring */
	/* operations, by the hook and by the copy of its program that handled them */
	__u64 handled[WT_HOOKS][WT_COPIES];
};

/* System call numbers in use are below this on every architecture we know. */
#define WT_SYSCALLS 512

/* What a system call number means to us: operation (or enum wt_call_id) + 1, or 0. Both can be
 * loaded at once. */
struct wt_syscall {
	__u8 native;
	__u8 compat;
} __attribute__((aligned(2)));

/* io_uring's opcodes in use are below this. */
#define WT_URING_OPCODES 128

/* How the kernel calls us at the completion of an io_uring request (KERNEL.md, io_uring). */
enum wt_uring {
	WT_URING_NONE,	  /* io_uring is not traced */
	WT_URING_NUMBERS, /* (ctx, user_data, res, …): 5.10 */
	WT_URING_REQUEST, /* (ctx, req, user_data, res, …): 6.1 */
	WT_URING_ENTRY,	  /* (ctx, req, cqe): 6.18 */
};

/* Who has asked for an operation that ends in another task. */
struct wt_asked {
	__u64 process_start_ns;
	__u64 cgroup;
	__u32 uid;
	__u32 pad;
	char comm[WT_COMM_LEN];
};

enum wt_request_state {
	WT_REQUEST_OPEN,
	WT_REQUEST_TAKEN, /* by the program that shows it */
	WT_REQUEST_LOST,  /* counted as lost, for another one that cannot be told from it */
};

/* An operation that was handed to the kernel and has not ended yet: io_uring's in map requests,
 * AIO's in map blocks. */
struct wt_request {
	__u64 done; /* enum wt_request_state */
	__u64 tag;  /* tells it from others of the same key; AIO: its context, by map contexts */
	__u64 start_ns;
	__u64 file;    /* struct file, if the completion does not know it */
	__u64 file_id; /* its identity, if it is known yet */
	__u64 ring;    /* io_uring: struct io_ring_ctx */
	__u64 from;    /* AIO: results at positions before this one are not of this operation */
	__u64 until;   /* AIO, if it was put aside: nor are those from this one on */
	__u64 buf;     /* data or vectors: user address */
	__u64 count;   /* bytes, or number of these */
	__s64 offset;
	__u64 size;
	__u32 pid;
	__u32 tid;
	__s32 fd;
	__u8 op;
	__u8 has_fd;
	__u8 has_size;
	__u8 has_pos; /* offset is known; else it is the file's position */
	__u8 compat;
	__u8 silent; /* success is not told of: counted as lost until there is an error */
	__u8 copy;   /* of the program that has put it down */
	__u8 form;   /* enum wt_form */
	__u8 append; /* data goes to the end of the file all the same */
	__u8 pad[3];
	struct wt_asked asked;
};
#define WT_REQUESTS 16384
#define WT_BLOCKS   8192

/* A context of AIO (map contexts). Its ring holds so many results, the newest right before `tail`;
 * those before `seen` have been looked at. Positions are counted on, slots are positions modulo
 * that size. */
struct wt_aio_context {
	__u64 seen;
	__u64 tail;
	__u64 outstanding;	/* in map blocks */
	__u64 submit_ns;	/* when io_submit has begun last */
	__u64 process_start_ns; /* its owner's; CLOCK_BOOTTIME */
	__u32 pid;		/* in the initial pid namespace */
	__u32 seen_by; /* bit for each copy of the program that has run for that io_submit */
};
#define WT_AIO_CONTEXTS 4096

/* What programs know of a task, by its number modulo WT_TASK_SLOTS: whoever comes later has it. */
struct wt_task_slot {
	__u64 verdict; /* which task, and in bit 63 that it is not listed: see slot_id() */
	__u64 start;   /* of its operation: ns << WT_SLOT_TID_BITS | the rest of its number; or 0 */
};
#define WT_TASK_SLOTS	 16384
#define WT_SLOT_TID_BITS 8 /* 2^22 tasks at most (include/linux/threads.h: PID_MAX_LIMIT) */

/* Slots of the map for in-flight operations where task storage does not exist; so many less one are
 * cfg.span_mask where that map only has what finds its place in task_slots taken. */
#define WT_SPAN_SLOTS	    65536
#define WT_SPAN_SLOTS_SPARE 4096

/* Shared with user space while the programs run (.bss). */
struct wt_shared {
	__u32 wake;	 /* user space sleeps and wants a wake-up with the next record */
	__u32 enabled;	 /* 0: what is attached does nothing but the self-test */
	__u32 self_tgid; /* writetrace itself, 0 once it has exited */
	__u32 selftest;	 /* our own operations are ticked off below instead of being ignored */
	__u64 entered;	 /* bit per operation whose entry hook has fired */
	__u64 exited;	 /* bit per operation whose exit hook has fired */
	__u32 epoch;	 /* its lowest bit is the place of struct wt_tallied that is added to */
	__u32 settled;	 /* the epoch that all programs are known to have seen */
	__u32 rows_full; /* no row can be made any more */
	__u16 last_exit; /* operation << 8 | copy of the exit hook that has fired last */
	__u16 disorder;	 /* not 0: copies have not run in the order of their numbers */
};

/*
 * The tally: what has been counted of an operation, a row, or the operations without a row.
 *
 * User space wants all of it as of one moment while programs go on adding. So each sum has two
 * places; programs add to one of them. To read, take the other, which stands still; have programs
 * change over (epoch) and wait until all have; take the first one, which stands still now. Both
 * together are exactly what was counted up to the change.
 */
#define WT_PLACES 2

struct wt_sums {
	__u64 calls;
	__u64 bytes;
	__u64 errors;
	__u64 latency_ns;
	__u64 latency_max_ns;
};

/* Bucket i counts values up to 2^i that are above 2^(i-1); the first one 0 and 1, the last one all
 * that is larger, too. */
#define WT_HIST_BUCKETS 48

/* Totals of one operation (map totals, per CPU, by enum wt_op). Sizes are those requested; those
 * that cannot be read count as 0. */
struct wt_total {
	struct wt_sums sums[WT_PLACES];
	__u64 latency_hist[WT_PLACES][WT_HIST_BUCKETS]; /* ns; those without a latency left out */
	__u64 size_hist[WT_PLACES][WT_HIST_BUCKETS];	/* bytes */
};

/* Operations for which no row was left (map other, per CPU). */
struct wt_other {
	struct wt_sums sums[WT_PLACES];
};

/* What rows are told apart by. */
#define WT_BY_PID    1
#define WT_BY_COMM   2
#define WT_BY_UID    4
#define WT_BY_CGROUP 8
#define WT_BY_OP     16
#define WT_BY_FILE   32

/* A row (map rows, by a hash of what it is told apart by). What it is not told apart by is that of
 * the operation that came first. */
struct wt_row {
	__u64 file;	/* key of map row_files, 0: the descriptor was not open */
	__u64 start_ns; /* start of the process, CLOCK_BOOTTIME; 0 unless by pid */
	__u64 cgroup;
	__u32 pid;
	__u32 uid;
	char comm[WT_COMM_LEN];
	__u32 op;
	__u32 pad;
	struct wt_sums sums[WT_PLACES];
};
_Static_assert(sizeof(struct wt_row) == 136, "struct wt_row");

/* The file of a row (map row_files, by identity), with the beginning of its path. */
#define WT_ROW_PATH_HEAD 96

struct wt_row_file {
	struct wt_file file;
	char path[WT_ROW_PATH_HEAD];
};
_Static_assert(sizeof(struct wt_row_file) == 128, "struct wt_row_file");

/* The rest of longer paths, in parts (map row_paths). */
#define WT_ROW_PATH_PART 128

struct wt_row_path_key {
	__u64 file;
	__u32 part; /* 0: the bytes behind the head */
	__u32 pad;
};

struct wt_row_path {
	char bytes[WT_ROW_PATH_PART];
};

/*
 * The flight recorder: two rings of fixed slots that overwrite their oldest. A record's position is
 * its number since the session began, position & mask its slot. `seq` is 2 * position + 1 while a
 * record is being written and 2 * position + 2 when it is whole; so a copy is good if seq is that
 * of the position wanted, before copying and after.
 *
 * Heads are the next positions. Where the kernel has fetching atomics, all CPUs share the one and
 * only lane; else lane i belongs to CPU i, with slots and positions of its own.
 */
struct wt_recorder_heads {
	__u64 events;
	__u64 paths;
	__u64 pad[6];
};

/* A slot of map events. */
struct wt_recorded_event {
	__u64 seq;
	struct wt_event event; /* data_len is 0 */
	__u64 pad[2];
};
_Static_assert(sizeof(struct wt_recorded_event) == 128, "struct wt_recorded_event");

/*
 * A slot of map paths: a file with the beginning of its path; longer paths go on in the slots that
 * follow. A file is recorded again before its slots are overwritten, if there are events of it.
 */
#define WT_RECORDED_PATH_HEAD 80
#define WT_RECORDED_PATH_PART 112

struct wt_recorded_path {
	__u64 seq;
	__u32 part; /* 0: the file; n: part n of its path */
	__u32 parts;
	union {
		struct {
			struct wt_file file;
			char path[WT_RECORDED_PATH_HEAD];
		};
		char bytes[WT_RECORDED_PATH_PART];
	};
};
_Static_assert(sizeof(struct wt_recorded_path) == 128, "struct wt_recorded_path");

/*
 * What a pinned session says of itself (map meta, frozen). The layout is raised with every change
 * of what is pinned; magic and layout themselves stay where they are for good.
 */
#define WT_MAGIC       0x6372746574697277ULL /* the bytes "writetrc" */
#define WT_LAYOUT      2

#define WT_VERSION_LEN 32
#define WT_NAME_MAX    64 /* longest name of a session */
#define WT_FILTERS_LEN 8192
#define WT_ROWS_MAX    (1 << 24)
#define WT_EVENTS_MAX  (1 << 24)

/* Filters as the user gave them: NAME=VALUE, each ended by a NUL. */
struct wt_meta {
	__u64 magic;
	__u32 layout;
	__u32 size;	   /* of this struct */
	__u64 start_ns;	   /* CLOCK_BOOTTIME */
	__u64 ops;	   /* bit per enum wt_op that is seen */
	__u64 compat_ops;  /* those with a hook of their own for 32-bit programs */
	__u32 by;	   /* WT_BY_* */
	__u32 rows;	   /* size of map rows */
	__u32 events;	   /* how many events the flight recorder keeps; 0: it is off */
	__u32 event_slots; /* of a lane */
	__u32 path_slots;
	__u32 lanes;	  /* 0: no flight recorder */
	__u32 cpus;	  /* possible CPUs */
	__u32 ops_size;	  /* number of operations in map totals */
	__u32 total_size; /* sizes of the structs above */
	__u32 row_size;
	__u8 backend;	    /* enum backend in common/backend.h */
	__u8 copies;	    /* of each exit program */
	__u8 latency;	    /* is measured */
	__u8 counts_misses; /* the kernel counts skipped runs of these programs */
	__u8 filters_cut;   /* there were more than fit */
	__u8 pad[3];
	char version[WT_VERSION_LEN];
	char name[WT_NAME_MAX + 8]; /* ends with NULs */
	__u32 filters_len;
	__u32 pad2;
	__u64 wall_ns; /* when start_ns was, CLOCK_REALTIME */
	char filters[WT_FILTERS_LEN];
};
_Static_assert(sizeof(struct wt_meta) == 8400, "struct wt_meta");

#endif
