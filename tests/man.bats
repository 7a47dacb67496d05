#!/usr/bin/env bats
# The man pages: clean, complete, and no more than there is.

# What lib.bash sets is not known to shellcheck, nor that each test is a shell of its own.
# shellcheck disable=SC2016,SC2030,SC2031,SC2154
load lib

commands="probe trace pin dump unpin"

# page COMMAND: its source, with what it includes
page() {
	local line
	while IFS= read -r line; do
		if [[ $line == ".. include:: "* ]]; then cat "$top/man/${line#.. include:: }"; else echo "$line"; fi
	done <"$top/man/writetrace${1:+-$1}.rst"
}

@test "mandoc has nothing to say against any" {
	pages=("$top"/build/man/*.8)
	is ${#pages[@]} 6 pages
	for page in "${pages[@]}"; do
		mandoc -Tlint "$page" || fail "$page"
	done
}

@test "each option of --help is in its page with the same argument, and no other" {
	for command in $commands; do
		# "  -e, --ops=LIST   operations…" and "-e LIST, --ops LIST": both as "-e --ops LIST"
		writetrace help "$command" | sed -nE 's/^ +((-[A-Za-z]), )?(--[a-z][a-z-]*)((\[?=)([^ ]+))?( .*)?$/\2 \3 \4/p' >in.help
		page "$command" | sed -nE 's/^((-[A-Za-z])( [^ ]+)?, )?(--[a-z][a-z-]*)((\[=| )[^ ]+)?$/\2 \4 \5/p' >in.page
		for file in help page; do
			sed -E 's/ =/ /; s/ +/ /g; s/^ | $//g' "in.$file" | sort >"$file.sorted"
		done
		[[ -s help.sorted ]] || fail "no options in the help of $command"
		diff help.sorted page.sorted || fail "$command"
	done
}

# usage: without marks, and without FILTERS and OPTIONS, which stand in either order: "writetrace pin [NAME]"
usage() { sed -E 's/\*//g; s/ \[(FILTERS|OPTIONS|OPTION\.\.\.)\]//g'; }

@test "the synopsis of --help is that of the page" {
	for command in $commands; do
		writetrace help "$command" | sed -nE 's/^(Usage:|  or: ) +(writetrace .*)/\2/p' | usage >in.help
		# a paragraph each
		page "$command" | sed -n '/^SYNOPSIS/,/^DESCRIPTION/p' |
			awk 'BEGIN { RS = "" } /^\*\*writetrace/ { gsub(/\n/, " "); print }' | usage >in.page
		[[ -s in.help ]] || fail "no usage in the help of $command"
		diff in.help in.page || fail "$command"
	done
}

# What a page says to enter is accepted as far as it can be without a kernel: usage is wrong (2) in none.
@test "examples are accepted" {
	for command in $commands; do
		page "$command" | sed -n '/^EXAMPLES/,/^EXIT/s/^   # \(writetrace .*\)/\1/p' | sed 's/ | .*//' >examples
		[[ -s examples ]] || fail "no examples in the page of $command"
		while IFS= read -r example; do
			example=${example//'$(pgrep -d, nginx)'/$$}
			example=${example//'$(pgrep -d, postgres)'/$$}
			status=0
			# an unprivileged user cannot do anything, but is told about usage first
			eval "nobody $example" >out 2>err </dev/null || status=$?
			[[ $status != 2 && $status != 126 && $status != 127 ]] || fail "$example"
		done <examples
	done
}

@test "every name in SEE ALSO that is ours has a page" {
	for name in $(cat "$top"/man/*.rst | grep -oE '\*\*writetrace-[a-z]+\*\*' | tr -d '*' | sort -u); do
		[[ -f $top/build/man/$name.8 ]] || fail "$name"
	done
}
