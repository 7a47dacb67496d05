#!/usr/bin/env bats
# The machine is not as it should be, or does not stay as it is: RELIABILITY's catalogue, as far as no other file has it.

# What lib.bash sets is not known to shellcheck, nor that each test is a shell of its own.
# shellcheck disable=SC2016,SC2030,SC2031,SC2154
load lib

teardown() {
	end_started
	[[ ! ${bpffs-} ]] || drop_bpffs
}

@test "hooks that are attached but never fire are an error" {
	needs_strace
	# The system call by which we see our own hooks is kept from the kernel.
	status=0
	strace -f -o calls -e trace=syncfs -e inject=syncfs:retval=0 writetrace trace -j -e syncfs -p $$ >out 2>err || status=$?
	expect_status 3
	is "$(wc -l <err)" 1 "lines on stderr"
	has err 'raw: the hooks of syncfs are attached but do not fire'
	own_bpffs
	status=0
	strace -f -o calls -e trace=syncfs -e inject=syncfs:retval=0 writetrace --bpffs "$bpffs" pin -e syncfs -p $$ >out 2>err ||
		status=$?
	expect_status 3
	has err 'raw: the hooks of syncfs are attached but do not fire'
	is "$(find "$bpffs" -mindepth 2)" "" "what is pinned"
}

# with_btf FILE COMMANDS: where the kernel's BTF is that one
with_btf() { unshare -m bash -c "mount --bind $1 /sys/kernel/btf/vmlinux && $2"; }

@test "fexit might crash the kernel: fentry is refused, what works is taken" {
	kernel_has_no_part
	perl -0777 -pe 's/\0bpf_tramp_image\0/\0bpf_tramp_imagX\0/ or die' /sys/kernel/btf/vmlinux >btf
	status=0
	with_btf btf "exec writetrace trace -p $$ --backend fentry" >out 2>err || status=$?
	expect_status 3
	is "$(wc -l <err)" 1 "lines on stderr"
	has err '^writetrace: fentry: .*may crash.*bpf_tramp_image'
	with_btf btf "writetrace trace -c -j -- sh -c 'printf x >f'" >out
	adds_up 1 1
	is "$(jq -r .session.backend out)" raw backend
	status=0
	with_btf btf "exec writetrace probe -j" >out || status=$?
	expect_status 0
	is "$(jq -r '.backend, (.backends[] | select(.name == "fentry") | .ok, (.detail | contains("bpf_tramp_image")))' out | xargs)" \
		"raw false true"
}

@test "root of a user namespace: status 3, and why that is not enough" {
	for command in "trace -p $$" "trace -c -p $$"; do
		status=0
		# shellcheck disable=SC2086
		unshare -Ur writetrace $command >out 2>err || status=$?
		expect_status 3
		is "$(wc -l <err)" 1 "lines on stderr"
		has err '^writetrace: missing CAP_BPF and CAP_PERFMON; run as root .*user namespace'
	done
	status=0
	unshare -Ur writetrace probe -j >out || status=$?
	expect_status 3
	is "$(jq -c '.ok, (.checks[] | select(.name | IN("cap_bpf", "cap_perfmon")) | .ok)' out | xargs)" "false false false"
}

@test "little memory may be locked, and root may not raise that: an error on kernels that count it, else nothing" {
	status=0
	setpriv --inh-caps=-all --bounding-set=-all,+bpf,+perfmon,+sys_admin,+dac_override,+dac_read_search,+sys_ptrace \
		prlimit --memlock=65536:65536 writetrace trace -j "${quick[@]}" -- sh -c 'printf x >f' >out 2>err || status=$?
	if [[ ${WT_KERNEL-} == 5.10 ]]; then
		expect_status 125
		is "$(wc -l <err)" 1 "lines on stderr"
		has err '^writetrace: RLIMIT_MEMLOCK.*ulimit -l unlimited'
	else
		expect_status 0
		is "$(count)" 1 events
	fi
}

