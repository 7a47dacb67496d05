#!/usr/bin/env bats
# The command line: what is wrong with it is said in one clear line and status 2, help comes without privileges. No
# kernel has a part in this, so it is not run in guests.

# What lib.bash sets is not known to shellcheck, nor that each test is a shell of its own.
# shellcheck disable=SC2016,SC2030,SC2031,SC2154
load lib

# usage REGEX ARGUMENT...: wrong usage. Should it be taken, all that is traced is this shell, for a moment, and no session
# is made or found.
usage() {
	local regex=$1
	shift
	case ${1-} in
	trace) set -- trace -p $$ --duration 10ms "${@:2}" ;;
	pin) set -- --bpffs /nowhere pin -p $$ "${@:2}" ;;
	dump | unpin) set -- --bpffs /nowhere "$@" ;;
	esac
	one_error 2 "$regex" "$@"
}

@test "options, but no command: status 2, one line, and with -j the same as JSON" {
	wt -q
	expect_status 2
	is "$(<out)$(<err)" "Usage: writetrace [OPTION...] COMMAND [ARGUMENTS]; see writetrace help"
	wt -j
	expect_status 2
	is "$(<err)" "writetrace: a command is missing; see writetrace help"
	is "$(<out)" '{"error":"a command is missing; see writetrace help"}'
}

@test "no argument: the usage on stderr, status 2" {
	wt
	expect_status 2
	has err '[Uu]sage:? '
	[[ ! -s out ]]
}

@test "an unknown command, with the nearest one" {
	usage "unknown command 'frobnicate'" frobnicate
	has_not err 'did you mean'
	usage "did you mean 'trace'" trac
	usage "did you mean 'trace'" tarce
	usage "did you mean 'probe'" prboe
	usage "did you mean 'probe'" probes
	usage "did you mean 'pin'" pinn
	usage "did you mean 'unpin'" unpinn
	usage "did you mean 'dump'" dmup
	usage "did you mean 'dump'" dumps
	usage "unknown command 'p'" p
	usage "unknown command 'Trace'" Trace
	usage "unknown command ''" ''
}

@test "an unknown option, with the nearest one" {
	usage "unknown option '--frobnicate'" trace --frobnicate
	has_not err 'did you mean'
	usage "did you mean '--duration'" trace --duraton 1s
	usage "did you mean '--follow'" trace --folow
	usage "did you mean '--min-size'" trace --minsize=4K
	usage "unknown option '-Z'" trace -Z
	usage "unknown option '-Z'" trace -fZ
	usage "unknown option '--frobnicate'" --frobnicate trace
	usage "did you mean '--json'" --jsn trace
	usage "unknown option '--frobnicate'" pin --frobnicate
	usage "did you mean '--replace'" pin --relpace
	usage "did you mean '--events'" pin --evnts 5
	usage "did you mean '--interval'" dump --intervall 1s
	usage "did you mean '--limit'" dump --limits 3
	usage "did you mean '--all'" unpin --al1
	usage "unknown option '-Z'" unpin -Z
}

@test "a value that is missing or superfluous" {
	usage "'-p' needs a value" trace -p
	usage "'--duration' needs a value" trace --duration
	usage "'--follow' takes no value" trace --follow=yes
	usage "unexpected argument 'extra'" trace extra
	usage "no COMMAND" trace --
	usage "" trace -o
	usage "'--rows' needs a value" pin --rows
	usage "'--replace' takes no value" pin --replace=yes
	usage "unexpected argument 'other'" pin web other
	usage "'--sort' needs a value" dump --sort
	usage "'--follow' takes no value" dump --events --follow=yes
	usage "unexpected argument 'other'" dump web other
	usage "no NAME, and no --all" unpin
	usage "'--all' takes no value" unpin --all=yes
}

@test "-j makes errors JSON wherever it stands, also among other letters" {
	for arguments in "trace --bogus -j" "trace --bogus -qj" "dump -lZ -Fj" "--bogus -dj probe" "trace -e bogus --json"; do
		# shellcheck disable=SC2086
		wt $arguments
		expect_status 2
		is "$(jq -r .error out)" "$(sed 's/^writetrace: //' err)" "$arguments"
	done
	wt trace --bogus -nj
	[[ ! -s out ]] || fail "-nj is a command's name"
}

