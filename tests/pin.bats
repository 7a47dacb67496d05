#!/usr/bin/env bats
# pin and unpin: a session counts exactly what it should after the command has ended, and goes without a trace. Whatever
# somebody else has put in their way is neither followed nor removed.

# What lib.bash sets is not known to shellcheck, nor that each test is a shell of its own.
# shellcheck disable=SC2016,SC2030,SC2031,SC2154
load lib

setup() {
	enter
	own_bpffs
}

teardown() {
	end_started
	if in_guest && mountpoint -q /sys/fs/bpf; then umount /sys/fs/bpf; fi
	drop_bpffs
}

# pinned [NAME]...: exactly these sessions are there, and nothing else
pinned() {
	local names=
	[[ ! -d $bpffs/writetrace ]] || names=$(ls -A "$bpffs/writetrace")
	is "${names//$'\n'/ }" "$*" "what is in writetrace/"
}

# refuses REGEX ARGUMENT...: status 1 and one line. That -j says it, too, is looked at less often: jq is slow in guests.
refuses() {
	wt --bpffs "$bpffs" "${@:2}"
	expect_status 1
	is "$(wc -l <err)" 1 "lines on stderr"
	has err "^writetrace: .*$1"
	[[ ! -s out ]] || fail "stdout is not empty"
}

# replaced_by COMMAND: the target becomes it; returns when it has ended
replaced_by() {
	give_order "exec $1"
	until_true is_gone "$target"
}

