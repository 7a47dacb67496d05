#!/usr/bin/env bats
# The design's rules that a machine can check: who knows whom, and what a file begins with.

# What lib.bash sets is not known to shellcheck, nor that each test is a shell of its own.
# shellcheck disable=SC2016,SC2030,SC2031,SC2154
load lib

sources() { find "$top/$1" -name "${2-*.[ch]}" | sort; }

# includes FILE...: "FILE HEADER" for each #include
includes() { grep -HoE '^[[:space:]]*#[[:space:]]*include[[:space:]]*["<][^">]+' "$@" | sed -E 's/:[^"<]*["<]/ /'; }

@test "cmd → common → bpf/writetrace.h: common never includes cmd" {
	# shellcheck disable=SC2046
	includes $(sources common) >list
	[[ -s list ]]
	has_not list ' (\.\./)*cmd(/|\.h)'
}

@test "of bpf/, cmd and common include only writetrace.h" {
	# shellcheck disable=SC2046
	includes $(sources cmd) $(sources common) | grep -E ' (\.\./)*bpf/' | grep -vE ' (\.\./)?bpf/(writetrace\.h|libbpf\.h|bpf\.h|btf\.h|bpf_endian\.h)$' >wrong || true
	[[ ! -s wrong ]] || fail "$(<wrong)"
}

@test "only session knows the skeleton" {
	grep -rlE 'skel\.h|writetrace_bpf' "$top/cmd" "$top/common" | grep -v '/common/session[a-z_]*\.[ch]$' >wrong || true
	[[ ! -s wrong ]] || fail "$(<wrong)"
}

@test "BPF code includes only bpf/, uapi and libbpf headers" {
	# shellcheck disable=SC2046
	includes $(sources bpf) | awk '{ print $2 }' | sort -u >list
	while IFS= read -r header; do
		[[ -e $top/bpf/$header || $header == std*.h || $header == linux/* || $header == asm/* || $header == bpf/bpf_*.h ||
			-e $top/$header && $header == bpf/* ]] || fail "$header"
	done <list
}

@test "no BPF code goes by the layout of a tracepoint that kernels change: fields are found by CO-RE" {
	grep -rnE 'trace_event_raw_|SEC\("\??(tp|tracepoint)/' "$top/bpf" >wrong || true
	[[ ! -s wrong ]] || fail "$(<wrong)"
	# those of system calls, and their layout, are the kernel's promise
	is "$(grep -rhoE 'SEC\("\??tp"\)' "$top/bpf" | sort -u)" 'SEC("?tp")'
}

@test "the contract includes nothing" {
	includes "$top/bpf/writetrace.h" >list || true
	[[ ! -s list ]] || fail "$(<list)"
}

@test "every source says its licence and then what it is for" {
	# shellcheck disable=SC2046
	for file in $(sources bpf) $(sources cmd) $(sources common) $(sources tests); do
		head -n 1 "$file" | grep -q 'SPDX-License-Identifier: ' || fail "$file: no licence"
		# A .c beside a .h of the same name may leave it to that one.
		if [[ $file == *.c && -e ${file%.c}.h ]]; then
			file=${file%.c}.h
		fi
		sed -n 2p "$file" | grep -qE '^(/\*|//)' || fail "$file does not open with what it is for"
	done
}

@test "every file of common is known to one table only: no misc, util, helper or common" {
	# shellcheck disable=SC2046
	printf '%s\n' $(sources cmd) $(sources common) $(sources bpf) | grep -E '/(misc|utils?|helpers?|common)\.' >wrong || true
	[[ ! -s wrong ]] || fail "$(<wrong)"
}

@test "no function of the tool is longer than 60 lines" {
	# shellcheck disable=SC2046
	awk 'FNR == 1 { start = 0 }
		/^\{/ { start = FNR }
		/^\}/ { if (start && FNR - start > 60) print FILENAME ":" start ": " FNR - start; start = 0 }' \
		$(sources cmd) $(sources common) $(sources bpf) >wrong
	[[ ! -s wrong ]] || fail "$(<wrong)"
}

@test "whatever options and machine leave of them, programs have no more on the stack than the kernel allows" {
	kernel_has_no_part
	local build_dir=${WT_BUILD:-$top/build}
	"$top/tests/stack" "$build_dir/writetrace.bpf.o" "$build_dir/writetrace_no_fetch.bpf.o" || fail "too much for Linux 5.10 to 6.11"
	"$top/tests/stack" -r 16 "$build_dir/writetrace_direct.bpf.o" || fail "too much for Linux 6.12 and later"
}

@test "what tells that is right, of objects made for it" {
	kernel_has_no_part
	enter
	cat >deep.c <<-'END'
		#define FN(name, bytes, below) \
			static __attribute__((noinline)) int name(int n) \
			{ volatile char on_stack[bytes]; on_stack[n & 7] = n; return on_stack[n & 3] + below; }
		static __attribute__((noinline)) int last(int n) { return n * n; }
		FN(third, 96, last(n))
		FN(second, 200, third(n))
		FN(first, MORE, second(n))
		__attribute__((section("raw_tp"))) int program(int *n) { return first(*n); }
		__attribute__((section("raw_tp"))) int other(int *n) { return last(*n); }
	END
	# 32 + 128 + 224 + 96 + 32
	clang -O2 -target bpf -DMORE=128 -c -o fits.o deep.c
	"$top/tests/stack" fits.o >out || fail "$(<out)"
	has out '^fits\.o: 512 bytes, 512 at most: program [0-9]+ > first 128 > second 200 > third 96 > last 0$'
	has out '^fits\.o: 5 functions, 8 at most: program '
	clang -O2 -target bpf -DMORE=136 -c -o deep.o deep.c
	! "$top/tests/stack" deep.o >out || fail "$(<out)"
	has out '^deep\.o: 544 bytes, 512 at most: '
	"$top/tests/stack" -r 16 deep.o >out || fail "$(<out)"
	! "$top/tests/stack" nothing.o >out 2>err || fail "an object that is not there is all right"
}
