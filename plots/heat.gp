# Who holds the line when: a row for each line that changes hands, time to the right, the colour is
# the CPU that wrote the line last; how often it changed hands is written behind the row.
# heat.csv has a row per spell: row (from 0, top to bottom), from, to, cpu, line.

data = figure.'.csv'
unset grid
set border 1
scale = until >= 2e6 ? 1e6 : until >= 2e4 ? 1e3 : 1
set xrange [from / scale:until / scale]
set xlabel (scale == 1e6 ? 'million ' : scale == 1e3 ? 'thousand ' : '').xlabel
set yrange [(rows < 8 ? 8 : rows) - 0.4:-0.6] noextend         # a few rows are no walls
set lmargin at screen 0.3
set rmargin at screen 0.92
set ytics scale 0 font ',10'
set label 250 'changes' at graph 1.01, graph 1.02 left font ',9' textcolor rgb pale
array Cpus[8] = [ 0x0072b2, 0xe69f00, 0x009e73, 0xcc79a7, 0x56b4e9, 0xd55e00, 0xf0e442, 0x606060 ]
set palette defined (0 '#440154', 1 '#3b528b', 2 '#21918c', 3 '#5ec962', 4 '#fde725')
start(x) = column('from') / scale
end(x) = column('to') / scale
middle(x) = (start(0) + end(0)) / 2
low(x) = column('row') - 0.4
high(x) = column('row') + 0.4
shade(x) = Cpus[1 + int(column('cpu')) % 8]
tip(x) = hover(sprintf("%s: CPU %d from cycle %.0f to %.0f", Lines[1 + int(column('row'))], column('cpu'), column('from'), column('to')))

if (cpus <= 8) {
	plot data using (middle(0)):'row':(start(0)):(end(0)):(low(0)):(high(0)):(shade(0)) with boxxyerror lc rgb variable notitle, \
		data using (middle(0)):'row':(tip(0)) with labels hypertext point pt 7 ps 1 lc rgb '#ff000000' notitle, \
		for [c = 1:cpus] keyentry with boxes fc rgb Cpus[c] title sprintf('CPU %d', c - 1)
} else {
	set cbrange [0:cpus - 1]
	set label 251 'CPU' at screen 0.02, screen 0.82 left font ',11'
	set colorbox user origin screen 0.07, screen 0.81 size screen 0.4, screen 0.02 horizontal
	plot data using (middle(0)):'row':(start(0)):(end(0)):(low(0)):(high(0)):'cpu' with boxxyerror lc palette notitle, \
		data using (middle(0)):'row':(tip(0)) with labels hypertext point pt 7 ps 1 lc rgb '#ff000000' notitle
}
