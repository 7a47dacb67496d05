#!/usr/bin/env bats
# make install, make uninstall, and the systemd unit. Not in guests: there is no compiler.

# What lib.bash sets is not known to shellcheck, nor that each test is a shell of its own.
# shellcheck disable=SC2016,SC2030,SC2031,SC2154
load lib

install_to() { make -s -C "$top" install DESTDIR="$1" PREFIX="$2" >make.log 2>&1 || fail "$(<make.log)"; }

# Debian's zsh looks into site-functions below /usr/local only.
zsh_dir=site-functions
[[ ! -e /etc/debian_version ]] || zsh_dir=vendor-completions

@test "make install, make uninstall: nothing stays" {
	kernel_has_no_part
	install_to "$PWD/root" /usr
	find root -type f | sort >files
	sort <<-END | diff - files
		root/usr/lib/systemd/system/writetrace@.service
		root/usr/sbin/writetrace
		root/usr/share/bash-completion/completions/writetrace
		root/usr/share/doc/writetrace/LICENSE
		root/usr/share/doc/writetrace/README.md
		root/usr/share/fish/vendor_completions.d/writetrace.fish
		root/usr/share/zsh/$zsh_dir/_writetrace
		root/usr/share/man/man8/writetrace-dump.8
		root/usr/share/man/man8/writetrace-pin.8
		root/usr/share/man/man8/writetrace-probe.8
		root/usr/share/man/man8/writetrace-trace.8
		root/usr/share/man/man8/writetrace-unpin.8
		root/usr/share/man/man8/writetrace.8
	END
	is "$(root/usr/sbin/writetrace -V)" "$(writetrace -V)"
	make -s -C "$top" uninstall DESTDIR="$PWD/root" PREFIX=/usr
	is "$(find root -type f)" ""
}

@test "completions are where the shells look for them" {
	kernel_has_no_part
	for prefix in /usr /usr/local; do
		rm -rf root
		install_to "$PWD/root" "$prefix"
		find root -path '*/share/zsh/*' -type f -printf '/%P\n' >installed
		is "$(wc -l <installed)" 1 installed
		zsh -fc 'print -l $fpath' >looked
		has looked "^$(dirname "$(<installed)")$"
		find root -name writetrace.fish -printf '/%P\n' >installed
		XDG_DATA_DIRS=/usr/local/share:/usr/share HOME=$PWD fish -c 'printf "%s\n" $fish_complete_path' >looked
		# it names only directories that are there
		[[ ! -d $(dirname "$(<installed)") ]] || has looked "^$(dirname "$(<installed)")$"
		loaded=$(XDG_DATA_DIRS=$PWD/root$prefix/share HOME=$PWD fish -c 'complete -C "writetrace unp"')
		is "$loaded" "unpin	end pinned sessions" fish
		loaded=$(XDG_DATA_DIRS=$PWD/root$prefix/share HOME=$PWD bash --norc -c '
			. /usr/share/bash-completion/bash_completion
			_completion_loader writetrace
			complete -p writetrace')
		is "$loaded" "complete -F _writetrace writetrace" bash
	done
}

@test "the systemd unit is valid" {
	kernel_has_no_part
	command -v systemd-analyze >/dev/null || skip "no systemd-analyze on this machine"
	# systemd wants to see the program where the unit says it is
	install_to "" "$PWD/usr"
	unit=$PWD/usr/lib/systemd/system/writetrace@web.service
	cp "$PWD/usr/lib/systemd/system/writetrace@.service" "$unit"
	# and the page that the unit names
	export MANPATH=$PWD/usr/share/man
	systemd-analyze verify "$unit" >log 2>&1 || fail "$(<log)"
	has_not log "$unit|writetrace"
	sed -i 's/^Type=.*/Type=nonsense/' "$unit"
	systemd-analyze verify "$unit" >log 2>&1 || true
	has log 'nonsense'
}

@test "the systemd unit's commands are commands that there are" {
	kernel_has_no_part
	install_to "" "$PWD/usr"
	sed -n 's/^Exec[A-Za-z]*=//p' "$PWD"/usr/lib/systemd/system/writetrace@.service >commands
	is "$(wc -l <commands)" 2 commands
	# up to where they would do something: no such process, no such session
	OPTIONS="-p 999999999"
	sed 's/%i/no-such-session/; s/\$OPTIONS/'"$OPTIONS"'/' commands >filled
	while read -ra command; do
		"${command[@]}" </dev/null >out 2>>err && fail "${command[*]}"
		:
	done <filled
	is "$(sed 's/;.*//' err)" "writetrace: --pid 999999999: no such process
writetrace: there is no session no-such-session"
}
