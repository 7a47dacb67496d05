#!/usr/bin/env bats
# Kernel lockdown, in a guest of its own: it can be raised, but not lowered. So the tests are in that order.

# What lib.bash sets is not known to shellcheck, nor that each test is a shell of its own.
# shellcheck disable=SC2016,SC2030,SC2031,SC2154
load lib

setup_file() {
	[[ ${WT_GUEST-} == 1 ]] || skip "only in a guest: it cannot be undone"
}

# lock MODE
lock() {
	mountpoint -q /sys/kernel/security || mount -t securityfs securityfs /sys/kernel/security
	echo "$1" >/sys/kernel/security/lockdown
	has /sys/kernel/security/lockdown "\[$1\]"
}

@test "none: fentry is taken" {
	wt probe -j
	expect_status 0
	is "$(jq -r .backend out)" fentry
}

@test "integrity: what works is taken; if that is not fentry, lockdown is named" {
	lock integrity
	wt probe -j
	expect_status 0
	if [[ $(jq -r .backend out) != fentry ]]; then
		is "$(jq -r .backend out)" raw
		jq -r '.backends[] | select(.name == "fentry") | .detail' out | grep -q lockdown || fail "probe does not say why"
	fi
	is "$(jq -r '.checks[] | select(.name == "lockdown") | .detail' out | grep -o integrity)" integrity
	wt trace -j -- sh -c 'printf x >f'
	expect_status 0
	is "$(count)" 1 events
	whole
}

# Under lockdown the kernel keeps other branches of the programs than it does elsewhere.
@test "integrity: every way to write, exactly, by each backend that is left" {
	mkdir -p d
	for backend in $(backends); do
		for load in ways uring blocks; do
			wt -d trace -j -e all -u 0 --backend "$backend" -- workload "$load" d expect
			if ((status == 77)); then
				echo "$load: $(grep '^workload: no ' err)"
				continue
			fi
			expect_status 0
			has_not err 'failed to load'
			case $load in
			ways) same_events expect ;;
			uring) same_events expect true . ;;
			# two threads look for the results of one io_submit
			blocks) same_events expect true '[.path, if .path | endswith("/threads") then .offset else 0 end]' ;;
			esac
			whole
		done
	done
}

@test "confidentiality: status 3, and lockdown is named" {
	lock confidentiality
	for arguments in "trace -p $$" "trace --backend raw -p $$" "trace -c -p $$" "pin -p $$"; do
		# shellcheck disable=SC2086
		one_error 3 'lockdown.*confidentiality' $arguments
	done
	wt probe -j
	expect_status 3
	is "$(jq -c '.ok, (.checks[] | select(.name == "lockdown") | .ok)' out | xargs)" "false false"
}
