# bash completion for writetrace(8)                        -*- shell-script -*-
#
# Commands, options and which of them take an argument come from the help of the program itself, so they are those of the
# version that is installed. What an argument may be is told here, by the option's name.

# _writetrace_options COMMAND: its options, one a line, "=" behind those that want an argument
_writetrace_options() {
	"$program" help ${1:+"$1"} 2>/dev/null |
		sed -nE 's/^ +((-[A-Za-z]), )?(--[a-z][a-z-]*)(\[?=[^ ]+)?( .*)?$/\2\4\n\3\4/p' |
		sed -nE 's/\[=.*//; s/=.*/=/; /^-/p'
}

# _writetrace_commands: names of the commands
_writetrace_commands() {
	"$program" help 2>/dev/null | sed -n '/^Commands:/,/^$/s/^  \([a-z]*\) .*/\1/p'
}

# _writetrace_list VALUE...: one of them, after those that are there already, separated by commas
_writetrace_list() {
	local before= word=$cur
	if [[ $cur == *,* ]]; then
		before=${cur%,*},
		word=${cur##*,}
	fi
	mapfile -t COMPREPLY < <(compgen -P "$before" -W "$*" -- "$word")
	compopt -o nospace 2>/dev/null
}

# Processes, or of one of them the threads, as numbers; where there are several their names are shown, too
_writetrace_pids() {
	local before= word=$cur
	[[ $cur != *,* ]] || { before=${cur%,*}, word=${cur##*,}; }
	mapfile -t COMPREPLY < <(ps -e -o "$1=,comm=" 2>/dev/null |
		awk -v before="$before" -v word="$word" 'index($1, word) == 1 { print before $1 " (" $2 ")" }')
	if ((${#COMPREPLY[@]} == 1)); then
		COMPREPLY=("${COMPREPLY[0]% (*}")
	fi
}

# _writetrace_argument OPTION: what may follow it
_writetrace_argument() {
	case $1 in
	-e | --ops)
		_writetrace_list write copy send sync all pwrite64 writev pwritev pwritev2 sendfile splice vmsplice tee \
			copy_file_range sendto sendmsg sendmmsg fsync fdatasync sync_file_range syncfs msync io_uring:write \
			io_uring:writev io_uring:write_fixed io_uring:send io_uring:sendmsg io_uring:fsync aio:pwrite aio:pwritev aio:fsync
		# a colon ends a word for readline
		declare -F __ltrim_colon_completions >/dev/null && __ltrim_colon_completions "$cur"
		;;
	-k | --kind) _writetrace_list file pipe socket tty char block anon ;;
	-C | --columns) _writetrace_list "$("$program" trace -C help 2>/dev/null | awk '/^[a-z]/ { print $1 }') help" ;;
	--by) _writetrace_list pid comm uid cgroup op file ;;
	--backend) mapfile -t COMPREPLY < <(compgen -W "fentry raw tracepoint" -- "$cur") ;;
	--color) mapfile -t COMPREPLY < <(compgen -W "auto always never" -- "$cur") ;;
	--sort) mapfile -t COMPREPLY < <(compgen -W "bytes calls errors latency" -- "$cur") ;;
	-p | --pid) _writetrace_pids pid ;;
	--tid) _writetrace_pids tid ;;
	-n | --comm) mapfile -t COMPREPLY < <(compgen -W "$(ps -e -o comm= 2>/dev/null | sort -u)" -- "$cur") ;;
	-u | --uid) _writetrace_list "$(compgen -u)" ;;
	-g | --cgroup) mapfile -t COMPREPLY < <(compgen -d -- "${cur:-/sys/fs/cgroup/}") && compopt -o filenames 2>/dev/null ;;
	--bpffs) mapfile -t COMPREPLY < <(compgen -d -- "$cur") && compopt -o filenames 2>/dev/null ;;
	-P | --path | -o | --output) mapfile -t COMPREPLY < <(compgen -f -- "$cur") && compopt -o filenames 2>/dev/null ;;
	esac
}

# COMMAND and its arguments, from word $1 on: as if it stood there alone, if bash-completion is there, which knows how
_writetrace_command() {
	if declare -F _command_offset >/dev/null; then
		_command_offset "$1"
	elif ((cword == $1)); then
		mapfile -t COMPREPLY < <(compgen -c -- "$cur" | sort -u)
	else
		mapfile -t COMPREPLY < <(compgen -f -- "$cur")
		compopt -o filenames 2>/dev/null
	fi
}

# Names of sessions that are pinned
_writetrace_sessions() {
	local bpffs=/sys/fs/bpf i
	for ((i = 1; i < COMP_CWORD - 1; i++)); do
		[[ ${COMP_WORDS[i]} != --bpffs ]] || bpffs=${COMP_WORDS[i + 1]}
	done
	mapfile -t COMPREPLY < <(compgen -W "$(command ls "$bpffs/writetrace" 2>/dev/null | grep -v '^stage_\|^trash_')" -- "$cur")
}

_writetrace() {
	local cur prev words cword command='' program i options option
	if declare -F _init_completion >/dev/null; then
		_init_completion -n =: || return
	else
		cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD - 1]} words=("${COMP_WORDS[@]}") cword=$COMP_CWORD
	fi
	program=${words[0]}
	COMPREPLY=()

	# which command, and is it COMMAND's turn?
	for ((i = 1; i < cword; i++)); do
		case ${words[i]} in
		--) break ;;
		--bpffs | --color) i=$((i + 1)) ;;
		-*) ;;
		*)
			command=${words[i]}
			break
			;;
		esac
	done
	for ((; i < cword; i++)); do
		if [[ ${words[i]} == -- ]]; then
			_writetrace_command $((i + 1))
			return
		fi
	done

	mapfile -t options < <(_writetrace_options "$command")
	# --option=argument
	if [[ $cur == --*=* ]]; then
		option=${cur%%=*}
		cur=${cur#*=}
		_writetrace_argument "$option"
		[[ ${COMP_WORDBREAKS} == *=* ]] || COMPREPLY=("${COMPREPLY[@]/#/$option=}")
		return
	fi
	for option in "${options[@]}"; do
		if [[ $option == "$prev=" ]]; then
			_writetrace_argument "$prev"
			return
		fi
	done
	if [[ $cur == -* ]]; then
		mapfile -t COMPREPLY < <(compgen -W "${options[*]%=}" -- "$cur")
		return
	fi
	case $command in
	'' | help) mapfile -t COMPREPLY < <(compgen -W "$(_writetrace_commands)" -- "$cur") ;;
	dump | unpin) _writetrace_sessions ;;
	pin) [[ $prev != pin ]] || _writetrace_sessions ;;
	trace) mapfile -t COMPREPLY < <(compgen -W "--" -- "$cur") ;;
	esac
}

complete -F _writetrace writetrace
