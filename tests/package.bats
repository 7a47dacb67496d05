#!/usr/bin/env bats
# The source archive, and the package in a fresh Debian (or Ubuntu, if that is what this machine runs).
#
# mmdebstrap makes that Debian from the machine's own apt sources, while the tests of the archive are run. That takes the
# network and most of a minute, so it is done with WT_LONG=1 only; then it is kept in build/root until the package wants
# other packages, and serves without WT_LONG, too. It is unpacked for each run, and entered only in namespaces of its own:
# whatever happens, no mount and no process of it stays. The tests share it; the last one removes the package.

# What lib.bash sets is not known to shellcheck, nor that each test is a shell of its own.
# shellcheck disable=SC2016,SC2030,SC2031,SC2154
load lib

is_debian() { [[ -e /etc/debian_version ]]; }

setup_file() {
	! in_guest && is_debian || return 0
	cd "$BATS_FILE_TMPDIR" || return
	made=$(make -s -C "$top" deb 2>make.log | tail -n 1)
	export deb=$top/$made root=$PWD/root
	[[ -s $deb ]] || fail "make deb: $(<make.log)" || return
	what_is_wanted
	{
		if [[ ${WT_LONG-} != 1 && ! -e $tar ]]; then
			echo skipped
		elif fresh_root && install_there; then
			echo installed
		else
			echo failed
		fi >there.tmp
		mv there.tmp there
	} 2>there.log 3>&- &
}

# Waits for what setup_file has begun.
teardown_file() {
	in_guest || ! is_debian || patience_s=600 until_true test -e "$BATS_FILE_TMPDIR/there"
}

# in_fresh_debian: once it and the package are there
in_fresh_debian() {
	patience_s=600 until_true test -e "$BATS_FILE_TMPDIR/there"
	case $(<"$BATS_FILE_TMPDIR/there") in
	skipped) skip "a fresh Debian is made with WT_LONG=1 only" ;;
	failed) fail "$(<"$BATS_FILE_TMPDIR/there.log")" ;;
	esac
}

setup() {
	kernel_has_no_part
	is_debian || skip "packages are for Debian and Ubuntu, which this system is not"
	enter
}

# what_is_wanted: of the fresh Debian its name and its packages, and where it is kept: $codename, $wanted, $tar
what_is_wanted() {
	codename=$(sed -n 's/^VERSION_CODENAME=//p' /etc/os-release)
	# names only: whether their versions will do is for dpkg to say
	wanted=man-db,bash-completion,systemd,$(dpkg-deb -f "$deb" Depends | sed -E 's/ *\([^)]*\)//g; s/, */,/g')
	tar=$top/build/root/$codename-$(md5sum <<<"$wanted" | cut -c1-8).tar
}

# fresh_root: into $root, a Debian with what the package wants and what the tests need, but without the package
fresh_root() {
	local file sources=()
	if [[ ! -e $tar ]]; then
		for file in /etc/apt/sources.list /etc/apt/sources.list.d/*.list /etc/apt/sources.list.d/*.sources; do
			! grep -qsw "$codename" "$file" || sources+=("$file")
		done
		mkdir -p "${tar%/*}"
		# in memory, where dpkg's waiting for the disk costs nothing
		unshare --mount bash -c 'mount -t tmpfs tmpfs /mnt && TMPDIR=/mnt exec "$@"' - \
			mmdebstrap --format=tar --variant=essential --include="$wanted" --aptopt='APT::Install-Recommends false' \
			"$codename" "$tar.part" "${sources[@]}" >mmdebstrap.log 2>&1 </dev/null 3>&- ||
			{ rm -f "$tar.part" && fail "mmdebstrap (it needs the network): $(tail -n 20 mmdebstrap.log)" >&2; } || return
		mv "$tar.part" "$tar"
	fi
	mkdir "$root" && tar -xf "$tar" -C "$root"
}

install_there() {
	everything >before
	cp "$deb" "$root/tmp/" && inside dpkg -i "/tmp/${deb##*/}" >install.log 2>&1 || fail "$(<install.log)" >&2 || return
	rm "$root/tmp/${deb##*/}"
}

