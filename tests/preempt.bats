#!/usr/bin/env bats
# On a kernel that preempts inside BPF programs, runs of a program are skipped silently (KERNEL.md). Run in a guest of
# the newest kernel, which does: what was done is shown or counted, and few are not shown.

# What lib.bash sets is not known to shellcheck, nor that each test is a shell of its own.
# shellcheck disable=SC2016,SC2030,SC2031,SC2154
load lib

setup_file() {
	[[ ${WT_GUEST-} == 1 ]] || skip "only in a guest: it is about the newest kernel"
}

options=()

# preempted BACKEND ARGUMENT...: four writers on two processors
preempted() {
	local backend=$1 all shown lost skipped
	shift
	WORKLOAD_REPORT=report wt trace -j -o lines "${options[@]}" --backend "$backend" -- workload preempt 4 "$(scaled 100)" "$@"
	expect_status 0
	tail -n 1 lines >out
	jq -e '.type == "end"' out
	all=$(jq .calls report)
	shown=$(grep -c '^{"type":"write"' lines)
	lost=$(jq .lost.ring out)
	skipped=$(jq .lost.skipped out)
	echo "$backend: $all done, $shown shown, $lost lost (ring), at most $skipped skipped"
	[[ $skipped != null ]] || fail "this kernel counts what it skips, but writetrace does not say"
	((shown > 1000)) || fail "too few to say anything"
	((shown <= all)) || fail "more shown than done"
	((shown + lost + skipped >= all)) || fail "$((all - shown - lost - skipped)) writes are unaccounted for"
	((skipped * 100 < 2 * all)) || fail "$skipped of $all writes may have been skipped"
}

@test "this kernel preempts" {
	dmesg | grep -E 'Dynamic Preempt: (lazy|full)'
}

@test "fentry: four writers on two processors" { preempted fentry; }
@test "raw: four writers on two processors" { preempted raw; }
@test "tracepoint: four writers on two processors" { preempted tracepoint; }

@test "fentry: with a real-time writer, too" { preempted fentry /dev/null --fifo; }
@test "raw: with a real-time writer, too" { preempted raw /dev/null --fifo; }
@test "tracepoint: with a real-time writer, too" { preempted tracepoint /dev/null --fifo; }

@test "fentry --no-latency: four writers on two processors" {
	options=(--no-latency)
	preempted fentry
}
