# shellcheck shell=bash
# What all bats files share: starting writetrace and things to trace, and comparing what it shows with what was done.
#
# Each test runs in an empty directory of its own. `wt` runs writetrace there and leaves ./out, ./err and $status.
#
# On this machine only processes of our own are traced (a COMMAND, --pid, --cgroup) and no data is captured; tests that
# need more call needs_guest.
#
# In a guest everything is slow, jq (half a second to start) and the fentry backend (five seconds to load and unload)
# above all: a helper here calls jq once, and where the backend does not matter `quick` names one that loads quickly.

bats_require_minimum_version 1.5.0

top=$(cd "$BATS_TEST_DIRNAME/.." && pwd)
PATH=${WT_BUILD:-$top/build}:$top/build/tests:$PATH
export PATH LC_ALL=C.UTF-8 TZ=UTC0
unset NO_COLOR WORKLOAD_REPORT

# How much slower than this machine a guest is whose processor is emulated.
slow=1
[[ ${WT_GUEST-} != 1 ]] || slow=20

quick=()
[[ ${WT_GUEST-} != 1 ]] || quick=(--backend raw)

# The longest that anything may take; only what hangs gets there.
patience_s=$((20 + 5 * slow))
[[ ${WT_LONG-} != 1 ]] || patience_s=$((20 * patience_s))

# scaled N [LEAST]: a number of rounds that a guest gets through in reasonable time, too
scaled() {
	local n=$(($1 / slow)) least=${2-1}
	echo $((n < least ? least : n))
}

# sampled N FULL [LEAST]: the same, but of FULL in `make check-long`
sampled() {
	if [[ ${WT_LONG-} == 1 ]]; then scaled "$2" "${3-1}"; else scaled "$1" "${3-1}"; fi
}

setup() { enter; }

enter() {
	cd "$BATS_TEST_TMPDIR" || return
	started=()
}

teardown() { end_started; }

# Ends what the test started and left behind, by its number. Of a test that has passed nobody wants the large files, and a
# guest's disk is its memory.
end_started() {
	local pid
	for pid in "${started[@]}"; do
		kill -KILL "$pid" 2>/dev/null || true
		wait "$pid" 2>/dev/null || true
	done
	[[ ${BATS_TEST_COMPLETED-} != 1 ]] || find "$BATS_TEST_TMPDIR" -maxdepth 1 -type f -size +1024k -delete || true
}

in_guest() { [[ ${WT_GUEST-} == 1 ]]; }

# Below strace LeakSanitizer does not work.
needs_strace() {
	command -v strace >/dev/null || skip "no strace here"
	export ASAN_OPTIONS=detect_leaks=0
}

# needs_guest WHY
needs_guest() { in_guest || skip "only in a guest: $1"; }

# In guests time is scarce: what the host's kernel shows no other will show differently.
kernel_has_no_part() { ! in_guest || skip "not in guests: no kernel has a part in it"; }

# On this machine, which may be locked down, and where the kernel cannot patch its functions for it
fentry_may_be_missing() { ! in_guest || [[ $(uname -m) == aarch64 ]]; }

# needs_backend NAME: only fentry may be missing, where that is said above, and tracepoint on Linux 5.10
needs_backend() {
	[[ $1 != tracepoint || ${WT_KERNEL-} != 5.10 ]] || skip "no tracepoint backend on Linux 5.10"
	[[ $1 == fentry ]] && fentry_may_be_missing || return 0
	wt trace -q --backend fentry -- true
	((status == 0)) && return
	[[ $status == 125 && $(<err) == "writetrace: fentry: "* ]] || fail "no reason why there is no fentry"
	skip "no fentry here: $(<err)"
}

# The backends that work here
backends() {
	echo raw
	[[ ${WT_KERNEL-} == 5.10 ]] || echo tracepoint
	if ! fentry_may_be_missing || writetrace trace -q --backend fentry -- true >/dev/null 2>&1; then
		echo fentry
	fi
}

# The same for tests where one backend in a guest is enough, once ops.bats has looked at each
some_backends() {
	if in_guest; then backends | tail -n 1; else backends; fi
}