# same_recorded EVENTS NAME [N] [CONDITION]: the recorder of session NAME has the last N (default: all) of EVENTS for
# which CONDITION is true, in that order and in all fields but those that nobody knows beforehand
same_recorded() {
	dump "$2" -j "--events${3:+=$3}"
	expect_status 0
	local wrong
	wrong=$(jq -n -r --slurpfile want "$1" --slurpfile got out '
		[$want[] | select('"${4-true}"')]'"${3:+[-$3:]}"' as $want
		| [$got[] | del(.time, .cgroup, .latency_ns)] as $got
		| if $want == [] then "nothing is expected"
		elif $want == $got then empty
		else "\($got | length) events, expected \($want | length); differences:",
			([range([$want, $got | length] | max) | select($want[.] != $got[.])][:3][]
				| "expected \($want[.])", "shown    \($got[.])")
		end' | cut -c1-500) || wrong="./out or $1 is not JSON"
	[[ ! $wrong ]] || fail "$wrong"
}

# exact BACKEND: all that `workload ops` does, by a process that is gone when it is looked at. In guests fentry is what is
# taken by itself; and nobody else has objects there, so that all that there are before and after can be compared.
exact() {
	local backend=(--backend "$1") alone=
	needs_backend "$1"
	mkdir d
	start_target
	if in_guest && [[ $1 == fentry ]]; then
		backend=() alone=1
		settled() { objects '' >all && sleep 0.5 && objects '' | cmp -s all -; }
		until_true settled
	fi
	wt --bpffs "$bpffs" pin web -p "$target" "${backend[@]}"
	expect_status 0
	objects "$bpffs" >ours
	has ours '^prog'
	has ours '^map'
	has ours '^link'
	replaced_by "workload ops d expect"
	dump web -j
	expect_status 0
	adds_up 339
	is "$(jq -r '.session | "\(.name) \(.backend)"' out)" "web $1"
	same_rows expect pid,file
	same_recorded expect web 10
	same_recorded expect web
	unpin web
	expect_status 0
	until_true are_gone ours
	same() { objects '' | cmp -s all -; }
	[[ ! $alone ]] || until_true same
	pinned
}

@test "raw: exact rows, totals and last events after the process has ended; unpin leaves nothing" { exact raw; }
@test "tracepoint: exact rows, totals and last events after the process has ended; unpin leaves nothing" { exact tracepoint; }
@test "fentry: exact rows, totals and last events after the process has ended; unpin leaves nothing" { exact fentry; }

@test "AIO that nobody has fetched when its process ends: counted as lost" {
	mkdir d
	start_target
	pin web -p "$target" -e all
	expect_status 0
	replaced_by "workload leave d expect"
	[[ -s expect ]] || skip "no AIO here"
	dump web -j
	# three writes and seven fsyncs, of which some may be done before io_submit ends
	is "$(jq -c '.totals.calls + .lost.unpaired' out)" 10 "calls and lost"
	unpaired=$(jq .lost.unpaired out)
	between 1 "$unpaired" 7
	dump --list -j
	is "$(jq -c ".sessions[0].lost.unpaired" out)" "$unpaired" "lost, in the list"
}

@test "pin prints the name and the path, and what it costs on stderr" {
	umask 0
	pin web -p $$
	expect_status 0
	is "$(<out)" "web $bpffs/writetrace/web" stdout
	is "$(wc -l <err)" 1 "lines on stderr"
	has err '^writetrace: backend [a-z]+, at most 10240 rows, the newest 16384 events.*; [0-9.]+ MiB of kernel memory$'
	is "$(stat -c %a "$bpffs/writetrace" "$bpffs/writetrace/web" | xargs)" "700 700" "modes of the directories"
	is "$(stat -c %a "$bpffs"/writetrace/web/* | sort -u)" 600 "modes of what is pinned"
	pin -q -p $$ --rows 100 --events 10
	expect_status 0
	is "$(<out)" "default $bpffs/writetrace/default" "stdout with -q"
	[[ ! -s err ]] || fail "not quiet"
	pin json -j -p $$ --rows 100 --events 10
	is "$(jq -c 'keys_unsorted' out)" '["name","path","memory_bytes"]'
	is "$(jq -r '"\(.name) \(.path)"' out)" "json $bpffs/writetrace/json"
	is "$(wc -l <out)" 1 lines
	has err 'at most 100 rows, the newest 10 events'
	pinned default json web
}

@test "the memory that pin says it costs is what the kernel has taken, and is bounded by --rows and --events" {
	# memory OPTION...: what it says, and what the kernel says, in bytes
	memory() {
		pin m --replace -j -p $$ "$@"
		expect_status 0
		said=$(jq .memory_bytes out)
		taken=$(bpftool -f map list | awk -v below="$bpffs/" '/memlock/ { sub(/.*memlock /, ""); n = $1 + 0 }
			$1 == "pinned" && index($2, below) == 1 { sum += n } END { print sum }')
	}
	memory
	between 1000000 "$said" 32000000 "bytes of a default session"
	# kernels differ in how they count, above all what is taken only when it is needed
	between $((taken / 3)) "$said" $((taken * 3)) "bytes said where the kernel counts $taken"
	large=$said
	memory --rows 10 --events 0
	between 1 "$said" $((large / 3)) "bytes of a small session (of $large)"
}

@test "no ring that others could read from, and no data that was written" {
	kernel_has_no_part
	pin -q -p $$ --rows 10 --events 10
	bpftool -f map list | awk -v below="$bpffs/" '/^[0-9]+:/ { type = $2 } $1 == "pinned" && index($2, below) == 1 { print type }' >types
	[[ $(wc -l <types) -gt 10 ]] || fail "too few maps: $(xargs <types)"
	has_not types ringbuf
	wt --bpffs "$bpffs" pin other --data 16 -p $$
	expect_status 2
	has err "unknown option '--data'"
	pinned default
}

@test "a name of all characters, as long as can be, and one that looks like an option" {
	kernel_has_no_part
	name=ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-
	is "${#name}" 64
	start_target
	for name in "$name" --all; do
		pin -p "$target" -- "$name"
		expect_status 0
		pinned "$name"
		order 'printf x >f'
		dump -j -- "$name"
		is "$(jq -r '"\(.session.name) \(.totals.calls)"' out)" "$name 1"
		unpin -- "$name"
		expect_status 0
		pinned
	done
}

@test "a name that is taken: status 1, the old session goes on; --replace begins anew in its place" {
	start_target
	pin web -p "$target" --events 10
	objects "$bpffs" >old
	order 'printf 1 >f'
	one_error 1 'session web exists; --replace replaces it' --bpffs "$bpffs" pin web "${quick[@]}" -p "$target"
	pinned web
	order 'printf 22 >f'
	objects "$bpffs" | cmp old -
	dump -j
	adds_up 2 3 0

	pin web --replace -p "$target" --kind file --by op
	expect_status 0
	is "$(<out)" "web $bpffs/writetrace/web"
	# the old one's hooks are gone when it returns
	grep -v map old >hooks
	are_gone hooks || fail "programs of the old session are still there"
	until_true are_gone old
	pinned web
	dump -j
	adds_up 0 0 0
	is "$(jq -c '[.rows, .ops, .session.by, .session.filters.kind]' out)" '[[],[],["op"],["file"]]'
	order 'printf 333 >f'
	dump -j
	adds_up 1 3 0
	dump --events -j
	is "$(wc -l <out)" 1 events

	pin other --replace -p "$target"
	expect_status 0
	pinned other web
}

@test "while it is replaced a session is there, all the time" {
	pin web -p $$ --rows 100 --events 0
	(
		for i in 1 2 3; do
			writetrace --bpffs "$bpffs" pin web --replace -q -p $$ "${quick[@]}" --rows 100 --events 0
		done >rounds
	) 3>&- &
	replacing=$!
	started+=("$replacing")
	rounds=0
	until is_gone "$replacing"; do
		dump -j
		expect_status 0
		rounds=$((rounds + 1))
	done
	[[ $rounds -gt 3 ]]
	is "$(wc -l <rounds)" 3 "times it was replaced"
	pinned web
}

@test "several sessions at once see exactly what their filters let through" {
	# name, jq condition, options
	sessions=(
		"all" true ""
		"ops" '.op == "writev" or .op == "pwritev2"' "-e writev,pwritev2"
		"size" '.size >= 4096' "--min-size 4K"
		"failed" '.ret < 0' "--failed"
		"kind" '.kind == "pipe" or .kind == "tty"' "-k pipe,tty"
		"path" '.path // "" | endswith("/d/sequential")' "-P d/sequential"
		"fd" '.fd == 700' "--fd 700"
		"two" '.kind == "file" and .ret < 0' "-k file -x"
	)
	mkdir d
	start_target
	for ((i = 0; i < ${#sessions[@]}; i += 3)); do
		# shellcheck disable=SC2086
		pin "${sessions[i]}" -q -p "$target" --rows 1000 --events 1000 ${sessions[i + 2]}
		expect_status 0
	done
	replaced_by "workload ops d expect"
	conditions=
	for ((i = 0; i < ${#sessions[@]}; i += 3)); do
		conditions+="if \$name == \"${sessions[i]}\" then (${sessions[i + 1]}) else "
		dump "${sessions[i]}" -j
		printf '{"name":"%s","doc":%s,"events":[' "${sessions[i]}" "$(<out)"
		dump "${sessions[i]}" --events -j
		paste -sd, out
		printf ']}'
	done >all
	conditions+=error
	for ((i = 0; i < ${#sessions[@]}; i += 3)); do conditions+=" end"; done
	jq -n -r --slurpfile want expect '
		def wanted($name): '"$conditions"';
		def bare: map(del(.time, .cgroup, .latency_ns));
		def sums: {calls: length, bytes: (map(select(.ret > 0) | .ret) | add // 0), errors: (map(select(.ret < 0)) | length)};
		inputs | .name as $name
		| [$want[] | select(wanted($name))] as $want
		| if (.events | bare) != $want then "\(.name): \(.events | length) events instead of \($want | length)"
		elif (.doc.totals | del(.latency_ns)) != ($want | sums) then "\(.name): \(.doc.totals) instead of \($want | sums)"
		elif .doc.session.name != .name then "\(.name): a document of \(.doc.session.name)"
		else "\(.name) is right" end' all >results
	has_not results ' instead of | a document of '
	is "$(wc -l <results)" 8 "sessions looked at"
}

@test "several sessions at once, by process, user, command and cgroup" {
	root=$(findmnt -t cgroup2 -n -o TARGET | head -n 1)
	[[ $root ]] || skip "no cgroup v2 is mounted"
	cgroup=$root/writetrace-test-$$
	mkdir -p "$cgroup" || skip "cgroups cannot be made here"
	start_target
	first=$target
	start_target
	both=$first,$target
	pin first -p "$first" -P .
	pin target -p "$target" -P .
	pin user -p "$both" -P . -f -u nobody
	pin comm -p "$both" -P . -f -n 'alp?a'
	pin cgroup -p "$both" -P . -g "$cgroup"
	order 'printf 1 >f1; setpriv --reuid=65534 --clear-groups sh -c "printf 22 >&5" 5>f2'
	order 'printf alpha >/proc/$$/comm; printf 333 >f3'
	order "echo \$\$ >$cgroup/cgroup.procs; printf 4444 >f4; echo \$\$ >$root/cgroup.procs; printf 55555 >f5"
	id=$(stat -c %i "$cgroup")
	rmdir "$cgroup"
	for name in first target user comm cgroup; do
		dump "$name" --events -j
		echo "$name: $(jq -r -n '[inputs | .path | sub(".*/"; "")] | join(" ")' out)"
	done >got
	cat >want <<-END
		first:
		target: f1 f3 f4 f5
		user: f2
		comm: f3 f4 f5
		cgroup: f4
	END
	sed -i 's/ $//' got
	diff want got
	dump cgroup -j
	is "$(jq -c '.session.filters | [.cgroup, .pid]' out)" "[[\"$cgroup\"],[$first,$target]]"
	dump --events cgroup -j
	is "$(jq -n '[inputs.cgroup] | unique[]' out)" "$id" cgroup
}

@test "--follow: children that start after pin has ended, and none without it" {
	start_target
	pin tree -p "$target" -f
	pin one -p "$target"
	order 'printf 1 >f; sh -c "printf 22 >g; (printf 333 >h)"; workload follow tree 4'
	dump tree -j
	adds_up 65
	is "$(jq -r '[.rows[] | .path | sub(".*/"; "")] | unique | join(" ")' out)" "f g h tree"
	jq -r '.rows[] | select(.path | endswith("/tree")) | .pid' out | sort >got
	sort -u tree | cmp - got
	dump one -j
	adds_up 1 1 0
}

@test "a session goes on after its process, and the row keeps the process's name and path" {
	mkdir gone
	start_target
	pin web -p "$target"
	order 'printf gone >/proc/$$/comm; printf 1 >gone/f; rm -r gone'
	give_order 'exit 0'
	until_true is_gone "$target"
	# who writes next is another, even if it gets the number
	sh -c 'printf 22 >g'
	dump web -j
	adds_up 2 5 0
	is "$(jq -r '.rows[] | select(.path | endswith("/f")) | "\(.pid) \(.comm) \(.path) \(.calls) \(.bytes)"' out)" \
		"$target gone $PWD/gone/f 1 1"
	unpin web
	expect_status 0
}

@test "--no-latency: no latency anywhere, and all else as with it" {
	mkdir d
	start_target
	pin web -p "$target" --no-latency
	replaced_by "workload ops d expect"
	same_recorded expect web
	has_not out latency
	dump -j
	adds_up 339
	same_rows expect pid,file
	has_not out latency
	dump
	has_not out '[lL]atency|AVG|P99|MAX'
	has out '^OP +CALLS +BYTES +ERRORS$'
	has out '^size of write'
	dump --events
	has_not out 'LATENCY'
}

@test "--by each key, and several: the rows are what the events come to" {
	mkdir d
	start_target
	keys="pid comm uid cgroup op file pid,op op,uid file,comm comm,cgroup,uid,pid,op,file"
	! in_guest || keys="pid op,uid comm,cgroup,uid,pid,op,file"
	for by in $keys; do
		pin "by-${by//,/-}" -q -p "$target" -f --rows 1000 --events 1000 --by "$by"
		expect_status 0
	done
	chmod 777 . d
	order 'workload follow d/tree 2; printf beta >/proc/$$/comm; printf 1 >d/f; printf 2 >>d/tree'
	order 'setpriv --reuid=65534 --clear-groups workload ops d expect || :'
	dump by-pid --events -j
	mv out events
	[[ $(wc -l <events) -gt 339 ]] || fail "$(wc -l <events) events"
	for by in $keys; do
		dump "by-${by//,/-}" -j
		same_rows events "$by"
	done
	is "$(jq -c .session.by out)" '["pid","comm","uid","cgroup","op","file"]'
	dump by-op-uid
	is "$(grep '^ *UID' out | xargs)" "UID OP CALLS BYTES ERRORS AVG MAX"
}

@test "--rows: what does not fit is added to one row, and the sums stay exact" {
	start_target
	pin three -p "$target" --rows 3
	pin one -p "$target" --rows 1
	pin enough -p "$target" --rows 50 --by file
	order 'for ((i = 1; i <= 50; i++)); do printf "%0${i}d" 0 >f$i; done; for ((i = 1; i <= 50; i++)); do printf x >>f$i; done'
	for name in three one enough; do
		dump "$name" -j
		adds_up 100 1325 0
		jq -r '"\(.session.name): \(.rows | length) \([.rows[] | select(.other).calls] | tostring)"' out
	done >got
	cat >want <<-END
		three: 4 [94]
		one: 2 [98]
		enough: 50 []
	END
	diff want got
	dump three
	has out '^ +94 +.*\(other\)$'
}

@test "--events: the newest N; 0 turns the recorder off" {
	start_target
	pin five -p "$target" --events 5
	pin none -p "$target" --events 0
	order 'for ((i = 0; i < 23; i++)); do printf x >f$i; done'
	recorded() { jq -r -n '[inputs | .path | sub(".*/"; "")] | join(" ")' out; }
	dump five --events -j
	is "$(recorded)" "f18 f19 f20 f21 f22"
	dump five --events=2 -j
	is "$(recorded)" "f21 f22"
	dump five --events=100 -j
	is "$(recorded)" "f18 f19 f20 f21 f22"
	dump five -j
	adds_up 23 23 0
	refuses 'session none has no flight recorder.*--events 0' dump none --events
	dump none -j
	adds_up 23 23 0
}

@test "files and processes called by all bytes: rows and events are exact" {
	mkdir d
	start_target
	pin web -p "$target" --by comm,file
	replaced_by "workload names d expect"
	dump -j
	adds_up "$(wc -l <expect)" $((256 * $(wc -l <expect))) 0
	same_rows expect comm,file
	dump --events -j
	jq -c '[.pid, .comm_b64 // (.comm | @base64), .path_b64 // (.path | @base64), .op, .size, .ret, .ino]' out >got
	jq -c '[.pid, .comm_b64, .path_b64, .op, .size, .ret, .ino]' expect | diff - got
	dump --limit 0
	safe out
	dump --events
	safe out
	is "$(wc -l <out)" $(($(wc -l <expect) + 1)) lines
}

@test "paths of all lengths up to 4096, of names of 255 of all bytes: rows and events are exact" {
	# writes once to a file for each length, and then puts down their paths
	cat >lengths.pl <<-'END'
		my $top = shift;
		my @bytes = map { chr } grep { $_ != 47 } 1 .. 255;
		my (@paths, $path);
		sub enter { my $name = shift; mkdir $name; chdir $name or die; $path .= "/$name" }
		for my $len (length($top) + 2 .. 360, 1000, 2000, 3000, 4000, 4095, 4096) {
			chdir($path = $top) or die;
			while ((my $left = $len - length $path) > 256) {
				enter($left > 300 ? join('', @bytes, 'x') : 'm' x 100);
				push @bytes, splice @bytes, 0, 17;
			}
			my $name = 'n' x ($len - length($path) - 1);
			open F, '>', $name or die;
			syswrite F, 'x';
			push @paths, "$path/$name";
		}
		chdir $top;
		open F, '>', '../paths';
		syswrite F, join "\0", @paths;
	END
	mkdir d
	start_target
	pin web -p "$target" -P d
	replaced_by "perl lengths.pl $PWD/d"
	# base64; guests have no MIME::Base64
	perl -0 -ne 'chomp; $b = join "", map { pack("u", $_) =~ /^.(\S*)/ } /(.{1,45})/gs; $b =~ tr|` -_|AA-Za-z0-9+/|;
		$n = -length() % 3; $b =~ s/.{$n}$/"=" x $n/e; print "$b\n"' paths >want
	[[ $(wc -l <want) -gt 300 ]]
	dump --events -j
	jq -r '.path_b64 // (.path | @base64)' out | diff want - >differences || fail "$(wc -l <differences) differences in events"
	dump -j
	adds_up "$(wc -l <want)" "$(wc -l <want)" 0
	jq -r '.rows[] | .path_b64 // (.path | @base64)' out | sort | diff <(sort want) - >differences ||
		fail "$(wc -l <differences) differences in rows"
	has_not out path_state
	rm -r d
}

@test "what cannot be pinned leaves nothing behind" {
	one_error 1 'such process' --bpffs "$bpffs" pin web -p 999999999
	pinned
	if ! in_guest && ! writetrace trace -q --backend fentry -- true 2>/dev/null; then
		one_error 3 'fentry: ' --bpffs "$bpffs" pin web --backend fentry -p $$
		pinned
	fi
	one_error 1 "$PWD is not a BPF file system" --bpffs "$PWD" pin web -p $$
	one_error 1 "$PWD/nowhere: No such file" --bpffs "$PWD/nowhere" pin web -p $$
	dump --list -j
	is "$(<out)" '{"sessions":[]}'
	# nor does one whose output cannot be written, if it says so
	status=0
	writetrace --bpffs "$bpffs" pin web "${quick[@]}" -q -p $$ >/dev/full 2>err || status=$?
	expect_status 1
	has err '^writetrace: .*No space left'
}

# unpin

@test "unpin: unknown names are errors, and the others are still removed" {
	for name in a b c d; do pin "$name" -q -p $$ --rows 10 --events 0; done
	unpin a nosuch b other
	expect_status 1
	is "$(<err)" "writetrace: there is no session nosuch"$'\n'"writetrace: there is no session other"
	[[ ! -s out ]] || fail "stdout is not empty"
	pinned c d
	unpin c -j
	expect_status 0
	is "$(<out)" '{"unpinned":["c"]}'
	one_error 1 'there is no session c' --bpffs "$bpffs" unpin c
	unpin d d
	expect_status 1
	pinned
}

@test "unpin --all removes all, and none is fine, too" {
	unpin --all
	expect_status 0
	[[ ! -s out && ! -s err ]] || fail "it says something"
	for name in a b c; do pin "$name" -q -p $$ --rows 10 --events 0; done
	objects "$bpffs" >ours
	unpin --all
	expect_status 0
	[[ ! -s out && ! -s err ]] || fail "it says something"
	pinned
	until_true are_gone ours
	pin web -q -p $$ --rows 10 --events 0
	unpin --all -j
	is "$(<out)" '{"unpinned":["web"]}'
	unpin --all -j
	expect_status 0
	is "$(<out)" '{"unpinned":[]}'
}

@test "while somebody reads a session unpin ends it at once, and the reader is told" {
	pin web -q -p $$
	objects "$bpffs" | grep -v map >hooks
	writetrace --bpffs "$bpffs" dump web --interval 100ms -j >reports 2>follower-err </dev/null 3>&- &
	reader=$!
	started+=("$reader")
	until_true test -s reports
	unpin web
	expect_status 0
	are_gone hooks || fail "programs of the session are still there"
	until_true is_gone "$reader"
	wait "$reader" || fail "the reader ends with $?: $(<follower-err)"
	[[ ! -s follower-err ]] || fail "the reader says: $(<follower-err)"
}

# What is not ours

# description LAYOUT [VERSION]: what begins a map meta, as bytes for bpftool
description() {
	local bytes
	bytes=$(printf 'writetrc%b' "$(printf '\\x%02x\\x%02x' $(($1 & 255)) $(($1 >> 8)))\\x00\\x00" | od -An -v -tx1)
	# the version stands at 88; 256 bytes in all
	bytes+=$(head -c 76 /dev/zero | od -An -v -tx1)
	bytes+=$(printf %s "${2-}" | od -An -v -tx1)
	bytes+=$(head -c 200 /dev/zero | od -An -v -tx1)
	xargs <<<"$bytes" | cut -d' ' -f1-256
}

# session_of LAYOUT DIR [VERSION]
session_of() {
	mkdir -p "$2"
	bpftool map create "$2/meta" type array key 4 value 256 entries 1 name meta
	# shellcheck disable=SC2046
	bpftool map update pinned "$2/meta" key hex 00 00 00 00 value hex $(description "$1" "${3-}")
}

@test "a session of another layout: dump refuses it, --list names it, unpin removes it with all it has" {
	start_target
	pin web -p "$target"
	objects "$bpffs" | grep -v map >hooks
	rm "$bpffs/writetrace/web/meta"
	session_of 999 "$bpffs/writetrace/web" 9.8.7
	mkdir -m 700 "$bpffs/writetrace/web/below"
	bpftool map create "$bpffs/writetrace/web/below/more" type array key 4 value 4 entries 1 name more
	pin mine -p "$target"
	order 'printf x >f'
	refuses 'writetrace 9\.8\.7 in layout 999, this one .* reads layout [0-9]+$' dump web
	refuses 'layout 999' dump web --events
	dump --list
	expect_status 0
	has out '^web: was pinned by writetrace 9\.8\.7 in layout 999'
	has out '^mine .* 1 +0\??  *--pid'
	dump --list -j
	is "$(jq -c '.sessions[] | [.name, .calls, (.note // "" | contains("layout 999"))]' out | xargs)" "[mine,1,false] [web,null,true]"
	refuses 'session web exists; --replace' pin web "${quick[@]}" -p "$target"
	unpin web
	expect_status 0
	until_true are_gone hooks
	pinned mine

	session_of 998 "$bpffs/writetrace/old"
	session_of 997 "$bpffs/writetrace/older" $'\e[31m'
	dump older
	has err '^writetrace: was pinned by another version of writetrace in layout 997|another version'
	has_not err $'\e'
	pin old --replace -p "$target"
	expect_status 0
	dump old -j
	adds_up 0 0 0
	unpin --all
	expect_status 0
	pinned
}

@test "a session whose description makes no sense is refused, listed and removed" {
	kernel_has_no_part
	pin web -q -p $$ --rows 10 --events 0
	rm "$bpffs/writetrace/web/meta"
	session_of "$(sed -n 's/^#define WT_LAYOUT *//p' "$top/bpf/writetrace.h")" "$bpffs/writetrace/web"
	refuses 'damaged' dump web
	dump --list
	expect_status 0
	has out '^web: .*damaged'
	unpin web
	expect_status 0
	pinned
}

# untouched COMMAND...: it leaves all that is in the bpffs as it is
untouched() {
	(cd "$bpffs" && find . -printf '%p %y %m %U %l\n' | sort) >as-it-was
	"$@"
	(cd "$bpffs" && find . -printf '%p %y %m %U %l\n' | sort) | diff as-it-was -
}

@test "a directory that is not a session is refused and stays" {
	pin mine -q -p $$ --rows 10 --events 0
	mkdir -m 700 "$bpffs"/writetrace/{empty,other}
	bpftool map create "$bpffs/writetrace/other/meta" type array key 4 value 256 entries 1 name meta
	ln -s "$bpffs/writetrace/mine" "$bpffs/writetrace/link"
	foreign() {
		for name in empty other link; do
			refuses "writetrace/$name.*(is not a session of writetrace|is a symbolic link)" unpin "$name"
			refuses "writetrace/$name.*(is not a session of writetrace|is a symbolic link)" dump "$name"
			refuses "writetrace/$name.*(is not a session of writetrace|is a symbolic link)" pin "$name" "${quick[@]}" --replace -p $$
		done
		dump --list -j
		is "$(jq -c '[.sessions[].name]' out)" '["mine"]'
	}
	untouched foreign
	unpin --all
	expect_status 0
	pinned empty link other
}

as_user() { (cd "$bpffs" && setpriv --reuid=1000 --regid=1000 --clear-groups "$@"); }

# refused REGEX: by all commands, and nothing is changed
refused() {
	refusals() {
		refuses "$1" pin web "${quick[@]}" -p $$
		refuses "$1" pin web --replace "${quick[@]}" -p $$
		refuses "$1" dump web
		refuses "$1" dump --list
		refuses "$1" unpin web
		refuses "$1" unpin --all
	}
	untouched refusals "$1"
}

@test "writetrace/ made by another user is refused, and nothing in it is touched" {
	chmod 1777 "$bpffs"
	as_user mkdir writetrace
	refused "$bpffs/writetrace belongs to uid 1000"
	# with a session in it that looks like ours
	session_of 999 "$bpffs/writetrace/web"
	refused "$bpffs/writetrace belongs to uid 1000"
}

@test "a symbolic link or a file in the place of writetrace/ is refused, and not followed" {
	chmod 1777 "$bpffs"
	mkdir -m 700 "$bpffs/real"
	session_of 999 "$bpffs/real/web"
	as_user ln -s real writetrace
	refused "$bpffs/writetrace is a symbolic link"
	rm "$bpffs/writetrace"
	ln -s "$bpffs/real" "$bpffs/writetrace"
	refused "$bpffs/writetrace is a symbolic link"
	rm "$bpffs/writetrace"
	as_user ln -s nowhere writetrace
	refused "$bpffs/writetrace is a symbolic link"
	rm "$bpffs/writetrace"
	bpftool map create "$bpffs/writetrace" type array key 4 value 4 entries 1 name file
	refused "$bpffs/writetrace is no directory"
}

@test "writetrace/ that others may write to is refused" {
	kernel_has_no_part
	mkdir "$bpffs/writetrace"
	for mode in 0770 0707 1777; do
		chmod "$mode" "$bpffs/writetrace"
		refused "$bpffs/writetrace can be changed by others than root"
	done
	chmod 755 "$bpffs/writetrace"
	pin web -q -p $$ --rows 10 --events 0
	expect_status 0
}

@test "links in a session are not followed, and go with it" {
	start_target
	pin web -p "$target"
	mkdir -m 700 "$bpffs/elsewhere"
	mv "$bpffs/writetrace/web/"{meta,rows,events} "$bpffs/elsewhere"
	ln -s "$bpffs/elsewhere/rows" "$bpffs/elsewhere/events" "$bpffs/writetrace/web"
	order 'printf x >f'
	# without a description it is nobody's
	refuses 'web is not a session of writetrace' dump web
	ln -s "$bpffs/elsewhere/meta" "$bpffs/writetrace/web"
	refuses 'web is not a session of writetrace' dump web
	refuses 'web is not a session of writetrace' unpin web
	rm "$bpffs/writetrace/web/meta"
	mv "$bpffs/elsewhere/meta" "$bpffs/writetrace/web"
	for what in web "web --events" "web -j"; do
		# shellcheck disable=SC2086
		dump $what
		expect_status 1
		has err '^writetrace: .*(symbolic|link|read)'
	done
	unpin web
	expect_status 0
	pinned
	is "$(cd "$bpffs/elsewhere" && echo *)" "events rows" "what the links led to"
}

# Where there is no BPF file system, and without privileges

@test "no BPF file system: dump and unpin mount none and say what there is, pin mounts one for root alone" {
	needs_guest "is about /sys/fs/bpf itself"
	! mountpoint -q /sys/fs/bpf || umount /sys/fs/bpf
	one_error 1 'there is no session; .*pin' dump
	one_error 1 'there is no session web' dump web
	one_error 1 'there is no session web' unpin web
	wt unpin --all
	expect_status 0
	wt dump --list -j
	expect_status 0
	is "$(<out)" '{"sessions":[]}'
	! mountpoint -q /sys/fs/bpf || fail "one was mounted"
	start_target
	for name in web other; do
		wt pin "$name" "${quick[@]}" -p "$target"
		expect_status 0
		is "$(<out)" "$name /sys/fs/bpf/writetrace/$name"
	done
	is "$(findmnt -n -o FSTYPE,OPTIONS /sys/fs/bpf | grep -c 'bpf .*nosuid,nodev,noexec.*mode=700')" 1 "mounts"
	order 'printf x >f'
	wt dump web -j
	adds_up 1 1 0
	wt unpin --all
	expect_status 0
	is "$(ls -A /sys/fs/bpf/writetrace)" ""
	umount /sys/fs/bpf

	# two that mount one at the same time
	for name in one two; do
		writetrace pin "$name" -q "${quick[@]}" -p "$target" >"said.$name" 2>&1 </dev/null 3>&- &
		started+=($!)
	done
	wait "${started[@]: -2}"
	is "$(findmnt -n -o FSTYPE /sys/fs/bpf | xargs)" bpf "what is mounted"
	is "$(cd /sys/fs/bpf/writetrace && echo *)" "one two" "sessions"
	wt unpin --all
	umount /sys/fs/bpf

	mount -t tmpfs tmpfs /sys/fs/bpf
	one_error 3 '/sys/fs/bpf is in use, and not as a BPF file system' pin web "${quick[@]}" -p "$target"
	one_error 1 'there is no session web' dump web
	is "$(findmnt -n -o FSTYPE /sys/fs/bpf)" tmpfs
	umount /sys/fs/bpf
}

# refused_without_privileges BPFFS [COMMAND...]: status 3, in one line
refused_without_privileges() {
	local binary command
	binary=$(command -v writetrace)
	for command in "${@:2}"; do
		status=0
		# shellcheck disable=SC2086
		(cd / && nobody "$binary" --bpffs "$1" -j $command) >out 2>err </dev/null || status=$?
		expect_status 3
		is "$(wc -l <err)" 1 "lines on stderr"
		has err '^writetrace: '
		is "$(jq -r .error out)" "$(sed 's/^writetrace: //' err)"
	done
}

@test "without privileges: status 3 and one line" {
	refused_without_privileges "$bpffs" "pin web" "dump web" "dump --list" "unpin web" "unpin --all"
	in_guest || return 0
	wt pin web "${quick[@]}" -p $$
	refused_without_privileges /sys/fs/bpf "pin other" "dump web" "unpin web" "unpin --all"
	chmod 1777 /sys/fs/bpf
	refused_without_privileges /sys/fs/bpf "pin other" "dump web" "unpin web" "unpin --all"
	wt unpin web
	rmdir /sys/fs/bpf/writetrace
	refused_without_privileges /sys/fs/bpf "pin other"
	[[ ! -e /sys/fs/bpf/writetrace ]]
	umount /sys/fs/bpf
	refused_without_privileges /sys/fs/bpf "pin other"
}
