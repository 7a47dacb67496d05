#!/usr/bin/env bats
# What else writetrace may be built with: `make check-compilers` tries all of it on each kernel, this here is the library that
# users of newer systems have.

# What lib.bash sets is not known to shellcheck.
# shellcheck disable=SC2154
load lib

setup() {
	kernel_has_no_part
	[[ -e /etc/debian_version ]] || skip "the packages are Debian's, which this system is not"
	enter
}

@test "the newest libbpf of Debian: each backend, whatever the options, and pinned" {
	"$top/tests/compilers" -v libbpf host >out || fail "it does not build, or does not do what it should"
	has out '^ok 1 libbpf on host$'
}
