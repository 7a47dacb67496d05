#!/usr/bin/env bats
# probe: what it says is what `trace` then does.

# What lib.bash sets is not known to shellcheck, nor that each test is a shell of its own.
# shellcheck disable=SC2016,SC2030,SC2031,SC2154
load lib

# It takes its time, so it is asked once for most of them.
setup_file() {
	cd "$BATS_FILE_TMPDIR" || return
	status=0
	writetrace probe -j >probe.json 2>probe.err || status=$?
	echo "$status" >probe.status
}

# asked: what it said, as if by `wt probe -j`
asked() {
	cp "$BATS_FILE_TMPDIR/probe.json" out
	cp "$BATS_FILE_TMPDIR/probe.err" err
	status=$(<"$BATS_FILE_TMPDIR/probe.status")
}

@test "probe -j: the document of the contract" {
	asked
	expect_status 0
	is "$(jq -c 'keys' out)" '["arch","backend","backends","checks","kernel","ok","ops","pin"]'
	is "$(jq -r .kernel out)" "$(uname -r)"
	is "$(jq -r .arch out)" "$(uname -m)"
	is "$(jq .ok out)" true
	is "$(jq -r '.pin | type' out)" boolean
	is "$(jq -c '[.backends[].name] | sort' out)" '["fentry","raw","tracepoint"]'
	jq -e 'all(.backends[]; (.ok | type) == "boolean" and (.detail | type) == "string")' out
	jq -e 'all(.checks[]; (.name | type) == "string" and (.ok | type) == "boolean")' out
	jq -e '[.checks[].name] | length == (unique | length)' out
	is "$(wc -l <out)" 1 lines
	[[ ! -s err ]] || fail "stderr is not empty"
}

@test "probe -j: what it looks at" {
	asked
	jq -r '.checks[].name' out >names
	for name in btf lockdown bpf perfmon sys_admin bpffs tracefs memlock 32; do
		grep -qi -- "$name" names || fail "no check for $name among: $(xargs <names)"
	done
}

@test "probe -j: each \"no\" has its reason and its mend" {
	asked
	is "$(jq -c '.checks[] | select(.ok | not) | select((.detail // "") == "" or (.fix // "") == "")' out)" "" \
		"checks without a reason or a mend"
	is "$(jq -c '.backends[] | select(.ok | not) | select(.detail == "")' out)" "" "backends without a reason"
}

@test "probe -j: every operation, by which hook" {
	asked
	is "$(jq -r '[.ops[] | select(.covered) | .op] | join(" ")' out)" "write pwrite64 writev pwritev pwritev2 \
sendfile splice vmsplice tee copy_file_range sendto sendmsg sendmmsg fsync fdatasync sync_file_range syncfs msync \
io_uring:write io_uring:writev io_uring:write_fixed io_uring:send io_uring:sendmsg io_uring:fsync \
aio:pwrite aio:pwritev aio:fsync"
	is "$(jq -c '[.ops[] | select((.hook // "") == "")]' out)" "[]" "operations without a hook"
}

@test "probe: what it says of each backend is what happens" {
	asked
	cp out probe.json
	for backend in fentry tracepoint raw; do
		wt trace -q --backend "$backend" -- true
		is "$((status == 0))" "$(jq --arg name "$backend" '[.backends[] | select(.name == $name and .ok)] | length' probe.json)" \
			"$backend works"
	done
	best=$(jq -r .backend probe.json)
	jq -e --arg name "$best" '.backends[] | select(.name == $name) | .ok' probe.json
}

@test "probe: says on a terminal which backend it tries, once that takes longer than a second" {
	kernel_has_no_part
	needs_strace
	on_terminal "strace -o calls -f -e trace=bpf -e inject=bpf:delay_enter=20000 writetrace probe"
	has typescript $'\rwritetrace: trying backend [a-z]+\\.\\.\\.\r +\r'
	# and nothing of it remains where the result begins
	has typescript $' +\rLinux '
}

@test "probe: fentry in guests" {
	needs_guest "this machine may be locked down"
	needs_backend fentry
	asked
	is "$(jq -r .backend out)" fentry
	is "$(jq .pin out)" true
}

@test "probe as text" {
	wt probe
	expect_status 0
	for word in "$(uname -r)" "$(uname -m)" BTF fentry tracepoint raw pwritev2 CAP_BPF; do
		grep -qiF -- "$word" out || fail "it says nothing of $word"
	done
	! grep -qP '[^\n\x20-\x7e\x80-\xff]' out || fail "control bytes"
	! in_guest || return 0
	wt probe --color=always
	expect_status 0
	has out $'\e\\['
	NO_COLOR=1 wt probe
	has_not out $'\e'
}

@test "probe --pretty" {
	kernel_has_no_part
	wt probe --pretty
	expect_status 0
	jq -e .ok out
	[[ $(wc -l <out) -gt 20 ]]
}

@test "probe --helpers: the BPF helpers of each program type used" {
	wt probe -j --helpers
	expect_status 0
	is "$(jq -r '.helpers | type' out)" object
	jq -e '.helpers | length >= 2' out
	jq -e '[.helpers[][]] | index("bpf_ringbuf_reserve") != null and index("bpf_get_current_comm") != null' out
	! in_guest || return 0
	wt probe --helpers
	expect_status 0
	has out 'bpf_ringbuf_reserve|ringbuf_reserve'
}

@test "probe without privileges: status 3, which are missing" {
	binary=$(command -v writetrace)
	cd /
	status=0
	nobody "$binary" probe -j >"$BATS_TEST_TMPDIR/out" 2>"$BATS_TEST_TMPDIR/err" || status=$?
	cd "$BATS_TEST_TMPDIR"
	expect_status 3
	is "$(jq .ok out)" false
	is "$(jq -c '.backend' out)" null
	is "$(jq -c '[.backends[] | select(.ok)]' out)" "[]"
	[[ $(jq -r '.checks[] | select(.ok | not) | .name + .detail' out) == *[Cc][Aa][Pp]_[Bb][Pp][Ff]* ]] ||
		fail "CAP_BPF is not said to be missing"
	is "$(jq -c '.checks[] | select(.ok | not) | select((.fix // "") == "")' out)" "" "checks without a mend"
}

@test "probe without BTF: status 3" {
	status=0
	unshare -m bash -c 'mount -t tmpfs tmpfs /sys/kernel/btf && exec writetrace probe -j' >out || status=$?
	expect_status 3
	is "$(jq .ok out)" false
	[[ $(jq -r '.checks[] | select(.name == "btf") | .detail + .fix' out) == *CONFIG_DEBUG_INFO_BTF* ]]
}

@test "probe leaves nothing behind: no pin, no program, no link, no mount of bpffs" {
	pinned() {
		local dir
		for dir in $(findmnt -t bpf -n -o TARGET || true); do
			find "$dir" -mindepth 1 ! -name '*.debug'
		done | sort
	}
	mounted=$(findmnt -t bpf -n -o TARGET || true)
	before=$(pinned)
	wt probe -j
	is "$(findmnt -t bpf -n -o TARGET || true)" "$mounted" "bpffs"
	is "$(pinned)" "$before" "what is pinned"
	no_programs() { ! bpftool prog show 2>/dev/null | grep -q 'pids writetrace'; }
	until_true no_programs
}

@test "probe takes no arguments" {
	one_error 2 "unexpected argument 'x'" probe x
	one_error 2 "unknown option" probe --bogus
}
