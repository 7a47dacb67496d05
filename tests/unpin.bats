#!/usr/bin/env bats
# unpin, and whatever somebody else has put in its way and in that of pin: neither followed nor removed.

# What lib.bash sets is not known to shellcheck, nor that each test is a shell of its own.
# shellcheck disable=SC2016,SC2030,SC2031,SC2154
load lib
load pin

@test "unpin: unknown names are errors, and the others are still removed" {
	for name in a b c d; do pin "$name" -q -p $$ --rows 10 --events 0; done
	unpin a nosuch b other
	expect_status 1
	is "$(<err)" "writetrace: there is no session nosuch"$'\n'"writetrace: there is no session other"
	[[ ! -s out ]] || fail "stdout is not empty"
	pinned c d
	unpin c -j
	expect_status 0
	is "$(<out)" '{"unpinned":["c"]}'
	one_error 1 'there is no session c' --bpffs "$bpffs" unpin c
	unpin d d
	expect_status 1
	pinned
}

@test "unpin --all removes all, and none is fine, too" {
	unpin --all
	expect_status 0
	[[ ! -s out && ! -s err ]] || fail "it says something"
	for name in a b c; do pin "$name" -q -p $$ --rows 10 --events 0; done
	objects "$bpffs" >ours
	unpin --all
	expect_status 0
	[[ ! -s out && ! -s err ]] || fail "it says something"
	pinned
	until_true are_gone ours
	pin web -q -p $$ --rows 10 --events 0
	unpin --all -j
	is "$(<out)" '{"unpinned":["web"]}'
	unpin --all -j
	expect_status 0
	is "$(<out)" '{"unpinned":[]}'
}

@test "while somebody reads a session unpin ends it at once, and the reader is told" {
	pin web -q -p $$
	objects "$bpffs" | grep -v map >hooks
	writetrace --bpffs "$bpffs" dump web --interval 100ms -j >reports 2>follower-err </dev/null 3>&- &
	reader=$!
	started+=("$reader")
	until_true test -s reports
	unpin web
	expect_status 0
	are_gone hooks || fail "programs of the session are still there"
	until_true is_gone "$reader"
	wait "$reader" || fail "the reader ends with $?: $(<follower-err)"
	[[ ! -s follower-err ]] || fail "the reader says: $(<follower-err)"
}

# What is not ours

# description LAYOUT [VERSION]: what begins a map meta, as bytes for bpftool
description() {
	local bytes
	bytes=$(printf 'writetrc%b' "$(printf '\\x%02x\\x%02x' $(($1 & 255)) $(($1 >> 8)))\\x00\\x00" | od -An -v -tx1)
	# the version stands at 88; 256 bytes in all
	bytes+=$(head -c 76 /dev/zero | od -An -v -tx1)
	bytes+=$(printf %s "${2-}" | od -An -v -tx1)
	bytes+=$(head -c 200 /dev/zero | od -An -v -tx1)
	xargs <<<"$bytes" | cut -d' ' -f1-256
}

# session_of LAYOUT DIR [VERSION]
session_of() {
	mkdir -p "$2"
	bpftool map create "$2/meta" type array key 4 value 256 entries 1 name meta
	# shellcheck disable=SC2046
	bpftool map update pinned "$2/meta" key hex 00 00 00 00 value hex $(description "$1" "${3-}")
}

