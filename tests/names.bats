#!/usr/bin/env bats
# Whatever a process calls itself, its files or what it writes: no control byte reaches the output, every JSON line
# parses, and the exact bytes can be had back.

# What lib.bash sets is not known to shellcheck, nor that each test is a shell of its own.
# shellcheck disable=SC2016,SC2030,SC2031,SC2154
load lib

@test "what these tests call safe" {
	printf 'plain text, \xc3\xa4 \xe2\x82\xac \xf0\x9f\x98\x80\n' >text
	safe text
	for bytes in '\x1b[31m' '\x7f' '\t' '\x80' '\xc0\xaf' '\xed\xa0\x80' '\xf5\x80\x80\x80' '\xc2\x9b' '\xe2\x80\xae' '\xe2'; do
		printf '%b\n' "a${bytes}b" >text
		run safe text
		[[ $status == 1 ]] || fail "$bytes"
	done
}

# named OPTION...: all byte values, in comms and file names
named() {
	mkdir -p d
	trace "$@" -- workload names d expect
	expect_status 0
}

@test "JSON: every line parses, and the bytes are exact" {
	for backend in $(some_backends); do
		named -j --backend "$backend"
		safe out
		# line by line, as others will read it
		while IFS= read -r line; do
			printf '%s\n' "$line"
		done <out | jq -c . | wc -l >lines
		is "$(<lines)" "$(wc -l <out)" "lines that parse"
		values '[.pid, .tid, .comm_b64 // (.comm | @base64), .path_b64 // (.path | @base64), .op, .size, .ret, .ino]' >got
		jq -c '[.pid, .tid, .comm_b64, .path_b64, .op, .size, .ret, .ino]' expect >want
		diff want got
		whole
	done
}

@test "JSON: _b64 stands beside a string that is not UTF-8, and only there" {
	named -j
	is "$(count '(has("path_b64")) != (.path | contains("\ufffd"))')" 0 "paths with a needless or missing _b64"
	is "$(count '(has("comm_b64")) != (.comm | contains("\ufffd"))')" 0 "comms with a needless or missing _b64"
	[[ $(count 'has("path_b64")') -gt 10 && $(count 'has("comm_b64")') -gt 10 ]] || fail "too few of them"
	[[ $(count 'has("path_b64") | not') -gt 10 ]] || fail "too many of them"
}

@test "--pretty is safe, too" {
	kernel_has_no_part
	named --pretty
	safe out
	is "$(jq -c 'select(.type == "write")' out | wc -l)" "$(wc -l <expect)"
}

@test "text: one line for each event, and no control byte" {
	for columns in "" "-C file,comm" "-C comm"; do
		# shellcheck disable=SC2086
		named $columns
		safe out
		is "$(wc -l <out)" $(($(wc -l <expect) + 1)) lines
	done
}

@test "text: odd bytes are shown as \\xHH" {
	# shellcheck disable=SC1003
	trace -C comm,file -- bash -c 'printf x >$'"'"'a\nb\e[31mc\xff\x7f\xe2\x80\xaed\u00e4\\'"'"
	expect_status 0
	has out 'a\\x0Ab\\x1B\[31mc\\xFF\\x7F\\xE2\\x80\\xAEdä'
	safe out
}

@test "text on a terminal: no control byte, whatever the names" {
	kernel_has_no_part
	mkdir d
	on_terminal "writetrace trace --color=never -- workload names d expect"
	# the terminal's own carriage returns, and script's first and last lines
	tr -d '\r' <typescript | sed '1d; $d' | grep -v '^$' >lines
	safe lines
	is "$(grep -c "$PWD/d/\|\.\.\." lines)" "$(wc -l <expect)" lines
}

@test "the stderr of a session and of an error is safe" {
	kernel_has_no_part
	name=$'no\n such\e[31m \xff'
	trace -p 1 -o "/nowhere/$name"
	safe err
	is "$(wc -l <err)" 1 lines
	trace -j --comm x --bogus="$name"
	safe err
	safe out
	is "$(wc -l <err)" 1 lines
	jq -e .error out
	wt "$name"
	safe err
	expect_status 2
	is "$(wc -l <err)" 1 lines
	trace -q -- "$name"
	safe err
	expect_status 127
}

@test "filters take any bytes" {
	trace -j -P $'a\nb\xff' -- bash -c 'printf x >$'"'"'a\nb\xff'"'"'; printf y >c'
	is "$(count)" 1 events
	is "$(values .path_b64 | base64 -d | od -An -c | tail -n 2 | tr -d ' \n')" \
		"$(printf %s "$PWD/"$'a\nb\xff' | od -An -c | tail -n 2 | tr -d ' \n')"
	trace -j -n $'x\e*' -- bash -c 'printf "x\eyz" >/proc/$$/comm; printf x >f'
	is "$(count '.path | endswith("/f")')" 1 events
}

@test "data of all byte values is safe, too" {
	needs_guest "captures data"
	mkdir d
	trace -s 256 -- workload names d expect --data 256
	safe out
	trace -j -s 256 -- workload names d expect --data 256
	safe out
	is "$(values '.data_b64' | sort -u | wc -l)" 1 "different data"
	is "$(values '.data_b64' | head -n 1)" \
		"$(perl -e 'print map { chr } 0 .. 255' | base64 -w0)" data
}

# below COUNT NAME: a file so many directories down
below() {
	trace -j -k file -- perl -e 'for (1 .. $ARGV[0]) { mkdir $ARGV[1]; chdir $ARGV[1] }
		open F, ">f"; syswrite F, "x"' "$@"
	expect_status 0
	is "$(values '"\(.path_state) \(.path | startswith("'"$PWD"'/")) \(.path | endswith("/f"))"')" \
		"$3" "state, has its beginning, has its end"
	rm -rf "${2:?}"
}

@test "a path that is longer than we follow keeps its end and is said to be truncated" {
	below 15 "$(printf %0200d 0)" "null true true"
	below 30 "$(printf %0200d 0)" "truncated false true"
	below 60 d "null true true"
	below 300 d "truncated false true"
}
