#!/usr/bin/env bats
# Whoever writes, and however that ends: processes and threads of every kind, signals, programs of 32 bit.

# What lib.bash sets is not known to shellcheck, nor that each test is a shell of its own.
# shellcheck disable=SC2016,SC2030,SC2031,SC2154
load lib

# spawned BACKEND: processes and threads started in every way there is
spawned() {
	needs_backend "$1"
	mkdir d
	wt trace -j --backend "$1" -- workload spawn d "$(scaled 1000)" expect
	expect_status 0
	same_events expect true .path
	whole "$(scaled 1000)"
}

@test "raw: short-lived processes and threads" { spawned raw; }
@test "tracepoint: short-lived processes and threads" { spawned tracepoint; }
@test "fentry: short-lived processes and threads" { spawned fentry; }

@test "1,000 short-lived processes started by one shell command" {
	local n
	n=$(scaled 1000)
	mkdir d
	wt trace -j -P d -- sh -c "seq $n | xargs -P 8 -I{} sh -c 'echo \$\$ >d/{}; exit 0'"
	expect_status 0
	whole "$n"
	is "$(count '.comm != "sh" or .op != "write"')" 0 "wrong comms"
	for ((i = 1; i <= n; i++)); do
		echo "$PWD/d/$i $(<"d/$i")"
	done | sort >want
	values '"\(.path) \(.pid)"' | sort >got
	cmp want got
	is "$(cut -d' ' -f2 got | sort -u | wc -l)" "$n" "different pids"
}

@test "COMMAND is followed: children, their children, and all their threads" {
	local backend
	for backend in $(some_backends); do
		WORKLOAD_REPORT=report wt trace -j --backend "$backend" -- workload follow f 4
		expect_status 0
		whole
		# each wrote its pid
		values .pid | sort >got
		sort f | cmp - got
		is "$(count '.tid != .pid')" 31 "writes by threads"
	done
}

@test "writes of threads carry the thread and its process" {
	local n
	n=$(scaled 1000 100)
	wt trace -j -- workload threads 4 "$n" f
	expect_status 0
	whole
	is "$(count)" $((4 * n)) events
	is "$(count '.tid == .pid')" 0 "writes by the main thread"
	is "$(values '"\(.pid) \(.tid)"' | sort -u | wc -l)" 4 threads
	is "$(values .pid | sort -u | wc -l)" 1 processes
	values .offset | sort -n | cmp - <(seq 0 $((4 * n - 1)))
}

@test "interrupted writes: no invented result; what the kernel starts again is counted" {
	local backend
	mkdir d
	for backend in $(some_backends); do
		wt trace -j --strict --backend "$backend" -- workload interrupted d expect
		expect_status 0 # what was not done is not lost
		# The kernel's result of a write that a signal interrupts before it did anything says neither EINTR nor
		# how often it is tried again.
		same_events expect '.error != "EINTR"'
		end_is '.lost.unpaired == 4 and .lost.ring == 0'
		is "$(count '.ret == 4096 and .latency_ns < 5000000')" 0 "blocked writes that are said to be fast"
	done
}

@test "a process that is killed inside a write has left no write behind" {
	mkfifo fifo
	exec {hold}<>fifo
	head -c 65536 /dev/zero >fifo
	wt trace -j -- bash -c 'sh -c "printf x >fifo" & sleep "$1"; kill -KILL $!; wait; printf y >after' \
		- "$((slow / 10)).5"
	exec {hold}>&-
	expect_status 0
	is "$(count '.path | endswith("/after")')" 1 "writes afterwards"
	is "$(count '.path | endswith("/fifo")')" 0 "writes of the killed"
	end_is '.lost.ring == 0 and .lost.unpaired == 1'
}

@test "a write that ends because another thread executes a program: counted, not shown" {
	local backend
	for backend in $(some_backends); do
		wt trace -j --backend "$backend" -- workload overtaken
		expect_status 0
		is "$(values .ret | xargs)" 4096 "results with $backend"
		end_is '.lost.unpaired == 1 and .lost.ring == 0'
	done
}

