#!/usr/bin/env bats
# COMMAND and the other ways in which a session starts and ends: exit status, signals, counts, times, closed pipes.

# What lib.bash sets is not known to shellcheck, nor that each test is a shell of its own.
# shellcheck disable=SC2016,SC2030,SC2031,SC2154
load lib

@test "the exit status is COMMAND's" {
	kernel_has_no_part
	for code in 0 1 3 125 255; do
		trace -j -- sh -c "exit $code"
		expect_status "$code"
	done
}

@test "128+N when signal N has killed COMMAND" {
	for signal in TERM KILL SEGV; do
		trace -j -- sh -c 'kill -'"$signal"' $$'
		expect_status $((128 + $(kill -l "$signal")))
		end_is .events==0
	done
}

@test "127 when COMMAND is not found, 126 when it cannot be executed" {
	kernel_has_no_part
	trace -q -- no-such-program-here
	expect_status 127
	is "$(wc -l <err)" 1 "lines on stderr"
	has err '^writetrace: no-such-program-here: '
	: >plain
	chmod 644 plain
	trace -q -- ./plain
	expect_status 126
	has err '^writetrace: \./plain: '
	trace -j -- /
	expect_status 126
	trace -q -- ./no-such-file-here
	expect_status 127
}

@test "125 when writetrace itself fails, and COMMAND has not run" {
	trace -j -g /no/such/cgroup -- touch ran
	expect_status 125
	is "$(wc -l <err)" 1 "lines on stderr"
	trace -j -p 999999999 -- touch ran
	expect_status 125
	[[ ! -e ran ]] || fail "COMMAND has run"
}

@test "COMMAND's arguments, environment, directory and standard streams are left alone" {
	kernel_has_no_part
	echo "from stdin" | A=value writetrace trace -q -j -o lines -- sh -c \
		'cat; echo "$A:$PWD:$#:$2"; echo complaint >&2' - one "two  words" -j >got 2>err
	is "$(<got)" "from stdin
value:$PWD:3:two  words"
	is "$(<err)" complaint
}

@test "COMMAND's signal mask and dispositions are as they were" {
	kernel_has_no_part
	sh -c 'grep -E "^Sig(Blk|Ign|Cgt)" /proc/self/status' >want
	writetrace trace -q -j -o lines -- sh -c 'grep -E "^Sig(Blk|Ign|Cgt)" /proc/self/status' >got
	diff want got
}

@test "SIGCHLD or SIGPIPE that are ignored or blocked: COMMAND's end is seen, a closed pipe ends it by SIGPIPE" {
	kernel_has_no_part
	for how in ignore block; do
		for signal in CHLD PIPE; do
			timeout "$patience_s" env "--$how-signal=$signal" writetrace trace -q -o "lines.$how.$signal" -- \
				cat /proc/self/status >"$how.$signal" 2>err </dev/null 3>&- || fail "$signal: $how: status $?"
		done
		rm -f closed
		env "--$how-signal=PIPE" sh -c 'writetrace trace -q -- sh -c "until [ -e closed ]; do sleep 0.01; done; seq 9 >f" 2>err
			echo $? >status' 3>&- | { exec <&-; : >closed; }
		is "$(<status)" 141 "status where SIGPIPE is to $how"
		[[ ! -s err ]] || fail "it says something"
	done
	# as they were for us: bit 16 is SIGCHLD, bit 12 SIGPIPE
	has ignore.CHLD '^SigIgn:.*[13579bdf].{4}$'
	has block.CHLD '^SigBlk:.*[13579bdf].{4}$'
	has ignore.PIPE '^SigIgn:.*[13579bdf].{3}$'
	has block.PIPE '^SigBlk:.*[13579bdf].{3}$'
}

@test "COMMAND inherits no descriptor of ours" {
	kernel_has_no_part
	ls -1 /proc/self/fd >want
	writetrace trace -q -j -o lines -- ls -1 /proc/self/fd >got
	diff want got
}

