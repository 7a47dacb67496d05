#!/usr/bin/env bats
# What is not done on a machine that others use: sessions without a filter, captured data, the kernel's trace_pipe.

# What lib.bash sets is not known to shellcheck, nor that each test is a shell of its own.
# shellcheck disable=SC2016,SC2030,SC2031,SC2154
load lib

setup() {
	needs_guest "traces all processes or captures data"
	enter
}

@test "--data: of every vector, in text and in JSON" {
	for backend in $(backends); do
		mkdir -p d
		wt trace -j -s 4096 --backend "$backend" -- workload ops d expect --data 4096
		expect_status 0
		same_events expect
		is "$(count 'if .ret < 0 then has("data") else (.data | utf8bytelength) != .captured end')" 0 \
			"events with a wrong 'captured', or that failed and have data"
	done
	trace -s 16 -C op,data -- perl -e 'open F, ">f"; syswrite F, "a\nb\e[31mc"'
	has out '^write +"a\\x0Ab\\x1B\[31mc"$'
	# what is not known is not empty
	trace -s 16 -C ret,data -- bash -c 'printf x >/dev/full; :'
	has out '^ *ENOSPC -$'
	trace -C ret,data -- bash -c 'printf x >f'
	has out '^ *1 -$'
	trace -j -C ret,data -- bash -c 'printf x >f'
	is "$(head -n 1 out)" '{"type":"write","ret":1}'
}

@test "--data: limits" {
	mkdir d
	for limit in 1 100 4095; do
		trace -j -s "$limit" -- workload ops d expect --data "$limit"
		expect_status 0
		same_events expect
	done
	trace -j -s 0 -- sh -c 'printf x >f'
	is "$(count 'has("data")')" 0 "events with data"
	one_error 2 "4097" trace -s 4097
}

@test "--data: bytes that are not UTF-8" {
	trace -j -s 16 -- bash -c 'printf "\xff\xfeok\x00" >f'
	is "$(values .data_b64 | base64 -d | od -An -tx1 | xargs)" "ff fe 6f 6b 00"
	is "$(values .captured)" 5
}

# /dev/null takes bytes without looking at them, so the kernel has not read them in either.
@test "--data: what is not in memory is said to be unreadable, and no zeros are shown" {
	[[ $(uname -m) == x86_64 ]] || skip "numbers of system calls are those of x86-64"
	# mmap(0x10000000, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0), never touched
	untouched='syscall(9, 0x10000000, 4096, 3, 50, -1, 0); open F, ">/dev/null"; syscall(1, fileno F, 0x10000000, 16)'
	trace -j -s 16 -k char -- perl -e "$untouched"
	whole 1
	is "$(values '[.ret, .captured, has("data")]')" "[16,0,false]" "result, bytes captured, data"
	trace -s 16 -k char -C op,data -- perl -e "$untouched"
	has out '^write +\(not readable\)$'
}

@test "--trace-pipe: also a line in the kernel's trace_pipe" {
	mountpoint -q /sys/kernel/tracing || mount -t tracefs tracefs /sys/kernel/tracing
	cat /sys/kernel/tracing/trace_pipe >pipe.out 3>&- &
	started+=($!)
	wanted=0
	for backend in $(backends); do
		wanted=$((wanted + 2))
		wt trace -j --trace-pipe --backend "$backend" -- perl -e 'open F, ">f"; syswrite F, "12345"; syswrite F, "1"'
		expect_status 0
		whole 2
	done
	traced() { [[ $(grep -cE 'write fd [0-9]+: [51] bytes' pipe.out) -ge $wanted ]]; }
	until_true traced
	has pipe.out 'write.* 5'
}

# seed FILE: writes by a process group of its own until FILE, which a pipeline fills, is not empty
seed() {
	write_once() { setsid -w sh -c 'printf x >seeded' && [[ -s $1 ]]; }
	until_true write_once "$1"
}

@test "writetrace does not trace itself; a note says so; --include-self undoes it" {
	{ writetrace trace -j --duration 5s 2>err; echo $? >code; } 3>&- | tee lines 3>&- | cat >copy 3>&- &
	pipeline=$!
	seed copy
	wait "$pipeline"
	is "$(<code)" 0 "exit status"
	has err 'not traced: writetrace itself'
	cp lines out
	is "$(count '.comm == "writetrace" or .comm == "tee" or .comm == "cat"')" 0 "writes of the pipeline"
	between 1 "$(count '.path // "" | endswith("/seeded")')" 10000 "writes of others"
	whole
	{ writetrace trace -j --count 2000 --include-self 2>err; echo $? >code; } 3>&- | tee lines 3>&- | cat 3>&- >copied &
	pipeline=$!
	seed copied
	wait "$pipeline"
	is "$(<code)" 0 "exit status"
	has_not err 'not traced'
	cp lines out
	for comm in writetrace tee cat; do
		between 1 "$(count ".comm == \"$comm\"")" 2000 "writes of $comm"
	done
}

@test "the terminal that shows the output is not traced" {
	on_terminal writetrace trace -j --duration 3s
	has typescript '"type":"end"'
	has_not typescript '"comm":"writetrace"'
	has_not typescript '"comm":"script"'
	has typescript 'not traced: writetrace itself.*terminal'
	# nor where lines go through a pager
	on_terminal 'writetrace trace -j --duration 3s | cat'
	has typescript '"type":"end"'
	has_not typescript '"comm":"(writetrace|script|cat)"'
	has typescript 'not traced: writetrace itself and its process group and the terminal'
}

@test "without a filter every process is seen" {
	start_trace -j
	for i in 1 2 3; do
		sh -c "printf $i >f$i"
	done
	setsid -w sh -c 'printf 4 >f4'
	end_trace
	is "$(paths '(.path // "") | startswith("'"$PWD"'/f")')" "f1 f2 f3 f4"
}

@test "in a pid namespace: pids as seen there" {
	unshare -pf --mount-proc bash -c 'sh -c "printf 0 >outer"
		writetrace trace -j -- bash -c "printf \$\$ >f; sh -c \"printf \\\$\\\$ >g\""' >out
	is "$(values .pid | xargs)" "$(<f) $(<g)" pids
	between 2 "$(<f)" 30 "pid"
	is "$(count '.tid == .pid')" 2
	unshare -pf --mount-proc bash -c 'sleep 1000 & writetrace trace -j -p $! --duration 100ms; echo $?' >out
	is "$(tail -n 1 out)" 0 "status with a pid of the namespace"
	# numbers that only others know
	for outer in "-p $$" "--tid $$"; do
		unshare -pf --mount-proc bash -c "writetrace trace $outer --duration 100ms; echo \$?" >out 2>err
		is "$(tail -n 1 out)" 1 "status with $outer of outside"
		has err "^writetrace: --(pid|tid) $$: no such (process|thread)$"
	done
}

@test "writetrace trace | head -1 ends at once" {
	begin=$(now_ms)
	{ writetrace trace 2>err; echo $? >code; } | head -n 1 >lines
	is "$(<code)" 141 "exit status (SIGPIPE)"
	between 0 $(($(now_ms) - begin)) 40000 milliseconds
	has lines '^TIME'
	writetrace trace -j 2>err 3>&- | head -n 1 3>&- >copied &
	pipeline=$!
	seed copied
	wait "$pipeline"
	has copied '^{"type":"write"'
}
