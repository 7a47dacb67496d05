#!/usr/bin/env bats
# What is printed: text, JSON, columns, files, colour, notes, and when. No kernel has a part in this, so it is not run in
# guests.

# What lib.bash sets is not known to shellcheck, nor that each test is a shell of its own.
# shellcheck disable=SC2016,SC2030,SC2031,SC2154
load lib

# One write that fails, without a shell's complaint about it, which would be another
fail_once='perl -e "syswrite STDOUT, 1" >/dev/full'

@test "text: header, columns, errors by name" {
	trace -- bash -c "printf 12345 >f; $fail_once; printf 1 | cat >/dev/null"
	expect_status 0
	is "$(head -n 1 out | xargs)" "TIME COMM PID OP FD SIZE RET LATENCY FILE"
	line=$(grep "$PWD/f\$" out)
	[[ $line =~ ^([0-9]{2}:){2}[0-9]{2}\.[0-9]{6}\ bash\ +[0-9]+\ write\ +1\ +5\ +5\ +[0-9.]+(ns|us|ms)\ $PWD/f$ ]] ||
		fail "the line is: $line"
	has out ' perl +[0-9]+ write +1 +1 +ENOSPC +[0-9.]+[num]s /dev/full$'
	has out ' pipe:\[[0-9]+\]$'
	has err '^writetrace: 4 writes, 7 B in .*; nothing lost$'
	is "$(wc -l <out)" 5 lines
}

@test "text: time is local time" {
	TZ=XYZ-5:30 trace -C time -- sh -c 'printf x >f'
	shown=$(sed -n 's/\..*//;2p' out)
	between $(($(date +%s) - patience_s)) "$(TZ=XYZ-5:30 date -d "$shown" +%s)" "$(date +%s)" "$shown"
}

@test "text: columns stay in their places" {
	trace -- bash -c 'printf x >f; printf %070000d 0 >g; exec 7>h; printf 123 >&7'
	fd_end=$(head -n 1 out | grep -bo FD | cut -d: -f1)
	tail -n +2 out >lines
	while IFS= read -r line; do
		[[ ${line:fd_end - 3:5} =~ ^\ +[0-9]+$ ]] || fail "FD is elsewhere in: $line"
	done <lines
}

@test "-C: which columns, in which order" {
	trace -C op,ret,file -- bash -c 'printf 123 >f'
	expect_status 0
	is "$(sed 's/  */ /g' out | tr '\n' '|')" "OP RET FILE|write 3 $PWD/f|"
	trace --columns=file -- bash -c 'printf 123 >f'
	is "$(tr '\n' '|' <out)" "FILE|$PWD/f|"
}

@test "-C: every column there is, in text and in JSON" {
	trace -C help
	expect_status 0
	names=$(awk 'NF > 1 && $1 != "*" { print $1 }' out | grep -vx '\*')
	for name in time comm pid tid uid cgroup op fd kind dev ino offset size ret latency file compat; do
		is "$(grep -cx "$name" <<<"$names")" 1 "$name in -C help"
	done
	list=$(xargs <<<"$names" | tr ' ' ,)
	trace -C "$list" -- bash -c 'printf 123 >f'
	expect_status 0
	is "$(wc -l <out)" 2 lines
	is "$(head -n 1 out | wc -w)" "$(wc -w <<<"$names")" "column titles"
	trace -j -C pid,file,ret -- bash -c 'printf 123 >f'
	is "$(values 'keys')" '["path","pid","ret","type"]'
	# one that is named twice: two columns, but one member of the object
	trace -C size,size -- bash -c 'printf 123 >f'
	is "$(xargs <out)" "SIZE SIZE 3 3"
	trace -j -C pid,size,pid -- bash -c 'printf 123 >f'
	is "$(head -n 1 out | tr -d 0-9)" '{"type":"write","pid":,"size":}'
}

@test "-C help needs no privilege" {
	cd /
	nobody "$(command -v writetrace)" trace -C help >"$BATS_TEST_TMPDIR/out"
	has "$BATS_TEST_TMPDIR/out" latency
}

@test "JSON: the fields of one event" {
	trace -j -- bash -c 'printf 123 >f'
	expect_status 0
	is "$(values 'keys')" '["cgroup","comm","dev","fd","ino","kind","latency_ns","offset","op","path","pid","ret","size","tid","time","type","uid"]'
	is "$(values '[.type, .comm, .uid, .op, .fd, .kind, .offset, .size, .ret, .path]')" \
		"[\"write\",\"bash\",0,\"write\",1,\"file\",0,3,3,\"$PWD/f\"]"
	is "$(values .ino)" "$(stat -c %i f)" ino
	is "$(wc -l <out)" 2 lines
	trace -j --no-latency -- bash -c 'printf 123 | cat >/dev/null'
	is "$(values keys '.kind == "pipe"')" \
		'["cgroup","comm","dev","fd","ino","kind","op","path","pid","ret","size","tid","time","type","uid"]'
}

