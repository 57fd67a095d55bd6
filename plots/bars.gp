# A bar for each allocator and swept setting, stacked of parts that get paler upwards, with the
# interval of the whole. FIGURE.csv has a row per bar: group and series from 0, label, name,
# seeds, a column per part, then mean, low, high of their sum, and how many states the seeds fall
# into: of two, low and high are the means. Parts[] names the parts.

data = figure.'.csv'
width = 0.8 / series
middle(s) = column('series') == s - 1 ? column('group') + (s - 1 - (series - 1) / 2.0) * width : NaN
left(s) = middle(s) - 0.46 * width
right(s) = middle(s) + 0.46 * width
upto(p) = p ? sum [i = 1:p] column(5 + i) : 0
white(p) = p == 1 ? 0 : parts == 2 ? 0.5 : 0.45 + 0.3 * (p - 2) / (parts - 2)
list(p) = p ? list(p - 1).sprintf("%s%s %.4g", p == 1 ? "; " : ", ", Parts[p], column(5 + p)) : ''
spread(s) = column('states') == 2 ? sprintf("two states, %.4g or %.4g", column('low'), column('high')) : sprintf("%.4g [%.4g, %.4g]", column('mean'), column('low'), column('high'))
tip(s) = hover(sprintf("%s: %s %s", bar(s - 1, column('group')), spread(s), what).list(parts))

set ylabel what
room = groups * series < 6 ? (6 - groups * series) * width / 2 : 0      # a few bars are no walls
set xrange [-0.6 - room:groups - 0.4 + room]
set yrange [0:*]
set for [g = 1:groups] xtics (Groups[g] g - 1)
if (groups == 1 && Groups[1] eq '') set xtics scale 0
number(x) = groups * series <= 15 ? sprintf(x < 999.5 ? "%.3g" : "%.0f", x) : ''
two(s) = column('states') == 2 ? (groups * series <= 15 ? "two states:\n".number(column('low')).' or '.number(column('high')) : "two\nstates") : ''

# labels of the groups that do not fit side by side are slanted
if ((sum [g = 1:groups] strlen(Groups[g]) + 3) > 100) {
	set xtics rotate by 25 right font ',10'
	set bmargin at screen 0.24
	unset xlabel
	set label 4 xlabel at screen 0.55, screen 0.075 center textcolor rgb ink noenhanced
}

plot for [p = 1:parts] for [s = 1:series] data using (middle(s)):(0):(left(s)):(right(s)):(upto(p - 1)):(upto(p)) with boxxyerror lc rgb mix(colour(s), white(p)) title (p == 1 ? Series[s] : ''), \
	for [s = 1:series] data using (middle(s)):'low':(0):(column('high') - column('low')) with vectors heads size graph 0.004,90 lc rgb ink notitle, \
	for [s = 1:series] data using (middle(s)):'high':(column('states') == 2 ? '' : number(column('mean'))) with labels offset 0, 0.7 font ',10' textcolor rgb ink notitle, \
	for [s = 1:series] data using (middle(s)):'high':(two(s)) with labels offset 0, 1.5 font ',10' textcolor rgb ink notitle, \
	for [s = 1:series] data using (middle(s)):(column('mean') / 2):(tip(s)) with labels hypertext point pt 7 ps 3 lc rgb '#ff000000' notitle, \
	for [p = 1:parts] keyentry with boxes fc rgb mix(0x555555, white(p)) title Parts[p]
