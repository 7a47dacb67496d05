#!/usr/bin/env bats
# Every way to write: the operations that copy, send and sync, io_uring and AIO, each exactly, on each backend.

# What lib.bash sets is not known to shellcheck, nor that each test is a shell of its own.
# shellcheck disable=SC2016,SC2030,SC2031,SC2154
load lib

# The groups of the contract, as conditions (jq)
in_write='(.op | IN("write", "pwrite64", "writev", "pwritev", "pwritev2", "io_uring:write", "io_uring:writev",
	"io_uring:write_fixed", "aio:pwrite", "aio:pwritev"))'
in_copy='(.op | IN("sendfile", "splice", "vmsplice", "tee", "copy_file_range"))'
in_send='(.op | IN("sendto", "sendmsg", "sendmmsg", "io_uring:send", "io_uring:sendmsg"))'
in_sync='(.op | IN("fsync", "fdatasync", "sync_file_range", "syncfs", "msync", "io_uring:fsync", "aio:fsync"))'

# does WORKLOAD OPTION...: traces all that `workload WORKLOAD` does, which ends well; $took_ms
does() {
	local load=$1 begin
	shift
	mkdir -p d
	begin=$(now_ms)
	wt trace -j "$@" -- workload "$load" d expect ${data+--data "$data"}
	took_ms=$(($(now_ms) - begin))
	((status != 77)) || skip "$(grep '^workload: no ' err)"
	expect_status 0
}

# Of `blocks`, the results that two threads find at the same time, one by io_pgetevents and one at the end of its io_submit,
# come in any order; all else (jq's sort is stable) in that of the file.
found_by_two='[.path, if .path | endswith("/threads") then .offset else 0 end]'

# exact WORKLOAD BACKEND [OPTION]...: and all of it is shown. Requests that are under way together end in any order.
exact() {
	needs_backend "$2"
	does "$1" -e all --backend "${@:2}"
	case $1 in
	uring) same_events expect true . ;;
	blocks) same_events expect true "$found_by_two" ;;
	*) same_events expect ;;
	esac
	whole
}

# latencies CONDITION: all events for which it is true have a latency that can be, and no other has any
latencies() {
	jq -n -e --argjson ms "$took_ms" 'all(inputs | select(.type == "write");
		if '"$1"' then .latency_ns != null and .latency_ns > 0 and .latency_ns < $ms * 1000000
		else .latency_ns == null end)' out >/dev/null || fail "a latency is not between 0 and $took_ms ms, or not there"
}

@test "raw: copies, sends and syncs, exactly" {
	exact ways raw
	latencies true
}

@test "tracepoint: copies, sends and syncs, exactly" {
	exact ways tracepoint
	latencies true
}

@test "fentry: copies, sends and syncs, exactly" {
	exact ways fentry
	latencies true
}

@test "raw: io_uring, exactly, whoever does the work" {
	exact uring raw
	latencies true
}

@test "tracepoint: io_uring, exactly, whoever does the work" {
	exact uring tracepoint
	latencies true
}

@test "fentry: io_uring, exactly, whoever does the work" {
	exact uring fentry
	latencies true
}

@test "raw: AIO, exactly" {
	exact aio raw
	latencies true
	exact blocks raw
	latencies true
}

@test "tracepoint: AIO, exactly" {
	exact aio tracepoint
	latencies true
	exact blocks tracepoint
	latencies true
}

@test "fentry: AIO, exactly" {
	exact aio fentry
	latencies true
	exact blocks fentry
	latencies true
}

@test "--no-latency: copies, sends, syncs, io_uring and AIO, exactly" {
	for load in ways uring aio; do
		exact "$load" raw --no-latency
		latencies false
	done
}

@test "--no-latency: AIO of programs that do not keep what they handed over" {
	exact blocks tracepoint --no-latency
	latencies false
}

@test "the workloads have done each operation that probe says is covered" {
	kernel_has_no_part
	mkdir d
	wt probe -j
	jq -r '.ops[] | select(.covered) | .op' out | sort >known
	for load in ops ways uring aio; do
		status=0
		workload "$load" d "expect.$load" || status=$?
		((status != 77)) || skip "not all of them can be done here"
		expect_status 0
	done
	jq -r .op expect.* | sort -u | diff known -
}