# Of a call that a seccomp filter traps or kills for, the kernel's tracepoints tell a result: the call's number.
@test "writes that seccomp refuses: no invented result, and no latency" {
	local backend want
	for backend in $(backends); do
		for latency in "" --no-latency; do
			# shellcheck disable=SC2086
			wt trace -j --backend "$backend" $latency -- workload denied f
			expect_status $((128 + 31))
			is "$(<f)" ab "what is in the file"
			want='["write",1,1] ["pwrite64",6,-13] ["write",1,1] 2'
			# Linux 5.10 ends a process at once, without an end of the call
			[[ ${WT_KERNEL-} != 5.10 ]] || want="${want% 2} 1"
			# functions that are not called are not seen
			[[ $backend != fentry ]] || want='["write",1,1] ["write",1,1] 0'
			is "$(values '[.op, .size, .ret]' | xargs -d'\n') $(tail -n 1 out | jq .lost.unpaired)" "$want" "shown with $backend $latency"
			is "$(count '.ret < 0 and has("latency_ns")')" 0 "latencies of what has not begun"
			! in_guest || continue 2
		done
		wt trace -c -j --backend "$backend" -- workload denied f
		is "$(jq .totals.bytes out)" 2 "bytes with $backend"
	done
}

@test "the sum of results is what the kernel counts in wchar" {
	local backend bytes
	bytes=$(scaled 40000000)
	mkdir d
	for backend in $(some_backends); do
		WORKLOAD_REPORT=report wt trace -j --backend "$backend" -- workload wchar d "$bytes"
		expect_status 0
		read -r calls wchar < <(jq -r '"\(.calls) \(.wchar)"' report)
		is "$wchar" "$bytes" "bytes by the kernel's count"
		is "$(sum_ret)" "$bytes" "bytes with $backend"
		whole "$calls"
	done
}

@test "the sum of results is the growth of wchar in /proc/PID/io" {
	start_target
	local before after
	before=$(awk '/^wchar/ { print $2 }' /proc/"$target"/io)
	start_trace -j -p "$target"
	order 'for ((i = 1; i < 200; i++)); do printf "%0${i}d" 0 >f$((i % 7)); done'
	after=$(awk '/^wchar/ { print $2 }' /proc/"$target"/io)
	end_trace
	expect_status 0
	is "$(sum_ret)" $((after - before)) bytes
	whole 199
}

@test "a 32-bit program's writes" {
	local backend
	compat_program || skip "no 32-bit program: cc -m32 -static does not work here"
	for backend in raw fentry; do
		[[ " $(backends | tr '\n' ' ') " == *" $backend "* ]] || continue
		wt trace -j --backend "$backend" -- "$top/build/tests/compat32" f
		expect_status 0
		is "$(count)" 6 "events with $backend"
		is "$(count '.compat == true')" 6 "events of a 32-bit program with $backend"
		is "$(values '[.op, .offset, .size, .ret]' | tr '\n' ' ')" \
			'["write",0,1,1] ["pwrite64",5368709120,2,2] ["writev",1,8,8] ["pwritev",5368709121,8,8] ["pwritev2",5368709122,3,3] ["write",null,1,-9] '
		is "$(count '.path == "'"$PWD"'/f"')" 5 "events with the path"
		whole
	done
}

@test "a 64-bit program's writes are not said to be a 32-bit program's" {
	wt trace -j -- sh -c 'printf x >f'
	is "$(count)" 1 events
	is "$(count 'has("compat")')" 0 "compat"
}

@test "not one write is missed from COMMAND's first to its last" {
	local backend
	for backend in $(some_backends); do
		# bash writes at once, and the last thing it does is a write.
		wt trace -j --backend "$backend" -- bash -c 'printf first >f; exec dd if=/dev/zero of=g bs=1 count=1 status=none'
		is "$(paths)" "f g" "paths with $backend"
	done
}

@test "two sessions at once see the same" {
	start_target
	writetrace trace "${quick[@]}" -q -j -p "$target" -o second 3>&- &
	second=$!
	started+=("$second")
	# shellcheck disable=SC2034
	tracer=$second
	until_true is_tracing
	start_trace -j -p "$target"
	order 'printf x >f'
	end_trace
	kill -INT "$second"
	wait "$second"
	is "$(count '.path | endswith("/f")')" 1 events
	jq -S -c 'select(.type == "write") | del(.latency_ns, .time)' out >first
	jq -S -c 'select(.type == "write") | del(.latency_ns, .time)' second | diff first -
}
