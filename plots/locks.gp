# Locks: how long they are waited for over how long they are held, a dot for each allocator, setting and lock.
#
# FIGURE.csv has a row per dot: dot from 0, series, settings, lock, seeds, hold, wait, low, high, states; of two
# states low and high are the means, of 0 the least and the most. Of each dot Colour[] and Series[] say the allocator, Mark[] the lock. The key
# has the allocators, KeyMark[] 0, then the locks.

data = figure.'.csv'
array Marks[5] = [ 7, 5, 9, 13, 11 ]
mine(d) = column('dot') == d - 1
of(d, name) = mine(d) ? column(name) : NaN
two(d) = mine(d) && column('states') == 2
low(d) = mine(d) ? (column('low') > 0 ? column('low') : column('wait')) : NaN
spread(d) = two(d) ? sprintf("two states, %.4g in the mean, %.4g or %.4g", column('wait'), column('low'), column('high')) : column('states') == 0 ? sprintf("%.4g (%.4g..%.4g)", column('wait'), column('low'), column('high')) : sprintf("%.4g [%.4g, %.4g]", column('wait'), column('low'), column('high'))
tip(d) = hover(Tip[d]."\\nheld ".sprintf("%.4g", column('hold'))." cycles\\nwaited for ".spread(d))

do for [n = 1:3] { do for [d = 1:dots_drawn] { roles = roles.sprintf('%d.%d ', Series[d], Mark[d]) } }
do for [k = 1:keys] { roles = roles.sprintf('%d.%d ', k <= serieses ? k : 0, KeyMark[k]) }

set grid xtics linetype 1 linecolor rgb lattice linewidth 1

plot for [d = 1:dots_drawn] data using (of(d, 'hold')):(low(d)):(0):(of(d, 'high') - low(d)) with vectors heads size graph 0.006,90 lw 1.5 lc rgb Colour[d] notitle, \
	for [d = 1:dots_drawn] data using (of(d, 'hold')):(of(d, 'wait')) with points pt Marks[int(Mark[d])] ps 1.4 lc rgb Colour[d] notitle, \
	for [d = 1:dots_drawn] data using (of(d, 'hold')):(of(d, 'wait')):(tip(d)) with labels hypertext point pt 7 ps 2 lc rgb '#ff000000' notitle, \
	for [k = 1:keys] keyentry with points pt (k <= serieses ? 7 : Marks[int(KeyMark[k])]) ps 1.4 lc rgb KeyColour[k] title Key[k] at screen KeyX[k], screen KeyY[k]
