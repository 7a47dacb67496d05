#!/usr/bin/env bats
# Every operation, by whatever process, appears exactly once and with everything about it right.

# What lib.bash sets is not known to shellcheck, nor that each test is a shell of its own.
# shellcheck disable=SC2016,SC2030,SC2031,SC2154
load lib

# exact BACKEND [OPTION]...: all that `workload ops` does
exact() {
	needs_backend "$1"
	mkdir d
	local begin
	begin=$(now_ms)
	wt trace -j --backend "$@" -- workload ops d expect
	expect_status 0
	took_ms=$(($(now_ms) - begin))
	same_events expect
	whole 339
}

plausible_latency() {
	# a MiB takes longer than a byte
	jq -e -s --argjson ms "$took_ms" 'def mean: add / length;
		[.[] | select(.type == "write")]
		| all(.[].latency_ns; . != null and . > 0 and . < $ms * 1000000)
		and ([.[] | select(.ret == 1048576 and .kind == "file") | .latency_ns] | mean)
			> ([.[] | select(.ret == 1) | .latency_ns] | mean)' out >/dev/null ||
		fail "a latency is not between 0 and $took_ms ms, or does not grow with the size"
}

no_latency() { is "$(count 'has("latency_ns")')" 0 "events with a latency"; }

@test "raw: all operations, exactly" {
	exact raw
	plausible_latency
}

@test "tracepoint: all operations, exactly" {
	exact tracepoint
	plausible_latency
}

@test "fentry: all operations, exactly" {
	exact fentry
	plausible_latency
}

@test "raw --no-latency: all operations, exactly" {
	exact raw --no-latency
	no_latency
}

@test "tracepoint --no-latency: all operations, exactly" {
	exact tracepoint --no-latency
	no_latency
}

@test "fentry --no-latency: all operations, exactly" {
	exact fentry --no-latency
	no_latency
}

@test "the backend chosen by itself: all operations, exactly" {
	mkdir d
	wt trace -j -- workload ops d expect
	expect_status 0
	same_events expect
	whole
}

@test "on ext4, which hands out inode numbers again: all operations, exactly" {
	needs_guest "mounts a file system"
	modprobe -a loop ext4
	truncate -s 300M image
	mkfs.ext4 -q -F image
	mkdir d
	mount -o loop image d
	wt trace -j -- workload ops d expect
	umount d
	expect_status 0
	same_events expect
	whole
}

@test "a file system mounted below another: the path goes through all of them" {
	needs_guest "mounts a file system"
	mkdir -p a/b
	mount -t tmpfs tmpfs a
	mkdir -p a/b
	mount -t tmpfs tmpfs a/b
	mkdir -p a/b/c other
	mount --bind a/b/c other
	wt trace -j -- bash -c 'printf x >a/b/c/f; printf y >other/g'
	umount other a/b a
	expect_status 0
	is "$(paths)" "a/b/c/f other/g" paths
}

@test "dd with 200,000 writes of one byte: every offset, size, result and path" {
	local n backend
	n=$(scaled 200000 5000)
	for backend in $(backends); do
		wt trace -j --backend "$backend" -- dd if=/dev/zero of=F bs=1 "count=$n" status=none
		expect_status 0
		jq -n -e --argjson n "$n" --arg path "$PWD/F" '
			reduce (inputs | select(.path == $path)) as $e (0;
				if $e.offset == . and $e.size == 1 and $e.ret == 1 and $e.comm == "dd"
				and $e.op == "write" and $e.kind == "file" then . + 1
				else error("at \(.): \($e)") end) | . == $n' out
		end_is ".lost | $(none_lost "$n")"
		end_is ".events == $n"
	done
}

# A refusal is made good for by other programs, which take longer to load and to run.
@test "the kernel refuses no program of ours" {
	for backend in $(backends); do
		for what in "-e all" "-c -e all" "-e all -P / -n * --no-latency" "-s 16 -e all"; do
			set -f
			# shellcheck disable=SC2086 # options
			wt trace -d $what --backend "$backend" -- true
			set +f
			expect_status 0
			! grep 'failed to load' err || fail "$backend: trace $what"
		done
	done
}