@test "names that no session can have" {
	for name in '' stage_x trash_x stage_ a/b a.b . .. 'a b' ä /web "$(printf '%065d' 0)"; do
		usage "is not a session's name: 1 to 64 of A-Z a-z 0-9 _ -" pin "$name"
		usage "is not a session's name" dump "$name"
		usage "is not a session's name" unpin "$name"
		usage "is not a session's name" unpin web "$name"
	done
}

@test "values that are not what they should be" {
	for pid in x 1x '' -1 0 1.5 1,,2 ',' 99999999999999999999 '1 2' 4294967296; do
		usage "--pid: " trace "--pid=$pid"
		usage "--tid: " trace "--tid=$pid"
	done
	for fd in x -1 '' 1,x 99999999999; do
		usage "--fd: " trace "--fd=$fd"
	done
	usage "--uid: .*no-such-user" trace -u no-such-user
	usage "--uid: .*no-such-user" trace -u root,no-such-user
	usage "--uid: " trace -u ''
	usage "--uid: " trace -u -1
	usage "--uid: " trace -u 4294967296
}

@test "unknown operations and kinds, with those that are known" {
	usage "--ops: .*'writes'.*known are.*write pwrite64 writev" trace -e writes
	usage "--ops: .*'WRITE'" trace -e WRITE
	usage "--ops: " trace -e write,
	usage "--ops: " trace -e ''
	usage "--ops: .*'bogus'" trace -e write,bogus
	usage "--kind: .*'files'.*known are.*file.* pipe.* socket.* tty.* char.* block.* anon" trace -k files
	usage "--kind: " trace -k ''
	usage "--kind: " trace -k file,bogus
}

@test "sizes, times and numbers" {
	for size in '' x 4X -1 1KK K 4.5K 99999999999999999999 99999999999G '1 K' 0x10; do
		usage "--min-size: .*" trace "--min-size=$size"
	done
	for time in '' x 1x -1s ms 99999999999999999h '1 s'; do
		usage "--duration: .*" trace "--duration=$time"
		usage "--min-latency: .*" trace "--min-latency=$time"
	done
	for time in 0 0s 0.0; do
		usage "--duration: .*time above 0" trace "--duration=$time"
	done
	for number in '' x 0 -1 1K 1.5 99999999999999999999; do
		usage "--count: .*number above 0" trace "--count=$number"
	done
	for size in '' x 100 12K 3M 0 4G 1T 65535; do
		usage "--ring-size: .*power of two" trace "--ring-size=$size"
	done
	for bytes in '' x -1 4097 8K; do
		usage "--data: .*4096" trace "--data=$bytes"
	done
	for number in '' x -1 1K 1.5 16777217 99999999999999999999; do
		usage "--rows: .*1 to 16777216" pin "--rows=$number"
		usage "--events: .*0 to 16777216" pin "--events=$number"
	done
	usage "--rows: .*1 to 16777216" pin --rows 0
	for number in '' x -1 1K 1.5 99999999999999999999; do
		usage "--limit: .*number" dump "--limit=$number"
		usage "--events: .*number" dump "--events=$number"
	done
	for time in '' x 0 0.09 99ms 1x -1s 61m 99999999999999999999; do
		usage "--top: .*time from 100ms to 1h" trace "--top=$time"
	done
	for time in '' x 0 0s 1x -1s; do
		usage "--interval: .*time" dump "--interval=$time"
	done
}

@test "choices" {
	usage "--backend: .*'bogus'.*fentry.*tracepoint.*raw" trace --backend bogus
	usage "--backend: " trace --backend ''
	usage "--color: .*'sometimes'.*auto.*always.*never" --color=sometimes trace
	usage "--columns: unknown column 'bogus'.*-C help" trace -C time,bogus
	usage "--columns: " trace -C ''
	usage "--columns: " trace -C time,,file
	for command in "trace -c" pin; do
		# shellcheck disable=SC2086
		{
			usage "--by: .*'bogus'.*pid comm uid cgroup op file" $command --by pid,bogus
			usage "--by: .*'PID'" $command --by PID
			usage "--by: " $command --by ''
			usage "--by: " $command --by pid,
		}
	done
	usage "--backend: .*'bogus'.*fentry.*tracepoint.*raw" pin --backend bogus
	usage "--sort: .*'bogus'.*bytes calls errors latency" dump --sort bogus
	usage "--sort: " dump --sort ''
}

