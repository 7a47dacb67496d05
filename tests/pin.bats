#!/usr/bin/env bats
# pin: a session counts exactly what it should after the command has ended, and goes without a trace.

# What lib.bash sets is not known to shellcheck, nor that each test is a shell of its own.
# shellcheck disable=SC2016,SC2030,SC2031,SC2154
load lib
load pin

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
		end') || wrong="./out or $1 is not JSON, or not as it is asked for: $wrong"
	[[ ! $wrong ]] || fail "${wrong:0:2000}"
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
	# three writes and seven fsyncs, all of which may be done before io_submit ends: then there is nothing to be left
	unpaired=0
	for ((i = 0; i < 20 && unpaired == 0; i++)); do
		start_target
		pin web -p "$target" -e all --replace
		expect_status 0
		replaced_by "workload leave d expect"
		[[ -s expect ]] || skip "no AIO here"
		dump web -j
		is "$(jq -c '.totals.calls + .lost.unpaired' out)" 10 "calls and lost"
		unpaired=$(jq .lost.unpaired out)
	done
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
	small=$said
	# both have the slots that stand in for task storage where that cannot be used
	slots=$(bpftool -j map list | jq '[.[] | select(.name == "span_slots") | .bytes_memlock] | add // 0')
	between 1 "$((small - slots))" $(((large - slots) / 3)) "bytes of a small session (of $large) without $slots of slots"
	memory --rows 20480 --events 32768
	between $(((large - small) * 9 / 5)) "$((said - small))" $(((large - small) * 11 / 5)) \
		"bytes of twice as many rows and events (of $((large - small)))"
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
	has err ', no flight recorder; '
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
