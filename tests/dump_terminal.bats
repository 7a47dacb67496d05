#!/usr/bin/env bats
# dump on a terminal: widths, colours, strips of latency over time, progress.

# What lib.bash sets is not known to shellcheck, nor that each test is a shell of its own.
# shellcheck disable=SC2016,SC2030,SC2031,SC2154
load lib
load dump

# on_screen COLUMNS COMMAND: what the terminal shows of it is in ./screen, without escape sequences
on_screen() {
	on_terminal "stty cols $1 2>/dev/null; $2"
	tr -d '\r' <typescript | sed '1d; $d; s/\x1b\[[0-9;]*m//g' >screen
}

@test "on a terminal no line is wider than it, and the ends of names can be read; elsewhere all is shown" {
	kernel_has_no_part
	deep=a-directory/with-names/that-are/longer-than/any-terminal-would/be-wide/
	mkdir -p "$deep"
	start_target
	pin web -p "$target" -f -P '/*' -P "$PWD/$deep" -P "$PWD"
	order "for i in 1 2 3; do printf %0\${i}000d 0 >$deep/some-file.end-\$i; done; printf x >$deep/漢字漢字漢字漢字漢字漢字漢字漢字漢字漢字漢字漢字.漢"
	order 'perl -e "syswrite STDOUT, 1" >/dev/full'
	for width in 60 72 80 132; do
		for set in tty environment; do
			if [[ $set == tty ]]; then
				on_screen $width "writetrace --bpffs $bpffs dump"
			else
				on_screen 200 "COLUMNS=$width writetrace --bpffs $bpffs dump"
			fi
			between 30 "$(wc -L <screen)" $width "columns by the $set"
			for end in end-1 end-2 end-3 漢 /dev/full; do
				has screen "^ *[0-9]+ .*$end\$"
			done
			has screen '^lost: nothing'
		done
		on_screen $width "writetrace --bpffs $bpffs dump --list"
		between 30 "$(wc -L <screen)" $width "columns of the list"
		has screen '^web '
	done
	# where there is hardly any room for names
	for width in {42..59}; do
		on_screen 200 "COLUMNS=$width writetrace --bpffs $bpffs dump --limit 4"
		between 30 "$(wc -L <screen)" "$width" columns
		before=$(sed -n 's/ FILE$//p' screen)
		[[ ! $before ]] || ((width - ${#before} - 1 < 8)) || has screen 'end-1$'
	done
	# no width makes it fail
	for width in 1 2 5 10 20 30 40; do
		on_screen 200 "COLUMNS=$width writetrace --bpffs $bpffs dump; echo ended with \$?"
		has screen '^ended with 0$'
		between 1 "$(grep -v '^ended with' screen | wc -L)" $((width < 4 ? 4 : width)) columns
	done
	COLUMNS=60 dump
	has out "$PWD/${deep}some-file\\.end-1\$"
	has out '漢字漢字漢字漢字漢字漢字漢字漢字漢字漢字漢字漢字\.漢$'
	dump --list
	has out "$PWD/$deep.* "
	# colour: failures are red, there only
	on_terminal "writetrace --bpffs $bpffs dump"
	has typescript $'\e\\[31m'
	on_terminal "NO_COLOR=1 writetrace --bpffs $bpffs dump"
	has_not typescript $'\e'
}

# watched LOCALE OPTION...: session web, shown in slices by a terminal of 70 columns while it writes; reports are in ./screen
watched() {
	local locale=$1 showing
	shift
	pin web -p "$target" "$@"
	on_screen 70 "LC_ALL=$locale timeout --preserve-status -s INT 3 writetrace --bpffs $bpffs dump web --interval 250ms" 3>&- &
	showing=$!
	started+=("$showing")
	until is_gone "$showing"; do
		order 'for ((i = 0; i < 20; i++)); do printf x; done >>f'
		sleep 0.1
	done
	wait "$showing"
	unpin web
}

@test "--interval on a terminal: latencies of the last slices, each a strip, the newest last" {
	kernel_has_no_part
	start_target
	watched C.UTF-8
	stamp='[0-9]{2}(:[0-9]{2}){2}\.[0-9]{3}'
	between 4 "$(grep -c '^session web' screen)" 13 reports
	between 30 "$(wc -L <screen)" 70 columns
	# not the first report, which is of all there was; one more in each, and no more than eight
	awk '/^session/ { if (n++) print strips; strips = 0 } /^[0-9:.]+ \|.*\|$/ { strips++ } END { print strips }' screen >counts
	is "$(head -n 1 counts)" 0 "strips of the first report"
	sort -n counts | cmp - counts
	between 3 "$(tail -n 1 counts)" 8 "strips of the last report"
	is "$(grep -c '^latency by time, from ' screen)" "$(grep -vc '^0$' counts)" titles
	has screen "^$stamp \\|[ ░▒▓█]*█[ ░▒▓█]*\\|\$"
	# those of the last report: in the order of time, and of one width
	tac screen | sed '/^session/q' | tac | grep -E "^$stamp \\|" >strips
	sort -c strips
	is "$(sed 's/[^|]*//; s/./x/g' strips | sort -u | wc -l)" 1 widths
	watched C
	has screen "^$stamp \\|[ .:*#]*#[ .:*#]*\\|\$"
	! grep -qP '[^\n\x20-\x7e]' screen || fail "not ASCII"
	watched C.UTF-8 --no-latency
	has screen '^total '
	has_not screen "^$stamp|^latency"
	# lines of what is no terminal's are there already
	pin web -p "$target"
	in_background web --interval 100ms
	order 'printf x >f'
	four() { (($(grep -c '^lost: ' reports) >= 4)); }
	until_true four
	has_ended INT
	has reports '^latency of write'
	has_not reports "^latency by time|^$stamp"
}

# meanwhile_locked COMMAND: on a terminal, while another command holds the sessions for longer than a second
meanwhile_locked() {
	local holder ino
	ino=$(stat -c %i "$bpffs/writetrace")
	flock "$bpffs/writetrace" sh -c ": >locked; until grep -q -- '-> FLOCK .*:$ino ' /proc/locks; do sleep 0.05; done; sleep 1.5" 3>&- &
	holder=$!
	started+=("$holder")
	until_true test -e locked
	on_terminal "$1; :"
	wait "$holder"
	rm locked
}

@test "what takes longer than a second says so on a terminal, and takes it back" {
	kernel_has_no_part
	start_target
	for name in web api db; do pin $name -p "$target"; done
	local is_told=$'\rwritetrace: reading sessions\\.\\.\\.\r +\r'
	for arguments in web --list "web --events"; do
		meanwhile_locked "writetrace --bpffs $bpffs dump $arguments"
		has typescript "$is_told"
		is "$(grep -o 'reading sessions' typescript | wc -l)" 1 lines
	done
	for arguments in "-q web" "web 2>err"; do
		meanwhile_locked "writetrace --bpffs $bpffs dump $arguments"
		has typescript '^total '
		has_not typescript 'reading'
	done
	[[ ! -s err ]] || fail "stderr is not empty"
	on_terminal "writetrace --bpffs $bpffs dump web"
	has_not typescript 'reading'
	meanwhile_locked "writetrace --bpffs $bpffs pin another -p $target"
	has typescript $'\rwritetrace: pinning session another\\.\\.\\.\r +\rwritetrace: backend '
	# what is an error has a line of its own
	meanwhile_locked "writetrace --bpffs $bpffs unpin nosuch web"
	has typescript $' +\rwritetrace: there is no session nosuch\r$'
	has typescript $'\rwritetrace: unpinning session web \\(2 of 2\\)\\.\\.\\.\r +\r'
}

@test "--events on a terminal: human units, paths that fit, slow ones in yellow, a header for each screenful" {
	kernel_has_no_part
	deep=a-directory/with-names/that-are/longer-than/any-terminal-would/be-wide
	mkdir -p "$deep"
	start_target
	pin web -p "$target" -f
	order "perl -e 'open F, \">\", \"$deep/file.end\"; syswrite F, \"x\" x 200000; syswrite F, \"yz\"'"
	# a pipe that is full (FIONREAD says so) until somebody reads
	order "perl -e 'pipe R, W; if (!fork) { do { select undef, undef, undef, 0.1; ioctl R, 0x541B, \$n = pack q(i), 0 } until unpack(q(i), \$n) == 65536; select undef, undef, undef, 0.1; sysread R, \$_, 65536; exit } syswrite W, \"x\" x 65537'"
	on_screen 80 "writetrace --bpffs $bpffs dump --events"
	between 60 "$(wc -L <screen)" 80 columns
	has screen ' 195\.3K  195\.3K +[0-9.]+[num]s [^ ]*\.\.\.[^ ]*/?file\.end$'
	on_screen 110 "writetrace --bpffs $bpffs dump --events"
	between 80 "$(wc -L <screen)" 110 columns
	has screen ' 195\.3 KiB +195\.3 KiB +[0-9.]+[num]s [^ ]*\.\.\.[^ ]*/?file\.end$'
	has screen ' 2 B +2 B '
	has typescript $' \e\\[33m *[0-9.]+m?s *\e\\[m pipe'
	on_terminal "NO_COLOR=1 writetrace --bpffs $bpffs dump --events"
	has_not typescript $'\e'
	dump --events
	has out " 200000 +200000 +[0-9.]+[num]s $PWD/$deep/file\.end\$"
	has out ' 65537 +65537 +[0-9.]+m?s pipe:'
	has_not out $'\e'
	order 'for ((i = 0; i < 40; i++)); do printf x; done >f'
	on_screen "200 rows 10" "writetrace --bpffs $bpffs dump --events=40"
	is "$(grep -n '^TIME ' screen | cut -d: -f1 | xargs)" "1 11 21 31 41"
	# and with --follow
	on_screen "200 rows 10" "timeout --preserve-status -s INT $((2 * slow)) writetrace --bpffs $bpffs dump --events=40 -F"
	is "$(grep -n '^TIME ' screen | cut -d: -f1 | xargs)" "1 11 21 31 41"
	dump --events
	is "$(grep -c '^TIME ' out)" 1 headers
}
