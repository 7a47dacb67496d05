#!/usr/bin/env bats
# Completion in real shells: in bash by the function that it calls, in zsh at a terminal, in fish as it says itself. What
# they offer is the same, but for processes and COMMAND, where shells have ways of their own.

# What lib.bash sets is not known to shellcheck, nor that each test is a shell of its own.
# shellcheck disable=SC2016,SC2030,SC2031,SC2154
load lib

commands="probe trace pin dump unpin"
shells="bash bash-completion zsh fish"

setup() {
	enter
	# they keep files there
	export HOME=$PWD XDG_CONFIG_HOME=$PWD/config XDG_DATA_HOME=$PWD/data
}

# in_shell SHELL LINE...: "== LINE", then what is offered there, one a line, with a tab and what is said about it where
# the shell shows that
in_shell() {
	local shell=$1
	shift
	if [[ $shell == bash-completion ]]; then
		BASH_COMPLETION=/usr/share/bash-completion/bash_completion "$top/tests/completion.d/bash" "$@" 2>err
	else
		"$top/tests/completion.d/$shell" "$@" 2>err
	fi
	[[ ! -s err ]] || fail "$shell"
}

# words: without what is said about them, nor the slash behind directories
words() { sed '/^== /!s/\t.*//; /^== /!s,/$,,'; }

# offer: each shell offers after each LINE these WORDS and no others; on stdin "LINE|WORD...", with the space behind LINE
# if there is one
offer() {
	local line words word lines=() shell
	while IFS='|' read -r line words; do
		lines+=("$line")
		echo "== $line"
		for word in $words; do printf '%s\n' "$word"; done | sort
	done >want
	for shell in $shells; do
		in_shell "$shell" "${lines[@]}" | words >"got.$shell"
		diff want "got.$shell" || fail "$shell"
	done
}

# listed OPTION [COMMAND]: what `OPTION help` lists, on one line
listed() { writetrace ${2:+"$2"} "$1" help | sed '/^\* /d; s/ .*//' | xargs; }

@test "commands, beginnings of options, and where none is to be had" {
	offer <<-END
		writetrace |probe trace pin dump unpin help
		writetrace p|pin probe
		writetrace -j --bpffs /tmp un|unpin
		writetrace --color never --bpffs=/tmp d|dump
		writetrace help d|dump
		writetrace --p|--pretty
		writetrace trace --su|--summary
		writetrace trace -p 1 -f --su|--summary
		writetrace pin web --rep|--replace
		writetrace probe --summ|
		writetrace trace |--
		writetrace trace -f |--
		writetrace trace --min-size |
		writetrace trace --min-size=|
		writetrace dump --events=|
		writetrace frobnicate --j|
	END
	# where zsh offers options, as it always does when there is nothing else
	shells="bash bash-completion fish"
	offer <<-END
		writetrace probe |
		writetrace help dump |
		writetrace dump web |
		writetrace pin web |
	END
}

@test "values: in a word of their own or behind an equals sign, behind commas those that are not there yet" {
	offer <<-END
		writetrace trace --backend |fentry raw tracepoint
		writetrace pin web --backend r|raw
		writetrace trace -k fi|file
		writetrace trace -xk fi|file
		writetrace trace -k file,p|file,pipe
		writetrace trace -k file,pipe,socket,tty,char,|$(printf 'file,pipe,socket,tty,char,%s ' block anon)
		writetrace trace --by=pid,f|--by=pid,file
		writetrace trace --by |$(listed --by trace)
		writetrace dump --sort |bytes calls errors latency
		writetrace --color=|--color=auto --color=always --color=never
		writetrace --color a|auto always
		writetrace trace --color a|auto always
		writetrace trace -e write,fs|write,fsync
		writetrace trace -e io_uring:w|io_uring:write io_uring:writev io_uring:write_fixed
		writetrace trace -e aio:fsync,io_uring:f|aio:fsync,io_uring:fsync
		writetrace pin --ops=aio:|--ops=aio:pwrite --ops=aio:pwritev --ops=aio:fsync
		writetrace trace -C o|op offset
		writetrace trace --columns=op,o|--columns=op,offset
		writetrace trace -u nob|nobody
		writetrace pin --uid=root,nob|--uid=root,nobody
	END
}

