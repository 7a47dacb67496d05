#!/usr/bin/env bats
# dump and probe read what others wrote: no byte that is not ours, none left behind.

# What lib.bash sets is not known to shellcheck, nor that each test is a shell of its own.
# shellcheck disable=SC2030,SC2031,SC2154
load lib

setup() {
	[[ ${WT_BUILD-} != *sanitize ]] || skip "not with the sanitizers"
	enter
	own_bpffs
}

teardown() {
	end_started
	[[ ! ${bpffs-} ]] || drop_bpffs
}

# clean STATUSES ARGUMENT...
clean() {
	local want=$1
	shift
	status=0
	valgrind -q --error-exitcode=99 --leak-check=full --errors-for-leak-kinds=definite,indirect \
		--suppressions="$top/tests/valgrind.supp" writetrace --bpffs "$bpffs" "$@" >out 2>err </dev/null 3>&- || status=$?
	[[ " $want " == *" $status "* ]] || fail "exit status $status"
	has_not err '^=='
}

@test "dump" {
	start_target
	pin web -f -p "$target"
	for i in 1 2 3; do order "printf $i >f$i; cat f$i >/dev/full" || true; done
	clean 0 dump web
	clean 0 dump web -j
	clean 0 dump web --events
	clean 0 dump web --events=2 -j
	clean 0 dump --list
	clean 0 dump --list -j
	clean 1 dump nonsense
}

@test "probe" {
	# there are commands of bpf(2) that valgrind does not let through; then no backend works
	clean "0 3" probe
	clean "0 3" probe -j --helpers
}