@test "a session of another layout: dump refuses it, --list names it, unpin removes it with all it has" {
	start_target
	pin web -p "$target"
	objects "$bpffs" | grep -v map >hooks
	rm "$bpffs/writetrace/web/meta"
	session_of 999 "$bpffs/writetrace/web" 9.8.7
	mkdir -m 700 "$bpffs/writetrace/web/below"
	bpftool map create "$bpffs/writetrace/web/below/more" type array key 4 value 4 entries 1 name more
	pin mine -p "$target"
	order 'printf x >f'
	refuses 'writetrace 9\.8\.7 in layout 999, this one .* reads layout [0-9]+$' dump web
	refuses 'layout 999' dump web --events
	dump --list
	expect_status 0
	has out '^web: was pinned by writetrace 9\.8\.7 in layout 999'
	has out '^mine .* 1 +0\??  *--pid'
	dump --list -j
	is "$(jq -c '.sessions[] | [.name, .calls, (.note // "" | contains("layout 999"))]' out | xargs)" "[mine,1,false] [web,null,true]"
	refuses 'session web exists; --replace' pin web "${quick[@]}" -p "$target"
	unpin web
	expect_status 0
	until_true are_gone hooks
	pinned mine

	session_of 998 "$bpffs/writetrace/old"
	session_of 997 "$bpffs/writetrace/older" $'\e[31m'
	dump older
	has err '^writetrace: was pinned by another version of writetrace in layout 997|another version'
	has_not err $'\e'
	pin old --replace -p "$target"
	expect_status 0
	dump old -j
	adds_up 0 0 0
	unpin --all
	expect_status 0
	pinned
}

@test "a session whose description makes no sense is refused, listed and removed" {
	kernel_has_no_part
	pin web -q -p $$ --rows 10 --events 0
	rm "$bpffs/writetrace/web/meta"
	session_of "$(sed -n 's/^#define WT_LAYOUT *//p' "$top/bpf/writetrace.h")" "$bpffs/writetrace/web"
	refuses 'damaged' dump web
	dump --list
	expect_status 0
	has out '^web: .*damaged'
	unpin web
	expect_status 0
	pinned
}

# put_in_place NAME other|larger: a map of another type, or of larger values, instead of the one that session web has
put_in_place() {
	local map=$bpffs/writetrace/web/$1 type key value entries flags
	read -r type key value entries flags < <(bpftool -j map show pinned "$map" \
		| jq -r '"\(.type) \(.bytes_key) \(.bytes_value) \(.max_entries) \(.flags)"')
	rm "$map"
	case $2 in
	other) bpftool map create "$map" type hash key 8 value 4096 entries 4 name planted ;;
	larger) bpftool map create "$map" type "$type" key "$key" value $((2 * value)) entries "$entries" name planted flags "$flags" ;;
	esac
}

@test "maps that are not what a session has are refused, listed and removed" {
	kernel_has_no_part
	for name in totals other rows row_files row_paths counters contexts shared events heads paths; do
		for how in other larger; do
			pin web -q -p $$ --rows 10 --events 16
			expect_status 0
			put_in_place "$name" "$how"
			case $name-$how in
			events-* | heads-* | paths-*)
				refuses 'recorder cannot be read: Invalid argument' dump web --events
				dump web -j
				expect_status 0
				;;
			shared-larger) # a session that does not count is one that has never been there
				refuses 'there is no session web' dump web
				;;
			*)
				refuses 'session web cannot be read: Invalid argument' dump web
				refuses 'session web cannot be read: Invalid argument' dump web --events
				dump --list -j
				expect_status 0
				has out '^\{"sessions":\[\{"name":"web","note":"session web cannot be read: Invalid argument"\}\]\}$'
				;;
			esac
			unpin --all
			expect_status 0
			pinned
		done
	done
}

# untouched COMMAND...: it leaves all that is in the bpffs as it is
untouched() {
	(cd "$bpffs" && find . -printf '%p %y %m %U %l\n' | sort) >as-it-was
	"$@"
	(cd "$bpffs" && find . -printf '%p %y %m %U %l\n' | sort) | diff as-it-was -
}

@test "a directory that is not a session is refused and stays" {
	pin mine -q -p $$ --rows 10 --events 0
	mkdir -m 700 "$bpffs"/writetrace/{empty,other}
	bpftool map create "$bpffs/writetrace/other/meta" type array key 4 value 256 entries 1 name meta
	ln -s "$bpffs/writetrace/mine" "$bpffs/writetrace/link"
	foreign() {
		for name in empty other link; do
			refuses "writetrace/$name.*(is not a session of writetrace|is a symbolic link)" unpin "$name"
			refuses "writetrace/$name.*(is not a session of writetrace|is a symbolic link)" dump "$name"
			refuses "writetrace/$name.*(is not a session of writetrace|is a symbolic link)" pin "$name" "${quick[@]}" --replace -p $$
		done
		dump --list -j
		is "$(jq -c '[.sessions[].name]' out)" '["mine"]'
	}
	untouched foreign
	unpin --all
	expect_status 0
	pinned empty link other
}