@test "by default write and copy, and nothing else" {
	does ways "${quick[@]}"
	same_events expect "$in_write or $in_copy"
	does uring "${quick[@]}"
	same_events expect "$in_write or $in_copy" .
	does aio "${quick[@]}"
	same_events expect "$in_write or $in_copy"
}

@test "--ops: groups" {
	does ways "${quick[@]}" -e copy
	same_events expect "$in_copy"
	does ways "${quick[@]}" -e send
	same_events expect "$in_send"
	does ways "${quick[@]}" -e sync
	same_events expect "$in_sync"
	does ways "${quick[@]}" -e sync,send
	same_events expect "$in_sync or $in_send"
}

@test "--ops: groups, io_uring and AIO" {
	does uring "${quick[@]}" -e write
	same_events expect "$in_write" .
	does uring "${quick[@]}" -e send
	same_events expect "$in_send" .
	does uring "${quick[@]}" -e sync
	same_events expect "$in_sync" .
	does aio "${quick[@]}" -e sync
	same_events expect "$in_sync"
}

# only WORKLOAD OP...: with -e OP exactly these, of each
only() {
	local op load=$1
	shift
	for op; do
		does "$load" "${quick[@]}" -e "$op"
		same_events expect ".op == \"$op\"" .
	done
}

@test "--ops: each by its name" {
	kernel_has_no_part
	only ways sendfile splice vmsplice tee copy_file_range sendto sendmsg sendmmsg fsync fdatasync sync_file_range syncfs msync
}

@test "--ops: each by its name, io_uring" {
	only uring io_uring:write io_uring:writev io_uring:write_fixed io_uring:send io_uring:fsync
}

@test "--ops: io_uring:sendmsg alone" { only uring io_uring:sendmsg; }

@test "--ops: each by its name, AIO" { only aio aio:pwrite aio:pwritev aio:fsync; }

@test "--ops with each backend: names that need other hooks than their neighbours" {
	local backend
	for backend in $(some_backends); do
		does ways --backend "$backend" -e sendmmsg,msync,tee
		same_events expect '.op | IN("sendmmsg", "msync", "tee")'
		does uring --backend "$backend" -e io_uring:fsync
		same_events expect '.op == "io_uring:fsync"' .
		does aio --backend "$backend" -e aio:pwritev
		same_events expect '.op == "aio:pwritev"'
	done
}

@test "--data: what is sent, over all vectors" {
	local data=200
	does ways "${quick[@]}" -e send,vmsplice -s 200
	jq -c 'select(.op != "sendmmsg")' out >shown
	mv shown out
	is "$(jq -c 'select(.type == "write") | [.op, .fd, .ret, .data]' out)" \
		"$(jq -c 'select('"$in_send"' or .op == "vmsplice") | select(.op != "sendmmsg") | [.op, .fd, .ret, .data]' expect)"
}

@test "--data of sendmmsg: the first bytes of all messages" {
	local data=200
	does ways "${quick[@]}" -e sendmmsg -s 200
	same_events expect '.op == "sendmmsg"'
}

@test "--data: left out where it is not known: of what copies and syncs, and io_uring" {
	local data=200
	does ways "${quick[@]}" -e sync,sendfile,splice,tee,copy_file_range -s 200
	same_events expect "$in_sync or $in_copy and .op != \"vmsplice\""
	does uring "${quick[@]}" -e all -s 200
	same_events expect true .
}

@test "--data with each backend, AIO" {
	local backend data=4096
	for backend in $(some_backends); do
		does aio --backend "$backend" -e write -s 4096
		same_events expect "$in_write"
	done
}

# fds_of OPS: descriptors of such in ./expect, as "5,6"
fds_of() {
	jq -n -r '[inputs | select(.op | IN('"$1"')) | .fd | select(. and . > 0 and . != 999)] | unique | map(tostring) | join(",")' expect
}

