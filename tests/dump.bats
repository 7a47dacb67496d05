#!/usr/bin/env bats
# dump: shows what a session has seen, as text and as JSON, once and again and again, and changes nothing.

# What lib.bash sets is not known to shellcheck, nor that each test is a shell of its own.
# shellcheck disable=SC2016,SC2030,SC2031,SC2154
load lib
load dump

@test "NAME may be left out where there is one session only" {
	one_error 1 'there is no session; .writetrace pin. makes one' --bpffs "$bpffs" dump
	one_error 1 'there is no session web' --bpffs "$bpffs" dump web
	loaded
	dump -j
	expect_status 0
	is "$(jq -r .session.name out)" web
	dump --events=1
	expect_status 0
	one_error 1 'there is no session other' --bpffs "$bpffs" dump other
	pin other -p "$target"
	one_error 1 'there are several sessions, name one: other, web$' --bpffs "$bpffs" dump
	one_error 1 'there are several sessions, name one: other, web$' --bpffs "$bpffs" dump --events
	dump web -j
	adds_up 69 4365 3
}

@test "-j: the document of the contract" {
	loaded
	before=$(date +%s%N)
	dump -j
	adds_up 69 4365 3
	is "$(wc -l <out)" 1 lines
	is "$(jq -c 'keys_unsorted, (.session, .totals, .ops[0], .rows[0], .lost | keys_unsorted)' out)" \
		'["session","totals","ops","rows","lost"]
["name","version","since","until","backend","filters","by"]
["calls","bytes","errors","latency_ns"]
["op","calls","bytes","errors","latency_ns","latency_max_ns","latency_hist","size_hist"]
["pid","comm","kind","path","dev","ino","calls","bytes","errors","latency_ns","latency_max_ns"]
["ring","inflight","unpaired","skipped"]'
	is "$(jq -c '.session.filters, .session.by' out)" \
		"{\"pid\":[$target],\"follow\":true,\"ops\":[\"write\",\"pwrite64\",\"writev\",\"pwritev\",\"pwritev2\",\"sendfile\",\"splice\",\"vmsplice\",\"tee\",\"copy_file_range\",\"io_uring:write\",\"io_uring:writev\",\"io_uring:write_fixed\",\"aio:pwrite\",\"aio:pwritev\"]}
[\"pid\",\"file\"]"
	is "writetrace $(jq -r .session.version out)" "$(writetrace -V)"
	jq -r '.session | .since, .until' out >stamps
	is "$(grep -cE '^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{9}Z$' stamps)" 2 "times as they should be"
	since=$(date -d "$(head -n 1 stamps)" +%s%N) until=$(date -d "$(tail -n 1 stamps)" +%s%N)
	between $((before - patience_s * 1000000000)) "$since" "$before" "since"
	between "$before" "$until" "$(date +%s%N)" "until"
	# the rows: most bytes first; those that fail belong to perl
	is "$(jq -c '.rows[0] | [.pid, .comm, .kind, .path, .calls, .bytes, .errors]' out)" \
		"[$target,\"bash\",\"file\",\"$PWD/large\",1,4000,0]"
	is "$(jq -c '.rows[] | select(.errors > 0) | [.comm, .kind, .path, .calls, .bytes, .errors]' out)" \
		'["perl","char","/dev/full",3,0,3]'
	# histograms: sizes up to "le", latencies whose sum and maximum fit in
	is "$(jq -c '[.ops[0].size_hist[] | select(.count > 0) | [.le, .count]]' out)" '[[1,41],[2,1],[4,2],[8,4],[16,8],[32,9],[128,3],[4096,1]]'
	jq -e '.ops[0] | .latency_max_ns as $max | (.latency_hist | map(select(.count > 0) | .le_ns) | max) as $top
		| $max <= $top and $max * 2 > $top and .latency_ns >= $max
			and ([.latency_hist[] | .le_ns * .count] | add) >= .latency_ns' out
	dump --pretty
	adds_up 69 4365 3
	between 50 "$(wc -l <out)" 1000 lines
}

@test "text: head, operations, histograms, rows, losses" {
	loaded --kind file,char
	dump
	expect_status 0
	[[ ! -s err ]] || fail "stderr is not empty"
	is "$(sed -n 1p out | sed -E 's/: .* since [-0-9]{10} [0-9:]{8},/:/; s/backend [a-z]+/backend B/')" "session web: backend B, by pid,file"
	is "$(sed -n 2p out)" "filters: --pid $target --follow --kind file,char"
	is "$(sed -n 4p out | xargs)" "OP CALLS BYTES ERRORS AVG P99 MAX"
	has out '^write +69 +4365 +3 +[0-9.]+[num]?s +[0-9.]+[num]?s +[0-9.]+[num]?s$'
	has out '^total +69 +4365 +3 +[0-9.]+[num]?s +[0-9.]+[num]?s$'
	has out '^latency of write$'
	has out '^\([0-9.]+[num]s, [0-9.]+[num]s\] +[0-9]+ \|█.*\|$'
	has out '^size of write$'
	has out '^\[0 B, 1 B\] +41 \|█{40}\|$'
	has out '^\(2\.0 KiB, 4\.0 KiB\] +1 \|[^ ] {39}\|$'
	is "$(grep '^ *PID' out | xargs)" "PID COMM CALLS BYTES ERRORS AVG MAX FILE"
	has out "^ *$target bash +1 +4000 +0 +[0-9.]+[num]s +[0-9.]+[num]s $PWD/large\$"
	has out "^ *$target bash +40 +40 +0 .* $PWD/many\$"
	# 20 rows, of 28
	is "$(sed -n '/^ *PID/,/^\.\.\./p' out | wc -l)" 22 "lines of rows"
	has out '^\.\.\. 8 more rows: 10 calls, 28 bytes, 3 errors$'
	has out '^lost: nothing$'
	dump --limit 0
	is "$(grep -c "$PWD/\|/dev/full" out)" 28 rows
	has out ' perl +3 +0 +3 .* /dev/full$'
	LC_ALL=C dump --color=always
	has out $'\e\\[31m +3\e\\[0m'
	has out '\|#{40}\|'
	! grep -qP '[^\n\e\x20-\x7e]' out || fail "not ASCII"
}

@test "--sort, --limit: the top rows by each key; the others are summed up" {
	kernel_has_no_part
	loaded
	for sort in bytes calls errors latency; do
		key=${sort/latency/latency_ns}
		dump -j --sort "$sort"
		adds_up 69 4365 3
		is "$(jq '.rows | length' out)" 28 "rows by $sort"
		jq -e "[.rows[].$key] | . == (sort | reverse)" out || fail "not in the order of $sort"
		for limit in 1 3 27; do
			jq -S -c ".rows[:$limit][]" out >want
			dump -j --sort="$sort" --limit $limit
			adds_up 69 4365 3
			jq -S -c '.rows[:-1][]' out | diff want -
			is "$(jq '.rows[-1].more' out)" $((28 - limit)) more
			dump -j --sort "$sort"
		done
	done
	tops=
	for sort in bytes calls errors; do
		dump --sort $sort --limit 1
		tops+=$(sed -nE '/^ *PID/,/^$/s/.* .*\/([^ ]+)$/\1 /p' out)
		has out '^\.\.\. 27 more rows: '
	done
	is "$tops" "large many full "
	for limit in 0 28 1000000; do
		dump -j --limit $limit
		adds_up 69 4365 3
		is "$(jq '[.rows | length, (.[] | select(.more))] | length' out)" 1
	done
	dump --limit 27
	has out '^\.\.\. 1 more row: 3 calls, 0 bytes, 3 errors$'
}

@test "--limit beside the row \"other\": all adds up" {
	start_target
	pin web -p "$target" --rows 5
	known_load
	dump -j --limit 2
	adds_up 66 4365 0
	is "$(jq -c '[.rows[] | keys_unsorted[0]]' out)" '["pid","pid","other","more"]'
	is "$(jq -c '[.rows[-1].more, .rows[-2].calls]' out)" '[3,61]'
}

@test "--list: name, since, filters, backend, operations, losses" {
	dump --list
	expect_status 0
	[[ ! -s out ]] || fail "there is none, and yet: $(<out)"
	dump -l -j
	is "$(<out)" '{"sessions":[]}'
	before=$(date +%s)
	loaded --events 100 --min-size 1 -P '/*' -P $'/it\'s\n' --min-latency 1ns
	pin b -p "$target" --backend raw --by op --rows 10
	dump --list
	expect_status 0
	is "$(head -n 1 out | xargs)" "NAME SINCE BY BACKEND SEEN LOST FILTERS"
	is "$(wc -l <out)" 3 lines
	has out '^b    [-0-9]{10} [0-9:]{8} op       raw +0 +0\?? --pid [0-9]+$'
	has out "^web  [-0-9]{10} [0-9:]{8} pid,file [a-z]+ +69 +0\\?? --pid $target --follow --path '/\\*' --path \\\$'/it\\\\'s\\\\x0A' --min-size 1 --min-latency 1ns\$"
	between "$before" "$(date -d "$(awk '$1 == "web" { print $2, $3 }' out)" +%s)" "$(date +%s)" "since"
	dump --list -j
	is "$(jq -c '.sessions[1] | keys_unsorted' out)" \
		'["name","version","since","backend","by","filters","rows","events","calls","lost"]'
	is "$(jq -c '.sessions[] | [.name, .by, .rows, .events, .calls, .lost.ring]' out | xargs)" \
		'[b,[op],10,16384,0,0] [web,[pid,file],10240,100,69,0]'
	is "$(jq -c '.sessions[1].filters.path' out)" '["/*","/it'"'"'s\n"]'
}

@test "--list: of more sessions than it may have descriptors for" {
	for ((i = 0; i < 8; i++)); do
		wt --bpffs "$bpffs" pin "many$i" --backend raw --events 0 --rows 10 -p $$
		expect_status 0
	done
	(ulimit -n 64; exec writetrace --bpffs "$bpffs" dump --list -j) >out
	is "$(jq -c '[.sessions[] | [.calls, .lost.ring]] | unique | [length, .[0]]' out)" "[1,[0,0]]" "what is known of each"
	is "$(jq -r '[.sessions[].name] | join(" ")' out)" "many0 many1 many2 many3 many4 many5 many6 many7"
}

@test "--interval: first all there is, then what came; together all; ends with 0 when interrupted" {
	loaded
	in_background --interval 100ms -j
	order 'for ((i = 0; i < 500; i++)); do printf %050d 0 >>many; printf x >g$i; done'
	reported() { is "$(jq -n '[inputs.totals.calls] | add' reports)" "$1" >/dev/null; }
	until_true reported 1069
	order 'printf %0100d 0 >>many'
	until_true reported 1070
	has_ended INT
	is "$(jq -n -r "inputs | ($(adds_up_jq))" reports)" "" "what does not add up"
	dump -j
	adds_up 1070 29965 3
	jq -n -r --slurpfile whole out '
		def all: [{k: "totals", v: .totals}, (.ops[] | {k: .op, v: .}), (.rows[] | {k: "\(.pid) \(.path)", v: .})];
		def sums: group_by(.k) | map({k: .[0].k, calls: (map(.v.calls) | add), bytes: (map(.v.bytes) | add),
			errors: (map(.v.errors) | add), latency_ns: (map(.v.latency_ns) | add)});
		[inputs] | length as $n
		| (map(all) | add | sums) as $sums | ($whole[0] | all | sums) as $want
		| if $n < 3 then "\($n) reports" elif $sums != $want then ($sums - $want | .[:3] | tostring) else empty end' reports >wrong
	[[ ! -s wrong ]] || fail "the sum of the reports is not what dump shows: $(<wrong)"
	# the last one that saw something saw only that
	is "$(jq -n -c '[inputs | select(.totals.calls > 0)][-1] | [.totals.calls, .totals.bytes, (.rows | length), .rows[0].bytes]' reports)" \
		'[1,100,1,100]'
}

@test "--interval: ends with 0 when the session is unpinned, and has told all of it" {
	start_target
	pin web -p "$target"
	in_background --interval 1h
	order 'printf 1 >f; printf 22 >g'
	unpin web
	expect_status 0
	has_ended
	is "$(grep -c '^session web: ' reports)" 2 reports
	is "$(grep '^total' reports | awk '{ print $2, $3 }' | xargs)" "0 0 2 3" "calls and bytes of each"
}

@test "--interval: each report is one line of JSON, or a table, every so often" {
	kernel_has_no_part
	loaded
	begin=$(now_ms)
	in_background --interval 200ms
	five() { (($(grep -c '^lost: ' reports) >= 5)); }
	until_true five
	took=$(($(now_ms) - begin))
	has_ended TERM
	between 800 "$took" $((800 + 5000)) "ms for five reports"
	# the latency and the rows of nothing
	is "$(grep -c '^ *PID' reports)" 1 "tables of rows"
}

@test "--events: what is recorded, oldest first, as trace shows it" {
	start_target
	pin web -p "$target"
	start_trace -j -p "$target"
	order 'for ((i = 1; i <= 30; i++)); do printf "%0${i}d" 0 >>f$((i % 3)); done'
	end_trace
	# each measures for itself
	jq -c 'select(.type == "write") | del(.latency_ns, .time)' out >want
	is "$(wc -l <want)" 30 events
	dump --events -j
	expect_status 0
	jq -c 'del(.latency_ns, .time)' out | diff want -
	jq -e -s '([.[].time] | . == sort) and all(.[]; .latency_ns > 0)' out
	dump --events=4 -j
	jq -c 'del(.latency_ns, .time)' out | diff <(tail -n 4 want) -
	dump --events=0 -j
	[[ ! -s out ]] || fail "no event was asked for"
	dump --events=5
	is "$(head -n 1 out | xargs)" "TIME COMM PID OP FD SIZE RET LATENCY FILE"
	is "$(awk 'NR > 1 { print $2, $3, $4, $6, $7, $9 }' out)" \
		"$(for i in 26 27 28 29 30; do echo "bash $target write $i $i $PWD/f$((i % 3))"; done)"
}

@test "--events --follow: each event once and in order, old ones and new; ends with 0 when interrupted" {
	start_target
	pin web -p "$target"
	order 'for ((i = 0; i < 10; i++)); do printf x >>f; done'
	in_background --events=3 --follow -j
	shown() { (($(wc -l <reports) >= $1)); }
	until_true shown 3
	order 'for ((i = 0; i < 200; i++)); do printf x >>f; done'
	until_true shown 203
	order 'printf x >>f'
	until_true shown 204
	has_ended INT
	jq .offset reports | diff <(seq 7 210) -
}

@test "--events --follow: ends with 0 when the session is unpinned, and has shown all of it" {
	start_target
	pin web -p "$target"
	in_background --events --follow
	order 'for ((i = 0; i < 100; i++)); do printf x >>f; done'
	unpin web
	expect_status 0
	has_ended
	is "$(grep -c "$PWD/f\$" reports)" 100 events
	# a session of the same name is another one
	pin web -p "$target"
	in_background --events --follow
	pin web --replace -p "$target"
	has_ended
}

@test "--events --follow of everything does not feed on itself" {
	needs_guest "traces everything"
	pin all
	mkfifo pipe
	cat <pipe >lines 3>&- &
	started+=("$!")
	writetrace --bpffs "$bpffs" dump --events=0 -F -j >pipe 2>err </dev/null 3>&- &
	tracer=$!
	started+=("$tracer")
	until_true is_tracing
	setsid sh -c 'printf x >seen'
	sees() { grep -q "$PWD/seen" lines; }
	until_true sees
	sleep 2
	has_not lines '"comm":"(cat|writetrace)"'
	end_trace
	expect_status 0
	on_terminal "timeout --preserve-status -s INT 4 writetrace --bpffs $bpffs dump --events=0 -F --color=never" 3>&- &
	showing=$!
	started+=("$showing")
	# its typescript is written when it ends
	until is_gone "$showing"; do
		setsid sh -c 'printf x >seen-too'
		sleep 0.3
	done
	wait "$showing"
	has typescript '/seen-too'
	has_not typescript '^[0-9:.]+ (script|writetrace) '
	# nor is anything hidden from those who do not follow
	dump --events -j
	has out '"comm":"script"'
}

@test "a closed pipe ends it quietly" {
	start_target
	pin web -p "$target"
	# more than a pipe holds
	order 'for ((i = 0; i < 1500; i++)); do printf x >a-file-whose-name-is-rather-long-$i; done'
	# the last two have written all they have before the reader goes
	for arguments in "--limit 0" "-j" "--events" "--events -j" "--events --follow" "--interval 50ms -j" \
		"--events=1 --follow" "--limit 1 --interval 10s"; do
		rm -f code
		# shellcheck disable=SC2086
		{ timeout "$patience_s" writetrace --bpffs "$bpffs" dump $arguments 2>err || echo $? >code; } 3>&- </dev/null |
			head -c 20 >lines
		has lines .
		is "$(<code)" 141 "status (SIGPIPE) with $arguments"
		[[ ! -s err ]] || fail "not quiet with $arguments"
	done
}

@test "a closed pipe ends it quietly where SIGPIPE is ignored, too" {
	pin web -p $$
	for arguments in "dump" "dump -l -j" "dump -j" "dump --interval 50ms" "probe" "help" "trace -C help"; do
		rm -f code closed
		# shellcheck disable=SC2016
		env --ignore-signal=PIPE sh -c 'until [ -e closed ]; do sleep 0.01; done; writetrace --bpffs '"$bpffs $arguments"' 2>err
			echo $? >code' 3>&- </dev/null | { exec <&-; : >closed; }
		is "$(<code)" 141 "status (SIGPIPE) of $arguments"
		[[ ! -s err ]] || fail "not quiet: $arguments"
	done
}

@test "a reader that stalls does not keep it from being told to end" {
	mkfifo pipe
	start_target
	pin web -p "$target"
	for arguments in "--events=0 --follow" "--interval 50ms --limit 0"; do
		exec {hold}<>pipe
		# shellcheck disable=SC2086
		writetrace --bpffs "$bpffs" dump $arguments >pipe 2>err </dev/null 3>&- {hold}>&- &
		tracer=$!
		started+=("$tracer")
		until_true is_tracing
		# more than a pipe holds; it is in our process group, but asked for by its number
		order 'for ((i = 0; i < 1500; i++)); do printf x >a-file-whose-name-is-rather-long-$i; done'
		sleep 1
		end_trace TERM
		expect_status 1
		has err 'told to end before all was written$'
		exec {hold}>&-
	done
}

@test "a full disk is an error" {
	loaded --events 10
	for arguments in "" "-j" "--list" "--list -j" "--events" "--events -j" "--events --follow" "--interval 10ms"; do
		status=0
		# shellcheck disable=SC2086
		timeout "$patience_s" writetrace --bpffs "$bpffs" dump $arguments >/dev/full 2>err </dev/null || status=$?
		[[ $status == 1 ]] || fail "status $status with $arguments"
		is "$(wc -l <err)" 1 "lines on stderr with $arguments"
		has err '^writetrace: .*No space left'
	done
}

@test "a dump changes nothing, and two at the same time show the same" {
	loaded
	objects "$bpffs" >objects-before
	# the moment it began is translated into wall time anew each time
	same_again() { jq -S -c 'del(.session.until, .session.since)' out; }
	dump -j
	same_again >first
	dump --events -j
	jq -c 'del(.time)' out >events
	for arguments in "" "--list" "--events" "--limit 1" "--sort calls"; do
		# shellcheck disable=SC2086
		dump $arguments
		expect_status 0
	done
	dump -j
	same_again | diff first -
	dump --events -j
	jq -c 'del(.time)' out | cmp events -
	objects "$bpffs" | cmp objects-before -

	for i in 1 2 3 4; do
		writetrace --bpffs "$bpffs" dump -j >doc.$i 2>err.$i </dev/null 3>&- &
		readers[i]=$!
	done
	for i in 1 2 3 4; do
		wait "${readers[i]}" || fail "$(<err.$i)"
		mv doc.$i out
		same_again | diff first -
	done
	# it goes on
	order 'printf %0100d 0 >f1'
	dump -j
	adds_up 70 4465 3
}

@test "while it is being written to, each of two dumps at a time adds up" {
	start_target
	pin web -p "$target" -f
	give_order "workload loop /dev/null $(scaled 1000000 30000) 7 & workload loop f $(scaled 300000 10000) 3; wait"
	rounds=$(scaled 40 8)
	for i in 1 2; do
		for ((n = 0; n < rounds; n++)); do writetrace --bpffs "$bpffs" dump -j; done >docs.$i 2>docs.$i.err </dev/null 3>&- &
		readers[i]=$!
	done
	for i in 1 2; do
		wait "${readers[i]}" || fail "$(<docs.$i.err)"
	done
	until_true test -e "$done_in/$orders_given"
	dump -j
	adds_up $(($(scaled 1000000 30000) + $(scaled 300000 10000))) $((7 * $(scaled 1000000 30000) + 3 * $(scaled 300000 10000))) 0
	is "$(jq -n -r "inputs | ($(adds_up_jq))" docs.1 docs.2)" "" "what does not add up"
	is "$(jq -n '[inputs | .totals.calls] | length' docs.1 docs.2)" $((2 * rounds)) documents
	for i in 1 2; do
		jq -e -s '[.[].totals.calls] | . == sort' docs.$i || fail "calls become fewer"
	done
}

@test "the pinned maps can be read by bpftool, field by field" {
	loaded
	in_web() { bpftool -j map dump pinned "$bpffs/writetrace/web/$1"; }
	dump -j
	for map in totals rows meta; do in_web $map >map.$map; done
	jq -n -r --slurpfile doc out --slurpfile totals map.totals --slurpfile rows map.rows --slurpfile meta map.meta '
		def sums: {calls: (map(.calls) | add), bytes: (map(.bytes) | add), errors: (map(.errors) | add), latency_ns: (map(.latency_ns) | add)};
		$doc[0] as $doc
		| [$totals[0][].formatted.values[].value.sums[]] | sums | if . == $doc.totals then "totals" else . end,
		([$rows[0][].formatted.value.sums[]] | sums | if . == $doc.totals then "rows" else . end),
		([$rows[0][].formatted.value.comm] | unique[] ),
		($meta[0][0].formatted.value | .layout, .name, .rows)' >got
	is "$(xargs <got)" "totals rows bash perl $(sed -n 's/^#define WT_LAYOUT *//p' "$top/bpf/writetrace.h") web 10240"
}