@test "what is after -- belongs to COMMAND, even if it looks like an option" {
	kernel_has_no_part
	trace -j -q -- echo --help -V -j
	has out '^--help -V -j$'
}

@test "COMMAND's end does not wait for what it leaves behind, but its own writes are all there" {
	begin=$(now_ms)
	trace -j -- bash -c 'printf 1 >f; sleep 30 >/dev/null 2>&1 & echo $! >pid; printf 2 >g'
	took=$(($(now_ms) - begin))
	started+=("$(<pid)")
	expect_status 0
	between 0 "$took" 25000 milliseconds
	is "$(count '.path | test("/[fg]$")')" 2 events
}

@test "SIGINT, SIGTERM and SIGHUP end it cleanly: all events, end record, status 0" {
	for signal in INT TERM HUP; do
		for backend in $(some_backends); do
			start_target
			start_trace -j -p "$target" --backend "$backend"
			order 'for ((i = 0; i < 500; i++)); do printf x >f; done'
			end_trace "$signal"
			expect_status 0
			is "$(count)" 500 "events with $backend and SIG$signal"
			whole
		done
	done
}

@test "SIGHUP: a summary and --force FILE are there; under nohup it goes on" {
	kernel_has_no_part
	start_target
	echo old >file
	start_trace -c -j -o file --force -p "$target"
	order 'printf x >f'
	end_trace HUP
	expect_status 0
	cp file out
	adds_up 1 1
	is "$(find . -name '.writetrace*')" "" "what is left"
	env --ignore-signal=HUP writetrace trace -j -p "$target" >out 2>err </dev/null 3>&- &
	tracer=$!
	started+=("$tracer")
	until_true is_tracing
	kill -HUP "$tracer"
	order 'printf x >f'
	end_trace
	expect_status 0
	whole 1
}

@test "SIGINT in text: the sum" {
	start_target
	start_trace -p "$target"
	order 'printf x >f'
	end_trace
	expect_status 0
	is "$(wc -l <out)" 2 lines
	has err '^writetrace: 1 write, 1 B in .*; nothing lost$'
}

@test "a signal to COMMAND is COMMAND's business" {
	kernel_has_no_part
	start_trace -j -- bash -c 'trap "printf x >f; exit 7" USR1; : >ready; while :; do sleep 0.05; done'
	until_true test -e ready
	kill -USR1 "$(pgrep -P "$tracer")"
	end_trace none
	expect_status 7
	is "$(count)" 1 events
}

@test "SIGTERM ends the session with COMMAND still running" {
	start_trace -j -- bash -c 'printf x >f; echo $$ >pid; : >ready; exec sleep 100'
	until_true test -e ready
	started+=("$(<pid)")
	end_trace TERM
	end_is '.events == 2'
	# what its own status will be is not known
	expect_status $((128 + $(kill -l TERM)))
}

@test "Ctrl-C, which COMMAND gets, too: its exit status becomes ours" {
	# not in the background: there bash has it ignored
	for end in 'sleep 100' 'trap "exit 0" INT; while :; do sleep 0.1; done' 'trap "sleep 0.2; printf x >late; exit 7" INT
		while :; do sleep 0.1; done'; do
		rm -f ready
		status=0
		timeout --foreground "$patience_s" perl -e 'setpgrp; exec @ARGV' env --default-signal=INT \
			writetrace trace -j -o lines --force -- bash -c 'echo $PPID >ready; '"$end" >out 2>err 3>&- &
		started+=("$!")
		until_true test -s ready
		kill -INT -- "-$(<ready)"
		wait "$!" || status=$?
		# it is given a second
		if ((slow > 1)) && [[ $status == 130 ]]; then continue; fi
		case $end in
		*"exit 7"*)
			expect_status 7
			is "$(grep -c '"path":"[^"]*/late"' lines)" 1 "what it has written then"
			;;
		*"exit 0"*) expect_status 0 ;;
		*) expect_status 130 ;;
		esac
	done
}

