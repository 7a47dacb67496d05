#!/usr/bin/env bats
# The flight recorder: what it shows is what was written, whole, in order, and with its path, however fast it is
# overwritten meanwhile; and where something is missing it says so.

# What lib.bash sets is not known to shellcheck, nor that each test is a shell of its own.
# shellcheck disable=SC2016,SC2030,SC2031,SC2154
load lib

setup() {
	enter
	own_bpffs
	memory=$(mktemp -d /dev/shm/writetrace.XXXXXX)
}

teardown() {
	end_started
	rm -rf "$memory"
	drop_bpffs
}

# record MODE SECONDS [ARGUMENT...]: four threads begin to write (workload_record.c); they are in ./writers
record() {
	local mode=$1 seconds=$2
	shift 2
	rm -f writers
	give_order "workload record $memory 4 $seconds $mode writers $*"
	until_true test -e writers
}

records_on() { [[ ! -e $done_in/$orders_given ]]; }

# record_into ARGUMENT...: `pin` for what the target does
record_into() {
	pin -f -p "$target" "$@"
	expect_status 0
	lanes=()
	! grep -q 'of each CPU' err || lanes=(--lanes)
}

# may_skip: how many of them, at most, the kernel may have skipped by now; what is checked later may be that many short
skips=()
may_skip() {
	! kernel_preempts || skips=(--skipped "$(writetrace --bpffs "$bpffs" dump -j | jq .lost.skipped)")
}

# check FILE [OPTION...]
check() { workload check-record writers "$@" "${lanes[@]}" "${skips[@]}" >>checked || fail "$1 is not what was written"; }

seconds=$(sampled 2 10)
[[ ${WT_GUEST-} != 1 ]] || seconds=10

# The writers are the target's: on the one processor that is emulated the reader must get at its work, too.
reader_first() { ! in_guest || renice -n -10 "$BASHPID" >/dev/null; }

# reads_while_written MODE [ARGUMENT...]: nothing torn, and in the end the newest N exactly
reads_while_written() {
	local mode=$1 dumps=0
	shift
	start_target
	reader_first
	record_into "$@"
	record "$mode" "$seconds"
	while records_on; do
		dump --events -j
		expect_status 0
		may_skip
		check out
		dumps=$((dumps + 1))
	done
	sort checked | uniq -c | sort -n | tail -n 5
	between 2 "$dumps" 1000000 dumps
	has checked '^[1-9][0-9]* shown'
	may_skip
	for n in 1 2 10 1000; do
		dump --events=$n -j
		check out --newest $n
	done
	dump --events -j
	check out --newest 4096
	dump -j
	counted "$(awk '{ n += $3 } END { print n }' writers)"
	unpin default
}

@test "four writers on one processor, read in a loop" {
	for backend in $(some_backends); do
		reads_while_written one --events 4096 --backend "$backend"
	done
}

# The newest is being written as often as not.
@test "a recorder of a few events, read in a loop" {
	start_target
	reader_first
	record_into --events 8
	record one "$seconds"
	dumps=0
	while records_on; do
		dump --events -j
		dumps=$((dumps + 1))
		mv out "doc.$dumps"
	done
	between 10 "$dumps" 1000000 dumps
	may_skip
	for ((n = 1; n <= dumps; n++)); do
		check "doc.$n"
	done
	dump --events -j
	check out --newest 8
}

@test "four writers on all processors, read in a loop" {
	for backend in $(some_backends); do
		reads_while_written spread --events 4096 --backend "$backend"
	done
}

@test "four writers that change processors all the time, read in a loop" {
	reads_while_written hop --events 4096
}

# follows MODE [ARGUMENT...]: all is shown or said to be lost
follows() {
	local mode=$1
	shift
	start_target
	record_into "$@"
	writetrace --bpffs "$bpffs" dump --events --follow -j >lines 2>err </dev/null 3>&- &
	tracer=$!
	started+=("$tracer")
	until_true is_tracing
	record "$mode" "$seconds"
	until_true test -e "$done_in/$orders_given"
	may_skip
	unpin default
	end_trace none
	expect_status 0
	check lines --follow
	cat checked
}

@test "--follow, four writers on one processor: shown and lost are all that were written" {
	follows one --events 4096
}

@test "--follow, four writers on all processors" {
	follows spread --events 4096
}

@test "--follow, four writers that change processors all the time" {
	follows hop --events 4096
}

@test "--follow a recorder that is overwritten thousands of times" {
	follows hop --events 16
}

@test "--follow slow writers: nothing is lost" {
	start_target
	record_into --events 4096
	writetrace --bpffs "$bpffs" dump --events --follow -j >lines 2>err </dev/null 3>&- &
	tracer=$!
	started+=("$tracer")
	until_true is_tracing
	before=0
	for ((i = 0; i < 5; i++)); do
		rm -f checked
		record one 0 --calls 250
		until_true test -e "$done_in/$orders_given"
		dump -j
		counted $((1000 * (i + 1)))
		calls=$(jq .totals.calls out)
		is_shown() { [[ $(wc -l <lines) == "$calls" ]]; }
		until_true is_shown
		tail -n "+$((before + 1))" lines >part
		may_skip
		check part --follow
		[[ $(<checked) == "$((calls - before)) shown, 0 lost, "* ]] || fail "$(<checked)"
		before=$calls
	done
	end_trace
	expect_status 0
	is "$(jq -c . lines | wc -l)" "$calls" "JSON lines"
}

