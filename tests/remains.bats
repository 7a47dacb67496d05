#!/usr/bin/env bats
# Whatever becomes of pin, dump and unpin (killed at any moment, refused anything by the kernel, 32 at the same time),
# there are whole sessions or none, and nothing stays in the kernel that is in no session.

# What lib.bash sets is not known to shellcheck, nor that each test is a shell of its own.
# shellcheck disable=SC2016,SC2030,SC2031,SC2154
load lib

setup() {
	enter
	# below strace LeakSanitizer does not work
	export ASAN_OPTIONS=detect_leaks=0
	own_bpffs
	home=$bpffs/writetrace
	start_target
	writes=0
	objects >before
}

teardown() {
	end_started
	drop_bpffs
}

# They make up most of what pin does without them.
small=(-q --rows 100 --events 64)

# one_write: the target writes one byte; $writes counts them
one_write() {
	order 'printf x >>f'
	writes=$((writes + 1))
}

# in_other_hands: what is pinned elsewhere, or held by processes that do not come from this test
in_other_hands() {
	local kind pid
	for kind in prog map link; do
		bpftool -f "$kind" list | awk -v kind="$kind" -v ours="$bpffs/" '
			/^[0-9]+:/ { id = $1 + 0 }
			$1 == "pinned" && index($2, ours) != 1 { print kind, id }'
	done
	for pid in /proc/[0-9]*; do
		grep -qsF "BATS_TEST_TMPDIR=$BATS_TEST_TMPDIR" "$pid/environ" || grep -hsE '^(prog|map|link)_id:' "$pid"/fdinfo/* || true
	done | sed 's/_id:[[:space:]]*/ /'
}

all_gone() {
	objects | comm -12 new - >left
	in_other_hands | sort -u | comm -13 - left >new
	[[ ! -s new ]]
}

# nothing_new: nothing is in the kernel that was not ./before, but for what others on this machine have made meanwhile
nothing_new() {
	objects | comm -13 before - >new
	[[ ! -s new ]] || until_true all_gone || fail "still there: $(<new)"
}

