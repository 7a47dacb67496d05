# bash completion for writetrace(8)                        -*- shell-script -*-
#
# Commands and options come from the help of the program itself, and what an option's value may be from the option's own
# help, so they are those of the version that is installed.
# shellcheck shell=bash

# _writetrace_ask ARGUMENT...: what the program says, also for users who have it only as root
_writetrace_ask() { PATH=$PATH:/usr/local/sbin:/usr/sbin:/sbin "$program" "$@" 2>/dev/null </dev/null; }

# _writetrace_options COMMAND: option -> what help calls its value, "" for none, "[N]" where it may be left out, in $takes
_writetrace_options() {
	local line
	takes=()
	while IFS= read -r line; do
		[[ $line =~ ^\ +((-[A-Za-z]),\ )?(--[a-z][a-z-]*)(\[?)(=([^ ]+))?(\ |$) ]] || continue
		line=${BASH_REMATCH[4]}${BASH_REMATCH[6]}
		takes[${BASH_REMATCH[3]}]=$line
		[[ ! ${BASH_REMATCH[2]} ]] || takes[${BASH_REMATCH[2]}]=$line
	done < <(_writetrace_ask help ${1:+"$1"})
}

# _writetrace_match BEGINNING WORD...: those that begin so. Not compgen -W, which would expand them: whoever may start
# processes chooses what they are called.
_writetrace_match() {
	local beginning=$1 word
	shift
	COMPREPLY=()
	for word; do
		[[ $word != "$beginning"* ]] || COMPREPLY+=("$word")
	done
}

_writetrace_commands() {
	local names
	mapfile -t names < <(_writetrace_ask help | sed -n '/^Commands:/,/^$/s/^  \([a-z]*\) .*/\1/p')
	_writetrace_match "$cur" "${names[@]}"
}

# _writetrace_value_is_missing WORD: it is an option, or ends with one, whose value is the next word. Leaves $option.
_writetrace_value_is_missing() {
	local i
	if [[ $1 == --* ]]; then
		option=$1
	else
		# -xe: the first that takes a value takes the rest of the word
		for ((i = 1; i < ${#1}; i++)); do
			option=-${1:i:1}
			[[ ! ${takes[$option]-} ]] || break
		done
		((i == ${#1} - 1)) || return
	fi
	[[ ${takes[$option]-} && ${takes[$option]} != \[* ]]
}

# _writetrace_list WORD...: those that begin like the last item, and are not there yet, behind the items before it
_writetrace_list() {
	local before='' item items=()
	[[ $cur != *,* ]] || before=${cur%,*},
	for item; do
		[[ ,$before == *",$item,"* ]] || items+=("$before$item")
	done
	_writetrace_match "$cur" "${items[@]}"
	compopt -o nospace
}

# _writetrace_tasks OPTION-OF-PS...: numbers of processes or threads; where they are only shown, their names are, too
_writetrace_tasks() {
	local number name tasks=()
	while read -r number name; do
		tasks+=("$number ($name)")
	done < <(ps "$@" 2>/dev/null)
	if [[ ${COMP_TYPE-} == 37 ]]; then
		tasks=("${tasks[@]%% *}")
	fi
	_writetrace_list "${tasks[@]}"
	((${#COMPREPLY[@]} != 1)) || COMPREPLY=("${COMPREPLY[0]%% (*}")
}

# _writetrace_names: of processes, as the shell has to be told them
_writetrace_names() {
	local names
	mapfile -t names < <(ps -e -o comm= 2>/dev/null | sort -u)
	mapfile -t names < <(((${#names[@]} == 0)) || printf '%q\n' "${names[@]}")
	_writetrace_match "$cur" "${names[@]}"
}

# _writetrace_files d|f: directories, or all files, too
_writetrace_files() {
	mapfile -t COMPREPLY < <(compgen "-$1" -- "$cur")
	compopt -o filenames
}

# _writetrace_value OPTION VALUE: what may stand for VALUE, by what help calls it
_writetrace_value() {
	local cur=$2 words
	case ${takes[$1]#[} in
	LIST)
		mapfile -t words < <(_writetrace_ask ${command:+"$command"} "$1" help | sed '/^\*/d; s/ .*//')
		_writetrace_list "${words[@]}"
		;;
	NAME | KEY | WHEN)
		mapfile -t words < <(_writetrace_ask ${command:+"$command"} "$1" help | sed '/^\*/d; s/ .*//')
		_writetrace_match "$cur" "${words[@]}"
		;;
	PID*) _writetrace_tasks -e -o pid=,comm= ;;
	TID*) _writetrace_tasks -e -L -o tid=,comm= ;;
	USER*)
		mapfile -t words < <(compgen -u)
		_writetrace_list "${words[@]}"
		;;
	GLOB)
		if [[ $1 == -n || $1 == --comm ]]; then _writetrace_names; else _writetrace_files f; fi
		;;
	FILE) _writetrace_files f ;;
	DIR) _writetrace_files d ;;
	PATH)
		# a cgroup
		cur=${cur:-/sys/fs/cgroup/}
		_writetrace_files d
		;;
	esac
}

# COMMAND and its arguments, from word $1 on: as if it stood there alone, if bash-completion is there, which knows how
_writetrace_command() {
	if declare -F _command_offset >/dev/null; then
		_command_offset "$1"
	elif ((cword == $1)); then
		mapfile -t COMPREPLY < <(compgen -c -- "$cur" | sort -u)
	else
		_writetrace_files f
	fi
}

# Names of sessions that are pinned
_writetrace_sessions() {
	local names
	mapfile -t names < <(command ls "$bpffs/writetrace" 2>/dev/null | grep -x '[A-Za-z0-9_-]*' | grep -v '^stage_\|^trash_')
	_writetrace_match "$cur" "${names[@]}"
}

# _writetrace_words: what readline has taken apart at = and : is one word again, in $words
_writetrace_words() {
	local i word joined=
	words=("${COMP_WORDS[0]}")
	for ((i = 1; i <= COMP_CWORD; i++)); do
		word=${COMP_WORDS[i]}
		if [[ $word && ($joined || $word == [=:]*) ]]; then
			words[-1]+=$word
		else
			words+=("$word")
		fi
		joined=
		[[ $word != *[=:] ]] || joined=1
	done
	cword=$((${#words[@]} - 1)) cur=${words[-1]}
}

_writetrace() {
	local cur words cword program command='' bpffs=/sys/fs/bpf option='' i arguments=0 offset rest
	local -A takes
	_writetrace_words
	program=${words[0]/#~\//~/}
	COMPREPLY=()

	if [[ ${COMP_WORDS[COMP_CWORD - 1]} == [\<\>]* ]]; then
		_writetrace_files f
		return
	fi
	# which command, how many arguments, and whose turn is it: a value's, COMMAND's?
	_writetrace_options ''
	for ((i = 1; i < cword; i++)); do
		if [[ ${words[i]} == -- ]]; then
			if [[ $command == trace ]]; then
				# readline's count, which is also _command_offset's
				for ((offset = 1; offset < COMP_CWORD; offset++)); do
					[[ ${COMP_WORDS[offset]} != -- ]] || break
				done
				cur=${COMP_WORDS[COMP_CWORD]} cword=$COMP_CWORD
				_writetrace_command $((offset + 1))
			fi
			return
		elif [[ ${words[i]} == [\<\>]* ]]; then
			i=$((i + 1))
		elif [[ ${words[i]} == --bpffs=* ]]; then
			bpffs=${words[i]#*=}
		elif [[ ${words[i]} == -* ]]; then
			_writetrace_value_is_missing "${words[i]}" || continue
			i=$((i + 1))
			[[ $option != --bpffs ]] || bpffs=${words[i]}
		elif [[ $command ]]; then
			arguments=$((arguments + 1))
		else
			command=${words[i]}
			[[ $command == help ]] || _writetrace_options "$command"
		fi
	done

	if ((i > cword)); then
		_writetrace_value "$option" "$cur"
	elif [[ $cur == --*=* ]]; then
		_writetrace_value "${cur%%=*}" "${cur#*=}"
		COMPREPLY=("${COMPREPLY[@]/#/"${cur%%=*}="}")
	elif [[ $cur == -* ]]; then
		_writetrace_match "$cur" "${!takes[@]}"
	else
		case $command in
		'') _writetrace_commands ;;
		help) ((arguments)) || _writetrace_commands ;;
		unpin) _writetrace_sessions ;;
		dump | pin) ((arguments)) || _writetrace_sessions ;;
		trace) _writetrace_match "$cur" -- ;;
		esac
	fi
	# for readline the word begins behind the last of these
	rest=$cur
	[[ $COMP_WORDBREAKS != *=* ]] || rest=${rest##*=}
	[[ $COMP_WORDBREAKS != *:* ]] || rest=${rest##*:}
	COMPREPLY=("${COMPREPLY[@]#"${cur%"$rest"}"}")
}

complete -F _writetrace writetrace
