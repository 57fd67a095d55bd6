# The look of all figures. NAME.gp beside the results is: names and titles from the program, this
# file, a script of plots/ that ends with a plot command, and plots/draw.gp.
#
# Set before: figure, title, subtitle, footer, xlabel; series and Series[] (allocators), groups and
# Groups[] (the other swept settings, one label each). `svg` and `png`, where the figure goes, are
# set only if that is not beside this script.

set datafile separator comma
set datafile columnheaders
set encoding utf8

# One colour per allocator in all figures: Okabe and Ito's, the strong ones first; variants of one
# ("slub-cpu dfb4f096") get darker. Names not listed take the strong ones in turn, by their place.
known = "slub-page slub-cpu slub-cmpxchg slub-lockless slub-tagged slab sheaves bonwick"
array Known[8] = [ 0xd55e00, 0x0072b2, 0x009e73, 0xcc79a7, 0x000000, 0xe69f00, 0x56b4e9, 0x8f8a00 ]
array Other[5] = [ 0x009e73, 0xcc79a7, 0x000000, 0x0072b2, 0xd55e00 ]
place(name) = sum [i = 1:words(known)] (word(known, i) eq word(name, 1) ? i : 0)
before(s) = sum [i = 1:s - 1] (word(Series[i], 1) eq word(Series[s], 1))
colour(s) = place(Series[s]) ? dim(Known[place(Series[s])], 0.58 ** (before(s) % 4)) : mix(Other[1 + (s - 1) % 5], 0.3 * ((s - 1) / 5 % 3))
# a colour with a share of white
mix(c, white) = channel(c >> 16, white) * 65536 + channel((c >> 8) & 255, white) * 256 + channel(c & 255, white)
channel(c, white) = int(c + (255 - c) * white)
# a colour with so much of its light
dim(c, light) = int((c >> 16) * light) * 65536 + int(((c >> 8) & 255) * light) * 256 + int((c & 255) * light)

# A hover. The SVG's script takes what begins with "image" for the address of a picture.
hover(text) = substr(text, 1, 5) eq 'image' ? ' '.text : text
# "slub-page, 64": a bar by its series and group, from 0
bar(s, g) = Series[1 + int(s)].(strlen(Groups[1 + int(g)]) ? ', ' : '').Groups[1 + int(g)]

ink = '#222222'
pale = '#808080'
set border 3 linecolor rgb '#606060'
set format '%.12g'
set tics nomirror out textcolor rgb ink noenhanced
set grid ytics linetype 1 linecolor rgb '#e4e4e4' linewidth 1
set key noenhanced textcolor rgb ink font ',11' at screen 0.02, screen 0.835 left top Left reverse horizontal samplen 1 width 1
set lmargin at screen 0.105
set rmargin at screen 0.98
set tmargin at screen 0.765
set bmargin at screen 0.155
set xlabel xlabel textcolor rgb ink noenhanced
set ylabel textcolor rgb ink noenhanced
set style fill solid noborder

set label 1 title at screen 0.02, screen 0.955 left font ':Bold,15' textcolor rgb ink noenhanced
set label 2 subtitle at screen 0.02, screen (strstrt(title, "\n") ? 0.876 : 0.905) left font ',11' textcolor rgb '#555555' noenhanced
set label 3 footer at screen 0.98, screen 0.018 right font ',7' textcolor rgb pale noenhanced

set terminal svg size 1200,720 enhanced mouse standalone font 'DejaVu Sans,13' background '#ffffff' name figure
if (!exists('svg')) {
	svg = figure.'.svg'
	png = figure.'.png'
}
set output svg
