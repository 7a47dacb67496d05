#!/usr/bin/env bats
# Speed, memory, and what happens when there is too much: nothing blocks, and what is lost is counted.

# What lib.bash sets is not known to shellcheck, nor that each test is a shell of its own.
# shellcheck disable=SC2016,SC2030,SC2031,SC2154
load lib

# what a session may have in memory at its peak; the sanitizers have a copy of all, and more
most_kb=$((24 * 1024))
[[ ${WT_BUILD-} != *sanitize ]] || most_kb=$((96 * 1024))

lost_nothing() { end_is '.lost.ring == 0 and .lost.inflight == 0 and .lost.unpaired == 0'; }

# Ticks of 10 ms that the processors were busy, and those that were for us
busy_ticks() { awk '/^cpu / { print $2 + $3 + $4 + $7 + $8 + $9 }' /proc/stat; }
our_ticks() { awk '{ print $16 + $17 }' "/proc/$$/stat"; }

# tight_loop GIB OPTION...: for 10 s one core does nothing but write single bytes, the other one is ours. GIB of memory are for
# the lines, and have been written to before: neither a disk nor how fast the kernel finds memory is tested. The last line or the
# sum is in ./out.
tight_loop() {
	local before sink
	memory=$(mktemp -d -p /dev/shm writetrace-test.XXXXXX)
	head -c "$1G" /dev/zero >"$memory/lines" || skip "there are no $1 GiB of memory for the lines"
	exec {sink}<>"$memory/lines"
	before=$(($(busy_ticks) - $(our_ticks)))
	status=0
	WORKLOAD_REPORT=report timeout --foreground -k 5 "$patience_s" writetrace trace "${@:2}" \
		-- workload loop /dev/null 0 1 --seconds 10 >&"$sink" 2>err </dev/null 3>&- || status=$?
	others=$(($(busy_ticks) - $(our_ticks) - before))
	expect_status 0
	truncate -s "$(awk '/^pos:/ { print $2 }' "/proc/$BASHPID/fdinfo/$sink")" "$memory/lines"
	exec {sink}>&-
	calls=$(jq .calls report)
	[[ $calls -gt 100000 ]]
	cat err
	lines=$(wc -l <"$memory/lines")
	tail -n 1 "$memory/lines" >out
	rm -r "$memory"
}

# lossless GIB FORMAT-OPTION...: three times, should the machine be busy with other things
lossless() {
	! in_guest || skip "an emulated processor says nothing about speed"
	(($(nproc) > 1)) || skip "there is one processor only, and the writer has it"
	for _ in 1 2 3; do
		tight_loop "$@"
		has_not err 'lost: ' >/dev/null && break
		((others > 50)) || fail "lost, though the machine was ours"
	done
	has_not err 'lost: ' || skip "this machine is busy: others had $((others * 10)) ms of the last 10 s"
	has err "^writetrace: $calls writes, .*; nothing lost$"
	is "$lines" $((calls + 1)) lines
}

teardown() {
	[[ ! ${memory-} ]] || rm -rf "$memory"
	end_started
}

@test "a tight loop for 10 s, as text: nothing lost" { lossless 2; }

@test "a tight loop for 10 s, as JSON: nothing lost" {
	lossless 5 -j
	lost_nothing
	end_is ".events == $calls and .bytes == $calls"
}

# How fast a machine is, is what bpftool needs to read the kernel's types, which we do, too. Of both the least of some, in
# turn: whatever else goes on makes them longer only. 99 ms where bpftool needs 165.
@test "from exec to the first event below 100 ms, from the last event to our exit below 200 ms" {
	! in_guest || skip "an emulated processor says nothing about time"
	starts=() ends=() measures=()
	for _ in 1 2 3 4 5 6 7; do
		begin=$(now_ms)
		bpftool btf dump file /sys/kernel/btf/vmlinux format raw >/dev/null
		measures+=($(($(now_ms) - begin)))
		begin=$(now_ms)
		trace -j -- bash -c 'printf x >f; sleep 0.2; printf y >g'
		end=$(now_ms)
		first=$(date -d "$(values .time | head -n 1)" +%s%3N)
		last=$(date -d "$(values .time | tail -n 1)" +%s%3N)
		starts+=($((first - begin)))
		ends+=($((end - last)))
	done
	limit=$(($(least "${measures[@]}") * 3 / 5))
	((limit > 99)) || limit=99
	echo "first event after ${starts[*]} ms (at most $limit); exit after ${ends[*]} ms"
	between 0 "$(least "${starts[@]}")" "$limit" "ms to the first event (${starts[*]})"
	between 0 "$(least "${ends[@]}")" 199 "ms to the exit (${ends[*]})"
}