@test "trace, refused any of its calls of bpf(): it says so in one line, or it can do without" {
	needs_strace
	kernel_has_no_part
	strace -f -o calls -e trace=bpf writetrace trace -q -o lines -- true
	calls=$(wc -l <calls)
	between 20 "$calls" 1000 "calls of bpf()"
	step=$(sampled 5 1)
	for ((n = 1 + calls % step; n <= calls; n += step)); do
		for error in ENOMEM EPERM; do
			status=0
			timeout 60 strace -f -o /dev/null -e trace=bpf -e inject=bpf:error="$error:when=$n" \
				writetrace trace -q -o lines --force -- true >out 2>err || status=$?
			case $status in
			0) [[ ! -s err ]] || fail "call $n: $error: done, but it says something" ;;
			125) is "$(wc -l <err)" 1 "call $n: $error: lines on stderr" && has err '^writetrace: ' ;;
			*) fail "call $n: $error: exit status $status" ;;
			esac
		done
	done
}

@test "what cannot be pinned (SELinux refuses all, kernels before 5.15 tracepoint links): status 3, why, and what works" {
	needs_strace
	kernel_has_no_part
	own_bpffs
	arguments=(--bpffs "$bpffs" pin web --rows 10 --events 0 -p $$)
	strace -o calls -e trace=bpf writetrace "${arguments[@]}" >out 2>err
	wt --bpffs "$bpffs" unpin web
	# maps come first
	for what in ".*" prog link; do
		n=$(awk -v what="$what" '/BPF_OBJ_PIN/ && $0 ~ "fd/[0-9]+/" what { print NR; exit }' calls)
		[[ $n ]] || fail "no $what is pinned"
		status=0
		strace -o refused -e trace=bpf -e inject=bpf:error=EINVAL:when="$n" writetrace -q "${arguments[@]}" >out 2>err || status=$?
		has refused 'BPF_OBJ_PIN.*INJECTED'
		expect_status 3
		is "$(wc -l <err)" 1 "lines on stderr"
		has err '^writetrace: .* cannot be pinned: Invalid argument .*SELinux refuses .*writetrace trace works without'
		is "$(grep -c 'before 5.15 cannot pin links' err)" "$([[ $what == link ]] && echo 1 || echo 0)" "words on links"
		is "$(find "$bpffs" -mindepth 2)" "" "what is pinned"
	done
	# what probe tries to pin; it has a process of its own for that, and strace counts each one's calls
	strace -f -o calls -e trace=bpf writetrace --bpffs "$bpffs" probe -j >out
	n=$(awk '{ n[$1]++ } /BPF_OBJ_PIN/ { print n[$1]; exit }' calls)
	strace -f -o refused -e trace=bpf -e inject=bpf:error=EINVAL:when="$n" writetrace --bpffs "$bpffs" probe -j >out || true
	has refused 'BPF_OBJ_PIN.*INJECTED'
	is "$(jq .pin out)" false
	jq -e '.checks[] | select(.name == "pin") | .detail | contains("SELinux")' out
}

@test "trace, told to end at any moment: it does, and leaves nothing" {
	start_target
	for ((n = 0; n < $(scaled 30); n++)); do
		for signal in INT TERM; do
			# In the background, or if whoever runs the tests ignores it, SIGINT would be ignored until it asks for it.
			env --default-signal=INT writetrace trace -q "${quick[@]}" -p "$target" >out 2>err </dev/null 3>&- &
			tracer=$!
			started+=("$tracer")
			deadline=$((SECONDS + patience_s))
			until [[ $(<"/proc/$tracer/comm") == writetrace ]]; do
				((SECONDS < deadline)) || fail "it is not started in $patience_s s"
			done
			sleep "0.$(printf %03d $((RANDOM % 160)))"
			begin=$(now_ms)
			kill -s "$signal" "$tracer"
			status=0
			wait "$tracer" || status=$?
			# before it can do better, the signal itself ends it
			[[ $status == 0 || $status == 130 || $status == 143 ]] || fail "exit status $status after SIG$signal"
			[[ ! -s err ]] || fail "it says something"
			in_guest || between 0 $(($(now_ms) - begin)) 2000 "ms to the end"
		done
	done
	# nor the process that detaches behind its back
	until_true no_writetrace
	order 'printf x >f'
}