@test "patterns" {
	long=$(printf '%05000d' 0)
	usage "--path: " trace -P ''
	usage "--comm: " trace -n ''
	usage "--path: " trace -P "*$long"
	# shellcheck disable=SC1003
	usage "--path: .*" trace -P '*\'
	usage "--path: .*bogus" trace -P '*[[:bogus:]]'
	usage "--comm: .*bogus" trace -n 'x[[:bogus:]]*'
	usage "--comm: .*" trace -n '[[.ab.]]'
	usage "--cgroup: " trace -g ''
	# as many as the man page says
	for option in path comm cgroup; do
		most=$(grep -A8 -e "--$option " "$top/man/filters.inc" | sed -n '/up to/{s/.*up to \([0-9]*\).*/\1/p;q}')
		mapfile -t many < <(yes -- "--$option=/" | head -n $((most + 1)))
		usage "--$option: given more than $most times" trace "${many[@]}"
	done
}

@test "options that contradict each other" {
	usage "--min-latency.*--no-latency|--no-latency.*--min-latency" trace --no-latency --min-latency 1ms
	usage "--min-latency.*--no-latency|--no-latency.*--min-latency" pin --no-latency --min-latency 1ms
	usage "--summary.*--columns" trace -c -C pid
	usage "--summary.*--data" trace --summary -s 10
	usage "--summary.*--count" trace -c --count 10
	usage "--by.*--summary" trace --by pid
	usage "--top.*--summary" trace --top -c
	usage "--top.*--output" trace --top=1 -o file
	usage "--top.*--columns" trace --top -C pid
	usage "--top.*--data" trace --top -s 10
	usage "--top.*--count" trace --top --count 10
	[[ ! -e file ]] || fail "the file was made"
	usage "NAME and --all" unpin web --all
	usage "--list.*NAME" dump web --list
	usage "--follow.*--events" dump --follow
	usage "--list.*--sort" dump --list --sort calls
	usage "--list.*--limit" dump --list --limit 1
	usage "--events.*--sort" dump --events --sort calls
	usage "--events.*--limit" dump --events=9 --limit 1
	usage "--list, --events and --interval" dump --list --events
	usage "--list, --events and --interval" dump --list --interval 1s
	usage "--list, --events and --interval" dump --events=3 --interval 1s
}

@test "wrong usage is found before anything else is looked at" {
	cd /
	for arguments in "trace -k bogus" "pin a.b" "dump a.b" "unpin a.b"; do
		status=0
		# shellcheck disable=SC2086
		nobody "$(command -v writetrace)" $arguments 2>"$BATS_TEST_TMPDIR/err" || status=$?
		expect_status 2
	done
}

@test "help and version: on stdout, status 0, no privilege needed" {
	binary=$(command -v writetrace)
	cd /
	for arguments in help --help -h "help trace" "help probe" "help help" "trace --help" "trace -h" "probe --help" \
		-V --version "trace -V" "trace --help --duration" "-j --help" "help --help" "help -h" "help -q trace" "help dump -j" "help -V" "help pin" "help dump" "help unpin" "pin --help" "dump -h" "unpin --help --all" "dump -V"; do
		status=0
		# shellcheck disable=SC2086
		nobody "$binary" $arguments >"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err" </dev/null || status=$?
		(
			cd "$BATS_TEST_TMPDIR"
			[[ $arguments == *--duration ]] || expect_status 0
			[[ $arguments == *--duration || ! -s err ]] || fail "$arguments: stderr is not empty"
			[[ $arguments == *--duration || -s out ]] || fail "$arguments: stdout is empty"
			! grep -qP '[^\n\x20-\x7e\x80-\xff]' out || fail "$arguments: control bytes"
		)
	done
	cd "$BATS_TEST_TMPDIR"
	usage "unknown command 'bogus'" help bogus
	usage "unexpected argument" help trace probe
	usage "unknown option '--frobnicate'" help --frobnicate
}

# choices COMMAND OPTION: what `OPTION help` lists, one a line
choices() {
	# shellcheck disable=SC2086 # there may be no command
	wt $1 "$2" help
	expect_status 0
	[[ ! -s err ]] || fail "$1 $2 help: stderr is not empty"
	has_not out '.{81}'
	sed '/^\* by default$/d; s/ .*//' out
}