# inside COMMAND...: there, with a /proc, /sys and BPF file system that nobody else has. Where a path begins is a matter
# of the mount namespace for writetrace, so chroot would not be enough.
inside() {
	unshare --mount --pid --fork --kill-child bash -c '
		set -e
		mount --bind "$1" "$1"
		cd "$1"
		shift
		mount -t proc proc proc
		mount -t sysfs sysfs sys
		mount -t bpf bpf sys/fs/bpf
		mount --rbind /dev dev
		mount -t tmpfs tmpfs run
		pivot_root . .
		umount -l .
		cd /
		# systemd, as process 1, would talk to the kernel log
		exec env -i PATH=/usr/sbin:/usr/bin HOME=/root TERM=dumb LC_ALL=C.UTF-8 SYSTEMD_LOG_TARGET=console "$@"' - "$root" "$@"
}

# everything: what is there, but for dpkg's own notes, logs and what is only kept to be quicker
everything() {
	(cd "$root" && find . \( -path ./var/lib/dpkg -o -path ./var/log -o -path ./var/cache \) -prune -o -printf '%p %y %m\n') |
		sort
}

@test "the source archive is what is committed, always in the same bytes" {
	git clone -q "$top" clone
	(cd clone && .ci/dist) >first 2>err
	is "$(<err)" ""
	archive=clone/$(<first)
	cp "$archive" archive.tar.xz
	(cd clone && umask 077 && TZ=Asia/Tokyo XZ_OPT=-0 .ci/dist) >second 2>&1
	diff first second
	cmp archive.tar.xz "$archive"
	git -C clone archive HEAD | tar -t | grep -v '/$' | sort >committed
	name=${archive##*/} name=${name%.tar.xz}
	tar -tf "$archive" | sed "s,^$name/,," | grep -v '/$' | sort | grep . | diff committed -
	echo more >>clone/README.md
	: >clone/new
	(cd clone && .ci/dist) >second 2>err
	has err "^dist: the archive is of commit $(git -C clone rev-parse --short HEAD), without .* 2 files$"
	cmp archive.tar.xz "$archive"
}

@test "the source archive builds elsewhere, and its package is ours byte by byte" {
	(cd "$top" && .ci/dist) >archive 2>err
	mkdir elsewhere
	tar -xf "$top/$(<archive)" -C elsewhere
	tree=$(echo "$PWD"/elsewhere/writetrace-*)
	# whatever its caller asks of the build
	(umask 077 && TZ=Asia/Tokyo make -s -C "$tree" -j"$(nproc)" SANITIZE=1 deb) >log 2>&1 || fail "$(tail log)"
	is "$("$tree/build/deb/writetrace" -V)" "writetrace ${tree##*/writetrace-}"
	(cd "$tree" && .ci/dist) 2>err && fail "an archive of what is not a checkout"
	has err 'git checkout'
	[[ -z $(git -C "$top" status --porcelain) ]] || skip "all but the comparison: something here is not committed"
	cmp "$deb" "$tree/build/${deb##*/}"
	! grep -rqF "$PWD" "$tree/build/deb/root" || fail "the package says where it was built"
}

@test "lintian has nothing to say against the package" {
	lintian --allow-root --fail-on error,warning "$deb" >log 2>&1 || fail "$(<log)"
	is "$(<log)" ""
	# which it would have
	dpkg-deb -R "$deb" broken
	rm -r broken/usr/share/doc/writetrace/copyright broken/usr/sbin
	dpkg-deb -b broken broken.deb >log
	lintian --allow-root --fail-on error,warning broken.deb >log 2>&1 && fail "lintian is content with anything"
	has log 'no-copyright-file'
}

@test "the package has what make install installs, compressed, and nothing else" {
	make -s -C "$top" install DESTDIR="$PWD/installed" PREFIX=/usr >log 2>&1 || fail "$(<log)"
	{
		(cd installed && find usr -type f ! -name LICENSE) | sed -E '/\/man\/|README/s/$/.gz/'
		printf 'usr/share/doc/writetrace/%s\n' copyright changelog.gz
	} | sort >want
	dpkg-deb --fsys-tarfile "$deb" | tar -tv >list
	awk '$1 !~ /^d/ { sub(/^\.\//, "", $6); print $6 }' list | sort | diff want -
	# folders, too, are root's, and only root may change anything
	is "$(awk '{ print $1, $2 }' list | sort -u)" "$(printf '%s root/root\n' -rw-r--r-- -rwxr-xr-x drwxr-xr-x)"
	dpkg-deb -R "$deb" unpacked
	(cd unpacked && find usr -type f | sort | xargs md5sum) | diff - unpacked/DEBIAN/md5sums
	is "$(find unpacked/usr -printf '%T@\n' | sort -u | wc -l)" 1 "times of files"
	zcat unpacked/usr/share/doc/writetrace/README.md.gz | cmp - "$top/README.md"
	cmp installed/usr/share/bash-completion/completions/writetrace{,} && cmp {installed,unpacked}/usr/lib/systemd/system/writetrace@.service
}

@test "fresh Debian: dpkg has installed it, with all that it wants" {
	in_fresh_debian
	is "$(inside dpkg-query -Wf '${db:Status-Status} ${Version}' writetrace)" "installed $(dpkg-deb -f "$deb" Version)"
	inside ldd /usr/sbin/writetrace >libraries
	has libraries 'libbpf\.so'
	has_not libraries 'not found'
	inside dpkg --verify writetrace >changed
	is "$(<changed)" ""
	is "$(inside writetrace --version)" "writetrace $(dpkg-deb -f "$deb" Version)"
}

@test "fresh Debian: probe, trace, pin" {
	in_fresh_debian
	inside writetrace probe >out 2>err || fail "exit status $?"
	has out '^Linux .*: writes can be traced'
	has out '^  yes pin '
	inside writetrace trace -q -j -- sh -c 'echo hello >/tmp/file' >out 2>err || fail "exit status $?"
	whole 1
	is "$(values '"\(.path) \(.ret)"')" "/tmp/file 6"
	inside sh -c 'writetrace -q pin mine -p $$ && echo hello >/tmp/file && writetrace dump -j mine' >out 2>err || fail "exit status $?"
	is "$(tail -n 1 out | jq .totals.bytes)" 6
}

@test "fresh Debian: man" {
	in_fresh_debian
	inside man -P cat writetrace-trace >page 2>err || fail "exit status $?"
	is "$(<err)" ""
	has page '^NAME$'
	has page 'writetrace-trace - '
	has page '^ +-x, --failed'
	inside man -w writetrace writetrace-probe writetrace-pin writetrace-dump writetrace-unpin >where
	is "$(wc -l <where)" 5
	inside mandb -q
	inside apropos -s 8 writetrace >known
	is "$(wc -l <known)" 6 pages
}

# As in a login: bash reads ours once somebody types the name of the command and a tab.
@test "fresh Debian: bash completes commands and options on a terminal" {
	in_fresh_debian
	cat >"$root/root/.inputrc" <<<'set enable-bracketed-paste off'
	cat >"$root/root/rc" <<<'PS1="ready> "; . /usr/share/bash-completion/bash_completion'
	export -f inside
	export root
	mkfifo keys
	(script -qefc "inside bash --rcfile /root/rc -i" typescript <keys >/dev/null 2>&1 3>&-) &
	started+=($!)
	exec {keys}>keys
	until_true grep -q 'ready> ' typescript
	printf 'writetrace pro\t' >&"$keys"
	until_true grep -q 'writetrace probe ' typescript
	printf -- '--pre\t' >&"$keys"
	until_true grep -q 'writetrace probe --pretty ' typescript
	printf -- '--help\rexit\r' >&"$keys"
	until_true is_gone "${started[-1]}"
	exec {keys}>&-
	has typescript 'Usage: writetrace probe'
}

@test "fresh Debian: systemd accepts the unit" {
	in_fresh_debian
	inside systemd-analyze verify writetrace@web.service >log 2>&1 || fail "$(<log)"
	is "$(<log)" ""
	inside mv /usr/sbin/writetrace /usr/sbin/away
	inside systemd-analyze verify writetrace@web.service >log 2>&1 || true
	inside mv /usr/sbin/away /usr/sbin/writetrace
	has log '/usr/sbin/writetrace is not executable'
}

@test "fresh Debian: an update keeps sessions, removal ends them and leaves nothing" {
	in_fresh_debian
	cp "$deb" "$root/tmp/again.deb"
	inside sh -c 'writetrace -q pin mine -p $$ && dpkg -i /tmp/again.deb && writetrace dump --list && dpkg --purge writetrace &&
		ls /sys/fs/bpf' >log 2>&1 || fail "$(<log)"
	has log '^mine '
	has log '^progs\.debug$'
	has_not log '^writetrace$'
	rm -rf "$root"/tmp/* "$root"/root/{rc,.inputrc,.bash_history}
	everything | diff "$BATS_FILE_TMPDIR/before" -
	is "$(inside dpkg-query -Wf '${db:Status-Status}' writetrace 2>/dev/null)" ""
}

@test "nothing stays mounted" {
	in_fresh_debian
	has_not /proc/mounts "$BATS_FILE_TMPDIR"
}
