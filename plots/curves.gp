# Curves over the number of CPUs, one for each allocator and other swept setting, named at its end.
#
# FIGURE.csv has a row per point: curve from 0, name, cpus, seeds, mean, low, high, states; of two states
# low and high are the means, of 0 the least and the most. Of each curve Colour[], Dash[] and Mark[] say how it is drawn, Key[] its
# name as it is written at KeyX[], KeyY[].

data = figure.'.csv'
set logscale x 2
array Marks[5] = [ 7, 5, 9, 13, 11 ]
mine(c) = column('curve') == c - 1
of(c, name) = mine(c) ? column(name) : NaN
# what has no place on a logarithmic axis stands at its foot
onto(c, name) = mine(c) ? (column(name) > bottom_value ? column(name) : bottom_value) : NaN
two(c) = mine(c) && column('states') == 2
spread(c) = two(c) ? sprintf("two states, %.4g in the mean, %.4g or %.4g", column('mean'), column('low'), column('high')) : column('states') == 0 ? sprintf("%.4g (%.4g..%.4g)", column('mean'), column('low'), column('high')) : sprintf("%.4g [%.4g, %.4g]", column('mean'), column('low'), column('high'))
tip(c) = hover(Tip[c].sprintf(", cpus=%d", column('cpus'))."\\n".spread(c).' '.what)
mark(c) = Marks[int(Mark[c])]
font_names = sprintf(',%g', names > 0 ? names : small)
set key samplen 2 textcolor variable font font_names

do for [n = 1:6] { do for [c = 1:curves] { roles = roles.sprintf('%d.0 ', c) } }

plot for [c = 1:curves] data using (of(c, 'cpus')):(onto(c, 'mean')) with lines lw 2 dt int(Dash[c]) lc rgb Colour[c] notitle, \
	for [c = 1:curves] data using (of(c, 'cpus')):(onto(c, 'low')):(0):(onto(c, 'high') - onto(c, 'low')) with vectors heads size graph 0.006,90 lw 1.5 lc rgb Colour[c] notitle, \
	for [c = 1:curves] data using (of(c, 'cpus')):(onto(c, 'mean')) with points pt mark(c) ps 1 lc rgb Colour[c] notitle, \
	for [c = 1:curves] data using (of(c, 'cpus')):(column('high')):(two(c) ? 'two states' : '') with labels noenhanced offset 0, screen 1.0 * small / height font font_small textcolor rgb Colour[c] notitle, \
	for [c = 1:curves] data using (of(c, 'cpus')):(onto(c, 'mean')):(tip(c)) with labels hypertext point pt 7 ps 2 lc rgb '#ff000000' notitle, \
	for [c = 1:curves] keyentry with linespoints lw 2 dt int(Dash[c]) pt mark(c) ps 1 lc rgb Colour[c] title Key[c] at screen KeyX[c], screen KeyY[c]
