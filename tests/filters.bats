#!/usr/bin/env bats
# Each filter lets through exactly what it names, in the kernel, and two of them together what both name.

# What lib.bash sets is not known to shellcheck, nor that each test is a shell of its own.
# shellcheck disable=SC2016,SC2030,SC2031,SC2154
load lib

# ops_with CONDITION OPTION...: of all that `workload ops` does, exactly the events for which CONDITION (jq) is true
ops_with() {
	local condition=$1
	shift
	mkdir -p d
	trace -j "$@" -- workload ops d expect
	expect_status 0
	same_events expect "$condition"
}

@test "--kind, each" {
	for kind in file pipe socket tty char anon; do
		ops_with ".kind == \"$kind\"" -k "$kind"
	done
}

@test "--kind, several" {
	ops_with '.kind == "pipe" or .kind == "tty"' --kind pipe,tty
	ops_with '.kind == "pipe" or .kind == "tty"' -k pipe -k tty
}

@test "--kind block" {
	needs_guest "writes to a block device"
	modprobe loop
	truncate -s 1M image
	device=$(losetup -f --show image)
	trace -j -k block -- bash -c "printf x >f; dd if=/dev/zero of=$device bs=512 seek=3 count=1 status=none"
	losetup -d "$device"
	is "$(values '[.kind, .path, .offset, .ret]')" "[\"block\",\"$device\",1536,512]"
}

@test "--ops, each" {
	# "write" is the name of a group, below
	for op in pwrite64 writev pwritev pwritev2; do
		ops_with ".op == \"$op\"" -e "$op"
	done
}

@test "--ops, several and groups" {
	ops_with '.op == "writev" or .op == "pwritev2"' -e writev,pwritev2 --no-latency
	ops_with '.op == "writev" or .op == "pwritev"' --ops writev --ops=pwritev
	ops_with true -e all
	ops_with true -e write,copy
	ops_with '.op == "pwrite64"' -e pwrite64,pwrite64
}

@test "--failed" {
	ops_with '.ret < 0' --failed
	ops_with '.ret < 0' -x --no-latency
}

@test "--fd" {
	ops_with '.fd == 700' --fd 700
	ops_with '.fd == 700 or .fd == 999 or .fd == 4' --fd 700,999 --fd 4
}

@test "--min-size, with suffixes" {
	ops_with '.size >= 4096' --min-size 4096
	ops_with '.size >= 4096' --min-size 4K
	ops_with '.size >= 1048576' --min-size=1M
	ops_with '.size >= 1' --min-size 1
	mkdir -p d
	trace -j --min-size 1G -- workload ops d expect
	expect_status 0
	whole 0
}

@test "--min-latency" {
	mkdir d
	trace -j --min-latency 5ms -- workload interrupted d expect
	expect_status 0
	# Those that a signal had to end; the rest is over at once.
	is "$(count)" 2 "slow events"
	is "$(count '.latency_ns < 5000000')" 0 "fast ones"
	trace -j --min-latency 1h -- workload interrupted d expect
	expect_status 0
	is "$(count)" 0 "events that took an hour"
}

# sleeps_as COMMAND PID
sleeps_as() { [[ $(tr '\0' ' ' <"/proc/$2/cmdline") == "$1 " ]] && grep -q '^State:.S' "/proc/$2/status"; }

@test "--min-latency leaves out what had begun before, and says so" {
	mkfifo pipe
	exec {both}<>pipe
	for options in "" "--min-latency 1ns --strict" "--min-latency 1ns --strict -k file"; do
		for backend in $(backends); do
			# a pipe has room for 64 KiB
			(head -c 65536 /dev/zero; exec head -c 1 /dev/zero) >pipe 3>&- &
			writer=$!
			started+=("$writer")
			until_true sleeps_as "head -c 1 /dev/zero" "$writer"
			# shellcheck disable=SC2086
			start_trace -j --backend "$backend" $options -p "$writer"
			head -c 65537 <&"$both" >/dev/null
			until_true is_gone "$writer"
			end_trace none
			if [[ $backend == fentry ]]; then
				# what attaches to a function does not see it return to who called it before
				is "$(count)" 0 "shown by $backend"
				end_is '.lost.unpaired == 0'
				kernel_preempts || end_is '(.lost.skipped // 0) == 0'
			elif [[ ! $options ]]; then
				is "$(jq -c 'select(.type == "write") | [.ret, .latency_ns]' out)" "[1,null]" "shown by $backend"
				end_is '.lost.unpaired == 0'
			elif [[ $options == *"-k file"* ]]; then
				is "$(count)" 0 "shown by $backend"
				end_is '.lost.unpaired == 0'
				# or at most so many for other reasons
				if ! kernel_preempts; then
					end_is '(.lost.skipped // 0) == 0'
					expect_status 0
				fi
			else
				is "$(count)" 0 "shown by $backend"
				if kernel_preempts; then end_is '.lost.skipped >= 1'; else end_is '.lost.skipped == 1 or .lost.skipped == null'; fi
				expect_status 4
			fi
		done
	done
	exec {both}>&-
}