@test "told to end while the session is made: COMMAND does not begin" {
	for signal in TERM INT; do
		status=0
		env --default-signal=INT writetrace trace -j -- touch begun >out 2>err 3>&- &
		tracer=$!
		started+=("$tracer")
		until child=$(pgrep -o -P "$tracer" -x writetrace); do kill -0 "$tracer"; done
		kill -s "$signal" "$tracer"
		wait "$tracer" || status=$?
		expect_status $((128 + $(kill -l "$signal")))
		has err '^writetrace: told to end before touch was started$'
		[[ ! -e begun ]] || fail "it has begun"
	done
}

@test "--count that is reached with COMMAND's last line: 0, whichever is seen first" {
	for ((i = 0; i < 10; i++)); do
		wt trace -j --count 1 -- sh -c 'printf x >f; exit 7'
		expect_status 0
	done
	wt trace -j --count 2 -- sh -c 'printf x >f; exit 7'
	expect_status 7
}

@test "COMMAND that is killed before it has begun" {
	# while the session is loaded, COMMAND waits
	status=0
	writetrace trace -j -- true >out 2>err 3>&- &
	tracer=$!
	started+=("$tracer")
	until child=$(pgrep -o -P "$tracer" -x writetrace); do kill -0 "$tracer"; done
	kill -KILL "$child"
	wait "$tracer" || status=$?
	expect_status 137
}

# Has $tracer written something, and nothing more for a while, of a process that writes all the time?
is_stalled() {
	local written
	written=$(awk '/^wchar/ { print $2 }' "/proc/$tracer/io")
	sleep $((slow > 1 ? 2 : 1))
	((written > 4096)) && [[ $(awk '/^wchar/ { print $2 }' "/proc/$tracer/io") == "$written" ]]
}

# stalled COMMAND: a trace of a busy $writer whose output nobody reads ends with the second signal, and says what that means
stalled() {
	local begin
	workload loop /dev/null 0 1 --seconds 600 3>&- &
	writer=$!
	started+=("$writer")
	"$@" &
	tracer=$!
	started+=("$tracer")
	until_true is_tracing
	until_true is_stalled
	kill -INT "$tracer"
	sleep 0.3
	kill -INT "$tracer"
	begin=$(now_ms)
	until_true is_gone "$tracer"
	between 0 "$(($(now_ms) - begin))" $((2000 * (slow > 1 ? 10 : 1))) milliseconds
	status=0
	wait "$tracer" || status=$?
	expect_status 1
	has err 'not all was written$'
	kill -KILL "$writer"
	wait "$writer" 2>/dev/null || true
}

into_pipe() { exec writetrace trace "${quick[@]}" -j -p "$writer" >pipe 2>err 3>&- {hold}>&-; }
into_named_pipe() { exec writetrace trace "${quick[@]}" -j -p "$writer" -o pipe >out 2>err 3>&- {hold}>&-; }
into_socket() {
	# AF_UNIX, SOCK_STREAM (guests have no modules); F_SETFD
	exec perl -e 'socketpair my $reader, my $writer, 1, 1, 0; open STDOUT, ">&", $writer;
		fcntl $reader, 2, 0; close $writer; exec @ARGV' \
		writetrace trace "${quick[@]}" -j -p "$writer" 2>err 3>&- {hold}>&-
}

@test "a second signal ends it at once, though nobody reads its output" {
	mkfifo pipe
	exec {hold}<>pipe
	stalled into_pipe
}

@test "the same with -o and a named pipe, and with a socket as standard output" {
	mkfifo pipe
	exec {hold}<>pipe
	stalled into_named_pipe
	stalled into_socket
}

@test "--pid: the trace ends when the process does" {
	start_target
	start_trace -j -p "$target"
	order 'printf x >f'
	give_order 'printf y >g; exit 0'
	begin=$(now_ms)
	end_trace none
	between 0 "$(($(now_ms) - begin))" $((3000 * (slow > 1 ? 10 : 1))) milliseconds
	expect_status 0
	whole 2
}

