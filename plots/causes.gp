# Cycles of all CPUs per operation, stacked by cause: a bar for each allocator and swept setting.
# causes.csv has a row per bar: group and series from 0, label, name, seeds, a column per
# cause, then mean, low, high of their sum. Met[] says which causes occur at all.

# Waiting for others warm, waiting for memory blue and green, own work grey.
array Names[13] = [ "interrupts", "lock spin", "busy line or home", "transfer, same socket", \
	"transfer, cross socket", "upgrade", "shared level", "memory", "store buffer, fences", \
	"LOCK operations", "private hits", "compute", "idle" ]
array Colours[13] = [ 0x000000, 0xcc79a7, 0xf0e442, 0xe69f00, 0xd55e00, 0x8b3a00, 0x56b4e9, 0x0072b2, \
	0x00563e, 0x009e73, 0x808080, 0xb4b4b4, 0xe8e8e8 ]
dark(c) = c == 1 || c == 6 || c == 8 || c == 9

data = figure.'.csv'
rows = groups * series
spot(x) = column('group') * (series + 0.6) + column('series')
upto(c) = c ? sum [i = 1:c] column(5 + i) : 0
share(c) = column('mean') > 0 ? 100 * column(5 + c) / column('mean') : 0
tip(c) = hover(sprintf("%s: %s %.4g cycles per operation, %.1f %%", bar(column('series'), column('group')), Names[c], column(5 + c), share(c)))

set ylabel what
room = rows < 5 ? (5 - rows) / 2.0 : 0         # a few bars are no walls
set xrange [-0.7 - room:groups * (series + 0.6) - 0.9 + room]
set yrange [0:*]
set tmargin at screen 0.85
set rmargin at screen 0.79
set key at screen 0.8, screen 0.86 left top vertical Left reverse invert

name(b) = Series[b % series + 1]
group(b) = Groups[b / series + 1]
many = rows > 14 || (sum [b = 0:rows - 1] (strlen(name(b)) > strlen(group(b)) ? strlen(name(b)) : strlen(group(b))) + 2) > 85
label(b) = groups == 1 ? name(b) : series == 1 ? group(b) : name(b).(many ? ", " : "\n").group(b)
set for [b = 0:rows - 1] xtics (label(b) (b / series) * (series + 0.6) + b % series)
if (groups > 1 && series > 1) {
	set bmargin at screen 0.19
	set xlabel offset 0, -0.6
}
if (many) {
	set xtics rotate by 45 right font ',9'
	set bmargin at screen 0.3
	unset xlabel
	set label 4 xlabel at screen 0.44, screen 0.06 center textcolor rgb ink noenhanced
}

plot for [c = 1:13] data using (spot(0)):(0):(spot(0) - 0.42):(spot(0) + 0.42):(upto(c - 1)):(upto(c)) with boxxyerror lc rgb Colours[c] title (Met[c] ? Names[c] : ''), \
	for [c = 1:13] data using (spot(0)):(upto(c) - column(5 + c) / 2):(share(c) >= 5.5 && column(5 + c) >= 0.03 * tallest && rows <= 14 ? sprintf("%.0f %%", share(c)) : '') with labels font ',9' textcolor rgb (dark(c) ? '#ffffff' : ink) notitle, \
	for [c = 1:13] data using (spot(0)):(upto(c) - column(5 + c) / 2):(tip(c)) with labels hypertext point pt 7 ps 2 lc rgb '#ff000000' notitle