@test "filters go by the destination: --fd, --kind, --path" {
	does ways "${quick[@]}" -e all --fd 999
	same_events expect '.fd == 999'
	fds=$(fds_of '"splice", "tee"')
	does ways "${quick[@]}" -e all --fd "$fds"
	same_events expect ".fd | IN($fds)"
	does ways "${quick[@]}" -e all -k socket
	same_events expect '.kind == "socket"'
	does ways "${quick[@]}" -e all -k pipe,anon
	same_events expect '.kind == "pipe" or .kind == "anon"'
	does ways "${quick[@]}" -e all -P d/copied
	same_events expect '.path // "" | endswith("/d/copied")'
	# what is copied from is nobody's destination
	does ways "${quick[@]}" -e copy -P d/source
	same_events expect "$in_copy"' and (.path // "" | endswith("/d/source"))'
	is "$(count '.ret > 0')" 0 "bytes copied to the source"
}

@test "directories are files with a path, and so are roots of mounts" {
	mkdir d gone
	trace -j -e sync -- bash -c 'sync d / /proc; cd gone && rmdir "$PWD" && sync .'
	is "$(jq -r 'select(.op == "fsync") | "\(.kind) \(.path) \(.path_state)"' out)" "file $PWD/d null
file / null
file /proc null
file $PWD/gone deleted"
	trace -j -e sync -k file -P d -- sync d .
	is "$(jq -r 'select(.op == "fsync").path' out)" "$PWD/d"
}

@test "filters by size and result" {
	# a size that cannot be read may be any
	does ways "${quick[@]}" -e all --min-size 1000
	same_events expect 'if has("size") then .size >= 1000 else .error == "EFAULT" end'
	does ways "${quick[@]}" -e all -x
	same_events expect '.ret < 0'
	does ways "${quick[@]}" -e sendmmsg --min-size 33 -x
	same_events expect '.op == "sendmmsg" and .ret < 0 and if has("size") then .size >= 33 else true end'
}

@test "filters on io_uring and AIO" {
	does uring "${quick[@]}" -e all -x
	same_events expect '.ret < 0' .
	does uring "${quick[@]}" -e write --min-size 5000
	same_events expect '.op != "io_uring:fsync" and if has("size") then .size >= 5000 else .error == "EFAULT" end' .
	does uring "${quick[@]}" -e all -k socket -n 'workl*' -u 0
	same_events expect '.kind == "socket"' .
	does uring "${quick[@]}" -e all -P d/sqpoll-fixed
	same_events expect '.path // "" | endswith("/d/sqpoll-fixed")' .
	does uring "${quick[@]}" -e all -n nobody
	is "$(count)" 0 "events of others"
	does aio "${quick[@]}" -e all -x
	same_events expect '.ret < 0'
	fds=$(fds_of '"aio:pwrite"')
	does aio "${quick[@]}" -e all --min-size 5000 --fd "$fds"
	same_events expect ".size != null and .size >= 5000 and (.fd | IN($fds))"
}

@test "AIO that another thread fetches is that of who submitted it" {
	does blocks "${quick[@]}" -e all -n workload -u 0
	same_events expect true "$found_by_two"
	does blocks "${quick[@]}" -e all -n fetcher
	is "$(count)" 0 "events of who has only fetched"
}

@test "AIO that another thread fetches, and --tid" {
	mkdir d
	start_target
	start_trace -j "${quick[@]}" -e all --tid "$target"
	give_order "exec workload blocks $PWD/d $PWD/expect"
	wait "$target" || true
	end_trace
	[[ -s expect ]] || skip "no AIO here"
	same_events expect true "$found_by_two"
}

@test "--fd and io_uring: the descriptors that are known" {
	does uring "${quick[@]}" -e all -x
	fds=$(fds_of '"io_uring:fsync", "io_uring:send"')
	does uring "${quick[@]}" -e all --fd "${fds:-4}"
	if [[ $fds ]]; then
		same_events expect ".fd | IN($fds)" .
	else
		is "$(count)" 0 "events whose descriptor is not known"
	fi
}