@test "a process's number that belongs to another one by now: not traced" {
	needs_guest "sets the next process's number"
	own_bpffs
	start_target
	other=$target
	start_target
	pin -p "$target" --backend raw
	expect_status 0
	start_trace -j -p "$target,$other"
	kill "$target"
	wait "$target" 2>/dev/null || true
	for ((i = 0; i < 100; i++)); do
		echo $((target - 1)) >/proc/sys/kernel/ns_last_pid
		bash -c 'printf %s $$; printf x >reused' >number
		[[ $(<number) != "$target" ]] || break
	done
	is "$(<number)" "$target" "the new process's number"
	kill "$other"
	end_trace none
	expect_status 0
	is "$(count)" 0 events
	dump -j
	is "$(jq .totals.calls out)" 0 "calls of the pinned session"
}

@test "programs at tracepoints are attached from whatever processor we are on: the first may be offline" {
	needs_strace
	kernel_has_no_part
	(($(nproc) > 1)) || skip "there is one processor only"
	taskset -c 1 strace -f -o calls -e trace=perf_event_open writetrace trace -j --backend tracepoint -- \
		taskset -c 0 sh -c 'printf x >f' >out
	whole 1
	is "$(grep -c '}, -1, 1, -1, ' calls) $(grep -c '}, -1, 0, -1, ' calls)" "$(grep -c PERF_TYPE_TRACEPOINT calls) 0" \
		"events of processors 1 and 0"
}

@test "processor 0 is offline" {
	needs_guest "takes a processor offline"
	[[ -e /sys/devices/system/cpu/cpu0/online ]] || skip "this kernel keeps processor 0"
	own_bpffs
	echo 0 >/sys/devices/system/cpu/cpu0/online
	for backend in $(backends); do
		wt trace -j --backend "$backend" -- sh -c 'printf x >f'
		expect_status 0
		whole 1
	done
	start_target
	pin -f -p "$target"
	expect_status 0
	order 'printf x >f'
	dump -j
	echo 1 >/sys/devices/system/cpu/cpu0/online
	adds_up 1 1
}

@test "a processor that is offline" {
	needs_guest "takes a processor offline"
	own_bpffs
	echo 0 >/sys/devices/system/cpu/cpu1/online
	for backend in $(backends); do
		mkdir -p d
		wt trace -j --backend "$backend" -- workload ops d expect
		expect_status 0
		same_events expect
	done
	start_target
	pin -f -p "$target" --backend raw
	expect_status 0
	order 'printf x >f'
	# and comes back while it is traced
	echo 1 >/sys/devices/system/cpu/cpu1/online
	for ((i = 0; i < 20; i++)); do order "taskset -c $((i % 2)) sh -c 'printf 12 >f'"; done
	dump -j
	expect_status 0
	is "$(jq -c '.totals | [.calls, .bytes]' out)" "[21,41]"
}

@test "the clock is set: times follow, latencies and the session's length do not" {
	needs_guest "sets the clock"
	own_bpffs
	start_target
	pin -f -p "$target" --backend raw
	expect_status 0
	start_trace -j -o lines -p "$target"
	order 'printf x >f'
	sleep 1
	hour=$(date +%s)
	date -s "@$((hour + 36000))" >/dev/null
	sleep 1
	order 'printf xy >f'
	dump -j
	cp out session
	date -s "@$(($(date +%s) - 36000))" >/dev/null
	end_trace
	expect_status 0
	mv lines out
	whole 2
	jq -n -e --argjson hour "$hour" '[inputs | select(.type == "write")
		| (.time[:19] + "Z" | fromdate) - $hour] as [$first, $second]
		| ($first | -60 < . and . < 60) and ($second | 35940 < . and . < 36060)' out || fail "times"
	jq -e 'select(.type == "end") | .seconds | 0 < . and . < 60' out || fail "seconds"
	is "$(count '.latency_ns > 1000000000')" 0 "latencies of more than a second"
	# in the clock's new time
	jq -e --argjson hour "$hour" '.session | [.since, .until] | map((.[:19] + "Z" | fromdate) - $hour) as [$since, $until]
		| ($since | 35900 < . and . < 36060) and $until - $since < 60' session || fail "the session's times"
}