@test "JSON: time is when the write ended, in UTC, to the nanosecond" {
	start_target
	TZ=XYZ-5:30 start_trace -j -p "$target"
	begin=$(date +%s%N)
	order 'printf x >f'
	end=$(date +%s%N)
	end_trace
	stamp=$(values .time)
	[[ $stamp =~ ^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{9}Z$ ]] || fail "time is $stamp"
	between "$begin" "$(date -d "$stamp" +%s%N)" "$end" "time"
}

@test "JSON: times never run backwards by one task" {
	trace -j -- workload loop f 2000 1
	values .time | sort -c
}

@test "--pretty: indented, and the same" {
	trace --pretty -- bash -c 'printf 123 >f; printf 4 >g'
	expect_status 0
	is "$(paths)" "f g"
	between 20 "$(wc -l <out)" 100 lines
	has out '^ +"op": "write"'
}

@test "end record: sums and what was lost, zeros included" {
	trace -j -- bash -c "printf 123 >f; printf 4567 >g; $fail_once"
	whole
	end_is '.events == 3 and .bytes == 7 and .lost.ring == 0 and .seconds > 0 and .seconds < 60'
	end_is 'keys == ["bytes", "events", "lost", "seconds", "type"]'
}

@test "a session that sees nothing still has a header, an end record and a sum" {
	trace -j -- true
	is "$(wc -l <out)" 1 lines
	end_is '.events == 0 and .bytes == 0'
	trace -- true
	is "$(wc -l <out)" 1 lines
	has err '0 writes'
}

@test "-q silences notes, not errors" {
	trace -q -- bash -c 'printf x >f'
	expect_status 0
	[[ ! -s err ]] || fail "not quiet"
	is "$(wc -l <out)" 2 lines
	wt -q trace -p 999999999
	expect_status 1
	is "$(wc -l <err)" 1 "lines on stderr"
}

@test "GLOBAL options before and after the command" {
	wt -j -q trace -- true
	end_is '.events == 0'
	trace --json --quiet -- true
	end_is '.events == 0'
	[[ ! -s err ]] || fail "not quiet"
}

@test "-d shows libbpf's log on stderr, and stdout stays as it is" {
	wt -d trace -j -- true
	expect_status 0
	has err libbpf
	end_is '.events == 0'
}

# Output to a file

@test "-o: lines go there, mode 0600, and stdout is COMMAND's" {
	umask 0
	trace -j -o lines -- bash -c 'echo hello'
	expect_status 0
	is "$(<out)" hello stdout
	is "$(stat -c %a lines)" 600 mode
	mv lines out
	whole 1
}

@test "-o: an existing file is refused and left alone; --force replaces it" {
	echo precious >file
	one_error 1 'file: .*exists' trace -p $$ --duration 10ms -o file
	is "$(<file)" precious
	trace -j -o file --force -- bash -c 'printf x >f'
	expect_status 0
	has_not file precious
	mv file out
	whole
}

@test "-o --force: a new file, which others cannot read, nor by a name that the old one had" {
	kernel_has_no_part
	echo precious >file
	chmod 0644 file
	ln file other
	trace -q -o file --force -- true
	expect_status 0
	has file '^TIME'
	is "$(stat -c %a file)" 600 mode
	is "$(<other)" precious
}

@test "-o --force: where nothing can be traced, the old file stays" {
	kernel_has_no_part
	echo precious >file
	one_error 127 'no-such-command: ' trace -o file --force -- ./no-such-command
	one_error 125 '--pid' trace -o file --force -p 999999999 -- true
	chmod 0777 . file
	status=0
	nobody "$(command -v writetrace)" trace -o file --force 2>err || status=$?
	expect_status 3
	is "$(<file)" precious
	is "$(find . -name '.writetrace*')" "" "left beside it"
	trace -q -j -o file --force -- true
	is "$(jq -r .type file)" end
	is "$(find . -name '.writetrace*')" "" "left beside it"
}

@test "-o: where nothing can be traced, no file is left that would be in the way next time" {
	kernel_has_no_part
	one_error 127 'no-such-command: ' trace -o file -- ./no-such-command
	[[ ! -e file ]] || fail "no-such-command: it is there"
	one_error 125 '--pid' trace -o file -p 999999999 -- true
	chmod 0777 .
	status=0
	nobody "$(command -v writetrace)" trace -o file 2>err || status=$?
	expect_status 3
	[[ ! -e file ]] || fail "without privileges: it is there"
}

