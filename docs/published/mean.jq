# The mean of a metric, or of one by another, over the results whose keys are as `of` says: "pages=pcp workload.batch=64".
($of | split(" ") | map(split("="))) as $keys |
($metric | split("/")) as $names |
[.[] | select(.type == "result") | . as $point |
 select(all($keys[]; ($point[.[0]] | tostring) == .[1])) |
 if $names[1] then .[$names[0]] / .[$names[1]] else .[$names[0]] end | select(. != null)] |
if length == 0 then error("no result with " + $of) else add / length end
