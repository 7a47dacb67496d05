#!/usr/bin/env bats
# Whatever is wrong is said in one clear line, with the exit status that the contract gives to it.

# What lib.bash sets is not known to shellcheck, nor that each test is a shell of its own.
# shellcheck disable=SC2016,SC2030,SC2031,SC2154
load lib

teardown() {
	end_started
	[[ ! ${bpffs-} ]] || drop_bpffs
	[[ ! ${small-} ]] || umount "$small"
}

@test "a process or thread that does not exist: status 1, and nothing is attached" {
	one_error 1 'such process' trace -p 999999999
	one_error 1 'such process' trace -p $$,999999999
	one_error 1 '(such|no).*thread' trace --tid 999999999
	(exit 0) &
	gone=$!
	wait "$gone"
	one_error 1 "$gone.*such process" trace -p "$gone"
}

@test "a thread's number is not a process's" {
	kernel_has_no_part
	workload threads 2 1000000000 f 3>&- &
	started+=($!)
	two() { [[ $(find /proc/$!/task -mindepth 1 -maxdepth 1 | wc -l) == 3 ]]; }
	until_true two
	# shellcheck disable=SC2012
	one_error 1 'such process' trace -p "$(ls /proc/$!/task | tail -n 1)"
}

@test "a cgroup that is none" {
	kernel_has_no_part
	one_error 1 '/no/such/cgroup: ' trace -g /no/such/cgroup
	one_error 1 "$PWD: .*cgroup" trace -p $$ --duration 10ms -g "$PWD"
	: >file
	one_error 1 'file: ' trace -p $$ --duration 10ms -g file
}

@test "without privileges: status 3, which are missing, what to do" {
	cd /
	for backend in "" "--backend raw" "--backend tracepoint" "--backend fentry"; do
		status=0
		# shellcheck disable=SC2086
		nobody "$(command -v writetrace)" trace -j $backend >"$BATS_TEST_TMPDIR/out" \
			2>"$BATS_TEST_TMPDIR/err" || status=$?
		(
			cd "$BATS_TEST_TMPDIR"
			expect_status 3
			is "$(wc -l <err)" 1 "lines on stderr"
			has err '^writetrace: .*CAP_BPF.*root'
			is "$(jq -r .error out)" "$(sed 's/^writetrace: //' err)"
		)
	done
	status=0
	nobody "$(command -v writetrace)" trace -- true 2>"$BATS_TEST_TMPDIR/err" || status=$?
	expect_status 125
}

@test "with one capability too few: which one" {
	keep="+bpf,+perfmon,+sys_admin,+sys_resource,+dac_override"
	for missing in bpf perfmon; do
		status=0
		# CAP_SYS_ADMIN includes the other two.
		setpriv --inh-caps=-all --bounding-set="-all,${keep/+$missing,/},-sys_admin" \
			writetrace trace -- true >out 2>err || status=$?
		expect_status 125
		has err "^writetrace: missing CAP_${missing^^}; run as root$"
	done
}

# with CAPABILITIES COMMAND...: with these and no others, as in with bpf,perfmon
with() { setpriv --inh-caps=-all --bounding-set="-all,+${1//,/,+}" "${@:2}"; }

