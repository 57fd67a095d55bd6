# The mean of a metric over the results whose keys are as `of` says: "pages=pcp workload.batch=64".
($of | split(" ") | map(split("="))) as $keys |
[.[] | select(.type == "result") | . as $point |
 select(all($keys[]; ($point[.[0]] | tostring) == .[1])) | .[$metric] | select(. != null)] |
if length == 0 then error("no result with " + $of) else add / length end
