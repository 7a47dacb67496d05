#!/usr/bin/env bats
# trace -c: no lines, but exact sums at the end, in the tables and the document that dump shows.

# What lib.bash sets is not known to shellcheck, nor that each test is a shell of its own.
# shellcheck disable=SC2016,SC2030,SC2031,SC2154
load lib

# exact BACKEND [OPTION...]: all that `workload ops` does
exact() {
	needs_backend "$1"
	mkdir -p d
	wt trace -c -j --backend "$@" -- workload ops d expect
	expect_status 0
	adds_up 339
	is "$(jq -r .session.backend out)" "$1"
	same_rows expect pid,file
}

@test "raw: rows and totals are exact" { exact raw; }
@test "tracepoint: rows and totals are exact" { exact tracepoint; }
@test "fentry: rows and totals are exact" { exact fentry; }

@test "--no-latency: the same without latency" {
	for backend in $(some_backends); do
		exact "$backend" --no-latency
		has_not out latency
	done
}

@test "-j: the document of dump, without a name; no lines, no end record" {
	trace -c -j -- workload ops . expect
	is "$(wc -l <out)" 1 lines
	is "$(jq -c 'keys_unsorted, (.session, .totals, .ops[0], .rows[0], .lost | keys_unsorted)' out)" \
		'["session","totals","ops","rows","lost"]
["version","since","until","backend","filters","by"]
["calls","bytes","errors","latency_ns"]
["op","calls","bytes","errors","latency_ns","latency_max_ns","latency_hist","size_hist"]
["pid","comm","kind","path","dev","ino","calls","bytes","errors","latency_ns","latency_max_ns"]
["ring","inflight","unpaired","skipped"]'
	is "$(jq -c '[.session.by, .session.filters]' out)" \
		'[["pid","file"],{"follow":true,"ops":["write","pwrite64","writev","pwritev","pwritev2","sendfile","splice","vmsplice","tee","copy_file_range","io_uring:write","io_uring:writev","io_uring:write_fixed","aio:pwrite","aio:pwritev"]}]'
	[[ ! -s err ]] || fail "stderr is not empty"
	trace -c --pretty -- workload ops . expect
	adds_up 339
	between 50 "$(wc -l <out)" 10000 lines
}

@test "sizes are shown of what has one" {
	trace -c -e all -- dd if=/dev/zero of=f bs=5 count=1 conv=fsync status=none
	expect_status 0
	has out '^latency of fsync$'
	has_not out 'size of fsync'
	has out '^size of write$'
}

@test "text: the tables of dump" {
	trace -c -- workload ops . expect
	expect_status 0
	[[ ! -s err ]] || fail "stderr is not empty"
	has out '^[0-9.]+[num]?s, backend [a-z]+, by pid,file$'
	has out '^OP +CALLS +BYTES +ERRORS +AVG +P99 +MAX$'
	has out '^pwritev2 +[0-9]+ +[0-9]+ +[0-9]+ '
	has out "^total +339 +$(jq -n '[inputs.ret | select(. > 0)] | add' expect) +$(grep -c '"error"' expect) "
	has out '^latency of writev$'
	has out '^size of pwritev$'
	has out '^ *PID +COMM +CALLS +BYTES +ERRORS +AVG +MAX +FILE$'
	has out "^ *[0-9]+ workload +[0-9]+ .* $PWD/sequential\$"
	has out '^\.\.\. [0-9]+ more rows: '
	has out '^lost: nothing$'
	has_not out '^[0-9]{2}:[0-9]{2}:|TIME'
}

@test "a tight loop of writes: all are counted, none is lost" {
	n=$(scaled 1000000)
	for backend in $(some_backends); do
		WORKLOAD_REPORT=report wt trace -c -j --backend "$backend" -- workload loop /dev/null "$n" 3
		is "$(jq -r '"\(.calls) \(.bytes)"' report)" "$n $((3 * n))"
		adds_up "$n" $((3 * n)) 0
		is "$(jq -c '.rows | [length, .[0].path]' out)" '[1,"/dev/null"]'
	done
}

@test "all ways to write: the bytes are what the kernel counts in wchar" {
	mkdir d
	WORKLOAD_REPORT=report trace -c -j -- workload wchar d "$(scaled 40000000)"
	read -r reported wchar < <(jq -r '"\(.calls) \(.wchar)"' report)
	adds_up "$reported" "$wchar" 0
	is "$(jq '.ops | length' out)" 5 operations
}

@test "COMMAND's children and threads, each in its row" {
	trace -c -j -- workload follow f 4
	adds_up 62
	jq -r '.rows[].pid' out | sort >got
	sort -u f | cmp - got
	is "$(jq -c '[.rows[].calls] | unique' out)" "[2]" "calls of each"
}

@test "--by: the rows are what the lines come to" {
	it='printf 1 >f; for i in 1 2 3; do printf x >>g; done; printf beta >/proc/$$/comm; printf 22 >f; printf 333 >&8'
	for by in op comm,file; do
		trace -c -j --by "$by" -o doc -- bash -c "$it" 8>h
		trace -j -- bash -c "$it" 8>h
		mv out events
		rm -f f g
		mv doc out
		adds_up 7 13 0
		is "$(jq -c .session.by out)" "[\"${by/,/\",\"}\"]"
		# the name of the process is in a file of the process's own
		jq -c 'select(.type == "write") | .path |= sub("/proc/[0-9]+/"; "/proc/") | del(.ino)' events >events.same
		jq -c '.rows |= map(if .path then .path |= sub("/proc/[0-9]+/"; "/proc/") else . end | del(.ino))' out >out.same
		mv out.same out
		same_rows events.same "$by"
	done
}

