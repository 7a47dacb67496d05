#!/usr/bin/env bats
# trace --top on a terminal of tmux: what it shows and what its keys do. No kernel has a part in it, so it is not run in
# guests.

# What lib.bash sets is not known to shellcheck, nor that each test is a shell of its own.
# shellcheck disable=SC2016,SC2030,SC2031,SC2034,SC2154
load lib
load top

@test "what is shown: head, latencies, rows with rates, keys" {
	start_target
	terminal
	view -f -p "$target"
	is "$(flag alternate_on)" 1 "alternate screen"
	order 'for ((i = 0; i < 100; i++)); do printf 12345 >>file; done; '"$fail_once"
	until_true shows '^in all +101 '
	until_true shows '^writetrace [0-9:]{8}: [0-9.]+m?s, backend raw, by pid,file, most bytes in [0-9.]+m?s$'
	until_true shows "^filters: --pid $target --follow\$"
	until_true shows '^ +CALLS +BYTES +ERRORS +AVG +P99 +LOST$'
	until_true shows '^a second '
	until_true row_is '^in all' '^in all 101 500 B 1 [0-9.]+[num]s [0-9.]+[num]s 0$'
	until_true shows '^latency [0-9.]+[num]s \|[ ░▒▓█]+\| [0-9.]+[num]s$'
	until_true shows '^ *PID +COMM +CALLS/s +BYTES/s +ERRORS/s +AVG +FILE *$'
	is "$(tail -n 1 screen | cut -c1-12)" "q quit  h he"
	# a moment later nothing is written any more
	until_true shows '^a second +0 +0 B +0 '
	press r
	until_true shows ' since start$'
	until_true shows '^ *PID +COMM +CALLS +BYTES +ERRORS +AVG +MAX +FILE *$'
	until_true row_is '/file *$' "^$target"' bash 100 500 B 0 [0-9.]+[num]s [0-9.]+[num]s .*/file$'
	press q
	back 0
	# what there was since the start stays, without keys
	until_true shows '^in all +101 '
	until_true shows " $target +bash|^$target +bash"
	until_true shows_not '^q quit'
	until_true shows_not '^a second'
}

@test "b c e l < >: the order of rows" {
	start_target
	terminal
	view -f -p "$target"
	order 'printf %03999d 1 >bytes; for i in {1..50}; do printf x >>calls; printf 1 >&7; done 7>calls; for i in 1 2 3; do '"$fail_once"'; done'
	press r
	until_true shows '^in all +104 '
	until_true first_file_is bytes
	press c
	until_true shows 'most calls'
	until_true first_file_is calls
	press e
	until_true shows 'most errors'
	until_true first_file_is full
	press l
	until_true shows 'most latency'
	press '<'
	until_true shows 'most errors'
	press '>' '>'
	until_true shows 'most bytes'
	press '<'
	until_true shows 'most latency'
	press b
	until_true shows 'most bytes'
	until_true first_file_is bytes
	press q
	back 0
}

@test "k: rows by all keys, and merged by one" {
	start_target
	terminal
	view -f -p "$target"
	order 'printf 1 >one; printf 22 >two; perl -e "syswrite STDOUT, 333" >one; perl -e "syswrite STDOUT, 4444" >two'
	press r
	until_true shows '^in all +4 '
	until_true rows 4 '(bash|perl) .*/(one|two) *$'
	press k
	until_true shows ', by pid, '
	until_true row_is ' bash ' "^$target"' bash 2 3 B 0 '
	until_true rows 2 '^ *[0-9]+ +perl +1 '
	press k
	until_true shows ', by comm, '
	until_true row_is '^perl ' '^perl 2 7 B 0 '
	press k
	until_true shows ', by file, '
	until_true row_is '/two *$' '^2 6 B 0 .*/two$'
	press k
	until_true shows ', by pid,file, '
	press q
	back 0
}

@test "--by: other keys to choose from" {
	start_target
	terminal
	view --by uid,op -p "$target"
	order 'printf 1 >one'
	press r
	until_true shows '^ *UID OP +CALLS '
	until_true shows '^ *0 write +1 +1 B '
	press k
	until_true shows ', by uid, '
	press k
	until_true shows ', by op, '
	press k
	until_true shows ', by uid,op, '
	press q
	back 0
}

@test "/: rows with these words or that match this pattern, at once; Escape leaves it, Backspace takes back" {
	start_target
	terminal
	view -f -p "$target"
	order 'printf 1 >apple; printf 22 >banana; perl -e "syswrite STDOUT, 333" >cherry'
	press r
	until_true shows '^in all +3 '
	press / b a n
	until_true shows 'show \(path or command name\): ban$'
	until_true shows_not '/apple'
	until_true shows '/banana'
	press q
	until_true shows ': banq$'
	until_true shows_not '/banana'
	press BSpace Enter
	until_true shows '^showing ban '
	until_true shows '/banana'
	# totals are of all
	until_true shows '^in all +3 '
	press / BSpace BSpace BSpace p e r l
	until_true shows ': perl$'
	until_true shows '/cherry'
	until_true shows_not '/banana'
	press Escape
	until_true shows '^showing ban '
	until_true shows '/banana'
	until_true shows_not '/cherry'
	press / BSpace BSpace BSpace '*' '/' '?' '*' l e Enter
	until_true shows '^showing \*/\?\*le '
	until_true shows '/apple'
	until_true shows_not '/banana'
	press / BSpace BSpace BSpace BSpace BSpace BSpace Enter
	until_true shows '^q quit'
	until_true rows 3 '/(apple|banana|cherry) *$'
	press q
	back 0
}