# A second one without what the kernel has refused takes twice the time, and reads the kernel's memory slowly.
@test "the first load succeeds" {
	own_bpffs
	for backend in $(backends); do
		wt -d trace -q -o lines --force -e all -s 10 --backend "$backend" -- true
		expect_status 0
		has_not err 'load failed'
		wt -d trace -q -c -e all --backend "$backend" --by pid,comm,uid,cgroup,op,file -- true
		expect_status 0
		has_not err 'load failed'
		wt -d --bpffs "$bpffs" pin first --backend "$backend" -e all -p $$
		expect_status 0
		has_not err 'load failed'
		wt --bpffs "$bpffs" unpin first
	done
	drop_bpffs
}

@test "memory: below 24 MB at its peak with the default ring" {
	for format in "" -j; do
		workload loop /dev/null "$(scaled 2000000)" 1 3>&- &
		writer=$!
		started+=("$writer")
		kill -STOP "$writer"
		start_target
		# shellcheck disable=SC2086
		start_trace $format -p "$writer,$target"
		kill -CONT "$writer"
		# the reader sleeps, so that the ring is used to the full
		kill -STOP "$tracer"
		sleep 0.3
		kill -CONT "$tracer"
		until_true is_gone "$writer"
		order 'for ((i = 0; i < 300; i++)); do printf x >f$i; done'
		peak_kb=$(awk '/^VmHWM/ { print $2 }' "/proc/$tracer/status")
		end_trace
		expect_status 0
		echo "$peak_kb kB"
		between 1000 "$peak_kb" "$most_kb" kB
	done
}

# accounted DONE: shown + lost = done, and the gaps are shown where they are
accounted() {
	local shown lost gaps
	shown=$(grep -c '^{"type":"write"' out || true)
	lost=$(tail -n 1 out | jq .lost.ring)
	gaps=$(grep '^{"type":"lost"' out | jq -s 'map(select(.cause == "ring") | .count) | add // 0')
	is $((shown + lost)) "$1" "shown ($shown) + lost ($lost)"
	is "$gaps" "$lost" "sum of the gaps"
	is "$(tail -n 1 out | jq .events)" "$shown" "events in the end record"
}

@test "a slow reader and a small ring: shown + lost = done, gaps where they happened" {
	for backend in $(backends); do
		n=$(scaled 300000 20000)
		{ writetrace trace -j -q --ring-size 64K --backend "$backend" -- workload loop /dev/null "$n" 1; echo $? >code; } 3>&- |
			(sleep 1; exec cat >out)
		is "$(<code)" 0 "exit status with $backend"
		accounted "$n"
		[[ $(tail -n 1 out | jq .lost.ring) -gt 0 ]] || fail "nothing was lost; this test needs a loss"
		# the first gap comes after events and before others
		first=$(grep -n '^{"type":"lost"' out | head -n 1 | cut -d: -f1)
		between 2 "$first" "$(wc -l <out)" "line of the first gap"
		is "$(grep '^{"type":"lost"' out | jq -c keys | sort -u)" '["cause","count","time","type"]' "a gap's fields"
	done
}

@test "a slow reader, as text" {
	kernel_has_no_part
	n=$(scaled 300000 20000)
	{ writetrace trace --ring-size 64K -- workload loop /dev/null "$n" 1 2>err; echo $? >code; } 3>&- | (sleep 1; exec cat >out)
	is "$(<code)" 0 "exit status"
	shown=$(grep -c ' workload .* write ' out || true)
	lost=$(sed -nE 's/.*[^0-9]([0-9]+) events? lost.*/\1/p' out | paste -sd+ | sed 's/^$/0/')
	is $((shown + lost)) "$n" "shown ($shown) + lost ($lost)"
	has err "lost: $((lost)) \(ring\)"
}

@test "a reader that stops: the traced processes go on, and it ends when told to" {
	mkfifo pipe
	exec {hold}<>pipe
	start_target
	writetrace trace -j -q --ring-size 64K -p "$target" >pipe 2>err </dev/null 3>&- {hold}>&- &
	tracer=$!
	started+=("$tracer")
	until_true is_tracing
	begin=$(now_ms)
	order "exec {fd}>/dev/null; for ((i = 0; i < 20000 / $slow + 3000; i++)); do printf x >&\$fd; done"
	echo "the writer took $(($(now_ms) - begin)) ms"
	kill -INT "$tracer"
	timeout "$patience_s" cat <&"$hold" >out 3>&- &
	reader=$!
	end_trace none
	expect_status 0
	ended() { tail -n 1 out | grep -q '"type":"end"'; }
	until_true ended
	kill "$reader"
	accounted $((20000 / slow + 3000))
}

@test "--strict: 4 if anything was lost, else 0" {
	mkfifo pipe
	exec {hold}<>pipe
	start_target
	start_trace -j -q --strict -p "$target"
	order 'printf x >f'
	end_trace
	expect_status 0
	writetrace trace -j -q --strict --ring-size 64K -p "$target" >pipe 2>err </dev/null 3>&- {hold}>&- &
	tracer=$!
	started+=("$tracer")
	until_true is_tracing
	order "exec {fd}>/dev/null; for ((i = 0; i < 5000; i++)); do printf x >&\$fd; done"
	timeout "$patience_s" cat <&"$hold" >out 3>&- &
	reader=$!
	end_trace
	kill "$reader"
	expect_status 4
}