@test "--path with a file" {
	ops_with '.path // "" | endswith("/d/sequential")' -P d/sequential
	ops_with '.path // "" | endswith("/d/sequential")' -P "$PWD/d/sequential"
	ops_with '.path // "" | endswith("/d/sequential") or endswith("/d/append")' -P d/sequential --path "$PWD/d/../d/append"
	ops_with '.path == "/dev/null"' -P /dev/null
}

@test "--path with a directory: all below it, and nothing beside it" {
	mkdir -p tree/a/b treehouse
	ln -s tree/a link
	trace -j -P tree/a -- bash -c 'for f in tree/1 tree/a/2 tree/a/b/3 treehouse/4 5 link/6 tree/a7; do
		printf x >$f; done'
	is "$(paths)" "tree/a/2 tree/a/b/3 tree/a/6"
	trace -j -P tree/a/ -- bash -c 'for f in tree/1 tree/a/2; do printf x >$f; done'
	is "$(paths)" "tree/a/2"
	trace -j -P / -- bash -c 'printf x >f'
	is "$(paths)" "f"
}

@test "--path with a file or a directory that is created later" {
	trace -j -P later -P there/too -- bash -c 'printf x >early; printf y >later; printf z >later1
		mkdir there; printf 1 >there/to; mkdir there/too; printf 2 >there/too/f; rm later; printf 3 >later'
	is "$(paths)" "later there/too/f later"
}

@test "--path with a symbolic link means what it points to" {
	mkdir dir
	: >file
	ln -s file link
	ln -s dir dirlink
	trace -j -P link -P dirlink -- bash -c 'printf 1 >file; printf 2 >dir/f; printf 3 >link; printf 4 >other'
	is "$(paths)" "file dir/f file"
}

@test "--path with a glob" {
	mkdir -p logs/old src
	do_it='for f in logs/a.log logs/a.txt logs/old/b.log src/c.log d.log; do printf x >$f; done'
	trace -j -P '*.log' -- bash -c "$do_it"
	is "$(paths)" "logs/a.log logs/old/b.log src/c.log d.log" "*.log"
	trace -j -P "$PWD/logs/*.log" -- bash -c "$do_it"
	has out '/logs/a\.log"'
	has_not out '/src/c\.log"|/d\.log"|a\.txt'
	trace -j -P '*/[ab].?og' -- bash -c "$do_it"
	is "$(paths)" "logs/a.log logs/old/b.log" "*/[ab].?og"
	trace -j -P '*/[!ab].log' -- bash -c "$do_it"
	is "$(paths)" "src/c.log d.log" "*/[!ab].log"
	trace -j -P '*.nothing' -- bash -c "$do_it"
	whole 0
}

@test "--path keeps to the file when it is renamed or another takes its name" {
	trace -j -P a -- bash -c 'printf 1 >a; mv a b; printf 2 >b; printf 3 >a; rm a; printf 4 >a; printf 5 >c'
	is "$(values '.path' | grep -c "/a$")" 3 "writes to a"
	is "$(count '.path | endswith("/c")')" 0 "writes to c"
}

@test "--path with a symbolic link to what does not exist yet" {
	mkdir logs
	ln -s logs/today current
	ln -s ../current logs/again
	ln -s "$PWD/logs/other" absolute
	ln -s round about
	ln -s about round
	trace -j -P logs/again -P absolute -P about -- bash -c 'printf 1 >current; printf 2 >absolute; printf 3 >logs/x'
	is "$(paths)" "logs/today logs/other"
}

