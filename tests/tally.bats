#!/usr/bin/env bats
# Sums: what has been written is what is counted, exactly, whoever writes and whoever reads meanwhile.

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

# same_sums SUMS: ./out counts what the workload says it has done (workload_many.c), to the operation; where the kernel preempts
# programs, all but at most as many calls as it says, and less than one in 20. It may have a row `other` instead of some rows,
# but none that is only in part what it should be.
same_sums() {
	local wrong preempts=false
	! kernel_preempts || preempts=true
	wrong=$(jq -n -r --slurpfile want "$1" --slurpfile got out --argjson preempts "$preempts" '
		def sums: {calls, bytes, errors};
		def names: "\(.pid) \(.comm) \(.path)";
		$want[0] as $want | $got[0] as $got
		| (if $preempts then $got.lost.skipped // 0 else 0 end) as $skipped
		| def fewer($a; $b): $a == $b or ($a != null and $b != null and $a <= $b and $a + $skipped >= $b);
		def near($a; $b): $a == $b
			or ($skipped > 0 and fewer($a.calls; $b.calls) and fewer($a.errors; $b.errors) and $a.bytes <= $b.bytes);
		def by_op: [.ops[] | {key: .op, value: {sums: sums, sizes: [.size_hist[] | select(.count > 0)
			| {key: "\(.le)", value: .count}] | from_entries}}] | from_entries;
		def near_ops($a; $b): $a == $b
			or (($a | keys) == ($b | keys) and all($a | keys[]; $a[.] as $a | $b[.] as $b | near($a.sums; $b.sums)
				and all($a.sizes | keys[]; fewer($a.sizes[.]; $b.sizes[.]))));
		[$got.rows[] | select(.other | not)] as $rows
		| ([$want.rows[] | {key: names, value: sums}] | from_entries) as $known
		| if $got.totals != null and ($got | length) != 5 then "the document has \($got | keys)"
		elif ($want.rows | length) == 0 then "nothing is expected"
		elif ($want.ops | length) > 0 and (near($got.totals | sums; $want.totals) | not) then
			"the totals are \($got.totals), expected \($want.totals), at most \($skipped) skipped"
		elif ($want.ops | length) > 0 and ($want.totals.calls - $got.totals.calls) * 20 > $want.totals.calls then
			"\($got.totals.calls) of \($want.totals.calls) calls"
		elif ($want.ops | length) > 0 and (near_ops($got | by_op; $want | by_op) | not) then
			"the operations are \($got | by_op), expected \($want | by_op)"
		elif ([$rows[] | names] | unique | length) != ($rows | length) then "a row is there twice"
		elif any($rows[]; near(sums; $known[names]) | not) then
			"rows: ", ([$rows[] | select(near(sums; $known[names]) | not)][:3][] | "shown \(.), expected \($known[names])")
		elif ($got.rows | length) == ($rows | length) and ($rows | length) != ($want.rows | length) then
			"\($rows | length) rows, expected \($want.rows | length)"
		else empty end') || wrong="./out or $1 is not JSON, or not as it is asked for: $wrong"
	[[ ! $wrong ]] || fail "${wrong:0:2000}"
}

# grows FILE...: documents of `dump -j`, one after the other in each file, each of which adds up. All together, in the
# order of the moments they are of, no number ever becomes less. Prints how many there are. (Of a call whose begin was skipped
# no latency is known: where programs are preempted that may be $begins of them.)
grows() {
	local wrong preempts=false
	! kernel_preempts || preempts=true
	wrong=$(jq -n -r --argjson preempts "$preempts" --argjson begins "${begins:-0}" '
		def without_latency: if $preempts then $begins else 0 end;
		def missing: .calls - ([.latency_hist[].count] | add);
		def numbers: [(.totals | to_entries[] | .key |= "totals \(.)"),
			(.ops[] | .op as $op
				| (to_entries[] | select(.value | type == "number") | .key |= "\($op) \(.)"),
				(.size_hist[] | {key: "\($op) size \(.le)", value: .count}),
				(.latency_hist[] | {key: "\($op) latency \(.le_ns)", value: .count})),
			(.rows[] | "row \(.other) \(.pid) \(.path) " as $row
				| {calls, bytes, errors, latency_ns, latency_max_ns}
				| to_entries[] | .key |= $row + .)] | from_entries;
		def wrong: ('"$(adds_up_jq)"'),
			if without_latency as $n | any(.ops[]; missing | . < 0 or . > $n) then
				"latencies are missing in a histogram: \([.ops[] | "\(missing) of \(.calls)"] | join(", ")), \(without_latency) begins were skipped"
			elif any(.ops[], .rows[]; .latency_max_ns > .latency_ns) then "a maximum is above its sum"
			elif .totals as $t | any(.rows[]; .calls > $t.calls or .bytes > $t.bytes or .errors > $t.errors
				or .latency_ns > $t.latency_ns) then "a row is above the totals"
			elif any(.rows[]; .calls < 1) then "a row without a call"
			else empty end;
		reduce ([inputs] | sort_by(.session.until))[] as $doc ({n: 0};
			if .wrong then .
			else .n += 1
				| .wrong = ([$doc | wrong][0] // null)
				| ($doc | numbers) as $now | .last as $last
				| if $last then ([$last | keys_unsorted[] | select(($now[.] // -1) < $last[.])][0] // null) as $key
					| if $key and (.wrong | not) then
						.wrong = "\($key) has fallen from \($last[$key]) to \($now[$key])"
					else . end
				else . end
				| .last = $now
			end)
		| if .wrong then "document \(.n): \(.wrong)" else "\(.n) documents" end' "$@") || fail "not JSON: $*"
	[[ $wrong == *" documents" ]] || fail "$wrong"
	echo "$wrong"
}

# skipped_begins: how many calls at most began unseen in the session, as all copies of a program were skipped; by the kernel's
# own count. (bpftool leaves a 0 out.)
skipped_begins() {
	local first copy least all=0
	for first in "$bpffs"/writetrace/default/prog_{raw_enter,tracepoint_enter,fentry*}_0; do
		[[ -e $first ]] || continue
		least=$(for copy in "${first%_0}"_*; do
			bpftool -j prog show pinned "$copy" | jq '.recursion_misses // 0'
		done | sort -n | head -n 1)
		all=$((all + least))
	done
	echo "$all"
}

# dump_often N FILE: one after the other, all of which must succeed
dump_often() {
	for ((i = 0; i < $1; i++)); do
		timeout "$patience_s" writetrace --bpffs "$bpffs" dump -j || return
	done </dev/null 3>&- >"$2" 2>"$2.err"
}

# kill_dumps: kills readers at random moments, until it is killed
kill_dumps() {
	while :; do
		writetrace --bpffs "$bpffs" dump -j >/dev/null 2>&1 3>&- &
		sleep "0.0$((RANDOM % 3))$((RANDOM % 10))"
		kill -KILL $! || true
		wait $! || true
	done 2>/dev/null </dev/null
}

@test "known writes over 100 files: exact in rows and in total, and the last ten events" {
	n=$(sampled 1000000 10000000)
	for backend in $(some_backends); do
		start_target
		pin web -f -p "$target" --backend "$backend"
		expect_status 0
		objects "$bpffs/writetrace/web" >pinned
		# where programs are preempted there are several copies of each
		local most=200
		! kernel_preempts || most=500
		between 20 "$(wc -l <pinned)" "$most" "objects"
		order "workload files $memory 100 $n sums"
		dump web -j
		expect_status 0
		same_sums sums
		adds_up "$n"
		is "$(jq -r .session.backend out)" "$backend" backend
		is "$(jq '.rows | length' out)" 100 rows
		dump web --events=10 -j
		expect_status 0
		jq -n -c --argjson n "$n" --arg dir "$memory" 'range($n - 10; $n) | {op: "pwrite64", path: "\($dir)/f\(. % 100)",
			offset: ., size: (1 + . % 251), ret: (if . % 10 == 9 then -14 else 1 + . % 251 end)}' >want
		jq -c '{op, path, offset, size, ret}' out | cmp - want
		unpin web
		expect_status 0
		until_true are_gone pinned
		[[ ! -e $bpffs/writetrace/web ]] || fail "the directory is still there"
		rm -f "$memory"/*
	done
}

# under_load ROWS DUMPS [ARGUMENT...]: nine threads of three processes write; two readers and one that is killed again
# and again read meanwhile
under_load() {
	local rows=$1 dumps=$2
	shift 2
	start_target
	pin -f -p "$target" --rows "$rows" "$@"
	expect_status 0
	rm -f stop
	give_order "workload load $memory 3 3 1000000000 8 sums --until stop"
	dump_often 1 docs.0
	dump_often $(((dumps + 1) / 2)) docs.1 &
	one=$!
	dump_often $(((dumps + 1) / 2)) docs.2 &
	two=$!
	kill_dumps &
	killer=$!
	started+=("$one" "$two" "$killer")
	wait "$one" || fail "a dump has failed: $(<docs.1.err)"
	wait "$two" || fail "a dump has failed: $(<docs.2.err)"
	kill -KILL "$killer"
	: >stop
	until_true test -e "$done_in/$orders_given"
	dump_often 1 docs.3
	cp docs.3 out
	same_sums sums
	adds_up
	echo "$calls calls"
	between 1000 "$calls" 1000000000 calls
	begins=$(skipped_begins) || fail "the kernel's count cannot be read"
	grows docs.[0-3]
	unset begins
}

@test "writers on all processors and readers meanwhile: each dump adds up, no number falls, all is exact in the end" {
	for backend in $(some_backends); do
		under_load 100 "$(sampled 120 1000)" --backend "$backend"
		is "$(jq '.rows | length' out)" 24 rows
		unpin default
	done
}

@test "the same with fewer rows than needed" {
	under_load 10 "$(sampled 200 1000)" "${quick[@]}"
	is "$(jq '.rows | length' out)" 11 rows
	jq -e 'any(.rows[]; .other)' out
}

@test "the same with one row, and without any key that fits" {
	under_load 1 "$(sampled 50 300)" "${quick[@]}"
	is "$(jq '.rows | length' out)" 2 rows
}

@test "without latency" {
	start_target
	pin -f -p "$target" --no-latency
	order "workload load $memory 2 4 $(scaled 20000) 8 sums"
	dump -j
	same_sums sums
	adds_up
	jq -e '[.. | objects | keys[] | select(startswith("latency"))] == []' out
}

# read_begins: once ./counted is there, how many beginnings at most were skipped of the one session there is, into ./begins; by
# the kernel's own count. What belongs together cannot be told by names alone: so all that the first copies were skipped for.
read_begins() {
	until_true test -e counted
	bpftool -j prog show | jq '[.[] | select(.name // "" | test("^(raw_enter_0|tracepoint_ente|fentry_jump(_2)?_0)$"))
		| .recursion_misses // 0] | if . == [] then error("there is no session") else add end' >begins
	: >go
}

@test "trace -c counts the same" {
	for backend in $(some_backends); do
		rm -f counted go begins
		if kernel_preempts; then read_begins 3>&- & else : >go; fi
		# neither opening a file nor waiting for one is a write
		wt trace -c -q -j --backend "$backend" -- sh -c 'workload load "$1" 3 3 "$2" 8 sums && : >counted &&
			until [ -e go ]; do sleep 0.1; done' - "$memory" "$(scaled 20000)"
		expect_status 0
		same_sums sums
		adds_up
		if kernel_preempts; then
			wait $!
			begins=$(<begins)
			echo "at most $begins begins were skipped"
		fi
		grows out
		unset begins
		is "$(jq '.rows | length' out)" 24 rows
	done
}

# many FILES ROWS [ARGUMENT...]: one write to each
many() {
	local files=$1 rows=$2
	shift 2
	start_target
	pin -f -p "$target" --rows "$rows"
	expect_status 0
	order "workload files $memory $files $files sums $*"
	dump -j
	expect_status 0
	same_sums sums
	adds_up "$files"
	is "$(jq '.rows | length' out)" $((rows + 1)) "rows with other"
	is "$(jq '.rows[] | select(.other).calls' out)" $((files - rows)) "other"
	unpin default
}

@test "more files than rows: totals exact, other is the rest" {
	many "$(scaled 10000 500)" 100
}

@test "many more files than rows, which come and go" {
	many "$(sampled 100000 1000000)" "$(scaled 10240)" --unlink
}

@test "many short-lived processes: no byte at the wrong one" {
	n=$(sampled 3000 100000)
	start_target
	pin -f -p "$target" --rows "$((n > 5000 ? n + 10 : 10240))"
	expect_status 0
	order "workload swarm $memory $n sums"
	dump -j
	expect_status 0
	adds_up
	# a number may have been used twice, by two processes that did the same
	jq -S -c '.rows[] | {pid, comm, path, calls, bytes, errors}' sums | sort >want
	jq -S -c '.rows[] | {pid, comm, path, calls, bytes, errors}' out | sort >got
	is "$(wc -l <want)" "$n" processes
	missing=0
	if kernel_preempts; then
		# of a process that was not followed, as the kernel skipped all that sees it being made, nothing is there
		missing=$(comm -13 got want | wc -l)
		((missing <= $(jq '.lost.skipped // 0' out))) || fail "$missing processes are missing, lost: $(jq -c .lost out)"
		comm -12 got want >known
		mv known want
	fi
	cmp got want || fail "lost: $(jq -c .lost out); $(diff got want | head -n 20)"
	((missing * 1000 <= n)) || fail "$missing of $n processes are missing"
}
