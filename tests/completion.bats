#!/usr/bin/env bats
# Completion in bash, by the function that bash calls.

# What lib.bash sets is not known to shellcheck, nor that each test is a shell of its own.
# shellcheck disable=SC2016,SC2030,SC2031,SC2154
load lib

# completes LINE: what bash offers there, one a line, sorted; $bash_completion says a file to read before ours
completes() {
	# shellcheck disable=SC2034 # bash's own names
	bash --norc -c '
		[[ ! $3 ]] || . "$3"
		. "$1"
		read -ra COMP_WORDS <<<"$2"
		[[ $2 != *" " ]] || COMP_WORDS+=("")
		COMP_LINE=$2 COMP_POINT=${#2} COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
		_writetrace writetrace "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
		((${#COMPREPLY[@]} == 0)) || printf "%s\n" "${COMPREPLY[@]}"' \
		bash "$top/completions/writetrace.bash" "$1" "${bash_completion-}" 2>err | sed 's/ $//' | sort
	[[ ! -s err ]] || fail "$(<err)"
}

# offers LINE WORD...
offers() {
	local line=$1
	shift
	is "$(completes "$line" | xargs)" "$(printf '%s\n' "$@" | sort | xargs)" "after '$line'"
}

@test "commands" {
	offers "writetrace " probe trace pin dump unpin help
	offers "writetrace p" pin probe
	offers "writetrace -j --bpffs /tmp un" unpin
	offers "writetrace help d" dump
}

@test "options: those of --help, of each command" {
	for command in probe trace pin dump unpin; do
		writetrace help "$command" | grep -oE '^ +(-[A-Za-z], )?--[a-z-]+' | grep -oE -- '--?[A-Za-z][a-z-]*' | sort >want
		completes "writetrace $command -" | diff want - || fail "$command"
	done
	offers "writetrace trace --su" --summary
	offers "writetrace --p" --pretty
	offers "writetrace probe --summ"
}

@test "values: of enumerations, also behind a comma and an equals sign" {
	offers "writetrace trace --backend " fentry raw tracepoint
	offers "writetrace pin web --backend r" raw
	offers "writetrace trace -k fi" file
	offers "writetrace trace -k file,p" file,pipe
	offers "writetrace trace --by=pid,f" pid,file
	offers "writetrace dump --sort " bytes calls errors latency
	offers "writetrace --color=" auto always never
	offers "writetrace trace -e write,fs" write,fsync
	offers "writetrace trace -C o" op offset
	completes "writetrace trace -C " | grep -v '^help$' >columns
	wt trace -C help
	sed '/^\*/d; s/ .*//' out | sort | diff columns -
}

@test "every operation and group that there is, and no other" {
	completes "writetrace trace -e " >offered
	wt probe -j
	{
		printf '%s\n' write copy send sync all
		jq -r '.ops[].op' out
	} | sort -u >want
	diff want offered
}

@test "processes with their names, users, files, directories, sessions" {
	completes "writetrace trace -p $$" >pids
	has pids "^$$( \(bash\))?$"
	offers "writetrace trace -u nob" nobody
	mkdir -p dir/sub bpf/writetrace/web bpf/writetrace/stage_1
	: >dir/file
	offers "writetrace trace -P dir/" dir/file dir/sub
	offers "writetrace trace -g dir/" dir/sub
	offers "writetrace --bpffs $PWD/bpf dump " web
	offers "writetrace --bpffs $PWD/bpf unpin w" web
}

@test "COMMAND after -- is completed as a command" {
	mkdir bin
	printf '#!/bin/sh\n' >bin/only-here
	chmod +x bin/only-here
	PATH=$PWD/bin:$PATH
	offers "writetrace trace -- only-he" only-here
	: >here
	offers "writetrace trace -f -- cat her" here
	bash_completion=/usr/share/bash-completion/bash_completion
	[[ -r $bash_completion ]] || skip "bash-completion is not installed"
	completes "writetrace trace -- only-he" >commands
	has commands '^only-here$'
}