@test "--pid: a process that is killed ends the trace, too" {
	start_target
	start_trace -p "$target"
	kill -KILL "$target"
	end_trace none
	expect_status 0
}

@test "--count: so many lines, no more" {
	start_target
	start_trace -j -p "$target" --count 5
	order 'for ((i = 0; i < 50; i++)); do printf x >f; done'
	end_trace none
	expect_status 0
	is "$(count)" 5 events
	end_is '.events == 5 and .bytes == 5'
	trace -j --count 3 -- bash -c 'for ((i = 0; i < 50; i++)); do printf x >f; done'
	is "$(count)" 3 "events of COMMAND"
}

@test "--duration: so long, no longer" {
	start_target
	for duration in 300ms 0.5s 1s; do
		trace -j -p "$target" --duration "$duration"
		expect_status 0
		end_is "(.seconds - $(sed 's/300ms/0.3/; s/s//' <<<"$duration")) | . >= 0 and . < 0.5 * $slow"
	done
}

@test "--duration with COMMAND" {
	kernel_has_no_part
	trace -j --duration 500ms -- bash -c 'echo $$ >pid; printf x >f; exec sleep 60'
	started+=("$(<pid)")
	is "$(count '.path | endswith("/f")')" 1 events
	end_is '.seconds < 30'
}

@test "a closed pipe ends it at once and quietly: head" {
	workload loop /dev/null 0 1 --seconds 600 3>&- &
	writer=$!
	started+=("$writer")
	begin=$(now_ms)
	set +o pipefail
	{ writetrace trace "${quick[@]}" -p "$writer" 2>err || echo $? >code; } 3>&- | head -n 1 >lines
	took=$(($(now_ms) - begin))
	has lines '^TIME'
	between 0 "$took" $((5000 * slow)) milliseconds
	is "$(<code)" 141 "status (SIGPIPE)"
	has_not err 'EPIPE|[Bb]roken|error'
}

@test "a closed pipe ends it though nothing happens any more" {
	start_target
	set +o pipefail
	{ writetrace trace -q -p "$target" 2>err || echo $? >code; } 3>&- | head -n 1 >lines
	is "$(<code)" 141 "status (SIGPIPE)"
}

@test "a pipe closed after any number of bytes, in the middle of a line or of a buffer: status 141 within a second" {
	workload loop /dev/null 0 1 --seconds 600 3>&- &
	writer=$!
	started+=("$writer")
	set +o pipefail
	sizes="1 $((RANDOM % 200)) 4096 65537 $((RANDOM * 16))"
	! in_guest || sizes="1 5000"
	for size in $sizes; do
		for format in "" -j; do
			rm -f code
			{ writetrace trace $format "${quick[@]}" -p "$writer" 2>err || echo $? >code; now_ms >ended; } 3>&- |
				{ head -c "$size" >got; now_ms >closed; }
			is "$(wc -c <got)" "$size" bytes
			is "$(<code)" 141 "status (SIGPIPE) after $size bytes"
			has_not err 'EPIPE|[Bb]roken|error'
			between 0 $(($(<ended) - $(<closed))) $((1000 * slow)) "ms to the end after $size bytes"
		done
	done
}

@test "what a traced process does goes on after writetrace is killed" {
	start_target
	start_trace -j -p "$target"
	order 'printf x >f'
	sed -nE 's/^(prog|map|link)_id:[[:space:]]*/\1 /p' "/proc/$tracer/fdinfo"/* | sort -u >held
	for kind in prog map link; do has held "^$kind "; done
	kill -KILL "$tracer"
	until_true is_gone "$tracer"
	order 'printf y >g'
	is "$(<g)" y
	# and nothing of it is left in the kernel
	until_true are_gone held
}

@test "no zombie, no process left behind" {
	kernel_has_no_part
	for backend in $(backends); do
		wt trace -j --backend "$backend" -- sh -c 'printf x >f'
		expect_status 0
		until_true no_writetrace
	done
}
