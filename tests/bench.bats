#!/usr/bin/env bats
# The benchmark suite measures what it says. (What it measures depends on the machine, and is not looked at here.)

# What lib.bash sets is not known to shellcheck, nor that each test is a shell of its own.
# shellcheck disable=SC2016,SC2030,SC2031,SC2154
load lib

teardown() {
	end_started
	[[ ! ${stats-} ]] || sysctl -q "kernel.bpf_stats_enabled=$stats"
}

@test "the table: medians, and what is added to the untraced run of the same round" {
	# row, configuration, unit, value, round
	tr ' ' '\t' >samples <<-END
		null untraced ns 100 1
		null trace ns 650 1
		null trace ns 700 2
		null untraced ns 200 2
		null untraced ns 150 3
		null trace ns 5150 3
		use trace MB 20.9 1
		use trace MB 20.5 2
	END
	awk -F '\t' -f "$top/tests/bench/table.awk" samples >table
	diff - table <<-END
		null	untraced	ns	150	100	200		
		null	trace	ns	700	650	5150	550	6.50
		use	trace	MB	20.7	20.5	20.9		
	END
	printf 'threads\t%s\tns\t%s\t1\n' "2: untraced" 50 "4: untraced" 40 "4: trace" 60 >samples
	is "$(awk -F '\t' -f "$top/tests/bench/table.awk" samples | tail -n 1)" \
		$'threads\t4: trace\tns\t60\t60\t60\t20\t1.50' "the base is that of the same number"
}

@test "meter: makes as many calls as it says" {
	METER_REPORT=report wt trace -c -j -- "$top/build/bench/meter" -t 2 write /dev/null 7 3000
	expect_status 0
	is "$(jq -c '.rows[] | select(.path == "/dev/null") | [.calls, .bytes]' out)" '[6000,42000]'
	read -r ns calls rate cpu <report
	is "$calls" 6000 calls
	jq -n -e "$ns > 10 and $ns < 1e6 and $rate > 1000 and $cpu >= 0" >/dev/null || fail "$(<report)"
	METER_REPORT=report wt trace -c -j -- "$top/build/bench/meter" -f 10 write . 1 1000
	is "$(jq -c '[.rows[] | select(.path | test("/[0-9]$")) | .calls] | [length, add]' out)" '[10,1000]' "over ten files"
}

@test "floor: its programs run" {
	kernel_has_no_part
	mountpoint -q /sys/kernel/tracing || mount -t tracefs tracefs /sys/kernel/tracing
	stats=$(sysctl -n kernel.bpf_stats_enabled)
	sysctl -q kernel.bpf_stats_enabled=1
	for hooks in raw tracepoint; do
		"$top/build/bench/floor" "$hooks" both bash -c 'for i in {1..100}; do printf x; done >/dev/null; bpftool prog show -j' >programs
		jq -e --arg name "${hooks}_exit" '[.[] | select(.name == $name) | .run_cnt] | max >= 100' programs || fail "$hooks"
	done
	status=0
	"$top/build/bench/floor" nothing both true 2>err || status=$?
	is "$status" 2 "exit status for hooks that there are not"
}

@test "a row is run: every configuration, as table and as JSON" {
	kernel_has_no_part
	"$top/tests/bench/run" -r 1 start use >table 2>err || fail "$(<err)"
	is "$(jq -r '[.rows[].row] | unique | join(",")' "$top/build/bench/bench.json")" \
		"start: first event,start: last event to the end,use: CPU s a million,use: memory"
	jq -e 'all(.rows[]; .median | . != null)' "$top/build/bench/bench.json"
	has table '^\| use: memory \| `trace` \| [0-9.]+ MB'
}