@test "--strict with COMMAND: 4 instead of 0, and no other status" {
	for own in 0 3; do
		rm -f pipe full
		mkfifo pipe
		exec {hold}<>pipe
		# shellcheck disable=SC2016
		writetrace trace "${quick[@]}" -j -q --strict --ring-size 64K -- bash -c 'exec 4>/dev/null
			for ((i = 0; i < 5000; i++)); do printf x >&4; done; : >full; exit $1' - $own \
			>pipe 2>err </dev/null 3>&- {hold}>&- &
		tracer=$!
		started+=("$tracer")
		until_true test -e full
		timeout "$patience_s" cat <&"$hold" >out 3>&- &
		reader=$!
		end_trace none
		kill "$reader"
		expect_status $((own ? own : 4))
		exec {hold}>&-
	done
}

@test "more AIO with one call than a program can look through: shown + lost = done, and --strict says 4" {
	n=1500 # 1024 are looked through
	for backend in $(backends); do
		wt trace -j --strict --backend "$backend" -P f -- workload aio-many f "$n" 500
		((status != 77)) || skip "$(<err)"
		expect_status 4
		inflight=$(tail -n 1 out | jq .lost.inflight)
		skipped=0
		! kernel_preempts || skipped=$(tail -n 1 out | jq '.lost.skipped // 0')
		between $((n - 1024)) "$inflight" $((n - 1024 + skipped)) "lost.inflight of $backend"
		between $((n - skipped)) $(($(count '.op == "aio:pwrite"') + inflight)) "$n" "shown and lost of $backend"
		is "$(values .offset | sort -n | uniq -d)" "" "what is shown twice by $backend"
		has err "lost: $inflight \\(inflight\\)"
	done
	# and where they are counted
	wt trace -c -j -P f -- workload aio-many f "$n" 500
	expect_status 0
	is "$(jq '.lost.inflight' out)" $((n - 1024)) "lost.inflight of a summary"
}

@test "many files: every one by its name" {
	n=$(scaled 20000)
	trace -j -- bash -c 'for ((i = 0; i < $1; i++)); do printf x >f$i; done' - "$n"
	expect_status 0
	lost_nothing
	values .path >got
	seq -f "$PWD/f%.0f" 0 $((n - 1)) | cmp - got
	trace -j -- bash -c 'for ((i = 0; i < $1; i++)); do printf y >f$i; done; for ((i = $1; --i >= 0;)); do printf z >f$i; done' - "$n"
	values .path | tail -n "$n" >got
	seq -f "$PWD/f%.0f" $((n - 1)) -1 0 | cmp - got
}

@test "many processes at once, each with a file of its own" {
	n=$(scaled 2000)
	mkdir d
	trace -j -P d -- bash -c 'for ((i = 0; i < $1; i++)); do (printf $BASHPID >d/$i) & ((i % 50)) || wait; done; wait' - "$n"
	expect_status 0
	lost_nothing
	values '"\(.pid) \(.path)"' | sort >got
	for ((i = 0; i < n; i++)); do
		echo "$(<d/$i) $PWD/d/$i"
	done | sort | cmp - got
}

@test "--ring-size" {
	kernel_has_no_part
	for size in 64K 1M 64M; do
		trace -j --ring-size "$size" -- sh -c 'printf x >f'
		expect_status 0
		is "$(count)" 1 "events with $size"
	done
}

@test "an idle session costs no processor time" {
	kernel_has_no_part
	start_target
	start_trace -p "$target"
	ticks() { awk '{ print $14 + $15 }' "/proc/$tracer/stat"; }
	sleep 1
	before=$(ticks)
	sleep 3
	used=$(($(ticks) - before))
	end_trace
	between 0 "$used" $((2 * (slow > 1 ? 10 : 1))) "ticks of 10 ms in 3 s"
}

@test "descriptors and memory of a session in a loop of files do not grow without end" {
	kernel_has_no_part
	start_target
	start_trace -j -o /dev/null -p "$target"
	order 'for ((i = 0; i < 200; i++)); do printf x >f$i; done; rm -f f*'
	fds=$(find "/proc/$tracer/fd" | wc -l)
	order 'for ((i = 0; i < 3000; i++)); do printf x >g$i; rm g$i; done'
	is "$(find "/proc/$tracer/fd" | wc -l)" "$fds" descriptors
	peak_kb=$(awk '/^VmHWM/ { print $2 }' "/proc/$tracer/status")
	end_trace
	between 1000 "$peak_kb" "$most_kb" kB
}
