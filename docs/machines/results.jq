# Points of configs/micro as lines `test, at, ns`, in the words of published.csv.
# $kind: which file of configs/micro; $at: where, if not by placement or CPUs; $work: ns of
# private work; $ghz; $fence: cycles.

def op: .["workload.op"] | {lock_xadd: "xadd", cas_loop: "cas", poll: "writer_reader"}[.] // .;
def test: .["workload.test"];
def mean: .work_cycles_mean / $ghz;
# Where nobody pauses, each other CPU is inside an operation when the window opens: not counted.
def each: .elapsed_cycles / (.operations + if $work == "" then .cpus - 1 else 0 end) / $ghz;
def at:
  if $at != "" then $at
  elif .cpus > 1 and .placement then .placement | sub("apart-"; "d")
  else .cpus | tostring end;

# What others call the same sequence of accesses.
def also: {rmw_O: ["rmw_after_read"], load_cas_M: ["load_cas", "rmw_M_load_cas"]}[test] // [];

def rows:
  if $kind == "own" then
    ["own_" + .["workload.op"], if .["workload.rotating"] then "rotating" else "dependent" end, mean]
  elif $kind == "lines" or $kind == "lines-of-two" then
    [test, also[]][] as $name |
    [$name, at, if test | startswith("st_") then mean - $fence / $ghz else mean end]
  elif $kind == "memory" then
    ["memory", if .["workload.memory_of"] == 0 then "1" else at end, mean]
  elif $kind == "chase" then
    ["chase_kib", (.["workload.size"] / 1024 | tostring), mean]
  elif $kind == "ping-pong" then
    [test + if .["workload.pause"] then "_pause" else "" end, at, each]
  elif $kind == "contended" or $kind == "writer-reader" then
    ["cont_" + op, at, each]
  elif $kind == "private-work" then
    ["cont_" + op + "_work_" + $work, at, each]
  elif $kind == "arrangement" then
    ["cont_" + op + ({shared: "", neighbours: "_false", separate: "_separate"}[.["workload.words"]]), at, each]
  elif $kind == "fan" then
    ["fan_p50", at, .work_cycles_p50 / $ghz], ["fan_p99", at, .work_cycles_p99 / $ghz]
  elif .["workload.until"] == "fence" and .["workload.lines"] == 256 then
    ["burst_fence_" + .["workload.from"], at, mean / 256]
  elif .["workload.until"] == "retired" and .["workload.from"] == "M" then
    ["burst_retired_\(.["workload.lines"])", at, mean]
  else empty
  end;

select(.type == "result" and .outcome == "done") | rows | @tsv
