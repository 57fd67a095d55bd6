# The figure above is in the SVG by now; the same once more as PNG.
set output
set terminal pngcairo size 1200,720 enhanced font 'DejaVu Sans,13' background '#ffffff'
set output png
replot
set output
