#!/usr/bin/env bats
# On a kernel that preempts inside BPF programs, runs of a program are skipped silently (KERNEL.md). What was done is
# shown or counted all the same, and few are not shown. CI runs this in a guest of the newest kernel, which does preempt.

# What lib.bash sets is not known to shellcheck, nor that each test is a shell of its own.
# shellcheck disable=SC2016,SC2030,SC2031,SC2154
load lib

setup_file() {
	[[ ${WT_GUEST-} == 1 ]] || skip "only in a guest: it is about kernels that preempt"
}

options=()
begins=0

# Linux counts runs that it skips since 5.12, those of tracepoint programs since 6.7. Before, none is skipped without
# preemption, and these tests are not run with it.
counts_skipped() {
	local major=${WT_KERNEL%%.*} minor=${WT_KERNEL#*.}
	if [[ $1 == tracepoint ]]; then ((major * 100 + minor >= 607)); else ((major * 100 + minor >= 512)); fi
}

# tell WHAT: to whoever reads the results (tests/kernels puts it below its table)
tell() {
	echo "$BATS_TEST_DESCRIPTION: $1"
	echo "# preempt: $BATS_TEST_DESCRIPTION: $1" >&3
}

# skipped_or_none BACKEND: makes 0 of a $skipped that is null, where it has to be
skipped_or_none() {
	[[ $skipped == null ]] || return 0
	! counts_skipped "$1" || fail "this kernel counts what it skips, but writetrace does not say"
	skipped=0
}

# preempted BACKEND ARGUMENT...: four writers on two processors
preempted() {
	local backend=$1 all shown lost skipped percent=1
	shift
	needs_backend "$backend"
	WORKLOAD_REPORT=report wt trace -j -o lines "${options[@]}" --backend "$backend" -- workload preempt 4 "$(scaled 100)" "$@"
	expect_status 0
	tail -n 1 lines >out
	jq -e '.type == "end"' out
	all=$(jq .calls report)
	shown=$(grep -c '^{"type":"write"' lines)
	lost=$(jq .lost.ring out)
	skipped=$(jq .lost.skipped out)
	tell "$all done, $shown shown, $lost lost (ring), at most $skipped skipped"
	skipped_or_none "$backend"
	((shown > 1000)) || fail "too few to say anything"
	((shown <= all)) || fail "more shown than done"
	((shown + lost + skipped >= all)) || fail "$((all - shown - lost - skipped)) writes are unaccounted for"
	# of the programs at the beginning of a call there are two copies, not four
	((!begins)) || percent=10
	(((all - shown - lost) * 200 < all * (begins ? 10 : 1))) || fail "$((all - shown - lost)) of $all writes were skipped"
	# What raw programs say may have been other system calls: here those of the real-time writer, which does little but sleep,
	# every 100 us, however slow the machine is.
	[[ $backend != raw || $* != *--fifo* ]] || percent=10
	((skipped * 100 < percent * all)) || fail "$skipped of $all writes may have been skipped"
}

@test "this kernel preempts" {
	kernel_preempts || [[ ${WT_PREEMPTS-} == 1 ]] || skip "it does not, and need not"
	kernel_preempts
}

@test "fentry: four writers on two processors" { preempted fentry; }
@test "raw: four writers on two processors" { preempted raw; }
@test "tracepoint: four writers on two processors" { preempted tracepoint; }

@test "fentry: with a real-time writer, too" { preempted fentry /dev/null --fifo; }
@test "raw: with a real-time writer, too" { preempted raw /dev/null --fifo; }
@test "tracepoint: with a real-time writer, too" { preempted tracepoint /dev/null --fifo; }

# The kernel counts writes for each task, by which copies of a program tell one from the next; these calls it does not.
@test "fentry: four that sync" { options=(-e sync); preempted fentry /dev/null --sync; }
@test "raw: four that sync" { options=(-e sync); preempted raw /dev/null --sync; }
@test "tracepoint: four that sync" { options=(-e sync); preempted tracepoint /dev/null --sync; }

# Of AIO the beginning has to be seen, too.
@test "fentry: four by AIO" { options=(-e aio:pwrite) begins=1; preempted fentry /dev/null --aio; }
@test "raw: four by AIO" { options=(-e aio:pwrite) begins=1; preempted raw /dev/null --aio; }

# And where it matters how long a write took. All that were seen from their beginning took as long as this.
@test "raw --min-latency: four writers on two processors" { options=(--min-latency 1ns) begins=1; preempted raw; }

@test "fentry --no-latency: four writers on two processors" {
	options=(--no-latency)
	preempted fentry
}

# Pinned sessions

teardown() {
	end_started
	rm -f lines # a guest's disk is its memory
	[[ ! ${bpffs-} ]] || drop_bpffs
}

# read_totals BACKEND: $counted and $skipped; all sums agree. What is lost otherwise would have to be 0.
read_totals() {
	dump -j
	expect_status 0
	read -r counted skipped < <(jq -r '
		def sums: . as $list | {} | .calls = ($list | map(.calls) | add) | .bytes = ($list | map(.bytes) | add)
			| .errors = ($list | map(.errors) | add) | .latency_ns = ($list | map(.latency_ns) | add);
		if .totals != (.ops | sums) or .totals != (.rows | sums) then "sums differ"
		elif .lost.ring != 0 or .lost.inflight != 0 or .lost.unpaired != 0 then "lost \(.lost | tojson)"
		else "\(.totals.calls) \(.lost.skipped)" end' out)
	[[ $counted =~ ^[0-9]+$ ]] || fail "$counted $skipped"
	skipped_or_none "$1"
}

# counted_all DONE: counted or skipped
counted_all() {
	tell "$1 done, $counted counted, at most $skipped skipped"
	((counted > 1000)) || fail "too few to say anything"
	((counted <= $1)) || fail "more counted than done"
	((counted + skipped >= $1)) || fail "$(($1 - counted - skipped)) writes are unaccounted for"
}

# pinned BACKEND: totals, and a flight recorder that is read while four writers go from processor to processor
pinned() {
	own_bpffs
	start_target
	wt --bpffs "$bpffs" pin -f -p "$target" --backend "$1" --events 4096
	expect_status 0
	order "WORKLOAD_REPORT=report workload preempt 4 3"
	read_totals "$1"
	done=$(jq .calls report)
	counted_all "$done"
	give_order "workload record $PWD 4 3 hop writers"
	until_true test -e writers
	for ((i = 0; i < 10; i++)); do
		dump --events -j
		expect_status 0
		cp out "events.$i"
	done
	until_true test -e "$done_in/$orders_given"
	read_totals "$1"
	counted_all $((done + $(awk '{ n += $3 } END { print n }' writers)))
	dump --events -j
	cp out events.10
	# those of the load before
	for ((i = 0; i <= 10; i++)); do
		grep -v '"comm":"workload"' "events.$i" >part || true
		workload check-record writers part --skipped 1000000000
	done
	is "$(grep -vc '"type":"lost"' events.10)" 4096 "events in the end"
}

@test "pinned, fentry: all is counted or skipped, no event is torn" { pinned fentry; }
@test "pinned, raw: all is counted or skipped, no event is torn" { pinned raw; }