@test "VALUE help: what there is, as it is taken, and as help says it" {
	while read -r command option names; do
		[[ $command != - ]] || command=
		is "$(choices "$command" "$option" | xargs)" "$names" "$command $option help"
		wt help ${command:+"$command"}
		text=$(sed -n "/^ .*$option=/,/^ *-.*=/p" out | tr -s ' \n' ' ')
		for name in $names; do
			[[ $text =~ [^a-z]$name([^a-z]|$) ]] || fail "the help of $option does not name $name"
		done
	done <<-END
		trace --kind file pipe socket tty char block anon
		pin --kind file pipe socket tty char block anon
		trace --backend fentry raw tracepoint
		pin --by pid comm uid cgroup op file
		trace --by pid comm uid cgroup op file
		dump --sort bytes calls errors latency
		dump --color auto always never
		- --color auto always never
	END
	choices trace --ops >listed
	is "$(head -n 5 listed | xargs)" "write copy send sync all"
	has_not listed '^(help|\*)$'
	is "$(sort listed | uniq -d)" ""
	# each is taken where it is looked at before privileges are
	cd /
	while IFS= read -r name; do
		status=0
		nobody "$(command -v writetrace)" trace -p $$ -e "$name" 2>"$BATS_TEST_TMPDIR/err" || status=$?
		[[ $status != 0 && $status != 2 ]] || fail "$name: $(<"$BATS_TEST_TMPDIR/err")"
	done <"$BATS_TEST_TMPDIR/listed"
}

@test "VALUE help: what is there by default" {
	wt trace -e help
	is "$(sed -n 's/ .*\*$//p' out | xargs)" "write copy $(
		wt trace -e help
		sed -nE 's/^([^ ]+) +of group (write|copy).*/\1/p' out | xargs)"
	wt pin --by help
	is "$(sed -n 's/ .*\*$//p' out | xargs)" "pid file"
	wt dump --sort help
	is "$(sed -n 's/ .*\*$//p' out)" bytes
	wt trace --backend help
	has_not out '\*'
}

@test "VALUE help: no privilege is needed, nothing is traced, what follows is not looked at" {
	binary=$(command -v writetrace)
	cd /
	for arguments in "trace -e help" "pin web --kind=help" "trace --by help -- no-such-command" "--color help trace" \
		"dump --sort help --bogus" "trace -khelp" "trace -p 999999999 --backend help" "-j trace -C help"; do
		# shellcheck disable=SC2086
		nobody "$binary" $arguments >"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err" </dev/null || fail "$arguments"
		[[ -s $BATS_TEST_TMPDIR/out && ! -s $BATS_TEST_TMPDIR/err ]] || fail "$arguments"
	done
	cd "$BATS_TEST_TMPDIR"
	# alone, and in full
	usage "--ops: .*'help'" trace -e write,help
	usage "--sort: " dump --sort helps
}

@test "-V" {
	wt -V
	has out '^writetrace [0-9]+\.[0-9]+(\.[0-9]+)?$'
	is "$(wc -l <out)" 1
	for arguments in "-j -V" "--pretty -V" "trace -V --pretty"; do
		# shellcheck disable=SC2086
		wt $arguments
		jq -e .version out
	done
}

# options_of COMMAND OPTION...: its help names each
options_of() {
	wt help "$1"
	expect_status 0
	for option in "${@:2}"; do
		has out "--$option([^-a-z]|\$)"
	done
	has_not out '.{81}'
}

@test "help names every option of the contract, and no line is wider than a terminal" {
	options_of trace top pid tid follow comm uid cgroup path fd kind ops min-size min-latency failed output force data \
		columns no-latency backend ring-size strict trace-pipe include-self count duration json pretty debug quiet \
		color bpffs help version summary by
	options_of pin pid tid follow comm uid cgroup path fd kind ops min-size min-latency failed no-latency backend by \
		trace-pipe rows events replace json pretty debug quiet color bpffs help version
	options_of dump list events follow interval sort limit json pretty debug quiet color bpffs help version
	options_of unpin all json pretty debug quiet color bpffs help version
	wt help
	has_not out '.{81}'
	for command in probe trace pin dump unpin help; do
		has out "^ +$command +[a-z]"
	done
}
