# From samples (row, configuration, unit, value, round) to one line a row and configuration, in the order in which they came
# first: row, configuration, unit, median, least, largest, and, where there is an untraced run, what is added to it (the
# median of the differences in each round) and how many times as much it is.

function base_of(row, configuration,   n) {
	if (configuration ~ /^[0-9]+:/) {
		n = configuration
		sub(/:.*/, "", n)
		if ((row, n ": untraced") in seen) return n ": untraced"
		if ((row, "1: untraced") in seen) return "1: untraced"
		return "0: pin"
	}
	return "untraced"
}

function median(list, n,   i, j, x) {
	for (i = 2; i <= n; i++) {
		x = list[i]
		for (j = i - 1; j > 0 && list[j] > x; j--) list[j + 1] = list[j]
		list[j + 1] = x
	}
	return n % 2 ? list[(n + 1) / 2] : (list[n / 2] + list[n / 2 + 1]) / 2
}

# As many digits as say something
function figure(x) { return x >= 100 || x == int(x) ? sprintf("%.0f", x) : sprintf("%.3g", x) }

{
	if (!(($1, $2) in seen)) {
		seen[$1, $2] = 1
		rows[++n] = $1
		configurations[n] = $2
		unit[n] = $3
	}
	value[$1, $2, $5] = $4
	if ($5 > rounds) rounds = $5
}

END {
	for (i = 1; i <= n; i++) {
		base = base_of(rows[i], configurations[i])
		count = differences = 0
		for (r = 1; r <= rounds; r++) {
			if (!((rows[i], configurations[i], r) in value)) continue
			x = value[rows[i], configurations[i], r]
			list[++count] = x
			if (base != configurations[i] && (rows[i], base, r) in value) {
				added[++differences] = x - value[rows[i], base, r]
				times[differences] = x / value[rows[i], base, r]
			}
		}
		middle = median(list, count)
		print rows[i] "\t" configurations[i] "\t" unit[i] "\t" figure(middle) "\t" figure(list[1]) "\t" figure(list[count]) "\t" \
			(differences ? figure(median(added, differences)) "\t" sprintf("%.2f", median(times, differences)) : "\t")
	}
}