@test "files, directories, sessions" {
	mkdir -p dir/sub bpf/writetrace/web bpf/writetrace/db bpf/writetrace/stage_1 bpf/writetrace/trash_2
	: >dir/file
	offer <<-END
		writetrace trace -P dir/|dir/file dir/sub
		writetrace trace --path=dir/f|--path=dir/file
		writetrace trace -o dir/f|dir/file
		writetrace trace -g dir/|dir/sub
		writetrace trace -f > dir/f|dir/file
		writetrace dump > dir/file --so|--sort
		writetrace --bpffs di|dir
		writetrace dump --bpffs=di|--bpffs=dir
		writetrace --bpffs $PWD/bpf dump |db web
		writetrace --bpffs=$PWD/bpf dump --limit 3 w|web
		writetrace dump --bpffs $PWD/bpf --events |db web
		writetrace --bpffs $PWD/bpf pin -xf d|db
		writetrace --bpffs $PWD/bpf unpin w|web
		writetrace --bpffs $PWD/bpf unpin -q db w|web
		writetrace --bpffs $PWD/nothing unpin |
	END
	for shell in $shells; do
		in_shell "$shell" "writetrace trace -g " | words >cgroups
		has_not cgroups '^[^/=]'
		is "$(sed '/^== /d' cgroups | xargs)" "$(echo /sys/fs/cgroup/*/ | sed 's,/\( \|$\),\1,g')" "$shell"
	done
}

@test "processes by number, threads, command names" {
	mkfifo block
	cp "$(command -v cat)" only-this
	./only-this block 3>&- &
	started+=($!)
	pid=$!
	until_true grep -qx only-this "/proc/$pid/comm"
	for shell in $shells; do
		in_shell "$shell" "writetrace trace -p " "writetrace trace --tid 1,$pid" "writetrace trace -n only-th" \
			"writetrace trace -p $pid" >processes
		# bash shows the name behind it, the others beside it
		has processes "^$pid( \(|	)only-this\)?$"
		words <processes | sed '1,/^== .*--tid/d' >end
		diff end - <<-END || fail "$shell"
			1,$pid
			== writetrace trace -n only-th
			only-this
			== writetrace trace -p $pid
			$pid
		END
	done
	# where bash would put the whole into the line, it is the number alone
	COMPLETION_TYPE=37 in_shell bash "writetrace trace -p " >processes
	has processes "^$pid$"
	has_not processes '\('
}

@test "a process's name is not run as a command" {
	mkfifo block
	# a name may be 15 bytes long
	name='$(touch ran)'
	cp "$(command -v cat)" "$name"
	"./$name" block 3>&- &
	started+=($!)
	until_true grep -qxF "$name" "/proc/$!/comm"
	for shell in $shells; do
		in_shell "$shell" "writetrace trace -n " "writetrace trace -p " "writetrace trace --tid " "writetrace trace -n \\$" >offered
		grep -qF 'touch' offered || fail "$shell"
		[[ ! -e ran ]] || fail "$shell"
	done
	# what bash puts into the line has to be quoted by us
	in_shell bash "writetrace trace -n " >offered
	grep -qxF '\$\(touch\ ran\)' offered
}

@test "COMMAND after -- is completed as a command" {
	mkdir bin
	printf '#!/bin/sh\n' >bin/only-here
	chmod +x bin/only-here
	: >here
	PATH=$PWD/bin:$PATH
	offer <<-END
		writetrace trace -- only-he|only-here
		writetrace trace -x -o out -- only-he|only-here
		writetrace trace -f -- cat her|here
		writetrace trace -- cat here her|here
		writetrace pin -- only-he|
	END
	# as that shell does: our own completion, once more
	for shell in bash-completion zsh fish; do
		in_shell "$shell" "writetrace trace -- writetrace dump --sort c" | words >nested
		is "$(tail -n +2 nested)" calls "$shell"
	done
}

@test "help is shown beside options, values and commands" {
	for shell in zsh fish; do
		in_shell "$shell" "writetrace d" "writetrace trace --fo" "writetrace trace -" "writetrace dump --sort b" >said
		has said '^dump	show what a pinned session has seen$'
		has said '^--follow	also every process they start from now on$'
		# help says this on two lines
		has said '^-e	operations or groups of them: write, copy, send, sync, al'
		has said '^bytes	bytes written \(default\)$'
	done
}

@test "users find it who have no sbin in their PATH" {
	mkdir bin sbin
	cp "$(command -v writetrace)" sbin
	printf '#!/bin/sh\n' >bin/sudo
	chmod +x bin/sudo
	PATH=$PWD/bin:/usr/bin:/bin
	# there, in mounts of our own, is a directory of ours; the function of bash is called for what follows sudo
	export -f in_shell fail
	export top
	for shell in $shells; do
		sudo='sudo '
		[[ $shell != bash* ]] || sudo=
		in_shell "$shell" "${sudo}writetrace trace --su" >without
		is "$(wc -l <without)" 1 "$shell"
		unshare -m bash -c 'mount --bind sbin /usr/local/sbin && in_shell "$@"' - "$shell" "${sudo}writetrace trace --su" |
			words >with
		is "$(tail -n 1 with)" --summary "$shell"
	done
}

