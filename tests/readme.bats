#!/usr/bin/env bats
# README.md says what is so: each block of code is run, or says why it is not.

# What lib.bash sets is not known to shellcheck, nor that each test is a shell of its own.
# shellcheck disable=SC2016,SC2030,SC2031,SC2154
load lib

readme=$BATS_TEST_DIRNAME/../README.md

@test "each block says whether it is run: transcript, examples, or why not" {
	kernel_has_no_part
	# the last line of the comment above each, which must be the very next
	awk '/^```/ { if (!inside) print above; inside = !inside }
		/^<!-- transcript$/ { comment = 1 }
		{ above = comment && /^-->$/ ? "<!-- transcript -->" : $0 }
		/^-->$/ { comment = 0 }' "$readme" >marks
	is "$(wc -l <marks)" "$(($(grep -c '^```' "$readme") / 2))" blocks
	has marks '^<!-- transcript -->$'
	has marks '^<!-- examples -->$'
	grep -vE '^<!-- (transcript|examples|not run: .+) -->$' marks >wrong || true
	is "$(<wrong)" ""
	# what is shown with its output is a transcript, unless it cannot be
	awk '/^```/ { inside = !inside } inside && /^# / { print mark } !inside { mark = $0 }' "$readme" >marks
	has_not marks 'examples'
}

@test "transcripts are what the commands print now" {
	kernel_has_no_part
	"$top/tests/transcripts" >log 2>&1 || fail "$(<log)"
}

@test "a transcript that is not true is found, and written anew" {
	kernel_has_no_part
	mkdir tmp
	export TMPDIR=$PWD/tmp
	{
		printf '<!-- transcript\nbefore: echo old >a\n-->\n'
		printf '```\n# writetrace trace -C comm,op,offset,ret,file -- sh -c %s\n' "'echo 12345 >>a'"
		printf 'COMM             OP             OFFSET      RET FILE\n'
		printf 'sh               write               4        6 /tmp/demo/a\nwritetrace: 1 write, 6 B in 1ms; nothing lost\n```\n'
	} >true.md
	"$top/tests/transcripts" true.md >log 2>&1 || fail "$(<log)"
	for edit in 's/   6 /   7 /' 's/demo.a/demo\/b/' 's/COMM /COM  /' '/^sh/d' '/^sh/p' 's/; nothing lost//' 's/echo old/echo older/'; do
		sed "$edit" true.md >false.md
		"$top/tests/transcripts" false.md >log 2>&1 && fail "not found: $edit"
		has log '^transcripts: no longer true'
	done
	sed 's/   6 /   7 /' true.md >false.md
	"$top/tests/transcripts" -w false.md
	has false.md '^sh +write +4 +6 /tmp/demo/a$'
	"$top/tests/transcripts" false.md
	grep -v transcript true.md >none.md
	"$top/tests/transcripts" none.md >log 2>&1 && fail "no transcripts, but content"
	has log 'there are none'
	is "$(ls tmp)" "" "left behind"
}

# As in man.bats: usage is wrong (2) in none, as far as that can be told without privileges.
@test "examples are accepted" {
	kernel_has_no_part
	awk '/^```/ { inside = !inside; next }
		inside && mark == "<!-- examples -->" { print }
		!inside { mark = $0 }' "$readme" | sed 's/ | .*//' >examples
	[[ $(wc -l <examples) -ge 15 ]] || fail "$(<examples)"
	while IFS= read -r example; do
		[[ $example == "writetrace "* ]] || fail "no command of ours: $example"
		example=${example//'$(pgrep -d, nginx)'/$$}
		status=0
		eval "nobody $example" >out 2>err </dev/null || status=$?
		[[ $status != 2 && $status != 126 && $status != 127 ]] || fail "$example"
	done <examples
}
