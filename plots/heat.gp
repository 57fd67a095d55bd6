# Who holds the line when: a row for each line that changes hands, time to the right, the colour is the CPU
# that wrote the line last; how often it changed hands is written behind the row.
#
# heat.csv has a row per spell: row (from 0, top to bottom), from, to, cpu, line. Lines[] names the rows.

data = figure.'.csv'
unset grid
set border 1
unset ytics
array Cpus[8] = [ 0x0072b2, 0xe69f00, 0x009e73, 0xcc79a7, 0x56b4e9, 0xd55e00, 0xf0e442, 0x8a8a8a ]
# viridis; on dark paper without its darkest end
if (paper > 0x808080) {
	set palette defined (0 '#440154', 1 '#3b528b', 2 '#21918c', 3 '#5ec962', 4 '#fde725')
} else {
	set palette defined (0 '#7b5fb8', 1 '#4a7fc0', 2 '#25a39d', 3 '#6fd06f', 4 '#fde725')
}
set xtics autofreq nomirror out scale 0.5 textcolor rgb ink noenhanced font font_text format '%.12g'
few = cpus <= 8
mine(c) = !few || column('cpu') == c - 1
start(c) = mine(c) ? column('from') / scale : NaN
end(x) = column('to') / scale
middle(c) = (start(c) + end(0)) / 2
spot(x) = column('row') + 0.5
low(x) = column('row') + 0.1
high(x) = column('row') + 0.9
tip(x) = hover(Lines[1 + int(column('row'))].sprintf(": CPU %d\\nfrom cycle %.0f to %.0f", column('cpu'), column('from'), column('to')))

last = few ? cpus : 1
do for [n = 1:2] { do for [c = 1:last] { roles = roles.sprintf('%d.0 ', few ? c : 0) } }

if (few) {
	do for [c = 1:cpus] { roles = roles.sprintf('%d.0 ', c) }
	plot for [c = 1:cpus] data using (middle(c)):(spot(0)):(start(c)):(end(0)):(low(0)):(high(0)) with boxxyerror lc rgb Cpus[c] notitle, \
		for [c = 1:cpus] data using (middle(c)):(spot(0)):(tip(0)) with labels hypertext point pt 7 ps 1 lc rgb '#ff000000' notitle, \
		for [c = 1:cpus] keyentry with boxes fc rgb Cpus[c] title Key[c] at screen KeyX[c], screen KeyY[c]
} else {
	set cbrange [0:cpus - 1]
	set cbtics nomirror textcolor rgb ink font font_text format '%.0f'
	set colorbox user origin screen across(24 + 3.5 * normal), screen scale_y size screen 0.4, screen 0.02 horizontal
	plot data using (middle(1)):(spot(0)):(start(1)):(end(0)):(low(0)):(high(0)):'cpu' with boxxyerror lc palette notitle, \
		data using (middle(1)):(spot(0)):(tip(0)) with labels hypertext point pt 7 ps 1 lc rgb '#ff000000' notitle
}
