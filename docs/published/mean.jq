# The mean of a metric over the results whose keys are as `of` says: "pages=pcp workload.batch=64". The metric may be
# reckoned from several, from left to right: "cycles_lock_spin / elapsed_cycles / cpus".
($of | split(" ") | map(split("="))) as $keys |
def value($point): . as $word | if test("^[0-9.]+$") then tonumber else $point[$word] end;
def reckon($point): ($metric | split(" ")) as $word |
  reduce range(1; $word | length; 2) as $i ($word[0] | value($point);
    ($word[$i + 1] | value($point)) as $by |
    if $word[$i] == "*" then . * $by elif $word[$i] == "/" then . / $by else error("what is " + $word[$i]) end);
[.[] | select(.type == "result") | . as $point |
 select(all($keys[]; ($point[.[0]] | tostring) == .[1])) | reckon($point) | select(. != null)] |
if length == 0 then error("no result with " + $of) else add / length end
