#!/usr/bin/env bats
# What real programs and the kernel say that was written, against what is shown.

# What lib.bash sets is not known to shellcheck, nor that each test is a shell of its own.
# shellcheck disable=SC2016,SC2030,SC2031,SC2154
load lib

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

# by_wchar COMMAND...: bytes of the groups write and copy are the growth of the kernel's own counter, over all processes
by_wchar() {
	cat >counted <<-'END'
		"$@" >/dev/null 2>&1
		awk '/^wchar/ { print $2 }' /proc/$$/io >wchar
	END
	# the shell's own io includes that of the children it has waited for
	wt trace -j -q -o lines -- bash counted "$@"
	expect_status 0
	# what awk and the redirection do comes after the kernel was asked
	jq -n --arg path "$PWD/wchar" 'reduce (inputs | select(.type == "write" and .ret > 0 and .path != $path)) as $e (0; . + $e.ret)' \
		lines >shown
	# awk read the counter before it wrote its line, and the shell before awk was waited for
	is "$(<shown)" "$(<wchar)" "bytes"
	[[ $(<shown) -gt 0 ]]
}

@test "dd by the kernel's wchar" { by_wchar dd if=/dev/zero of=f bs=100 count=5000; }
@test "tar by the kernel's wchar" { by_wchar tar cf f.tar -C "$top" common; }
@test "sqlite3 by the kernel's wchar" {
	by_wchar sqlite3 app.db "create table t (x); with recursive n(x) as (select 1 union all select x + 1 from n limit 5000) insert into t select x from n;"
}
@test "git by the kernel's wchar" {
	git init -q repo
	cp -r "$top/common" repo/
	git -C repo add .
	by_wchar git -C repo -c user.name=me -c user.email=me@localhost -c gc.auto=0 commit -q -m first
}