@test "-o: the tables go there, mode 0600, and stdout is COMMAND's" {
	kernel_has_no_part
	umask 0
	trace -c -j -o doc -- bash -c 'echo hello; exit 3'
	expect_status 3
	is "$(<out)" hello stdout
	is "$(stat -c %a doc)" 600 mode
	mv doc out
	adds_up 1 6 0
	echo precious >file
	one_error 1 'file: .*exists' trace -c -p $$ --duration 10ms -o file
	is "$(<file)" precious
	trace -c -o file --force -- sh -c 'printf x >f'
	has file '^total +1 +1 '
}

@test "the exit status is COMMAND's" {
	kernel_has_no_part
	for code in 0 1 7 255; do
		trace -c -q -j -- sh -c "printf x >f; exit $code"
		expect_status $code
		adds_up 1
	done
	trace -c -j -- sh -c 'printf x >f; kill -KILL $$'
	expect_status 137
	adds_up 1
	trace -c -- /no/such/program
	expect_status 127
	is "$(wc -l <err)" 1 "lines on stderr"
	[[ ! -s out ]] || fail "there is a report of nothing"
}

@test "--strict: 0 when nothing was lost" {
	kernel_has_no_part
	start_target
	start_trace -c -j --strict -p "$target"
	order 'printf x >f'
	end_trace
	expect_status 0
	adds_up 1 1 0
}

@test "--pid: until interrupted, until it has ended, or for so long" {
	start_target
	start_trace -c -j -p "$target"
	order 'printf 1 >f; sh -c "printf 22 >g"'
	end_trace
	expect_status 0
	adds_up 1 1 0
	if ! in_guest; then
		start_trace -c -j -p "$target" -f
		order 'printf 1 >f; sh -c "printf 22 >g"'
		end_trace TERM
		expect_status 0
		adds_up 2 3 0
		trace -c -j -p "$target" --duration 200ms
		expect_status 0
		adds_up 0 0 0
	fi
	start_trace -c -j -p "$target"
	give_order 'printf 333 >f; exit 0'
	end_trace none
	expect_status 0
	adds_up 1 3 0
}

@test "filters hold" {
	mkdir d
	trace -c -j -k file -x -- workload ops d expect
	adds_up
	same_rows expect pid,file '.kind == "file" and .ret < 0'
	trace -c -j --min-size 4K -e pwritev2 -- workload ops d expect
	same_rows expect pid,file '.op == "pwritev2" and .size >= 4096'
}

@test "nothing seen: totals of 0, no rows" {
	kernel_has_no_part
	trace -c -j -- true
	adds_up 0 0 0
	is "$(jq -c '[.ops, .rows]' out)" '[[],[]]'
	trace -c -- true
	expect_status 0
	has out '^total +0 +0 +0 '
	has out '^lost: nothing$'
}

@test "more files than there are rows: what is left is one row, and all adds up" {
	kernel_has_no_part
	trace -c -j -- perl -e 'for (1 .. 11000) { open F, ">", "f$_"; syswrite F, "xy" }'
	adds_up 11000 22000 0
	is "$(jq -c '[(.rows | length), .rows[-1].other, .rows[-1].calls]' out)" '[10241,true,760]'
}

@test "a full disk and a closed pipe" {
	status=0
	writetrace trace "${quick[@]}" -c -- sh -c 'printf x >f' >/dev/full 2>err </dev/null || status=$?
	expect_status 125
	is "$(wc -l <err)" 1 "lines on stderr"
	has err '^writetrace: .*No space left'
	# more than a pipe holds
	{ writetrace trace "${quick[@]}" -c -j -- bash -c 'for ((i = 0; i < 500; i++)); do printf x >f$i; done' 2>err || echo $? >code; } 3>&- |
		head -c 1 >first
	is "$(<first)" '{'
	is "$(<code)" 141 "status (SIGPIPE)"
	[[ ! -s err ]] || fail "not quiet"
}

@test "on a terminal no line is wider than it, and the ends of names can be read" {
	kernel_has_no_part
	deep=a-directory/with-names/that-are/longer-than/any-terminal-would/be-wide
	mkdir -p "$deep"
	on_terminal "COLUMNS=60 writetrace trace -c --color=never -- sh -c 'printf x >$deep/file.end'"
	tr -d '\r' <typescript | sed '1d; $d' >screen
	between 30 "$(wc -L <screen)" 60 columns
	has screen 'file\.end$'
	trace -c -- sh -c "printf x >$deep/file.end"
	has out " $PWD/$deep/file\\.end\$"
}

@test "names of all bytes: exact in JSON, safe as text" {
	kernel_has_no_part
	mkdir d
	trace -c --pretty --by comm,file -- workload names d expect
	safe out
	adds_up "$(wc -l <expect)"
	same_rows expect comm,file
	trace -c -- workload names d expect
	safe out
}
