# shellcheck shell=bash
# What top.bats and top_end.bats share: a terminal of tmux, and what can be done there

# What lib.bash sets is not known to shellcheck, nor that tests use what is here.
# shellcheck disable=SC2016,SC2034,SC2154

setup() {
	enter
	unset TMUX
	export TMUX_TMPDIR=$PWD
}

teardown() {
	[[ ! -s screen ]] || sed 's/^/screen: /' screen
	tmux -L top kill-server 2>/dev/null || true
	end_started
}

# terminal [COLUMNS [LINES]]: a shell on a terminal of its own, 100 columns and 30 lines unless told otherwise
terminal() {
	tmux -L top -f /dev/null new-session -d -x "${1-100}" -y "${2-30}" \
		"env PS1='ready> ' PATH='$PATH' bash --norc --noprofile -i" 3>&-
	until_true shows '^ready>'
	run_there 'stty -g >before'
	until_true test -s before
}

# run_there COMMAND: typed at the shell's prompt
run_there() { tmux -L top send-keys -l "$1" && tmux -L top send-keys Enter; }

# press KEY...: as tmux calls them
press() { tmux -L top send-keys "$@"; }

# shows REGEX: a line of the terminal is like that; what it shows is in ./screen. A view may be half drawn: what is
# expected of it is waited for.
shows() {
	tmux -L top capture-pane -p "${capture[@]}" >screen
	grep -qE -- "$1" screen
}
capture=()

# One write that fails, without a shell's complaint about it, which would be another
fail_once='perl -e "syswrite STDOUT, 1" >/dev/full'

shows_not() { ! shows "$1"; }

# a flag of the terminal as tmux knows it
flag() { tmux -L top display-message -p "#{$1}"; }

# view ARGUMENT...: trace --top there; the view can be seen when this returns. Its pid is in $tracer.
view() {
	run_there clear
	until_true shows_not '^writetrace|^status'
	run_there "writetrace trace --top=0.2 $*; echo \"status: \$?\""
	until_true shows '^writetrace [0-9]{2}:|^writetrace: '
	# the shell's child; one of its own guards the terminal
	tracer=$(pgrep -P "$(flag pane_pid)" -x writetrace || true)
}

# back STATUS: the view is gone, with that exit status, and the terminal is as it was
back() {
	until_true shows "^status: $1\$"
	is "$(flag alternate_on) $(flag cursor_flag) $(flag keypad_cursor_flag) $(flag keypad_flag)" "0 1 0 0" \
		"alternate screen, cursor, cursor keys, keypad"
	same_modes
}

same_modes() {
	rm -f after
	run_there 'stty -g >after.new; mv after.new after'
	until_true test -s after
	is "$(<after)" "$(<before)" "terminal settings"
}

# row_is REGEX REGEX: the first line that is like that is, without the spaces between columns, like this
row_is() { shows "$1" && [[ $(grep -E -- "$1" screen | head -n 1 | xargs) =~ $2 ]]; }

# rows N REGEX: so many lines are like that
rows() { shows '' && [[ $(grep -cE -- "$2" screen) == "$1" ]]; }

# what the first row's file is
first_file_is() { shows '' && [[ $(sed -n '/FILE *$/{n;p;}' screen | sed 's,.*/,,; s/ *$//') == "$1" ]]; }