@test "--path from here: ., .. and links, also of what is created later" {
	mkdir -p "we[i]rd*/d" other
	cd "we[i]rd*"
	ln -s d link
	does='printf 1 >d/x; mkdir -p d/new; printf 2 >d/new/y; printf 3 >../other/z; printf 4 >d/other'
	trace -j -P './d/*' -- bash -c "$does"
	is "$(paths)" "d/x d/new/y d/other"
	trace -j -P '../other/*' -P 'd/../d/n*/y' -- bash -c "$does"
	is "$(jq -r 'select(.type == "write").path' out | sed 's,.*/,,' | xargs)" "y z"
	trace -j -P 'link/o*' -P '?thing' -- bash -c "$does"
	is "$(paths)" "d/other"
	rm -r d/new
	trace -j -P ./d/new/y -- bash -c "$does"
	is "$(paths)" "d/new/y"
	rm -r d/new
	trace -j -P d/../d/new -- bash -c "$does"
	is "$(paths)" "d/new/y"
}

@test "--path of pipes and sockets" {
	ops_with '.path // "" | startswith("pipe:[")' -P '*pipe:*'
	ops_with '.path // "" | startswith("pipe:[")' -P 'pipe:*'
	ops_with '.kind == "socket"' -P '*socket:*'
	ops_with '.kind == "socket"' -P 'socket:[[]*'
	# as it is shown
	exec {end}<> <(:)
	name=$(readlink "/proc/$BASHPID/fd/$end")
	trace -j -P "$name" -- bash -c "printf x >&$end; printf y | cat >/dev/null"
	is "$(jq -r 'select(.type == "write").path' out)" "$name"
	exec {end}>&-
}

@test "--comm, literal and globs" {
	do_it='printf 1 >f1
		for name in alpha alphabet beta; do printf $name >/proc/$$/comm; printf x >f.$name; done'
	trace -j -P 'f*' -P "$PWD/*" -n alpha -- bash -c "$do_it"
	# Its own name is written by the old name.
	is "$(values .comm | sort | uniq -c | xargs)" "1 alpha"
	trace -j -P "$PWD/*" -n 'alpha*' -- bash -c "$do_it"
	is "$(paths)" "f.alpha f.alphabet"
	trace -j -P "$PWD/*" -n '?eta' --comm bash -- bash -c "$do_it"
	is "$(paths)" "f1 f.beta"
	trace -j -n 'alph' -- bash -c "$do_it"
	whole 0
}

@test "--uid, by number and by name" {
	as_two='printf a >f; setpriv --reuid=65534 --clear-groups sh -c "printf b >&5" 5>g; printf c >h'
	for user in 65534 nobody; do
		trace -j -u "$user" -- bash -c "$as_two"
		is "$(values '[.uid, .path]')" "[65534,\"$PWD/g\"]"
	done
	trace -j -u root -- bash -c "$as_two"
	is "$(paths)" "f h"
	trace -j --uid root,nobody -- bash -c "$as_two"
	is "$(count)" 3 "events of both"
	trace -j -u 12345 -- bash -c "$as_two"
	whole 0
}

@test "--pid: this process only, and several" {
	start_target
	start_trace -j -p "$target"
	order 'printf 1 >f; sh -c "printf 2 >g"; printf 3 >h'
	sh -c 'printf 4 >other'
	end_trace
	expect_status 0
	is "$(paths)" "f h"
	is "$(count ".pid == $target")" 2
	whole
}

@test "--pid: several, and their ends" {
	start_target
	first=$target
	start_target
	start_trace -j -p "$first,$target"
	order 'printf 1 >f; printf 2 >g'
	kill -KILL "$first"
	order 'printf 3 >h'
	give_order 'exit 0'
	end_trace none
	expect_status 0
	is "$(paths)" "f g h"
	whole
}

@test "--pid --follow: what it starts from now on, and not what it had started" {
	start_target
	order 'mkfifo go; (read -r _ <go; printf 0 >older; : >olderdone) & :'
	start_trace -j -p "$target" -f
	order 'printf 1 >f; bash -c "printf 2 >g; (printf 3 >h); exec bash -c \"printf 4 >i\""'
	: >go
	until_true test -e olderdone
	end_trace
	expect_status 0
	is "$(paths)" "f g h i"
	whole
}