as_user() { (cd "$bpffs" && setpriv --reuid=1000 --regid=1000 --clear-groups "$@"); }

@test "without privileges: status 3, and who may" {
	kernel_has_no_part
	# a directory above it is private, too; and the copy stands where everybody gets at it
	copy=$(mktemp -d -p /dev/shm writetrace-test.XXXXXX)
	chmod 755 "$copy"
	cp "$(command -v writetrace)" "$copy"
	for arguments in "dump web" "dump --list" "unpin web" "pin web -p 1"; do
		status=0
		# shellcheck disable=SC2086
		setpriv --reuid=1000 --regid=1000 --clear-groups --bounding-set=-all --inh-caps=-all \
			"$copy/writetrace" --bpffs "$bpffs" $arguments >out 2>err 3>&- || status=$?
		echo "$status: $(<err)" >>said
	done
	rm -r "$copy"
	is "$(sort said | uniq -c | xargs)" "4 3: writetrace: $bpffs: Permission denied; run as root"
}

# refused REGEX: by all commands, and nothing is changed
refused() {
	refusals() {
		refuses "$1" pin web "${quick[@]}" -p $$
		refuses "$1" pin web --replace "${quick[@]}" -p $$
		refuses "$1" dump web
		refuses "$1" dump --list
		refuses "$1" unpin web
		refuses "$1" unpin --all
	}
	untouched refusals "$1"
}

@test "writetrace/ made by another user is refused, and nothing in it is touched" {
	chmod 1777 "$bpffs"
	as_user mkdir writetrace
	refused "$bpffs/writetrace belongs to uid 1000"
	# with a session in it that looks like ours
	session_of 999 "$bpffs/writetrace/web"
	refused "$bpffs/writetrace belongs to uid 1000"
}

@test "a symbolic link or a file in the place of writetrace/ is refused, and not followed" {
	chmod 1777 "$bpffs"
	mkdir -m 700 "$bpffs/real"
	session_of 999 "$bpffs/real/web"
	as_user ln -s real writetrace
	refused "$bpffs/writetrace is a symbolic link"
	rm "$bpffs/writetrace"
	ln -s "$bpffs/real" "$bpffs/writetrace"
	refused "$bpffs/writetrace is a symbolic link"
	rm "$bpffs/writetrace"
	as_user ln -s nowhere writetrace
	refused "$bpffs/writetrace is a symbolic link"
	rm "$bpffs/writetrace"
	bpftool map create "$bpffs/writetrace" type array key 4 value 4 entries 1 name file
	refused "$bpffs/writetrace is no directory"
}

@test "writetrace/ that others may write to is refused" {
	kernel_has_no_part
	mkdir "$bpffs/writetrace"
	for mode in 0770 0707 1777; do
		chmod "$mode" "$bpffs/writetrace"
		refused "$bpffs/writetrace can be changed by others than root"
	done
	chmod 755 "$bpffs/writetrace"
	pin web -q -p $$ --rows 10 --events 0
	expect_status 0
}

@test "links in a session are not followed, and go with it" {
	start_target
	pin web -p "$target"
	mkdir -m 700 "$bpffs/elsewhere"
	mv "$bpffs/writetrace/web/"{meta,rows,events} "$bpffs/elsewhere"
	ln -s "$bpffs/elsewhere/rows" "$bpffs/elsewhere/events" "$bpffs/writetrace/web"
	order 'printf x >f'
	# without a description it is nobody's
	refuses 'web is not a session of writetrace' dump web
	ln -s "$bpffs/elsewhere/meta" "$bpffs/writetrace/web"
	refuses 'web is not a session of writetrace' dump web
	refuses 'web is not a session of writetrace' unpin web
	rm "$bpffs/writetrace/web/meta"
	mv "$bpffs/elsewhere/meta" "$bpffs/writetrace/web"
	for what in web "web --events" "web -j"; do
		# shellcheck disable=SC2086
		dump $what
		expect_status 1
		has err '^writetrace: .*(symbolic|link|read)'
	done
	unpin web
	expect_status 0
	pinned
	is "$(cd "$bpffs/elsewhere" && echo *)" "events rows" "what the links led to"
}