fail() {
	echo "failed: $*"
	if [[ -s err ]]; then
		echo "--- stderr:" && head -n 20 err | cat -v
	fi
	if [[ -s out ]]; then
		echo "--- end of stdout:" && tail -n 5 out | cut -c1-300 | cat -v
	fi
	return 1
}

# wt ARGUMENT...: writetrace; stdout in ./out, stderr in ./err, its exit status in $status
wt() {
	status=0
	timeout --foreground -k 5 "$patience_s" writetrace "$@" >out 2>err </dev/null 3>&- || status=$?
}

# trace ARGUMENT...: `wt trace` where the backend does not matter
trace() { wt trace "${quick[@]}" "$@"; }

expect_status() { [[ $status == "$1" ]] || fail "exit status $status instead of $1"; }

# is GOT WANT [WHAT]
is() { [[ $1 == "$2" ]] || fail "${3+$3: }'$1' instead of '$2'"; }

# between LEAST GOT MOST [WHAT]: whole numbers
between() { (($1 <= $2 && $2 <= $3)) || fail "${4+$4: }$2 is not in $1..$3"; }

# has FILE REGEX, has_not FILE REGEX
has() { grep -qE -- "$2" "$1" || fail "$1 has no line like '$2'"; }
has_not() {
	local code=0
	grep -E -- "$2" "$1" || code=$?
	((code > 0)) || fail "$1 has a line like '$2'"
	((code == 1)) || fail "$1 cannot be searched for '$2'"
}

# no_writetrace: none of this test's is left
no_writetrace() {
	local pid
	for pid in $(pgrep -x writetrace); do
		! grep -qsF "BATS_TEST_TMPDIR=$BATS_TEST_TMPDIR" "/proc/$pid/environ" || return
	done
}

# until_true CONDITION...: polls for it
until_true() {
	local deadline=$((SECONDS + patience_s))
	until "$@"; do
		((SECONDS < deadline)) || fail "not in $patience_s s: $*" || return
		sleep 0.01
	done
}

now_ms() { echo $((${EPOCHREALTIME/[.,]/} / 1000)); }

# least N...
least() { printf '%s\n' "$@" | sort -n | head -n 1; }

# one_error STATUS REGEX ARGUMENT...: refused by exactly one line, and with -j by one object on stdout, too
one_error() {
	local want=$1 regex=$2
	shift 2
	wt "$@"
	expect_status "$want"
	is "$(wc -l <err)" 1 "lines on stderr"
	has err "^writetrace: .*$regex"
	[[ ! -s out ]] || fail "stdout is not empty"
	# GLOBAL options may stand before the command
	wt -j "$@"
	expect_status "$want"
	is "$(wc -l <err)" 1 "lines on stderr with -j"
	has err "^writetrace: .*$regex"
	is "$(jq -r 'to_entries[] | "\(.key): \(.value)"' out)" "error: $(sed 's/^writetrace: //' err)" "stdout with -j"
}

# safe FILE: no control byte but the end of line, valid UTF-8, no C1 control, no bidirectional override
safe() {
	perl -ne 'BEGIN { binmode STDIN }
		chomp;
		die "line $.: a control byte\n" if /[\x00-\x1f\x7f]/;
		die "line $.: not UTF-8\n" unless /^(?: [\x20-\x7e] | [\xc2-\xdf][\x80-\xbf] | \xe0[\xa0-\xbf][\x80-\xbf]
			| [\xe1-\xec\xee\xef][\x80-\xbf]{2} | \xed[\x80-\x9f][\x80-\xbf] | \xf0[\x90-\xbf][\x80-\xbf]{2}
			| [\xf1-\xf3][\x80-\xbf]{3} | \xf4[\x80-\x8f][\x80-\xbf]{2} )*+$/x;
		utf8::decode($_);
		die "line $.: a C1 control\n" if /[\x{80}-\x{9f}]/;
		die "line $.: a bidirectional override\n"
			if /[\x{61c}\x{200e}\x{200f}\x{202a}-\x{202e}\x{2066}-\x{2069}]/;' "$1" 2>unsafe ||
		fail "$1, $(<unsafe)"
}

# JSON

# values FILTER [CONDITION]: FILTER's result for each write record of ./out for which CONDITION is true; a line each
values() { jq -r -c "select(.type == \"write\") | select(${2-true}) | $1" out; }