@test "--min-size and sendmsg by io_uring: what its message holds" {
	does uring "${quick[@]}" -e send --min-size 50
	is "$(count '.op == "io_uring:sendmsg"')" "$(jq -n '[inputs | select(.op == "io_uring:sendmsg")] | length' expect)" \
		"messages of 111 and 183 bytes"
}

@test "io_uring: completions for which there is no room" {
	for backend in $(some_backends); do
		wt trace -j --backend "$backend" -- workload overflow f
		((status != 77)) || skip "$(grep '^workload: no ' err)"
		expect_status 0
		whole
		is "$(jq -n -r '[inputs | select(.op == "io_uring:write" and .ret == 1).offset] | sort == [range(128)]' out)" true \
			"each write, once"
	done
	# which of several with the same number it was is not told
	wt trace -j --strict "${quick[@]}" -- workload overflow f --same
	expect_status "$(tail -n 1 out | jq 'if .lost.unpaired > 0 then 4 else 0 end')"
	is "$(jq -n '[inputs] | (map(select(.op == "io_uring:write")) | length) + .[-1].lost.unpaired' out)" 128 \
		"writes, shown or lost"
}

@test "io_uring without a completion: counted as lost, but for those that fail" {
	wt trace -j --strict -- workload silent f 20
	((status != 77)) || skip "$(grep '^workload: no ' err)"
	expect_status 4 # they have been done
	is "$(count '.op == "io_uring:write" and .error == "EBADF"')" 20 "failed writes"
	is "$(count)" 20 "events"
	end_is '.lost.unpaired == 200 and .lost.ring == 0 and .lost.inflight == 0'
}

@test "AIO of a process that ends without fetching all: counted as lost" {
	local attempt left=0
	mkdir d
	# an fsync may be done before io_submit ends, and is seen then; rarely all are
	for ((attempt = 0; attempt < 5 && !left; attempt++)); do
		wt trace -j --strict -e all -- workload leave d expect
		((status != 77)) || skip "$(grep '^workload: no ' err)"
		left=$((7 - $(count '.op == "aio:fsync"')))
		between 0 "$left" 7
		expect_status $((left ? 4 : 0))
		end_is ".lost.unpaired == $left and .lost.ring == 0 and .lost.inflight == 0"
		is "$(values '[.op, .offset, .size, .ret]' '.op != "aio:fsync"')" \
			"$(jq -c '[.op, .offset, .size, .ret]' expect)" "writes"
	done
	((left)) || fail "all were done in time, $attempt times"
}

@test "--pid: io_uring of one process, its polling thread included" {
	mkdir d
	start_target
	start_trace -j -e all -p "$target"
	give_order 'exec workload uring d expect'
	end_trace none
	expect_status 0
	[[ -s expect ]] || skip "no io_uring here"
	same_events expect true .
}