# Where there is no BPF file system, and without privileges

@test "no BPF file system: dump and unpin mount none and say what there is, pin mounts one for root alone" {
	needs_guest "is about /sys/fs/bpf itself"
	! mountpoint -q /sys/fs/bpf || umount /sys/fs/bpf
	one_error 1 'there is no session; .*pin' dump
	one_error 1 'there is no session web' dump web
	one_error 1 'there is no session web' unpin web
	wt unpin --all
	expect_status 0
	wt dump --list -j
	expect_status 0
	is "$(<out)" '{"sessions":[]}'
	! mountpoint -q /sys/fs/bpf || fail "one was mounted"
	start_target
	for name in web other; do
		wt pin "$name" "${quick[@]}" -p "$target"
		expect_status 0
		is "$(<out)" "$name /sys/fs/bpf/writetrace/$name"
	done
	is "$(findmnt -n -o FSTYPE,OPTIONS /sys/fs/bpf | grep -c 'bpf .*nosuid,nodev,noexec.*mode=700')" 1 "mounts"
	order 'printf x >f'
	wt dump web -j
	adds_up 1 1 0
	wt unpin --all
	expect_status 0
	is "$(ls -A /sys/fs/bpf/writetrace)" ""
	umount /sys/fs/bpf

	# two that mount one at the same time
	for name in one two; do
		writetrace pin "$name" -q "${quick[@]}" -p "$target" >"said.$name" 2>&1 </dev/null 3>&- &
		started+=($!)
	done
	wait "${started[@]: -2}"
	is "$(findmnt -n -o FSTYPE /sys/fs/bpf | xargs)" bpf "what is mounted"
	is "$(cd /sys/fs/bpf/writetrace && echo *)" "one two" "sessions"
	wt unpin --all
	umount /sys/fs/bpf

	mount -t tmpfs tmpfs /sys/fs/bpf
	one_error 3 '/sys/fs/bpf is in use, and not as a BPF file system' pin web "${quick[@]}" -p "$target"
	one_error 1 'there is no session web' dump web
	is "$(findmnt -n -o FSTYPE /sys/fs/bpf)" tmpfs
	umount /sys/fs/bpf
}

# refused_without_privileges BPFFS [COMMAND...]: status 3, in one line
refused_without_privileges() {
	local binary command
	binary=$(command -v writetrace)
	for command in "${@:2}"; do
		status=0
		# shellcheck disable=SC2086
		(cd / && nobody "$binary" --bpffs "$1" -j $command) >out 2>err </dev/null || status=$?
		expect_status 3
		is "$(wc -l <err)" 1 "lines on stderr"
		has err '^writetrace: '
		is "$(jq -r .error out)" "$(sed 's/^writetrace: //' err)"
	done
}

@test "without privileges: status 3 and one line" {
	refused_without_privileges "$bpffs" "pin web" "dump web" "dump --list" "unpin web" "unpin --all"
	in_guest || return 0
	wt pin web "${quick[@]}" -p $$
	refused_without_privileges /sys/fs/bpf "pin other" "dump web" "unpin web" "unpin --all"
	chmod 1777 /sys/fs/bpf
	refused_without_privileges /sys/fs/bpf "pin other" "dump web" "unpin web" "unpin --all"
	wt unpin web
	rmdir /sys/fs/bpf/writetrace
	refused_without_privileges /sys/fs/bpf "pin other"
	[[ ! -e /sys/fs/bpf/writetrace ]]
	umount /sys/fs/bpf
	refused_without_privileges /sys/fs/bpf "pin other"
}