@test "p, space: stands still, and goes on with nothing missing" {
	start_target
	terminal
	view -p "$target"
	order 'printf 1 >f'
	until_true shows '^in all +1 '
	for key in p Space; do
		press "$key"
		until_true shows '^writetrace \(paused\) '
		until_true stands_still
		order 'printf 1 >f'
		sleep 0.6
		shows '^in all +'
		diff still screen
		press "$key"
		until_true shows '^writetrace [0-9]'
	done
	until_true shows '^in all +3 '
	press q
	back 0
}

# as ./still
stands_still() {
	shows '' && cp screen still
	sleep 0.1
	shows '' && diff still screen >/dev/null
}

@test "h, ?: help, and rows again" {
	start_target
	terminal
	view -p "$target"
	for key in h '?'; do
		press "$key"
		until_true shows '^q +quit$'
		until_true shows '^k +what rows are told apart by'
		press "$key"
		until_true shows '^ *PID +COMM'
	done
	press h
	until_true shows '^q +quit$'
	press Escape
	until_true shows '^ *PID +COMM'
	press q
	back 0
}

@test "the width and height of the terminal, also when they change; paths are shortened in the middle" {
	deep=a-directory/with-names/that-are/longer-than/any-terminal-would/be-wide
	mkdir -p "$deep"
	start_target
	terminal 100 24
	view -p "$target"
	order "for i in {1..40}; do printf x >$deep/\$i.end; done"
	press r
	until_true shows '^in all +40 '
	for size in 60x15 100x40 40x8 200x24 20x5 4x2 80x24; do
		tmux -L top resize-window -x "${size%x*}" -y "${size#*x}"
		sleep 0.3
		is "$(flag pane_width)x$(flag pane_height)" "$size"
		# the keys are in the last line, as far as they fit; dots stand for the rest
		until_true last_line_fills "${size%x*}"
		is "$(wc -l <screen)" "${size#*x}" lines
		between 0 "$(wc -L <screen)" "${size%x*}" columns
		case $size in
		60x15) until_true shows ' [^ ]+\.\.\.[^ ]*[0-9]+\.end$' ;;
		100x40) until_true rows 32 '\.end *$' ;;
		200x24) until_true shows "$PWD/$deep/[0-9]+\\.end" ;;
		esac
	done
	press q
	back 0
}

last_line_fills() {
	local keys="q quit  h help  b c e l sort  k key  / show  r since start  p pause"
	shows '' && ((${#keys} <= $1)) || keys=${keys:0:$(($1 > 3 ? $1 - 3 : 0))}...
	[[ $(tail -n 1 screen) == "${keys:0:$1}" ]]
}

@test "a terminal of few lines shows rows first" {
	start_target
	terminal 80 6
	view -p "$target"
	order 'printf x >f'
	press r
	until_true shows ' bash +1 +1 B '
	press q
	back 0
}

@test "colour by meaning, as asked for" {
	start_target
	terminal
	capture=(-e)
	for how in "" --color=never; do
		view "$how" -f -p "$target"
		order 'for i in 1 2 3; do '"$fail_once"'; done'
		press r
		until_true shows '^in all +3 '
		if [[ ! $how ]]; then
			until_true shows $'^in all .*\e\\[31m *3'
		else
			has_not screen $'\e\\[31m'
		fi
		# the header is in reverse
		until_true shows $'\e\\[7m.*PID COMM'
		press q
		until_true shows '^status: 0'
	done
	run_there 'export NO_COLOR=1'
	view -f -p "$target"
	order "$fail_once"
	until_true shows '^in all +1 '
	has_not screen $'\e\\[31m'
	press q
	until_true shows '^status: 0'
}

@test "without UTF-8: ASCII only" {
	start_target
	terminal
	view -p "$target"
	order 'printf x >ä-漢'
	press r
	until_true shows '/ä-漢'
	until_true shows '^latency .*\|.*█'
	press q
	back 0
	run_there 'export LC_ALL=C'
	view -p "$target"
	order 'printf x >ä-漢'
	press r
	until_true shows '/\\xC3\\xA4-\\xE6\\xBC\\xA2'
	until_true shows '^latency .*\|.*#'
	is "$(LC_ALL=C grep -c '[^ -~]' screen || true)" 0 "lines with other characters"
	press q
	back 0
}

@test "names that want to do harm are shown as \\xHH" {
	start_target
	terminal
	view -p "$target"
	order 'printf "\e[2Jb\e]0;x\a" >/proc/$$/comm; printf x >$'"'"'f\e[31m\e[2J\x9b\n\xe2\x80\xae'"'"
	press r
	until_true shows '/f\\x1B\[31m\\x1B\[2J\\x9B\\x0A\\xE2\\x80\\xAE'
	until_true shows '\\x1B\[2Jb\\x1B\]0;x\\x07|\\x1B\[\.\.\.'
	until_true shows '^writetrace '
	safe screen
	# what is typed, too
	press /
	tmux -L top send-keys -l $'a\x9bb'
	until_true shows 'name\): a(\\x[0-9A-F]{2})*b'
	safe screen
	press Escape q
	back 0
}
