# shellcheck shell=bash
# What pin.bats and unpin.bats share

# What lib.bash sets is not known to shellcheck, nor that tests use what is here.
# shellcheck disable=SC2016,SC2034,SC2154

setup() {
	enter
	own_bpffs
}

teardown() {
	end_started
	if in_guest && mountpoint -q /sys/fs/bpf; then umount /sys/fs/bpf; fi
	drop_bpffs
}

# pinned [NAME]...: exactly these sessions are there, and nothing else
pinned() {
	local names=
	[[ ! -d $bpffs/writetrace ]] || names=$(ls -A "$bpffs/writetrace")
	is "${names//$'\n'/ }" "$*" "what is in writetrace/"
}

# refuses REGEX ARGUMENT...: status 1 and one line. That -j says it, too, is looked at less often: jq is slow in guests.
refuses() {
	wt --bpffs "$bpffs" "${@:2}"
	expect_status 1
	is "$(wc -l <err)" 1 "lines on stderr"
	has err "^writetrace: .*$1"
	[[ ! -s out ]] || fail "stdout is not empty"
}