@test "small recorders keep exactly the newest" {
	for events in 1 16 100; do
		start_target
		record_into --events "$events"
		record hop 0 --calls "$(scaled 20000)"
		until_true test -e "$done_in/$orders_given"
		may_skip
		for n in 1 2 15 16 99 100 101 1000000; do
			dump --events=$n -j
			expect_status 0
			check out --newest $((n < events ? n : events))
		done
		dump --events=0 -j
		expect_status 0
		is "$(wc -l <out)" 0 events
		unpin default
	done
}

@test "the newest of a single writer are its last, whatever the number" {
	start_target
	for total in 1 5 1023 3000; do
		pin -f -p "$target" --events 1024
		order "workload files $memory 1 $total sums"
		for n in 1 7 1024; do
			dump --events=$n -j
			seq $((total > n ? total - n : 0)) $((total - 1)) >want
			jq .offset out | cmp - want
		done
		unpin default
	done
}

# right_paths DIR FILES [EVENTS]: each event in ./out (so many) has the path that belongs to its offset. FILES: how many
# there are, or "mixed".
right_paths() {
	local wrong
	wrong=$(jq -n -r --arg dir "$1" --arg files "$2" --argjson want "${3-null}" '
		def file: if $files == "mixed" then if . % 8 == 7 then . - . % 1800 else . end else . % ($files | tonumber) end;
		reduce (inputs | select(.type == "write")) as $e ({n: 0};
			if .wrong then .
			elif ($e.offset | type) != "number" or $e.path_state then .wrong = $e
			elif $e.path != "\($dir)/f\($e.offset | file)" then .wrong = $e
			else .n += 1 end)
		| if .wrong then "\(.wrong)" elif $want and .n != $want then "\(.n) events instead of \($want)" else empty end' out) ||
		wrong="not JSON"
	[[ ! $wrong ]] || fail "$wrong"
}

@test "files that come and go: each event that is kept has its path" {
	n=$(sampled 20000 1000000)
	start_target
	for events in 16 1024 4096; do
		pin -f -p "$target" --events $events
		order "workload files $memory $n $n sums --unlink"
		dump --events -j
		right_paths "$memory" "$n" "$((n < events ? n : events))"
		unpin default
	done
}

@test "files that come again and again: each event that is kept has its path" {
	n=$(sampled 30000 300000)
	start_target
	for files in 10 300 3000; do
		pin -f -p "$target" --events 1024
		order "workload files $memory $files $n sums"
		dump --events -j
		right_paths "$memory" "$files" 1024
		unpin default
	done
}

@test "new files all the time, and one that is used for a while: each event that is kept has its path" {
	n=$(sampled 150000 3000000)
	start_target
	pin -f -p "$target" --events 1024
	give_order "workload files $memory $n $n sums --unlink --mixed"
	dumps=0
	while records_on; do
		dump --events -j
		right_paths "$memory" mixed
		dumps=$((dumps + 1))
	done
	between 2 "$dumps" 1000000 dumps
	dump --events -j
	right_paths "$memory" mixed 1024
}

long_dir() {
	long=$memory/$(printf '%0200d' 0)/$(printf '%0200d' 1)
	mkdir -p "$long"
}

@test "long paths: each event has its path" {
	long_dir
	n=$(sampled 5000 100000 1000)
	start_target
	pin -f -p "$target" --events 256
	order "workload files $long 30 $n sums"
	dump --events -j
	right_paths "$long" 30 256
}

# There is not room for the paths of all of them.
@test "long paths of files that come and go: none has a wrong one, the newest have theirs" {
	long_dir
	n=$(sampled 5000 100000 1000)
	start_target
	pin -f -p "$target" --events 256
	order "workload files $long $n $n sums --unlink"
	dump --events -j
	is "$(wc -l <out)" 256 events
	jq -c 'select(.path_state != "unknown")' out >known
	between 50 "$(wc -l <known)" 256 "events with a path"
	cmp <(tail -n "$(wc -l <known)" out) known
	mv known out
	right_paths "$long" "$n" "$(wc -l <out)"
}

@test "--follow with many files: each event has its path" {
	start_target
	record_into --events 4096
	writetrace --bpffs "$bpffs" dump --events --follow -j >lines 2>err </dev/null 3>&- &
	tracer=$!
	started+=("$tracer")
	until_true is_tracing
	n=$(sampled 20000 1000000)
	order "workload files $memory $n $n sums --unlink"
	unpin default
	end_trace none
	grep '"type":"write"' lines >out
	right_paths "$memory" "$n" "$(wc -l <out)"
	lost=$(jq -n '[inputs | select(.type == "lost").count] | add // 0' lines)
	is $((lost + $(wc -l <out))) "$n" "shown ($(wc -l <out)) and lost ($lost)"
}