@test "what completions ask for comes at once" {
	for arguments in help "help trace" "trace -e help"; do
		times=()
		for _ in {1..10}; do
			before=$(now_ms)
			# shellcheck disable=SC2086
			writetrace $arguments >/dev/null
			times+=($(($(now_ms) - before)))
		done
		between 0 "$(least "${times[@]}")" 50 "$arguments: ms"
	done
}

# options of COMMAND (none: those before it), a line each, as in "-e --ops LIST" and "--events [N]"

in_source() {
	perl -0777 -e '
		my ($main, @files) = @ARGV;
		sub text { local @ARGV = @_; return <> }
		my %rows;
		for (@files) {
			my $text = text($_);
			while ($text =~ /^(?:static )?const struct opt (\w+)\[\] = \{\n(.*?)^\};/msg) {
				my ($table, $body) = ($1, $2);
				while ($body =~ /^\t\{ "([a-z-]+)",\s*(?:\x27(.)\x27|\d+),\s*(?:NULL|"([^"]*)"),\s*(OPT_\w+)/mg) {
					my $value = !defined $3 ? "" : $4 eq "OPT_MAYBE" ? " [$3]" : " $3";
					push @{$rows{$table}}, (defined $2 ? "-$2 " : "") . "--$1$value\n";
				}
			}
		}
		# struct opt_group: title, table, target
		print @{$rows{$_} or die "$_ has no rows\n"} for text($main) =~ /"\s*,\s*(\w+_opts)\s*,/g;
		# which opts.c adds
		print "-h --help\n"' "$top/cmd/${1:-main}.c" "$top"/cmd/*.c | sort
}

in_help() {
	writetrace help ${1:+"$1"} |
		sed -nE 's/^  (    |(-[A-Za-z]), )(--[a-z][a-z-]*)(=[^ ]+|\[=[^ ]+)?( .*)?$/\2 \3 \4/p' |
		sed -E 's/=//; s/ +/ /g; s/^ | $//g' | sort
}

in_page() {
	sed "s,^\.\. include:: \(.*\),cat $top/man/\1,e" "$top/man/writetrace${1:+-$1}.rst" |
		sed -nE 's/^((-[A-Za-z])( [^ ]+)?, )?(--[a-z][a-z-]*)((\[=| )[^ ]+)?$/\2 \4 \5/p' |
		sed -E 's/\[=/[/; s/ +/ /g; s/^ | $//g' | sort
}

@test "options are the same in the source, in --help, in the man pages, and in each shell" {
	for command in '' $commands; do
		in_source "$command" >source
		[[ -s source ]] || fail "no options in the source of '$command'"
		in_help "$command" | diff source - || fail "help '$command'"
		in_page "$command" | diff source - || fail "man '$command'"
		echo "writetrace $command${command:+ }-|$(grep -oE -- '(^| )--?[A-Za-z][a-z-]*' source | xargs)" >>lines
	done
	is "$(wc -l <lines)" 6 lines
	offer <lines
}

@test "what an option's value may be is the same in the program and in each shell" {
	for command in '' $commands; do
		in_help "$command" | while read -r names; do
			option=$(grep -oE -- '--[a-z-]+' <<<"$names")
			case $names in
			*\ LIST | *\ NAME | *\ KEY | *\ WHEN)
				echo "writetrace ${command:+$command }$option |$(listed "$option" "$command")"
				[[ $names != -?\ * ]] || echo "writetrace ${command:+$command }${names:0:2} |$(listed "$option" "$command")"
				;;
			# what nobody can list, or the tests above have looked at
			--[a-z]* | -?\ --*)
				[[ $names =~ ^(-.\ )?--[a-z-]+(\ (\[N\]|\[SECS\]|N|BYTES|SIZE|TIME|N\[,N...\]|PID\[,PID...\]|TID\[,TID...\]|USER\[,USER...\]|GLOB|PATH|FILE|DIR))?$ ]] ||
					echo "writetrace $command $option: no completion knows what that is"
				;;
			esac
		done
	done >lines
	has_not lines 'no completion knows'
	between 20 "$(wc -l <lines)" 60 lines
	offer <lines
}