# paths [CONDITION]: the same for the path, relative to where we are, on one line
paths() {
	local all
	all=$(values .path "$@" | tr '\n' ' ')
	all=${all% }
	echo "${all//"$PWD"\//}"
}

# count [CONDITION]: how many write records those are
count() { jq -n "reduce (inputs | select(.type == \"write\") | select(${1-true})) as \$_ (0; . + 1)" out; }

sum_ret() { jq -n 'reduce (inputs | select(.type == "write" and .ret > 0) | .ret) as $n (0; . + $n)' out; }

# end_is CONDITION: for the last line, which must be the only end record
end_is() {
	is "$(grep -c '^{"type":"end"' out)" 1 "end records"
	tail -n 1 out | jq -e ".type == \"end\" and ($1)" >/dev/null || fail "the last line: not $1"
}

# On a kernel that preempts inside programs `skipped` is no count but the most that can have been (CONTRACT.md, KERNEL.md).
kernel_preempts() { in_guest && dmesg | grep -qE 'Dynamic Preempt: (lazy|full)'; }

# none_lost [N]: what `lost` is if nothing was lost, as a jq filter; where it says no more than that, `skipped` of N events may
# say that one in 50 could have been
none_lost() {
	if kernel_preempts; then
		echo "((.skipped // 0) * 50 <= ${1-infinite}) and (del(.skipped) | all(.[]; . == 0 or . == null))"
	else
		echo 'all(.[]; . == 0 or . == null)'
	fi
}

