#!/usr/bin/env bats
# On a kernel that preempts inside BPF programs, runs of a program are skipped silently (KERNEL.md). Run in a guest of
# the newest kernel, which does: what was done is shown or counted, and few are not shown.

load lib

setup_file() {
	[[ ${WT_GUEST-} == 1 ]] || skip "only in a guest: it is about the newest kernel"
}

# preempted BACKEND ARGUMENT...: four writers on two processors
preempted() {
	local backend=$1 done shown lost skipped
	shift
	WORKLOAD_REPORT=report wt trace -j -o lines --backend "$backend" -- workload preempt 4 "$(scaled 100)" "$@"
	expect_status 0
	tail -n 1 lines >out
	jq -e '.type == "end"' out
	done=$(jq .calls report)
	shown=$(grep -c '^{"type":"write"' lines)
	lost=$(jq .lost.ring out)
	skipped=$(jq .lost.skipped out)
	echo "$backend: $done done, $shown shown, $lost lost (ring), at most $skipped skipped"
	[[ $skipped != null ]] || fail "this kernel counts what it skips, but writetrace does not say"
	((shown > 1000)) || fail "too few to say anything"
	((shown <= done)) || fail "more shown than done"
	((shown + lost + skipped >= done)) || fail "$((done - shown - lost - skipped)) writes are unaccounted for"
	((skipped * 100 < 2 * done)) || fail "$skipped of $done writes may have been skipped"
}

@test "this kernel preempts" {
	# what the tests below are about; "lazy" and "full" do
	config=$(zcat /proc/config.gz 2>/dev/null || true)
	echo "$(uname -rv)"
	[[ $(uname -v) == *PREEMPT* ]]
}

@test "fentry: four writers on two processors" { preempted fentry; }
@test "raw: four writers on two processors" { preempted raw; }
@test "tracepoint: four writers on two processors" { preempted tracepoint; }

@test "fentry: with a real-time writer, too" { preempted fentry /dev/null --fifo; }
@test "raw: with a real-time writer, too" { preempted raw /dev/null --fifo; }
@test "tracepoint: with a real-time writer, too" { preempted tracepoint /dev/null --fifo; }

@test "fentry --no-latency: four writers on two processors" {
	preempted fentry
	WORKLOAD_REPORT=report wt trace -j -o more --no-latency --backend fentry -- workload preempt 4 "$(scaled 60)"
	done=$(jq .calls report)
	is "$(($(grep -c '^{"type":"write"' more) + $(tail -n 1 more | jq '.lost.ring + .lost.skipped') >= done))" 1 \
		"all accounted for"
}
