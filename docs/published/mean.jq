# The mean of a metric over the results whose keys are as `of` says: "pages=pcp workload.batch=64". A
# metric may be a quotient of products of sums of such: "a+b/operations", "waits*wait_mean/elapsed/cpus".
# A result that lacks one of them does not count.
def whole(f): if any(. == null) then null else f end;
($of | split(" ") | map(split("="))) as $keys |
[.[] | select(.type == "result") | . as $point |
 select(all($keys[]; ($point[.[0]] | tostring) == .[1])) |
 [$metric | split("/")[] |
  [split("*")[] | [split("+")[] | $point[.]] | whole(add)] | whole(reduce .[] as $each (1; . * $each))] |
 whole(reduce .[1:][] as $each (.[0]; . / $each)) | select(. != null)] |
if length == 0 then error("no result with " + $of) else add / length end