# whole [N]: the end record agrees with the lines, nothing was lost, and there are N events
whole() {
	local wrong
	# shellcheck disable=SC2016
	wrong=$(jq -n -r --argjson want "${1-null}" '
		reduce inputs as $r ({n: 0, bytes: 0, ends: 0};
			.type = $r.type
			| if .type == "write" then .n += 1 | .bytes += ([$r.ret, 0] | max)
			elif .type == "end" then .ends += 1 | .end = $r
			else . end)
		| if .type != "end" or .ends != 1 then "the last line is not the only end record"
		elif (.end.lost | keys) != ["inflight", "ring", "skipped", "unpaired"] then "causes: \(.end.lost)"
		elif .n as $n | .end.lost | '"$(none_lost '$n')"' | not then "lost: \(.end.lost)"
		elif .end.events != .n then "\(.n) events, but the end record says \(.end.events)"
		elif .end.bytes != .bytes then "\(.bytes) bytes, but the end record says \(.end.bytes)"
		elif $want != null and .n != $want then "\(.n) events instead of \($want)"
		else empty end' out) || wrong="./out is not JSON"
	[[ ! $wrong ]] || fail "$wrong"
}

# same_events EXPECT [CONDITION] [ORDER]: ./out shows exactly what EXPECT holds (the lines for which CONDITION is true),
# in the same order (or ordered by ORDER) and in all fields but those that nobody knows beforehand; its end record agrees
# and says that the ring was large enough
same_events() {
	local wrong
	# shellcheck disable=SC2016
	wrong=$(jq -n -r --slurpfile want "$1" --slurpfile got_all out '
		def ordered: '"${3+sort_by(}${3-.}${3+)}"';
		[$want[] | select('"${2-true}"')] as $want
		| [$got_all[] | select(.type == "write") | del(.time, .cgroup, .latency_ns, .captured)] as $got
		| ($want | ordered) as $want | ($got | ordered) as $got
		| if $want == [] then "nothing is expected"
		elif $want == $got then $got_all[-1]
			| if .type == "end" and .events == ($got | length) and .lost.ring == 0 then empty
			else "the end record: \(.)" end
		else "\($got | length) events, expected \($want | length); differences:",
			([range([$want, $got | length] | max) | select($want[.] != $got[.])][:3][]
				| "expected \($want[.])", "shown    \($got[.])")
		end') || wrong="./out or $1 is not JSON, or not as it is asked for: $wrong"
	[[ ! $wrong ]] || fail "${wrong:0:2000}"
}

# The document of `dump -j` and `trace -c -j`

# adds_up_jq: a jq filter for one such document, empty if the totals are the sum of the operations and of all rows, and nothing is
# lost; else what is wrong. (What a session says that such a kernel may have skipped can be one in ten, where more processes than
# there are copies of a program compete for a processor. counted and same_sums ask how much it was.)
adds_up_jq() {
	# shellcheck disable=SC2016
	echo '
	def sums($keys): . as $list
		| reduce $keys[] as $key ({}; .[$key] = reduce $list[][$key] as $n (0; . + $n));
	. as $doc
	| (.totals | keys) as $keys
	| if .totals != (.ops | sums($keys)) then "the totals are \(.totals), of the operations \(.ops | sums($keys))"
	elif .totals != (.rows | sums($keys)) then "the totals are \(.totals), of the rows \(.rows | sums($keys))"
	elif any(.ops[]; ([.size_hist[].count] | add) != .calls) then "a histogram of sizes has not all calls"
	elif any(.ops[]; .latency_hist and ([.latency_hist[].count] | add) > .calls) then
		"a histogram of latencies has more than all calls"
	elif (.lost | keys) != ["inflight", "ring", "skipped", "unpaired"] then "causes: \(.lost)"
	elif .lost | '"$(none_lost)"' | not then "lost: \(.lost)"
	else empty end'
}

# adds_up [CALLS [BYTES [ERRORS]]]: ./out is one such document, in which the totals are the sum of the operations and of
# all rows (and these) and nothing is lost. Leaves $calls, $bytes and $errors.
adds_up() {
	local wrong
	read -r calls bytes errors wrong < <(jq -n -r '
		[inputs] | if length != 1 then "? ? ? \(length) documents"
		else .[0] | "\(.totals | "\(.calls) \(.bytes) \(.errors)") \('"$(adds_up_jq)"' // "")" end' out || true)
	[[ $calls ]] || fail "./out is not such a document"
	[[ ! $wrong ]] || fail "$wrong"
	is "$calls calls, $bytes bytes, $errors errors" "${1-$calls} calls, ${2-$bytes} bytes, ${3-$errors} errors"
}

# counted N: ./out is one such document, and so many calls were counted, but for those that the kernel may have skipped: few,
# less than one in 20
counted() {
	local calls skipped
	read -r calls skipped < <(jq -r '"\(.totals.calls) \(.lost.skipped // 0)"' out)
	kernel_preempts || skipped=0
	between $(($1 - skipped)) "$calls" "$1" "calls (at most $skipped skipped)"
	((($1 - calls) * 20 <= $1)) || fail "$(($1 - calls)) of $1 were skipped"
}

# same_rows EVENTS BY [CONDITION]: the rows of ./out are what those EVENTS (as `trace -j` shows them) for which CONDITION
# (jq) is true come to when they are told apart BY (as in --by), with exact names
same_rows() {
	local wrong
	# shellcheck disable=SC2016
	wrong=$(jq -n -r --slurpfile events "$1" --slurpfile doc out --arg by "$2" '
		def exact($name; $b64): if has($b64) then .[$name] = .[$b64] elif .[$name] then .[$name] |= @base64 else . end;
		def exact: exact("comm"; "comm_b64") | exact("path"; "path_b64");
		{file: ["kind", "path", "path_state", "dev", "ino"]} as $fields
		| ($by | split(",")) as $by
		| [$by[] | $fields[.] // [.] | .[]] as $keys
		| ($keys + if $by | index("pid") then ["comm"] else [] end) as $shown
		| [$events[] | select(.type == "write") | select('"${3-true}"') | exact]
		| [group_by([.[$keys[]]])[]
			| (.[0] | with_entries(select(.value != null and ([.key] | inside($shown)))))
				+ {calls: length, bytes: (map([.ret, 0] | max) | add), errors: (map(select(.ret < 0)) | length)}]
		| sort as $want
		| [$doc[0].rows[] | exact | del(.comm_b64, .path_b64, .latency_ns, .latency_max_ns)] | sort as $got
		| if $want == [] then "nothing is expected"
		elif $want == $got then empty
		else "\($got | length) rows, expected \($want | length); differences:",
			(($want - $got)[:3][] | "expected \(.)"), (($got - $want)[:3][] | "shown    \(.)")
		end') || wrong="./out or $1 is not JSON, or not as it is asked for: $wrong"
	[[ ! $wrong ]] || fail "${wrong:0:2000}"
}

# Pinned sessions. A file whose tests pin has `setup() { enter; own_bpffs; }` and `teardown() { end_started; drop_bpffs;
# }`, so that nobody else's sessions are touched: each test has a BPF file system of its own, and none leaves anything.

own_bpffs() {
	bpffs=$PWD/bpf
	mkdir "$bpffs"
	mount -t bpf -o mode=0700 bpf "$bpffs"
}

# With it goes all that is pinned there.
drop_bpffs() {
	umount "$bpffs" && return
	umount -l "$bpffs"
	fail "the test's BPF file system is in use"
}

# pin ARGUMENT..., dump ARGUMENT..., unpin ARGUMENT...: `wt` there; pin where the backend does not matter
pin() { wt --bpffs "$bpffs" pin "${quick[@]}" "$@"; }
dump() { wt --bpffs "$bpffs" dump "$@"; }
unpin() { wt --bpffs "$bpffs" unpin "$@"; }

# objects DIR: a line "prog 12", "map 7" or "link 3" for each that is pinned below DIR; with '' for each there is
objects() {
	local kind
	for kind in prog map link; do
		bpftool -f "$kind" list | awk -v kind="$kind" -v below="${1:+${1%/}/}" '
			/^[0-9]+:/ { id = $1 + 0; if (below == "") print kind, id }
			below != "" && $1 == "pinned" && index($2, below) == 1 { print kind, id }' || return
	done | sort -u
}

# are_gone FILE: none of the objects whose lines are in FILE is in the kernel
are_gone() { [[ -s $1 && ! $(objects '' | sort - "$1" | uniq -d) ]]; }

# Something to trace

# start_target [PREFIX...]: a shell that waits for orders; it never writes unless ordered to. Its pid is in $target;
# orders go to the one that was started last.
start_target() {
	local dir
	dir=$(mktemp -d "$BATS_TEST_TMPDIR/target.XXXXXX")
	mkfifo "$dir/orders"
	exec {orders}<>"$dir/orders"
	# shellcheck disable=SC2016
	"$@" bash -c 'while read -r order; do eval "$order"; : >"$1/$((++n))"; done' - "$dir" \
		<"$dir/orders" >/dev/null 2>"$dir/err" 3>&- {orders}>&- &
	target=$!
	started+=("$target")
	done_in=$dir
	orders_given=0
	order :
}

# order COMMAND: has the target run it, and waits until it is done
order() {
	give_order "$1"
	until_true test -e "$done_in/$orders_given"
}

# give_order COMMAND: has the target run it, without waiting
give_order() {
	echo "$1" >&"$orders"
	orders_given=$((orders_given + 1))
}

# Sessions in the background

# It has attached its programs once it is ready to be told to end.
is_tracing() {
	local fd
	kill -0 "$tracer" 2>/dev/null || return 0
	for fd in /proc/"$tracer"/fd/*; do
		[[ $(readlink "$fd") != "anon_inode:[signalfd]" ]] || return 0
	done
	return 1
}

# start_trace ARGUMENT...: `writetrace trace` in the background, which is ready when this returns
start_trace() {
	writetrace trace "${quick[@]}" "$@" >out 2>err </dev/null 3>&- &
	tracer=$!
	started+=("$tracer")
	until_true is_tracing
}

is_gone() { ! kill -0 "$1" 2>/dev/null; }

# end_trace [SIGNAL]: sends it (default INT) and waits; "end_trace none" only waits
end_trace() {
	[[ ${1-} == none ]] || kill -s "${1-INT}" "$tracer" || fail "it has ended by itself"
	until_true is_gone "$tracer"
	status=0
	wait "$tracer" || status=$?
}

# on_terminal COMMAND: what the terminal shows is in ./typescript
on_terminal() { script -qec "$*" typescript </dev/null >/dev/null 2>&1; }

# nobody COMMAND...: without privileges
nobody() { setpriv --reuid=65534 --regid=65534 --clear-groups --inh-caps=-all --bounding-set=-all "$@"; }

# A 32-bit program, where there is a compiler for it (see Makefile)
compat_program() { [[ -x $top/build/tests/compat32 ]]; }
