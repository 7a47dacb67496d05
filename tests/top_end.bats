#!/usr/bin/env bats
# How trace --top ends, stops and goes on, and what becomes of COMMAND: the terminal is as it was, whatever ends it.

# What lib.bash sets is not known to shellcheck, nor that each test is a shell of its own.
# shellcheck disable=SC2016,SC2030,SC2031,SC2154
load lib
load top

@test "Ctrl-C, SIGTERM and SIGHUP end it as q does: status 0" {
	start_target
	terminal
	for how in C-c TERM INT HUP; do
		view -p "$target"
		if [[ $how == C-c ]]; then press C-c; else kill -s "$how" "$tracer"; fi
		back 0
	done
}

@test "killed by SIGKILL or a crash: the terminal is as it was" {
	start_target
	terminal
	for signal in KILL SEGV; do
		view -p "$target"
		until_true shows '^q quit'
		kill -s "$signal" "$tracer"
		until_true alternate_is_off
		press Enter
		run_there clear
		until_true shows_not status
		run_there 'echo "status: 0"'
		back 0
	done
	# none is left
	until_true none_left
}

alternate_is_off() { [[ $(flag alternate_on) == 0 ]]; }
# what nobody has waited for does not count
none_left() {
	ps -t "$(flag pane_tty | sed 's,/dev/,,')" -o stat=,comm= | awk '$1 !~ /^Z/ && $2 == "writetrace" { exit 1 }'
}

@test "Ctrl-Z gives the terminal to the shell, fg takes it back; nothing is missing" {
	start_target
	terminal
	view -p "$target"
	for round in 1 2; do
		press C-z
		until_true shows 'Stopped'
		is "$(flag alternate_on) $(flag cursor_flag)" "0 1"
		same_modes
		order 'printf x >f'
		run_there clear
		run_there 'fg; echo "status: $?"'
		until_true shows "^in all +$round "
		is "$(flag alternate_on)" 1
	done
	press k
	until_true shows ', by pid, '
	press C-z
	until_true shows 'Stopped'
	# and it can be ended there
	kill -TERM "$tracer"
	run_there 'fg; echo "status: $?"'
	back 0
}

@test "Ctrl-Z stops COMMAND, too, and fg continues both; SIGTSTP is heeded" {
	terminal
	view "-- bash -c 'while :; do printf x >f; sleep 0.05; done'"
	until_true shows '^in all +[1-9]'
	# also while something is being typed
	press / a
	press C-z
	until_true shows 'Stopped'
	is "$(ps -o stat= -p "$(pgrep -P "$tracer" bash)" | cut -c1)" T "COMMAND's state"
	run_there 'clear; fg; echo "status: $?"'
	until_true shows ': a$'
	press Escape
	# or the shell gets that key
	until_true shows '^q quit'
	for _ in 1 2 3 4 5; do
		kill -TSTP "$tracer"
		until_true shows 'Stopped'
		run_there 'clear; fg; echo "status: $?"'
		until_true shows '^q quit'
	done
	started+=("$(pgrep -P "$tracer" bash)")
	press q
	back 0
}

@test "stopped by SIGSTOP and continued: the view is there again" {
	start_target
	terminal
	view -p "$target"
	kill -STOP "$tracer"
	until_true shows 'Stopped'
	run_there 'fg; echo "status: $?"'
	until_true shows_not 'Stopped'
	until_true shows '^q quit'
	press q
	back 0
}

@test "--pid: ends with the process; --duration: after so long" {
	start_target
	terminal
	view -p "$target"
	give_order 'exit 0'
	back 0
	start_target
	view --duration 700ms -p "$target"
	back 0
}

# COMMAND

@test "COMMAND's exit status is ours, its output does not reach the screen, and all it wrote is in the sum" {
	terminal
	view "-- bash -c 'echo GARBAGE; echo GARBAGE >&2; cat; printf x >f; : >seen; while test -e seen; do sleep 0.1; done; exit 7'"
	until_true test -e seen
	until_true shows '^in all +3 '
	has_not screen GARBAGE
	rm seen
	back 7
	has_not screen '^GARBAGE'
	until_true shows '^in all +3 +17 B '
	view "-- workload loop /dev/null 1000 3"
	back 0
	until_true shows '^in all +1000 +2.9 KiB +0 '
	view "-- bash -c 'kill -KILL \$\$'"
	back 137
}

@test "COMMAND's output goes where it was sent, if that is not the terminal" {
	terminal
	view "-- bash -c 'echo out; echo complaint >&2; cat >got' 2>err"
	back 0
	is "$(<err)" complaint
	[[ ! -s got ]] || fail "it has read from the terminal"
}

@test "COMMAND inherits no descriptor, and its signal mask is as it was" {
	terminal
	run_there 'grep ^Sig[BIC] /proc/self/status >want; ls /proc/self/fd >>want'
	view "-- bash -c '{ grep ^Sig[BIC] /proc/self/status; ls /proc/self/fd; } >got'"
	back 0
	diff want got
}

@test "COMMAND that cannot be started: status 127, the reason on the terminal as it was" {
	terminal
	view "-- no-such-program-here"
	back 127
	until_true shows '^writetrace: no-such-program-here: No such file'
}

@test "a terminal that cannot show it: an error in one line, and COMMAND has not run" {
	terminal
	for type in no-such-terminal dumb ''; do
		run_there "clear; TERM=$type writetrace trace --top -- touch ran; echo \"status: \$?\""
		until_true shows '^status: 125$'
		is "$(grep -c '^writetrace: the terminal: .*TERM' screen)" 1 "errors with TERM='$type'"
		same_modes
	done
	run_there "clear; TERM=dumb writetrace trace --top -p \$\$; echo \"status: \$?\""
	until_true shows '^status: 3$'
	[[ ! -e ran ]] || fail "COMMAND has run"
}

@test "not a terminal: wrong usage" {
	one_error 2 '--top' trace --top -p $$
	wt trace --top -p $$
	has err '--top needs a terminal as standard input and output'
	# only one of the two
	terminal
	run_there 'clear; writetrace trace --top -p $$ </dev/null; echo "status: $?"'
	until_true shows '^status: 2$'
	run_there 'clear; writetrace trace --top -p $$ | cat; echo "status: ${PIPESTATUS[0]}"'
	until_true shows '^status: 2$'
}
