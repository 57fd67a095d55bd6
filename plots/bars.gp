# Bars, one for each allocator and swept setting, stacked of parts.
#
# FIGURE.csv has a row per bar: group and series from 0, label, name, seeds, a column per part, then
# mean, low, high of their sum (on a logarithmic axis of those that the title speaks of), and how many states
# the seeds fall into: of two, low and high are the means, of 0 the least and the most. Of each bar Spot[] says the place, Upper[] and Lower[] the number above it, Tip[] its
# settings. Fill[] has the colours of the parts of all series, On[] those of letters on them; KeySeries[] and
# KeyPart[] say what an entry of the key names, 0 for all.

data = figure.'.csv'
bar(x) = int(column(0)) + 1
mine(s) = by_part || column('series') == s - 1
spot(s) = mine(s) ? Spot[bar(0)] : NaN
part(p) = column(5 + p)
# what has no place on a logarithmic axis stands at its foot
onto(v) = v > bottom_value ? v : bottom_value
upto(p) = logarithmic ? (p ? onto(column('mean')) : bottom_value) : p ? sum [i = 1:p] part(i) : 0
told(p) = sprintf(shares ? "%s %.1f %%" : "%s %.4g", Names[p], part(p))
list(p) = p ? list(p - 1).(part(p) > 0 ? "\\n".told(p) : '') : ''
spread(x) = column('states') == 2 ? sprintf("two states, %.4g or %.4g", column('low'), column('high')) : column('states') == 0 ? sprintf("%.4g (%.4g..%.4g)", column('mean'), column('low'), column('high')) : sprintf("%.4g [%.4g, %.4g]", column('mean'), column('low'), column('high'))
tip(x) = hover(Tip[bar(0)].(shares ? '' : "\\n".spread(0).' '.what).(columns > 1 ? list(columns) : ''))
share(p) = column('mean') > 0 ? 100 * part(p) / column('mean') : 0
# pixels of a part's height and of a text's width; letters are at most as wide as that
high(p) = part(p) / top_value * (bottom - top)
wrote(p) = strlen(sprintf("%.0f %%", share(p))) * 0.75 * small
inside(p) = percent && high(p) >= 1.25 * small && wrote(p) <= 0.9 * pitch ? sprintf("%.0f %%", share(p)) : ''

# one element of the plot for each part of each series, so that the key can hide it
first = by_part ? 1 : series
role(s, p) = sprintf('%d.%d ', by_part ? 0 : s, p)
do for [p = 1:parts] { do for [s = 1:first] { roles = roles.role(s, p) } }
do for [n = 1:5] { do for [s = 1:first] { roles = roles.role(s, 0) } }
do for [p = 1:parts] { roles = roles.role(0, p) }
do for [k = 1:keys] { roles = roles.sprintf('%d.%d ', KeySeries[k], KeyPart[k]) }

half = 0.44
gap = (small * 0.62 + 5) / height

# gnuplot 5.4 dies of labels whose places are all NaN: those that are not drawn are empty instead
plot for [p = 1:parts] for [s = 1:first] data using (spot(s)):(0):(spot(s) - half):(spot(s) + half):(upto(p - 1)):(upto(p)) with boxxyerror lc rgb Fill[(p - 1) * series + s] notitle, \
	for [s = 1:first] data using (shares ? NaN : spot(s)):(onto(column('low'))):(0):(onto(column('high')) - onto(column('low'))) with vectors heads size graph 0.004,90 lw 1 lc rgb ink notitle, \
	for [s = 1:first] data using (spot(s)):(onto(column('high'))):(upright ? '' : Lower[bar(0)]) with labels noenhanced center offset 0, screen gap font font_small textcolor rgb ink notitle, \
	for [s = 1:first] data using (spot(s)):(onto(column('high'))):(upright ? '' : Upper[bar(0)]) with labels noenhanced center offset 0, screen gap + 1.25 * small / height font font_small textcolor rgb ink notitle, \
	for [s = 1:first] data using (spot(s)):(onto(column('high'))):(upright ? Lower[bar(0)] : '') with labels noenhanced left rotate by 90 offset 0, screen 9.0 / height font font_small textcolor rgb ink notitle, \
	for [s = 1:first] data using (spot(s)):(logarithmic ? sqrt(bottom_value * onto(column('mean'))) : column('mean') / 2):(tip(0)) with labels hypertext point pt 7 ps 1 lc rgb '#ff000000' notitle, \
	for [p = 1:parts] data using (Spot[bar(0)]):(upto(p) - part(p) / 2):(inside(p)) with labels noenhanced center font font_small textcolor rgb On[p] notitle, \
	for [k = 1:keys] keyentry with boxes fc rgb KeyFill[k] title Key[k] at screen KeyX[k], screen KeyY[k]