@test "pin, dump and unpin with some capabilities: they are enough, or the missing one is named" {
	own_bpffs
	files=dac_override,dac_read_search,sys_ptrace,sys_resource
	start_target
	for have in $files,bpf $files,perfmon $files; do
		status=0
		with "$have" writetrace --bpffs "$bpffs" pin web -p "$target" >out 2>err || status=$?
		expect_status 3
		is "$(wc -l <err)" 1 "lines on stderr with $have"
		has err '^writetrace: missing CAP_.*; run as root$'
		[[ $have == *bpf* ]] || has err CAP_BPF
		[[ $have == *perfmon* ]] || has err CAP_PERFMON
		is "$(find "$bpffs" -mindepth 2)" "" "what is pinned with $have"
	done
	status=0
	with "$files,bpf,perfmon" writetrace --bpffs "$bpffs" pin web "${quick[@]}" -p "$target" >out 2>err || status=$?
	# Linux 6.1 refuses what 6.18 allows
	if in_guest && ((status != 0)); then
		expect_status 3
		has err 'missing CAP_SYS_ADMIN; run as root'
		is "$(find "$bpffs" -mindepth 2)" "" "what is pinned without CAP_SYS_ADMIN"
		pin web -p "$target"
	fi
	expect_status 0
	order 'printf x >f'
	with "$files,bpf" writetrace --bpffs "$bpffs" dump web -j >out
	is "$(jq -c '.totals.calls' out)" 1 calls
	for arguments in "dump web" "dump web -j" "dump"; do
		status=0
		# shellcheck disable=SC2086
		with "$files" writetrace --bpffs "$bpffs" $arguments >out 2>err || status=$?
		expect_status 3
		is "$(wc -l <err)" 1 "lines on stderr"
		has err '^writetrace: .*missing CAP_BPF; run as root$'
	done
	status=0
	# Linux 5.10 refuses all of bpf() to the unprivileged
	if [[ ${WT_KERNEL-} == 5.10 ]]; then
		for arguments in web --all; do
			status=0
			with "$files" writetrace --bpffs "$bpffs" unpin "$arguments" 2>err || status=$?
			expect_status 3
			is "$(wc -l <err)" 1 "lines on stderr"
			has err '^writetrace: .*missing CAP_BPF; run as root$'
		done
		dump web -j
		is "$(jq -c '.totals.calls' out)" 1 "calls of the session, which is as it was"
		status=0
		files+=,bpf
	fi
	with "$files" writetrace --bpffs "$bpffs" unpin web 2>err || status=$?
	expect_status 0
	is "$(find "$bpffs" -mindepth 2)" "" "what is pinned"
}

@test "the capabilities that are said to be needed are enough, or the missing one is named" {
	local status=0
	setpriv --inh-caps=-all --bounding-set=-all,+bpf,+perfmon,+dac_override,+dac_read_search,+sys_ptrace,+sys_resource \
		writetrace trace -j -o lines --backend raw -- sh -c 'printf x >f' 2>err || status=$?
	# Linux 6.1 refuses what 6.18 allows
	if in_guest && ((status != 0)); then
		is "$status" 125 "status with COMMAND"
		has err 'missing CAP_SYS_ADMIN; run as root'
		return
	fi
	mv lines out
	is "$(count)" 1 events
}

@test "a backend that is refused says why; one that works is taken instead" {
	wt trace -j --backend fentry -p $$ --duration 1ms
	if ((status != 0)); then
		expect_status 3
		is "$(wc -l <err)" 1 "lines on stderr"
		has err '^writetrace: fentry: '
	fi
	wt trace -j -- true
	expect_status 0
}

@test "no BTF: status 3, and CONFIG_DEBUG_INFO_BTF is named" {
	own_bpffs
	for hidden in "mount -t tmpfs tmpfs /sys/kernel/btf" "mount --bind /dev/null /sys/kernel/btf/vmlinux"; do
		for arguments in "trace -p $$" "trace -c -p $$" "trace --backend raw -p $$" "pin -p $$"; do
			status=0
			unshare -m bash -c "$hidden && exec writetrace --bpffs $bpffs -j $arguments" >out 2>err || status=$?
			expect_status 3
			is "$(wc -l <err)" 1 "lines on stderr"
			has err 'CONFIG_DEBUG_INFO_BTF'
			is "$(jq -r .error out)" "$(sed 's/^writetrace: //' err)"
		done
	done
	is "$(find "$bpffs" -mindepth 2)" "" "what is pinned"
}

@test "the disk is full: one line, status 1, and COMMAND goes on" {
	one_error_full() {
		expect_status 1
		grep -v '^writetrace: [0-9]* write' err >errors || true
		is "$(wc -l <errors)" 1 "errors on stderr"
		has errors '^writetrace: .*No space left'
	}
	start_target
	writetrace trace -j -p "$target" >/dev/full 2>err </dev/null 3>&- &
	tracer=$!
	started+=("$tracer")
	until_true is_tracing
	order 'printf x >f'
	end_trace none
	one_error_full
	order 'printf x >g'
	wt trace -j -o /dev/full -p "$target" --duration 10ms
	one_error_full
	has errors '/dev/full: '
	trace -j -o /dev/full -- sh -c 'printf x >h; sleep 1; printf y >i'
	expect_status 125
	has err '/dev/full: No space left'
	until_true test -s i
}

@test "the disk fills up: what was written is whole" {
	mkdir small
	mount -t tmpfs -o size=256k tmpfs small
	small=$PWD/small
	start_target
	start_trace -j -o small/lines -p "$target"
	order 'for ((i = 0; i < 3000; i++)); do printf x >f; done'
	end_trace none || true
	cp small/lines out
	expect_status 1
	is "$(stat -f -c %a small)" 0 "room that is left"
	grep -v '^writetrace: [0-9]* write' err >errors
	is "$(wc -l <errors)" 1 "errors on stderr"
	has errors 'small/lines: No space left'
	# up to the last line, which may be cut
	sed '$d' out | jq -c . >/dev/null
	[[ $(wc -l <out) -gt 100 ]]
}