@test "--pid --follow: a tree of processes with threads" {
	start_target
	start_trace -j -p "$target" --follow
	order 'workload follow tree 4'
	end_trace
	expect_status 0
	values .pid | sort >got
	sort tree | cmp - got
	whole 62
}

@test "--pid without --follow includes the process's threads" {
	start_target
	start_trace -j -p "$target"
	give_order 'exec workload threads 3 50 f'
	end_trace none
	expect_status 0
	whole 150
}

@test "--tid: this thread only" {
	workload threads 3 1000000000 f 3>&- &
	pid=$!
	started+=("$pid")
	three_threads() { (($(find /proc/"$pid"/task -mindepth 1 -maxdepth 1 | wc -l) == 4)); }
	until_true three_threads
	# shellcheck disable=SC2012
	tid=$(ls /proc/"$pid"/task | tail -n 1)
	trace -j --tid "$tid" --count 500
	kill "$pid"
	expect_status 0
	is "$(count)" 500 events
	is "$(count ".tid == $tid and .pid == $pid")" 500 "events of the thread"
}

@test "--tid --follow: what that thread starts" {
	start_target
	start_trace -j --tid "$target" --follow
	order 'sh -c "printf x >f"'
	sh -c 'printf y >g'
	end_trace
	is "$(paths)" "f"
}

@test "COMMAND and --pid are one set" {
	start_target
	start_trace -j -p "$target" -- bash -c 'printf 1 >f; until [[ -e h ]]; do sleep 0.05; done; printf 2 >g'
	order 'printf 3 >h'
	end_trace none
	expect_status 0
	is "$(values .path | sort | xargs)" "$PWD/f $PWD/g $PWD/h"
}

@test "--cgroup: that one and all below it, and no other" {
	root=$(findmnt -t cgroup2 -n -o TARGET | head -n 1)
	[[ $root ]] || skip "no cgroup v2 is mounted"
	cgroup=$root/writetrace-test-$$
	mkdir -p "$cgroup/below/deep" "$cgroup-not" || skip "cgroups cannot be made here"
	start_trace -j -g "$cgroup"
	bash -c 'printf 0 >f0
		echo $$ >"$1/cgroup.procs"; printf 1 >f1
		echo $$ >"$1/below/deep/cgroup.procs"; printf 2 >f2
		echo $$ >"$1-not/cgroup.procs"; printf 3 >f3
		echo $$ >"$2/cgroup.procs"; printf 4 >f4' - "$cgroup" "$root" 3>&-
	end_trace
	deep=$(stat -c %i "$cgroup/below/deep") upper=$(stat -c %i "$cgroup")
	rmdir "$cgroup/below/deep" "$cgroup/below" "$cgroup" "$cgroup-not"
	expect_status 0
	is "$(values '"\(.path) \(.cgroup)"' | grep '/f[0-9] ' | xargs)" "$PWD/f1 $upper $PWD/f2 $deep" "paths and cgroups"
}

@test "two filters together: both must hold" {
	ops_with '.kind == "file" and .ret < 0' -k file -x
	ops_with '.op == "writev" and .size >= 4096' -e writev --min-size 4096
	ops_with '(.path // "" | endswith("/d/vectors")) and .op == "writev"' -P d/vectors -e writev
	ops_with '.kind == "pipe" and .fd == 5' -k pipe --fd 5
	trace -j -u nobody -P f -- bash -c 'printf 1 >f; setpriv --reuid=65534 --clear-groups sh -c "printf b >&5" 5>g'
	whole 0
}

@test "filters hold with each backend" {
	for backend in $(backends); do
		ops_with '.kind == "file" and .op == "pwritev2" and .size >= 100' \
			--backend "$backend" -k file -e pwritev2 --min-size 100 -n 'work*' -u 0 -P d
		ops_with '.kind == "file" and .ret < 0' --backend "$backend" --no-latency -k file -x -P "$PWD/*"
	done
}

@test "what is not wanted does not reach the ring" {
	# Were it filtered later, the smallest ring would lose most of this.
	trace -j --ring-size 64K -P wanted -- bash -c 'workload loop unwanted 50000 1; printf x >wanted'
	expect_status 0
	whole 1
}