@test "-o: a symbolic link is never followed, not even with --force" {
	echo precious >file
	ln -s file link
	ln -s nowhere dangling
	for link in link dangling; do
		one_error 1 "$link: is a symbolic link$" trace -p $$ --duration 10ms -o "$link"
		one_error 1 "$link: is a symbolic link$" trace -p $$ --duration 10ms --force -o "$link"
		[[ -L $link ]]
	done
	is "$(<file)" precious
	[[ ! -e nowhere ]]
}

@test "-o: a file that cannot be made" {
	one_error 1 'no/such/dir' trace -p $$ --duration 10ms -o no/such/dir
	mkdir dir
	one_error 1 'dir: ' trace -p $$ --duration 10ms -o dir
	one_error 1 'dir: ' trace -p $$ --duration 10ms --force -o dir
	one_error 125 'no/such/dir' trace -p $$ --duration 10ms -o no/such/dir -- touch ran
	[[ ! -e ran ]] || fail "COMMAND has run"
}

@test "-o: what is wrong is found before the file is touched" {
	one_error 1 'such process' trace -p $$ --duration 10ms -o file -p 999999999
	[[ ! -e file ]] || fail "the file was made"
}

# On a terminal

@test "colour only on a terminal, and as asked for" {
	red=$'\e\\['
	command="-- sh -c '$fail_once'"
	trace -- sh -c "$fail_once"
	has_not out "$red"
	trace --color=always -- sh -c "$fail_once"
	has out "$red.*ENOSPC"
	on_terminal "writetrace trace $command"
	has typescript "$red.*ENOSPC"
	on_terminal "writetrace trace --color=never $command"
	has typescript ENOSPC
	has_not typescript "$red"
	on_terminal "NO_COLOR=1 writetrace trace $command"
	has typescript ENOSPC
	has_not typescript "$red"
	on_terminal "NO_COLOR=1 writetrace trace --color always $command"
	has typescript "$red.*ENOSPC"
	on_terminal "writetrace trace -j $command"
	has_not typescript "$red"
}

# on_screen COLUMNS LINES COMMAND: what the terminal shows of it is in ./screen
on_screen() {
	on_terminal "stty cols $1 rows $2; $3"
	tr -d '\r' <typescript | sed '1d; $d' >screen
}

@test "on a terminal sizes are in human units, paths fit; elsewhere both are exact and whole" {
	deep=a-directory/with-names/that-are/longer-than/any-terminal-would/be-wide
	mkdir -p "$deep"
	command="writetrace trace -q --color=never -- perl -e 'open F, \">\", \"$deep/file.end\"; syswrite F, \"x\" x 200000; syswrite F, \"yz\"'"
	for columns in 110 125; do
		on_screen "$columns" 24 "$command"
		between 80 "$(wc -L <screen)" "$columns" columns
		has screen '^TIME +COMM +PID +OP +FD +SIZE +RET +LATENCY FILE$'
		has screen ' 195\.3 KiB +195\.3 KiB +[0-9.]+[num]s [^ ]*\.\.\.[^ ]*/?file\.end$'
		has screen ' 2 B +2 B '
	done
	is "$(grep -bo RET screen | head -n 1 | cut -d: -f1)" "$(sed -n 2p screen | grep -bo 'KiB' | tail -n 1 | cut -d: -f1)" "where RET ends"
	on_screen 400 24 "$command"
	has screen " $PWD/$deep/file\\.end\$"
	eval "$command" >out 2>err
	has out " 200000 +200000 +[0-9.]+[num]s $PWD/$deep/file\\.end\$"
	# a file of ours is no terminal
	on_screen 100 24 "$command; writetrace trace -q -o file -- sh -c 'printf 1 >$deep/file.end'"
	has file " 1 +1 +[0-9.]+[num]s $PWD/$deep/file\\.end\$"
}