# totals_of WORKLOAD OPTION...: `trace -c` counts what EXPECT holds, of each operation and of all
totals_of() {
	does "$1" "${@:2}" -e all -c
	# shellcheck disable=SC2046
	adds_up $(jq -n -r '[inputs]
		| "\(length) \(map([.ret, 0] | max) | add) \(map(select(.ret < 0)) | length)"' expect)
	jq -c '.ops[] | [.op, .calls, .bytes, .errors]' out | sort >got
	jq -n -c '[inputs] | group_by(.op)[]
		| [.[0].op, length, (map([.ret, 0] | max) | add), (map(select(.ret < 0)) | length)]' expect | sort | diff - got
}

@test "trace -c: totals of copies, sends and syncs" {
	local backend
	for backend in $(some_backends); do
		totals_of ways --backend "$backend"
	done
}

@test "trace -c: totals of io_uring and AIO" {
	totals_of aio "${quick[@]}"
	totals_of uring "${quick[@]}"
}

@test "the peer of a socket as text" {
	mkdir d
	trace -e send -C op,ret,peer -- workload ways d expect
	expect_status 0
	has out '^sendto +77 127\.0\.0\.1:[0-9]+$'
	has out '^sendmsg +123 d/listener$'
	has out '^sendmmsg +[0-9]+ @writetrace [0-9]+$'
	has out '^sendto +77 -$'
	! grep -q '"family":"inet6"' expect || has out '^sendto +77 \[::1\]:[0-9]+$'
}

@test "vmsplice out of a pipe into memory writes nothing" {
	[[ $(uname -m) == aarch64 ]] && vmsplice=75 || vmsplice=278
	trace -j -e all -- perl -e 'pipe R, W; syswrite W, "12345678";
		$_ = "x" x 8; $at = unpack "Q", pack "P", $_;
		syscall('"$vmsplice"', fileno R, pack("QQ", $at, 8), 1, 0) == 8 or die "vmsplice: $!"; exit($_ ne "12345678")'
	expect_status 0
	is "$(values '[.op, .ret]')" '["write",8]'
}

@test "what is not seen here is named once, on stderr" {
	local backend
	for backend in $(backends); do
		wt trace --backend "$backend" -- true
		[[ $(grep -c '^writetrace: not seen here: ' err) -le 1 ]] || fail "more than one note with $backend"
		[[ $backend != tracepoint ]] || has err '^writetrace: not seen here: .*32-bit'
	done
	trace -q -- true
	[[ ! -s err ]] || fail "a note with -q"
}

# A 32-bit program

# compat BACKEND WHAT EVENT...: what build/tests/compat32 does, in the order in which it does it
compat() {
	local backend=$1 what=$2
	shift 2
	wt trace -j -e all --backend "$backend" -- "$top/build/tests/compat32" f "$what"
	expect_status 0
	is "$(values '[.op, .offset, .size, .ret]')" "$(printf '%s\n' "$@")" "$what with $backend"
	is "$(count '.compat != true')" 0 "events that are not said to be a 32-bit program's, with $backend"
	whole $#
}

# Those that see such programs, in $sees
compat_backends() {
	compat_program || skip "no 32-bit program: cc -m32 -static does not work here"
	sees=$(backends | tr ' ' '\n' | grep -v tracepoint)
}

@test "a 32-bit program copies, sends and syncs" {
	compat_backends
	for backend in $sees; do
		compat "$backend" ways '["sendfile",5368709120,100,100]' '["vmsplice",null,8,8]' '["tee",null,6,6]' \
			'["splice",5368709127,5,5]' '["splice",5368709220,9,3]' '["copy_file_range",5368710120,20,20]' \
			'["sendto",null,7,7]' '["sendmsg",null,8,8]' '["sendmmsg",null,19,19]' '["fsync",null,null,0]' \
			'["fdatasync",null,null,0]' '["sync_file_range",5368709123,6442450953,0]' '["syncfs",null,null,0]' \
			'["msync",null,8192,0]' '["fsync",null,null,-9]'
		is "$(count '.op == "splice" and .path == "'"$PWD"'/f"')" 2 "splices into the file"
	done
}

@test "a 32-bit program's AIO" {
	compat_backends
	for backend in $sees; do
		compat "$backend" aio '["aio:pwrite",5368709125,7,7]' '["aio:pwritev",3,8,8]' '["aio:pwrite",5368709125,7,7]' \
			'["aio:pwritev",3,8,8]'
	done
}

@test "a 32-bit program's io_uring" {
	compat_backends
	for backend in $sees; do
		compat "$backend" uring '["io_uring:write",5368709129,7,7]' '["io_uring:writev",11,8,8]'
	done
}

@test "a 32-bit program's old calls: seen or named as a hole" {
	compat_backends
	wt probe -j
	hole=$(jq -r '.checks[] | select(.name | test("32")) | .detail' out)
	best=$(jq -r .backend out)
	for backend in $sees; do
		wt trace -j -e all --backend "$backend" -- "$top/build/tests/compat32" f old
		expect_status 0
		[[ $(count '.op == "sendto" and .ret == 7') == 1 || $hole == *socketcall* ]] ||
			fail "sendto by socketcall is not shown with $backend, and probe says: $hole"
		[[ $(count '.op == "sendfile" and .ret == 50') == 1 || $hole == *187* || $backend != "$best" ]] ||
			fail "the old sendfile is not shown with $backend, and probe says: $hole"
		[[ $backend != raw ]] || is "$(count '.op == "sendfile" and .ret == 50')" 1 "old sendfiles"
	done
}