# no_remains [NAME...]: in the directory are these and nothing else
no_remains() {
	# before there was any session there is no directory either
	is "$(cd "$home" 2>/dev/null && echo * || echo '*')" "${*-*}" "what is in the directory"
	(($# > 0)) || nothing_new
}

# nothing_counts: no half session does, whatever is there before the next command cleans up
nothing_counts() {
	local dir calls
	for dir in "$home"/*/; do
		[[ $dir != "$home/web/" ]] || ! is_enabled "$dir" || continue
		! is_enabled "$dir" || fail "$dir counts"
		[[ -e $dir/totals ]] || continue
		calls=$(bpftool -j map dump pinned "$dir/totals" | jq '[.. | .calls? // empty] | add // 0')
		is "$calls" 0 "calls counted in $dir"
	done
}

# The second word of struct wt_shared. (A map may have come to be without BTF, where that was refused.)
is_enabled() { [[ -e $1/shared ]] && bpftool -j map dump pinned "$1/shared" | jq -e '.[0].value[4] == "0x01"' >/dev/null; }

# list: "NAME ROWS" of each session in `dump --list`, in $sessions; the rows tell ours apart
list() {
	dump --list -j
	expect_status 0
	sessions=$(jq -r '.sessions[] | "\(.name) \(.rows)"' out)
}

# there_are SESSIONS
there_are() {
	list
	is "$sessions" "$1" sessions
}

# counts CALLS: web has counted so many, and counts one more
counts() {
	dump web -j
	expect_status 0
	adds_up "$1"
	one_write
	dump web -j
	adds_up $(($1 + 1))
}

# Of each command, one system call after the other comes to harm. What is called where errors are caught, as in "if",
# would not fail: so all that is here sets variables.
#
# $syscall, $n	the nth call of this one
# $harm		"kill", or "error" for any of $errnos
# $hit		0 if there was no such call; the command has done what it does
# $ended	its status

errnos=(ENOSPC ENOMEM EPERM EMFILE)
tried=0
btf_loads=

# harmed ARGUMENT...: `wt` to which that happens
harmed() {
	local what=signal=KILL
	[[ $harm == kill ]] || what=error=${errnos[RANDOM % 4]}
	did="$*: $syscall $n $what"
	tried=$((tried + 1))
	status=0 hit=0
	timeout --foreground -k 5 "$patience_s" strace -qq -o strace -e trace="$syscall" -e inject="$syscall:$what:when=$n" \
		writetrace --bpffs "$bpffs" "$@" >out 2>err </dev/null 3>&- || status=$?
	if [[ $harm == kill ]]; then
		((status != 137)) || hit=1
	elif grep -q '(INJECTED)' strace; then
		hit=1
	fi
	ended=$status
	if ((hit)) && [[ $harm == error && $status != 0 ]]; then
		between 1 "$status" 127 "status of $did"
		is "$(wc -l <err)" 1 "lines on stderr of $did"
		has err '^writetrace: .*[a-z]'
	else
		((hit)) || expect_status 0
		[[ ! -s err ]] || fail "$did says something and exits with $status"
	fi
}

# rolled_back [NAME...]: what has failed has left these, and nothing to clean up
rolled_back() {
	[[ $harm == kill || $ended == 0 ]] || is "$(cd "$home" && echo *)" "${*-*}" "what is in the directory after $did"
}

# find_btf_loads ARGUMENT...: which of the bpf() calls of this `wt` load BTF. By some of them libbpf finds out what the
# kernel knows. Where a kernel knows less than it does, the verifier tries for half a minute before it refuses.
find_btf_loads() {
	strace -qq -o strace -e trace=bpf writetrace --bpffs "$bpffs" "$@" >out 2>err </dev/null 3>&-
	btf_loads=$(awk '/BPF_BTF_LOAD/ { printf "%d ", NR }' strace)
	between 3 "$(wc -w <<<"$btf_loads")" 30 "loads of BTF"
	unpin web
	no_remains
}

# each STEP FUNCTION SYSCALL...: calls it for one in STEP (all in `make check-long`) of the numbers of each system call,
# as long as there is one; not for the same ones each time. Those made before main() are not ours.
each() {
	local step=$1 function=$2 first
	[[ ${WT_LONG-} != 1 ]] || step=1
	((step == 1)) || ! in_guest || step=$((2 * step))
	shift 2
	for syscall in "$@"; do
		# AddressSanitizer ends a program to which memory is refused
		[[ $syscall != mmap || ${WT_BUILD-} != *sanitize ]] || continue
		strace -qq -o strace -e trace="$syscall" writetrace --version >/dev/null
		first=$(($(wc -l <strace) + 1))
		hit=1 hits=0
		for ((n = first + RANDOM % step; hit; n += step)); do
			[[ $harm == kill || $syscall != bpf || " $btf_loads " != *" $n "* ]] || continue
			"$function"
			hits=$((hits + hit))
		done
		((step > 1 || hits)) || fail "$syscall is never called"
	done
	echo "$tried times"
}

# pin_harmed: a new session is there or it is not
pin_harmed() {
	harmed pin web -p "$target" "${small[@]}" "${quick[@]}"
	rolled_back
	one_write
	nothing_counts
	list
	if ((ended == 0)); then
		is "$sessions" "web 100" "sessions after $did"
	elif [[ $harm == error ]]; then
		is "$sessions" "" "sessions after $did"
	fi
	if [[ $sessions ]]; then
		is "$sessions" "web 100" "sessions after $did"
		counts 1
		unpin web
		expect_status 0
	fi
	no_remains
}

@test "pin killed at any of its calls: nothing is seen, nothing counts, the next command cleans up" {
	harm="kill"
	each 8 pin_harmed bpf
	each 1 pin_harmed mkdirat renameat2 flock
}

@test "pin refused any of its calls: it says so and nothing is left, or it can do without" {
	harm=error
	find_btf_loads pin web -p "$target" "${small[@]}" "${quick[@]}"
	each 12 pin_harmed bpf mmap openat
	each 1 pin_harmed mkdirat renameat2 flock getrandom
}

# Other signals than KILL wait while there is half a session.
signals=(KILL KILL INT TERM HUP)

@test "pin killed at any moment" {
	for ((i = 0; i < $(sampled 20 1000); i++)); do
		signal=${signals[RANDOM % 5]}
		writetrace --bpffs "$bpffs" pin web -p "$target" "${small[@]}" "${quick[@]}" >out 2>err </dev/null 3>&- &
		sleep "0.$(printf %03d $((RANDOM % (slow > 1 ? 999 : 250))))"
		kill -s "$signal" $! 2>/dev/null || true
		wait $! || true
		[[ $signal == KILL ]] || is "$(compgen -G "$home/*_*")" "" "remains after SIG$signal"
		one_write
		nothing_counts
		list
		if [[ $sessions ]]; then
			is "$sessions" "web 100" sessions
			counts 1
			unpin web
			expect_status 0
		fi
		no_remains
	done
}

# unpin_harmed: the session is as it was, or gone
sessions=
unpin_harmed() {
	if [[ ! $sessions ]]; then
		pin web -p "$target" "${small[@]}"
		expect_status 0
		writes=0
	fi
	one_write
	harmed unpin web
	list
	((ended != 0)) || is "$sessions" "" "sessions after $did"
	if [[ $sessions ]]; then
		is "$sessions" "web 100" "sessions after $did"
		counts "$writes"
		no_remains web
	else
		no_remains
	fi
}

@test "unpin killed at any of its calls: the session is as it was, or gone" {
	harm="kill"
	each 12 unpin_harmed bpf unlinkat
	each 1 unpin_harmed renameat2 flock
}

@test "unpin refused any of its calls: the session is as it was, or gone" {
	harm=error
	each 16 unpin_harmed bpf unlinkat mmap openat
	each 1 unpin_harmed renameat2 flock getrandom
}

@test "unpin killed at any moment: the session is as it was, or gone" {
	whole=0
	for ((i = 0; i < $(sampled 10 500); i++)); do
		if [[ ! $sessions ]]; then
			pin web -p "$target" "${small[@]}"
			expect_status 0
			writes=0
		fi
		one_write
		writetrace --bpffs "$bpffs" unpin web >out 2>err </dev/null 3>&- &
		sleep "0.$(printf %03d $((RANDOM % (slow > 1 ? 200 : 20))))"
		kill -s "${signals[RANDOM % 5]}" $! 2>/dev/null || true
		wait $! || true
		list
		if [[ $sessions ]]; then
			is "$sessions" "web 100" sessions
			counts "$writes"
			no_remains web
			whole=$((whole + 1))
		else
			no_remains
		fi
	done
	echo "$whole of $i are as they were"
}

# replace_harmed: it is the old session still, which has missed nothing, or the new one
replace_harmed() {
	if [[ $sessions != "web 100" ]]; then
		pin web --replace -p "$target" "${small[@]}"
		expect_status 0
		writes=0
	fi
	one_write
	harmed pin web --replace -p "$target" "${small[@]}" --rows 200 "${quick[@]}"
	rolled_back web
	one_write
	list
	if ((ended == 0)); then
		is "$sessions" "web 200" "sessions after $did"
	elif [[ $harm == error ]]; then
		is "$sessions" "web 100" "sessions after $did"
	fi
	case $sessions in
	"web 100") counts "$writes" ;;
	"web 200") counts 1 ;;
	*) fail "sessions after $did: $sessions" ;;
	esac
	no_remains web
}

@test "pin --replace killed at any of its calls: it is the old session or the new one" {
	harm="kill"
	each 30 replace_harmed bpf unlinkat
	each 1 replace_harmed mkdirat renameat2 flock
	unpin web
	no_remains
}

@test "pin --replace refused any of its calls: it is the old session or the new one" {
	harm=error
	find_btf_loads pin web --replace -p "$target" "${small[@]}" "${quick[@]}"
	each 50 replace_harmed bpf unlinkat mmap openat
	each 1 replace_harmed mkdirat renameat2 flock getrandom
	unpin web
	no_remains
}

dump_harmed() {
	one_write
	harmed dump web -j
	((status != 0)) || adds_up "$writes"
	dump web -j
	expect_status 0
	adds_up "$writes"
}

@test "dump killed or refused at any of its calls: the next one is exact" {
	pin web -p "$target" "${small[@]}"
	for harm in kill error; do
		each 6 dump_harmed bpf
		each 1 dump_harmed flock
		[[ $harm == kill ]] || each 6 dump_harmed mmap openat
	done
	no_remains web
	unpin web
	no_remains
}

# together COMMAND...: 32 of them at the same time; their status is in ./status.*, their output in ./out.* The last one has
# waited for the processors until all others were done.
crowd=32
together() {
	local i crowd_pids=()
	rm -f status.* out.* err.*
	for ((i = 0; i < crowd; i++)); do
		(
			code=0
			timeout -k 5 $((4 * patience_s)) writetrace --bpffs "$bpffs" "$@" >out.$i 2>err.$i </dev/null 3>&- || code=$?
			echo $code >status.$i
		) &
		crowd_pids+=($!)
	done
	wait "${crowd_pids[@]}"
}

how_many() { cat status.* | grep -cx "$1" || true; }

@test "32 at the same time: one pin and one unpin succeed" {
	for ((round = 0; round < $(sampled 2 50); round++)); do
		together pin web -p "$target" "${small[@]}" "${quick[@]}"
		is "$(how_many 0) $(how_many 1)" "1 $((crowd - 1))" "succeeded and failed"
		is "$(cat err.* | sort -u)" "writetrace: session web exists; --replace replaces it" errors
		there_are "web 100"
		counts 0
		together unpin web
		is "$(how_many 0) $(how_many 1)" "1 $((crowd - 1))" "succeeded and failed"
		is "$(cat err.* | sort -u)" "writetrace: there is no session web" errors
		no_remains
	done
}

@test "32 at the same time: each pin --replace succeeds, one session stays" {
	for ((round = 0; round < $(sampled 1 50); round++)); do
		together pin web --replace -p "$target" "${small[@]}" "${quick[@]}"
		is "$(how_many 0)" "$crowd" succeeded
		there_are "web 100"
		counts 0
		no_remains web
		unpin web
		no_remains
	done
}

# at_random I: pins, unpins or dumps one name
at_random() {
	local command=${commands[RANDOM % ${#commands[@]}]} code=0
	# shellcheck disable=SC2086
	timeout -k 5 "$patience_s" writetrace --bpffs "$bpffs" $command >"did.$1" 2>"did.$1.err" </dev/null 3>&- || code=$?
	echo "$code $command" >"status.$1"
}

@test "32 at the same time, pin, unpin and dump: never more than one session, no torn dump" {
	commands=("pin web -p $target ${small[*]} ${quick[*]}" "unpin web" "dump web -j" "dump --list -j" "dump web --events -j")
	exists=0
	for ((round = 0; round < $(sampled 4 900); round++)); do
		rm -f did.* status.*
		pids=()
		for ((i = 0; i < crowd; i++)); do
			at_random "$i" &
			pids+=($!)
		done
		wait "${pids[@]}"
		is "$(cat status.* | grep -cvE '^[01] ' || true)" 0 "status other than 0 and 1"
		exists=$((exists + $(cat status.* | grep -c '^0 pin' || true) - $(cat status.* | grep -c '^0 unpin' || true)))
		there_are "$( ((exists == 0)) || echo "web 100")"
		for ((i = 0; i < crowd; i++)); do
			case $(<"status.$i") in
			"0 dump web -j")
				cp "did.$i" out
				adds_up
				;;
			"0 dump --list -j") jq -e '.sessions | length < 2' "did.$i" ;;
			0*) [[ ! -s did.$i.err ]] || fail "$(<"status.$i") says $(<"did.$i.err")" ;;
			*)
				[[ $(<"did.$i.err") =~ ^"writetrace: "(session web exists|there is no session) && $(wc -l <"did.$i.err") == 1 ]] ||
					fail "$(<"status.$i") says $(<"did.$i.err")"
				;;
			esac
		done
	done
	unpin --all
	no_remains
}

@test "pin and unpin again and again: no object stays, nor memory" {
	kernel_kb() { awk '/^(Slab|Percpu|VmallocUsed):/ { n += $2 } END { print n }' /proc/meminfo; }
	n=$(sampled 30 10000)
	for ((i = 0; i < n; i++)); do
		# once it has come to rest
		((i != n / 10)) || kb=$(kernel_kb)
		pin web -p "$target" "${small[@]}"
		expect_status 0
		((i % 10)) || counts 0
		unpin web
		expect_status 0
	done
	no_remains
	echo "$(($(kernel_kb) - kb)) kB more"
	[[ ${WT_LONG-} != 1 ]] || between -1000000 $(($(kernel_kb) - kb)) 20000 "kB more after $n times"
}