@test "beyond ulimit -f: one line, what was written is whole, and COMMAND gets SIGXFSZ as ever" {
	kernel_has_no_part
	# limited BLOCKS ARGUMENT...: the limit is also that of files that we have opened for it
	limited() {
		status=0
		(ulimit -f "$1" && shift && exec writetrace trace -q "$@") 2>&1 >/dev/null </dev/null 3>&- | cat >err || status=$?
	}
	set -o pipefail
	limited 0 -o lines -- sh -c 'printf x >/dev/null'
	is "$status" 125 status
	has err '^writetrace: lines: File too large$'
	limited 1024 -j -o more -- bash -c 'for ((i = 0; i < 6000; i++)); do printf x >>g; done'
	is "$status" 125 status
	has err '^writetrace: more: File too large$'
	is "$(wc -l <err)" 1 "lines on stderr"
	is "$(stat -c %s more)" 1048576 "bytes of lines"
	sed '$d' more | jq -c . >/dev/null
	limited 0 -- sh -c 'printf x >h'
	is "$status" 153 "status (SIGXFSZ)"
	for signal in default ignore; do
		env "--$signal-signal=XFSZ" writetrace trace -q -o "lines.$signal" -- cat /proc/self/status >"$signal"
	done
	# bit 24
	has default '^SigIgn:.*[02468ace].{6}$'
	has ignore '^SigIgn:.*[13579bdf].{6}$'
}

@test "the disk is full: --force leaves the file that there was" {
	mkdir small
	mount -t tmpfs -o size=64k tmpfs small
	small=$PWD/small
	echo precious >small/lines
	head -c 1M /dev/zero >small/rest 2>/dev/null || true
	wt trace -j -o small/lines --force -- sh -c 'printf x >f'
	expect_status 125
	has err 'small/lines: No space left'
	is "$(<small/lines)" precious "what it holds"
	is "$(find small -mindepth 1 -printf '%f\n' | sort | xargs)" "lines rest" "what is left"
}

@test "stdout is closed" {
	kernel_has_no_part
	status=0
	writetrace trace -j -- true >&- 2>err || status=$?
	[[ $status == 1 || $status == 125 ]] || fail "status $status"
	is "$(wc -l <err)" 1 "lines on stderr"
}

@test "stderr is closed" {
	kernel_has_no_part
	writetrace trace -j -- sh -c 'printf x >f' >out 2>&-
	is "$(count)" 1 events
	whole
}

@test "standard streams that are closed: their numbers are not given to files, nor to COMMAND" {
	kernel_has_no_part
	writetrace trace -j -o file -- sh -c 'printf x >f' 2>&-
	mv file out
	whole 1
	# shellcheck disable=SC2016
	writetrace trace -j -o file2 -- \
		sh -c 'for fd in 0 1 2; do [ ! -e /proc/self/fd/$fd ] || exit; done; : >closed' 0<&- >&- 2>&-
	mv file2 out
	whole
	[[ -e closed ]] || fail "they are not closed for COMMAND"
	status=0
	writetrace help >&- 2>err || status=$?
	expect_status 1
	has err '^writetrace: standard output: Bad file descriptor$'
	status=0
	writetrace trace -- touch ran >&- 2>err || status=$?
	expect_status 125
	has err '^writetrace: standard output: Bad file descriptor$'
	[[ ! -e ran ]] || fail "COMMAND has run"
}

# tests/errors.golden: "$ writetrace ARGUMENTS", then the exit status and what is on stderr. `tests/errors.golden` is made
# anew by WT_GOLDEN=1 bats tests/errors.bats; look at the difference.
@test "error texts, each as it was before" {
	kernel_has_no_part
	own_bpffs
	: >file
	grep '^\$ ' "$top/tests/errors.golden" | while read -r _ _ line; do
		echo "\$ writetrace $line"
		status=0
		eval "timeout 20 writetrace --bpffs bpf $line" >out 2>err </dev/null || status=$?
		echo "$status"
		sed "s,$PWD,PWD,g" err
	done >golden
	if [[ ${WT_GOLDEN-} == 1 ]]; then cp golden "$top/tests/errors.golden"; fi
	diff "$top/tests/errors.golden" golden
}
