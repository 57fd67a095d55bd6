# The figure is ready. It goes out twice, as SVG and as PNG.
#
# The SVG passes through sed, which writes the weight of the title where browsers look for it, and puts a
# script behind gnuplot's own: the whole of a bar answers to the mouse, and a click in the key hides all that
# it names. Nothing of the data is in that command, only the numbers in `roles`. No apostrophe, ampersand,
# backslash, upright stroke or "less than" may stand in the script: they would mean something on the way.
mouse = \
	'(function (roles) {'.\
	'  var svg = document.currentScript.ownerSVGElement, off = {};'.\
	'  var hovers = Array.from(svg.querySelectorAll("g[onmousemove*=showHypertext]"));'.\
	'  function shown(role) {'.\
	'    var word = role.split(".");'.\
	'    return !off[role] ? !off[word[0] + ".0"] ? !off["0." + word[1]] : false : false;'.\
	'  }'.\
	'  function paint() {'.\
	'    roles.forEach(function (role, at) {'.\
	'      var plot = svg.querySelector("g[id$=_plot_" + (at + 1) + "]");'.\
	'      if (!plot) return;'.\
	'      if (plot.querySelector("g[id$=_keyentry]")) plot.style.opacity = shown(role) ? 1 : 0.35;'.\
	'      else plot.style.display = shown(role) ? "" : "none";'.\
	'    });'.\
	'  }'.\
	'  function middle(element) {'.\
	'    var box = element.getBoundingClientRect();'.\
	'    return { x: box.left + box.width / 2, y: box.top + box.height / 2 };'.\
	'  }'.\
	'  function hover(bar) {'.\
	'    var box = bar.getBoundingClientRect(), least = Infinity, best = null;'.\
	'    hovers.forEach(function (one) {'.\
	'      var at = middle(one.querySelector("use")), far = Math.abs(at.y - box.top - box.height / 2);'.\
	'      if (at.x >= box.left) if (box.right >= at.x) if (least > far) {'.\
	'        least = far;'.\
	'        best = one;'.\
	'      }'.\
	'    });'.\
	'    return best;'.\
	'  }'.\
	'  svg.addEventListener("click", function (event) {'.\
	'    var key = event.target.closest("g[id$=_keyentry]");'.\
	'    if (!key) return;'.\
	'    var role = roles[key.id.match(/_plot_([0-9]+)_/)[1] - 1];'.\
	'    off[role] = !off[role];'.\
	'    event.stopPropagation();'.\
	'    paint();'.\
	'  }, true);'.\
	'  addEventListener("load", function () {'.\
	'    svg.querySelectorAll("g[id$=_keyentry]").forEach(function (key) { key.style.cursor = "pointer"; });'.\
	'    svg.querySelectorAll("g[id*=_plot_] polygon").forEach(function (bar) {'.\
	'      ["mousemove", "mouseout"].forEach(function (type) {'.\
	'        bar.addEventListener(type, function (event) {'.\
	'          var to = hover(bar), at = { clientX: event.clientX, clientY: event.clientY };'.\
	'          if (to) to.dispatchEvent(new MouseEvent(type, at));'.\
	'        });'.\
	'      });'.\
	'    });'.\
	'  });'.\
	'})'
bold = 's|"DejaVu Sans:Bold"|"DejaVu Sans" font-weight="bold"|'
behind = 's|^</svg>|<script>'.mouse.'("'.roles.'".trim().split(" "));</script>&|'
if (!exists('svg')) {
	svg = figure.'.svg'
	png = figure.'.png'
}

set output
set terminal svg size width, height enhanced mouse standalone font font_all background rgb paper name figure
set output "| sed -e '".bold."' -e '".behind."' >".svg
replot
set output

# pango's points are 4/3 pixels
set terminal pngcairo size int(width * dots), int(height * dots) enhanced fontscale 0.75 * dots linewidth dots pointscale dots font font_all background rgb paper
set output png
replot
set output