@test "on a terminal that is too narrow for them columns are narrow: no line is wider than it" {
	mkdir a-directory
	command="writetrace trace -q --color=never -- perl -e 'open F, \">\", \"a-directory/file.end\"; syswrite F, \"x\" x 200000; \$0 = \"a-name-of-command\"; syswrite F, \"yz\"; open F, \">/dev/full\"; syswrite F, \"1\"'"
	for columns in 74 80 100 108; do
		on_screen "$columns" 24 "$command"
		between 60 "$(wc -L <screen)" "$columns" "columns of $columns"
		is "$(grep -c . screen)" 4 lines
		has screen '^TIME     COMM           PID OP        FD    SIZE     RET LATENCY FILE$'
		has screen '^[0-9]{2}:[0-9]{2}:[0-9]{2} perl        *[0-9]+ write     *[0-9]+  195\.3K  195\.3K *[0-9.]+[num]s [^ ]*\.\.\.[^ ]*e\.end$'
		has screen '^[0-9]{2}:[0-9]{2}:[0-9]{2} a-n\.\.\.omma  *[0-9]+ write     *[0-9]+       2       2 '
		has screen '       1  ENOSPC *[0-9.]+[num]s /dev/full$'
	done
	on_screen 70 24 "${command/trace -q/trace -q -C time,comm,ret,file}"
	has screen '^[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6} perl             195\.3 KiB [^ ]*\.\.\.[^ ]*e\.end$'
	# where it is no terminal all is as ever
	COLUMNS=40 eval "$command" >out
	has out '^[0-9:]{8}\.[0-9]{6} a-name-of-comma '
}

@test "a header for other columns comes when the terminal has another width" {
	run_at_once="writetrace trace -q --color=never -- sh -c 'printf 1 >f; sleep 0.5; stty cols 80 </dev/tty; printf 2 >f; printf 3 >f'"
	on_screen 120 24 "$run_at_once"
	is "$(grep -n '^TIME ' screen | cut -d: -f1 | xargs)" "1 3"
	is "$(grep -c . screen)" 5 lines
	between 60 "$(tail -n 3 screen | wc -L)" 80 columns
}

@test "on a terminal the header returns after a screenful; elsewhere it comes once" {
	on_screen 200 10 "writetrace trace -q -- workload loop f 40 1"
	is "$(grep -n '^TIME ' screen | cut -d: -f1 | xargs)" "1 11 21 31 41"
	trace -- workload loop f 40 1
	is "$(grep -c '^TIME ' out)" 1 headers
}

@test "slow operations are marked, on a terminal or as asked for" {
	yellow=$'\e\\[33m'
	# a pipe that is full (FIONREAD says so) until somebody reads
	slow="perl -e 'pipe R, W; if (!fork) { do { select undef, undef, undef, 0.1; ioctl R, 0x541B, \$n = pack q(i), 0 } until unpack(q(i), \$n) == 65536; select undef, undef, undef, 0.1; sysread R, \$_, 65536; exit } syswrite W, \"x\" x 65537'"
	eval "trace --color=always -C latency,ret -- $slow"
	has out "^$yellow *[0-9]+ms.*65537"
	eval "trace -c --color=always -- $slow"
	is "$(grep -cE "^(write|total) .*$yellow *[0-9.]+m?s" out)" 2 "lines of operations with yellow"
	has out " $yellow *[0-9.]+m?s.* pipe:"
	eval "trace -c -- $slow"
	has_not out $'\e'
	eval "trace -C latency,ret -- $slow"
	has out '^ *[0-9]+ms +65537$'
	trace --color=always -- workload loop /dev/null 3 1
	has_not out $'\e'
}

@test "loading and detaching say so on a terminal if they take longer than a second, and take it back" {
	needs_strace
	slowly="strace -f -o /dev/null -e trace=close -e inject=close:delay_enter=60000"
	on_terminal "$slowly writetrace trace -o lines -- true"
	has typescript $'\rwritetrace: loading programs into the kernel\\.\\.\\.\r +\rwritetrace: 0 writes.*; nothing lost\r$'
	has typescript $'\rwritetrace: waiting for programs to be detached\\.\\.\\.\r +\r'
	on_terminal "$slowly writetrace trace -q -o lines --force -- true"
	has_not typescript $'\rwritetrace: '
}

# How soon

@test "a line reaches a pipe within 100 ms, at a low rate too" {
	mkfifo pipe
	start_target
	writetrace trace -q -j -p "$target" >pipe 3>&- &
	tracer=$!
	started+=("$tracer")
	exec {lines}<pipe
	until_true is_tracing
	delays=()
	for pause in 0.05 0.3 0.7 1.2 2.1; do
		sleep "$pause"
		give_order 'printf x >f'
		read -r -t "$patience_s" line <&"$lines"
		seen=$(now_ms)
		written=$(date -d "$(jq -r .time <<<"$line")" +%s%3N)
		delays+=("$((seen - written))")
	done
	kill "$tracer"
	is "${#delays[@]}" 5
	limit=100
	! in_guest || limit=1000
	# the median is ours; one of five may be the machine's, which others use, too
	mapfile -t delays < <(printf '%s\n' "${delays[@]}" | sort -n)
	between -1 "${delays[2]}" "$limit" "milliseconds (${delays[*]})"
	between -1 "${delays[4]}" $((10 * limit)) "milliseconds (${delays[*]})"
}
