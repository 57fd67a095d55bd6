# The look of all figures. NAME.gp beside the results is: texts, places and colours from the
# program, this file, a script of plots/ that ends with a plot command, and plots/draw.gp.
#
# Set before: figure, footer; width, height and the sizes of letters in pixels; colours of paper and
# ink; Title[], Subtitle[] with TitleY[], SubtitleY[]; left, right, top, bottom of the plot. All places are
# pixels from the left and from the top. `svg` and `png`, where the figure goes, are set only if that is not
# beside this script.

set datafile separator comma
set datafile columnheaders
set encoding utf8

font_all = sprintf('DejaVu Sans,%g', normal)
font_title = sprintf('DejaVu Sans:Bold,%g', large)
font_text = sprintf(',%g', normal)
font_small = sprintf(',%g', small)
font_tiny = sprintf(',%g', tiny)
across(pixels) = 1.0 * pixels / width
up(pixels) = 1 - 1.0 * pixels / height

# A hover. The SVG's script takes what begins with "image" for the address of a picture.
hover(text) = substr(text, 1, 5) eq 'image' ? ' '.text : text

set border 3 linecolor rgb axis
set format '%.12g'
set tics nomirror out textcolor rgb ink noenhanced font font_text
set xtics format ''
unset xtics
set grid ytics linetype 1 linecolor rgb lattice linewidth 1
set key noenhanced textcolor rgb ink font font_text Left reverse samplen 1
set lmargin at screen across(left)
set rmargin at screen across(right)
set tmargin at screen up(top)
set bmargin at screen up(bottom)
set style fill solid noborder

set for [n = 1:TitleLines] label n Title[n] at screen across(24), screen up(TitleY[n]) left font font_title textcolor rgb ink noenhanced
set for [n = 1:SubtitleLines] label 10 + n Subtitle[n] at screen across(24), screen up(SubtitleY[n]) left font font_text textcolor rgb second noenhanced
set label 20 footer at screen across(width - 24), screen up(height - 12) right font font_tiny textcolor rgb pale noenhanced

# What a click in the key hides: for each thing that is plotted, in order, "SERIES.PART", 0 for all.
roles = ''

# nothing is drawn before plots/draw.gp says where to
set terminal svg
set output '/dev/null'
