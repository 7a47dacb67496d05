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