@test "in a time namespace, whose clock is another: processes are found, times are right" {
	own_bpffs
	for offset in 86400000 "-$(($(cut -d. -f1 /proc/uptime) / 2))"; do
		there=(unshare --time --boottime "$offset" --fork)
		now=$(date +%s)
		status=0
		"${there[@]}" writetrace trace -j -- sh -c 'printf x >f' >out 2>err || status=$?
		expect_status 0
		whole 1
		head -n 1 out | jq -e --argjson now "$now" '(.time[:19] + "Z" | fromdate) - $now | -60 < . and . < 60' ||
			fail "the time is $(values .time)"
		jq -e 'select(.type == "end") | .seconds | 0 < . and . < 60' out || fail "seconds"
		# what is pinned here is read there, and the other way round
		start_target
		pin here -f -p "$target"
		"${there[@]}" writetrace --bpffs "$bpffs" pin there -f -p "$target" >/dev/null 2>&1
		order 'printf x >f'
		for name in here there; do
			for from in "${there[*]}" ""; do
				# shellcheck disable=SC2086
				$from writetrace --bpffs "$bpffs" dump -j "$name" >out
				jq -e --argjson now "$now" '.totals.calls == 1 and (.session | [.since, .until]
					| map((.[:19] + "Z" | fromdate) - $now) | all(-60 < . and . < 60))' out || fail "$name: $(jq -c .session out)"
			done
		done
		wt --bpffs "$bpffs" unpin --all
	done
}

@test "tracefs is not mounted: it is, where it is needed" {
	needs_guest "unmounts tracefs"
	[[ $WT_KERNEL != 5.10 ]] || skip "no tracepoint backend on Linux 5.10"
	umount /sys/kernel/tracing 2>/dev/null || true
	wt trace -j --backend raw -- true
	expect_status 0
	! mountpoint -q /sys/kernel/tracing || fail "raw has mounted tracefs"
	wt trace -j --backend tracepoint -- sh -c 'printf x >f'
	expect_status 0
	is "$(count)" 1 events
	is "$(stat -f -c %t /sys/kernel/tracing)" 74726163 "the file system's magic"
	umount /sys/kernel/tracing
}

# elsewhere COMMANDS: in a mount namespace without tracefs
elsewhere() {
	unshare -m bash -c 'for dir in /sys/kernel/debug/tracing /sys/kernel/tracing /sys/kernel/debug; do
			while mountpoint -q $dir; do umount -l $dir || exit; done
		done; '"$1"
}

@test "tracefs is where debugfs has it, or beside what is not one; where it cannot be mounted: status 3, and how to" {
	[[ ${WT_KERNEL-} != 5.10 ]] || skip "no tracepoint backend on Linux 5.10"
	one='writetrace trace -j --backend tracepoint -- sh -c "printf x >f"'
	elsewhere 'mount -t debugfs debugfs /sys/kernel/debug && '"$one"'; mountpoint -q /sys/kernel/tracing && echo mounted' >out || true
	has_not out mounted
	whole 1
	elsewhere 'mount -t tmpfs tmpfs /sys/kernel/debug && mkdir /sys/kernel/debug/tracing && '"$one" >out
	whole 1
	# not to be had
	status=0
	elsewhere 'exec setpriv --inh-caps=-all --bounding-set=-all,+bpf,+perfmon,+dac_override,+dac_read_search,+sys_ptrace,+sys_resource \
		writetrace trace -j --backend tracepoint -p $$' >out 2>err || status=$?
	expect_status 3
	is "$(wc -l <err)" 1 "lines on stderr"
	has err '^writetrace: tracepoint: tracefs cannot be mounted .*; try: mount -t tracefs tracefs /sys/kernel/tracing$'
	is "$(jq -r .error out)" "$(sed 's/^writetrace: //' err)"
}
