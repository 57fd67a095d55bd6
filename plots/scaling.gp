# Cycles of one allocation plus one free over the number of CPUs: a curve for each allocator (and
# other swept setting), named at its end.
# scaling.csv has a row per point: curve from 0, name, cpus, seeds, mean, low, high, states; of two
# states low and high are the means.

data = figure.'.csv'
set ylabel what
set xlabel 'CPUs'
set logscale x 2
set xrange [word(cpus, 1) * 0.9:word(cpus, words(cpus)) * 1.1]
set yrange [0:*]
set for [n = 1:words(cpus)] xtics (word(cpus, n) word(cpus, n) + 0)
set tmargin at screen 0.85
set rmargin at screen 0.80
unset key

of(c, name) = column('curve') == c - 1 ? column(name) : NaN
last(c) = column('curve') == c - 1 && column('cpus') == Last[c]
two(c) = column('curve') == c - 1 && column('states') == 2
tip(c) = hover(sprintf(two(c) ? "%s, %d CPUs: two states, %.4g cycles in the mean, %.4g or %.4g" : "%s, %d CPUs: %.4g cycles [%.4g, %.4g]", Curves[c], column('cpus'), column('mean'), column('low'), column('high')))
# lines and points differ too, so that colour is not the only difference
look(c) = 1 + (c - 1) % 5
array Points[5] = [ 7, 5, 9, 13, 11 ]

plot for [c = 1:curves] data using (of(c, 'cpus')):(of(c, 'mean')) with lines lw 2 dt look(c) lc rgb colour(Of[c]) title Curves[c], \
	for [c = 1:curves] data using (of(c, 'cpus')):(of(c, 'low')):(0):(of(c, 'high') - of(c, 'low')) with vectors heads size graph 0.006,90 lw 1.5 lc rgb colour(Of[c]) notitle, \
	for [c = 1:curves] data using (of(c, 'cpus')):(of(c, 'mean')) with points pt Points[look(c)] ps 1.1 lc rgb colour(Of[c]) notitle, \
	for [c = 1:curves] data using (two(c) ? column('cpus') : NaN):(column('high')):('two states') with labels offset 0, 0.7 font ',10' textcolor rgb dim(colour(Of[c]), 0.75) notitle, \
	for [c = 1:curves] data using (last(c) ? column('cpus') : NaN):(Spot[c]):(Curves[c]) with labels noenhanced left offset 1.5, 0 font ',11' textcolor rgb dim(colour(Of[c]), 0.75) notitle, \
	for [c = 1:curves] data using (of(c, 'cpus')):(of(c, 'mean')):(tip(c)) with labels hypertext point pt 7 ps 2 lc rgb '#ff000000' notitle
