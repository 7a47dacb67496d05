#!/usr/bin/env bats
# Every way to write: the operations that copy, send and sync, io_uring and AIO, each exactly, on each backend.

# What lib.bash sets is not known to shellcheck, nor that each test is a shell of its own.
# shellcheck disable=SC2016,SC2030,SC2031,SC2154
load lib

# exact BACKEND WORKLOAD [OPTION]...: all that `workload WORKLOAD` does
exact() {
	local backend=$1 load=$2
	shift 2
	needs_backend "$backend"
	mkdir d
	wt trace -j -e all --backend "$backend" "$@" -- workload "$load" d expect
	expect_status 0
	same_events expect
	end_is '.lost.ring == 0 and .lost.inflight == 0 and .lost.unpaired == 0'
}

@test "raw: copies, sends and syncs, exactly" { exact raw ways; }
@test "tracepoint: copies, sends and syncs, exactly" { exact tracepoint ways; }
@test "fentry: copies, sends and syncs, exactly" { exact fentry ways; }
@test "raw --no-latency: copies, sends and syncs, exactly" { exact raw ways --no-latency; }

# What the kernel refuses while it reads a request in, it does not tell of on most kernels.
uring() {
	needs_backend "$1"
	mkdir d
	wt trace -j -e all --backend "$1" -- workload uring d expect
	expect_status 0
	grep -v '"EFAULT"' expect >told
	grep -v '"EFAULT"' out >shown
	mv shown out
	if [[ ${WT_KERNEL-} == 5.10 ]]; then
		# descriptors are not told there
		jq -c 'del(.fd)' told >expect
		jq -c 'if .type == "write" and (.op | startswith("io_uring")) then del(.fd) else . end' out >shown
		mv shown out
	else
		mv told expect
	fi
	# requests are done in the order that suits the kernel
	jq -n -r --slurpfile want expect --slurpfile got out '
		[$want[]] as $want | [$got[] | select(.type == "write") | del(.time, .cgroup, .latency_ns)] as $got
		| if $want == [] then "nothing is expected" else empty end,
		(($want - $got)[:3][] | "missing: \(.)"), (($got - $want)[:3][] | "not expected: \(.)"),
		if ($want | length) != ($got | length) then "\($got | length) instead of \($want | length)" else empty end' >wrong
	[[ ! -s wrong ]] || fail "$(cut -c1-400 wrong)"
	is "$(count '(.op | startswith("io_uring")) and (.latency_ns > 0 | not)')" 0 "requests without a latency"
	end_is '.lost.ring == 0 and .lost.inflight == 0'
}

@test "raw: io_uring, exactly, whoever does the work" { uring raw; }
@test "tracepoint: io_uring, exactly, whoever does the work" { uring tracepoint; }
@test "fentry: io_uring, exactly, whoever does the work" { uring fentry; }

@test "groups and names of operations: these and no others" {
	mkdir d
	local list
	for list in copy send sync write,copy splice,fsync; do
		rm -rf d && mkdir d
		trace -j -e "$list" -- workload ways d expect
		case $list in
		copy) want='["sendfile","splice","vmsplice","tee","copy_file_range"]' ;;
		send) want='["sendto","sendmsg","sendmmsg"]' ;;
		sync) want='["fsync","fdatasync","sync_file_range","syncfs","msync"]' ;;
		write,copy) want='["write","sendfile","splice","vmsplice","tee","copy_file_range"]' ;;
		*) want='["splice","fsync"]' ;;
		esac
		same_events expect ".op as \$op | $want | index(\$op)"
	done
}

@test "totals are the same as the lines'" {
	mkdir d
	trace -c -j -e all -- workload ways d expect
	jq -n -e --slurpfile want expect --slurpfile got out '
		def sums: group_by(.op) | map({(.[0].op): {calls: length, bytes: (map([.ret, 0] | max) | add),
			errors: (map(select(.ret < 0)) | length)}}) | add;
		($got[0].ops | map({(.op): {calls, bytes, errors}}) | add) == ($want | sums)' >/dev/null ||
		fail "$(jq -c '.ops | map(del(.latency_hist, .size_hist))' out)"
}

@test "the other end of a socket, by text and JSON" {
	mkdir d
	trace -j -e send -- workload ways d expect
	same_events expect '.op == "sendto" or .op == "sendmsg" or .op == "sendmmsg"'
	[[ $(count '.family == "inet" and (.peer // "" | test("^127\\.0\\.0\\.1:[0-9]+$"))') -gt 0 ]] || fail "no peer of IPv4"
	[[ $(count '.family == "unix"') -gt 0 ]] || fail "no Unix socket"
	rm -rf d && mkdir d
	trace -e send -k socket -C op,peer -- workload ways d expect
	has out '^send(to|msg|mmsg) +127\.0\.0\.1:[0-9]+$'
}

@test "filters: the destination's descriptor and kind, size, failure" {
	mkdir d
	trace -j -e all -x -- workload ways d expect
	same_events expect '.ret < 0'
	rm -rf d && mkdir d
	trace -j -e all -k socket -- workload ways d expect
	same_events expect '.kind == "socket"'
	rm -rf d && mkdir d
	trace -j -e all --min-size 100 -- workload ways d expect
	# a size that cannot be read may be any
	same_events expect 'if has("size") then .size >= 100 else .error == "EFAULT" end'
}

@test "raw: AIO, exactly" { exact raw aio; }
@test "tracepoint: AIO, exactly" { exact tracepoint aio; }
@test "fentry: AIO, exactly" { exact fentry aio; }

@test "AIO: results with their file, size and position, but no latency" {
	local backend
	command -v fio >/dev/null || skip "fio is not installed"
	for backend in $(some_backends); do
		rm -f file
		wt trace -j -e all --backend "$backend" -- fio --name=t --filename=file --rw=write --bs=4k --number_ios=64 \
			--size=256k --ioengine=libaio --iodepth=8 --fallocate=none --output=fio.json --output-format=json
		expect_status 0
		is "$(count '.op == "aio:pwrite" and (.path | endswith("/file")) and .size == 4096 and .ret == 4096')" 64 "with $backend"
		is "$(values .offset '.op == "aio:pwrite"' | sort -n | uniq | wc -l)" 64 "different positions"
		is "$(count '.op == "aio:pwrite" and has("latency_ns")')" 0 "latencies"
	done
}
