#!/usr/bin/env bats
# What real programs and the kernel say that was written, against what is shown.

# What lib.bash sets is not known to shellcheck, nor that each test is a shell of its own.
# shellcheck disable=SC2016,SC2030,SC2031,SC2154
load lib

# A guest has its files in memory.
teardown() {
	end_started
	rm -rf "${BATS_TEST_TMPDIR:?}"/*
}

# by_fio ENGINE [OPTION]...: calls and bytes are fio's own
by_fio() {
	local engine=$1
	shift
	command -v fio >/dev/null || skip "fio is not installed"
	wt trace -j -q -o lines -- fio --name=t --filename=file --rw=write --bs=4k --number_ios=10000 --size=40000k \
		--ioengine="$engine" --fallocate=none --output=fio.json --output-format=json "$@"
	expect_status 0
	want=$(jq -c '.jobs[0].write | [.total_ios, .io_bytes]' fio.json)
	is "$want" "[10000,40960000]" "what fio says of itself"
	is "$(jq -n -c --arg path "$PWD/file" 'reduce (inputs | select(.path == $path and .ret > 0)) as $e ([0, 0];
		[.[0] + 1, .[1] + $e.ret])' lines)" "$want" "calls and bytes"
	tail -n 1 lines >out
	end_is '.lost | all(.[]; . == 0 or . == null)'
}

# Results that a program takes out of the ring by itself are seen at its next io_submit; the last ones, at most as many as
# are under way at the same time, never: io_destroy says how many.
@test "fio libaio, results out of the ring in user memory: all is shown or lost" {
	command -v fio >/dev/null || skip "fio is not installed"
	wt trace -j -q -o lines -- fio --name=t --filename=file --rw=write --bs=4k --number_ios=10000 --size=40000k \
		--ioengine=libaio --iodepth=16 --userspace_reap --fallocate=none --output=fio.json --output-format=json
	expect_status 0
	is "$(jq -c '.jobs[0].write | [.total_ios, .io_bytes]' fio.json)" "[10000,40960000]" "what fio says of itself"
	shown=$(jq -n --arg path "$PWD/file" '[inputs | select(.path == $path and .ret == 4096)] | length' lines)
	tail -n 1 lines >out
	unpaired=$(jq .lost.unpaired out)
	between 0 "$unpaired" 16 "lost"
	is $((shown + unpaired)) 10000 "shown and lost"
}

@test "fio sync" { by_fio sync; }
@test "fio psync" { by_fio psync; }
@test "fio vsync" { by_fio vsync; }
@test "fio pvsync2" { by_fio pvsync2; }
@test "fio splice" { by_fio splice; }
@test "fio libaio" { by_fio libaio --iodepth=16; }
@test "fio io_uring" { by_fio io_uring --iodepth=16; }
@test "fio io_uring: a kernel thread submits" { by_fio io_uring --iodepth=16 --sqthread_poll=1; }
@test "fio io_uring: registered buffers and files" { by_fio io_uring --iodepth=16 --fixedbufs=1 --registerfiles=1; }
@test "fio io_uring: worker threads write" { by_fio io_uring --iodepth=16 --force_async=1; }
@test "fio io_uring: vectors" { by_fio io_uring --nonvectored=0; }

# needs PROGRAM...: all of them are installed
needs() {
	local program
	for program; do
		command -v "$program" >/dev/null || skip "$program is not installed"
	done
}

# by_wchar COMMAND...: bytes and calls of the groups write and copy are the growth of the kernel's own counters (wchar, syscw),
# over all processes. A call for a descriptor that cannot be written to is not counted there, nor is copy_file_range at the end.
by_wchar() {
	local wchar syscw
	cat >counted <<-'END'
		"$@" >/dev/null 2>&1
		code=$?
		awk '/^wchar/ { wchar = $2 } /^syscw/ { syscw = $2 } END { print wchar, syscw }' /proc/$$/io >kernel
		exit $code
	END
	# the shell's own io includes that of the children it has waited for
	wt trace -j -q -o lines -- bash counted "$@"
	expect_status 0
	read -r wchar syscw <kernel
	# what awk and the redirection do comes after the kernel was asked; awk was not waited for then
	jq -n -r --arg path "$PWD/kernel" '[inputs | select(.type == "write" and .path != $path)]
		| (map(select(.ret > 0).ret) | add), (map(select(.error != "EBADF" and (.op | IN("splice", "vmsplice", "tee") | not)
			and (.op != "copy_file_range" or .ret != 0))) | length)' \
		lines >shown
	is "$(xargs <shown)" "$wchar $syscw" "bytes and calls"
	((wchar > 0))
}

@test "dd by the kernel's wchar" { by_wchar dd if=/dev/zero of=f bs=100 count=5000; }
@test "tar by the kernel's wchar" { by_wchar tar cf f.tar -C "$top" common; }
@test "sqlite3 by the kernel's wchar" {
	needs sqlite3
	by_wchar sqlite3 app.db "create table t (x); with recursive n(x) as (select 1 union all select x + 1 from n limit 5000) insert into t select x from n;"
}
@test "git by the kernel's wchar" {
	needs git
	git init -q repo
	cp -r "$top/common" repo/
	git -C repo add .
	by_wchar git -C repo -c user.name=me -c user.email=me@localhost -c gc.auto=0 commit -q -m first
}

@test "cp by the kernel's wchar" {
	# mostly copy_file_range
	by_wchar cp -r "$top/common" "$top/tests" .
	is "$(jq -n 'reduce (inputs | select(.op == "copy_file_range" and .ret > 0)) as $e (0; . + $e.ret) | . > 0' lines)" true \
		"bytes copied by copy_file_range"
}

@test "rsync by the kernel's wchar" {
	needs rsync
	cp -r "$top/common" from
	by_wchar rsync -a from/ to/
	diff -r from to
}

@test "redis with an append-only file, by the kernel's wchar" {
	needs redis-check-rdb redis-benchmark redis-cli
	# One program that goes by its name. Debian's package of the other name would start a service.
	ln -s "$(command -v redis-check-rdb)" redis-server
	by_wchar bash -c '
		./redis-server --port 0 --unixsocket "$PWD/socket" --appendonly yes --appendfsync everysec --save "" --dir "$PWD" &
		until redis-cli -s socket ping | grep -q PONG; do sleep 0.05; done
		redis-benchmark -s socket -q -n 5000 -c 10 -d 200 -t set,lpush,mset
		redis-cli -s socket bgrewriteaof
		until redis-cli -s socket info persistence | grep -q aof_rewrite_in_progress:0; do sleep 0.05; done
		redis-cli -s socket shutdown
		wait'
	# the server, its child that rewrites the file, the clients
	is "$(jq -n 'reduce (inputs | select((.path // "" | test("/appendonlydir/")) and .ret > 0)) as $e (0; . + $e.ret)
		| . > 5000 * 200 * 3' lines)" true "the append-only file has all that was set"
}

@test "PostgreSQL under pgbench, by the kernel's wchar" {
	local bin as
	bin=$(printf '%s\n' /usr/lib/postgresql/*/bin | sort -V | tail -n 1)
	[[ -x $bin/postgres ]] || bin=$(dirname "$(command -v postgres || echo /nowhere)")
	[[ -x $bin/postgres && -x $bin/pgbench ]] || skip "PostgreSQL is not installed"
	# It refuses to be root, and another user has to get here.
	as=(setpriv --reuid=65534 --regid=65534 --clear-groups env "PATH=$bin:$PATH" "PGHOST=$PWD/pg" PGUSER=me PGDATABASE=postgres
		PGDATA="$PWD/pg/data")
	mkdir pg
	chown 65534:65534 pg
	chmod o+x "$BATS_RUN_TMPDIR" "$BATS_RUN_TMPDIR/test" "$BATS_TEST_TMPDIR"
	"${as[@]}" initdb -U me -A trust --no-sync >initdb.log 2>&1 || fail "initdb: $(tail -n 3 initdb.log)"
	by_wchar "${as[@]}" bash -c '
		cd "$PGHOST" || exit
		postgres -c listen_addresses= -k "$PGHOST" -c logging_collector=off >log 2>&1 &
		until pg_isready -q; do sleep 0.05; done
		pgbench -q -i -s 1 && pgbench -c 4 -j 2 -t 100 >bench 2>&1
		kill -INT %1
		wait'
	has pg/bench 'processed: 400/400'
	is "$(jq -n 'reduce (inputs | select((.path // "" | test("/pg_wal/")) and .ret > 0)) as $e (0; . + $e.ret) | . > 0' lines)" true \
		"bytes of the write-ahead log"
}

# Which operations the kernel counts in wchar: those of write and copy that are system calls, but for splice, vmsplice and
# tee. (splice of a pipe into a file writes without being counted; io_uring, AIO and sends are not counted either.)
@test "what the kernel's wchar leaves out" {
	mkdir d
	left_out=
	for load in ways uring aio; do
		cat >counted <<-'END'
			workload "$1" d expect
			code=$?
			awk '/^wchar/ { print $2 }' /proc/$$/io >wchar
			exit $code
		END
		wt trace -j -q -e all -o lines --force -- bash counted "$load"
		if ((status == 77)); then
			[[ $load != ways ]] || fail "nothing is done"
			left_out+="${left_out:+, }$load"
			continue
		fi
		expect_status 0
		is "$(jq -n --arg path "$PWD/wchar" 'reduce (inputs | select(.type == "write" and .ret > 0 and .path != $path
			and (.op | IN("write", "sendfile", "copy_file_range")))) as $e (0; . + $e.ret)' lines)" "$(<wchar)" "bytes of $load"
	done
	[[ ! $left_out ]] || skip "not here: $left_out; the rest is as it should be"
}
