# shellcheck shell=bash
# What dump.bats and dump_terminal.bats share

# What lib.bash sets is not known to shellcheck, nor that tests use what is here.
# shellcheck disable=SC2016,SC2034,SC2154

setup() {
	enter
	own_bpffs
}

teardown() {
	end_started
	drop_bpffs
}

# known_load: 25 files f1 to f25 of as many bytes, "many" with 40 writes of one byte, "large" with one of 4000, and three
# of 100 that fail: 69 calls, 4365 bytes, 3 errors, 28 files
known_load() {
	order 'for ((i = 1; i <= 25; i++)); do printf "%0${i}d" 0 >f$i; done; for ((i = 0; i < 40; i++)); do printf x >>many; done'
	order 'printf %04000d 0 >large; perl -e "syswrite STDOUT, q(x) x 100 for 1 .. 3" >/dev/full'
}

# loaded OPTION...: session web has seen that
loaded() {
	start_target
	pin web -p "$target" -f "$@"
	expect_status 0
	known_load
}

# in_background ARGUMENT...: a dump that goes on, its output in ./reports, its errors in ./reports.err
in_background() {
	writetrace --bpffs "$bpffs" dump "$@" >reports 2>reports.err </dev/null 3>&- &
	reader=$!
	started+=("$reader")
	until_true test -s reports
}

# has_ended [SIGNAL]: after the signal, if any, it ends with status 0 and without a word
has_ended() {
	[[ ! ${1-} ]] || kill -s "$1" "$reader"
	until_true is_gone "$reader"
	status=0
	wait "$reader" || status=$?
	expect_status 0
	[[ ! -s reports.err ]] || fail "it says: $(<reports.err)"
}
