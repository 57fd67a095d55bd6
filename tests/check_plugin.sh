#!/bin/sh
# An allocator of one's own: labs/toy.c is built against the headers as they are installed, with gcc
# and with clang, and runs; a mistake that is planted in it is told with its line.
#
# The line is that of the planted text in the source, found here with grep, not the program's.
set -u
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
here=$(cd "$(dirname "$0")/.." && pwd)
bounce=$(realpath "$BOUNCE")
verdict() {
	[ "$1" -eq 0 ] && echo "ok - $2" || { echo "not ok - $2"; head -20 "$work/out"; }
}
cd "$work" || exit 1
# As they are installed: the folder of models/ and sim/verbs/ alone, without the rest of the tree.
grep -q 'models models/' "$here/Makefile" && grep -q ' sim/verbs ' "$here/Makefile" && grep -q ' labs ' "$here/Makefile"
verdict $? "make install has the headers and the example"
mkdir -p include/models include/sim
cp "$here"/models/*.h include/models && cp -r "$here/sim/verbs" include/sim
build() { # build SOURCE [COMPILER]
	${2:-cc} -O2 -g -Wall -Wextra -Werror -Wno-unused -shared -fPIC -DBOUNCE_PLUGIN -I include -o "${1%.c}.so" "$1"
}
cp "$here/labs/toy.c" toy.c
[ "$(wc -l <toy.c)" -lt 120 ]
verdict $? "labs/toy.c has fewer than 120 lines"

cat >run.yaml <<'Y'
name: run
machine: textbook
pages: buddy
cpus: 2
objects: slub-cpu
toy: {keep: 4, batch: 2}
workload: {kind: producer-consumer, object_size: 256, in_flight: 8}
operations: 200
explore: {object_size: 1024, strategy: exhaustive, schedules: 3000}
Y
ran() { "$bounce" run run.yaml --model "./$1" --no-plots --quiet --format csv --output "$work/results" --replace >"$work/out" 2>&1; }

for compiler in cc clang; do
	build toy.c $compiler >out 2>&1 && ran toy.so
	verdict $? "toy built by $compiler runs"
	sed -n '/^[^#]/p' out | cut -d, -f2- >"by-$compiler"
done
cmp -s by-cc by-clang
verdict $? "gcc's and clang's toy give the same results"
grep -q '^[^#]*,toy,' out && grep -q '^[^#]*,slub-cpu,' out
verdict $? "an allocator that the experiment does not name runs beside those that it does"
"$bounce" run run.yaml --model ./toy.so --set cpus=4 --set objects=toy --set workload.cache=kmalloc --no-plots --quiet \
	--output results --replace >out 2>&1
verdict $? "kmalloc and kfree of an allocator that has none"
"$bounce" explore run.yaml --model ./toy.so --set objects=toy >out 2>&1 && grep -q 'nothing found' out
verdict $? "the explorer finds nothing in toy"

# Two at once, and the lines that one touches, by hand: with objects of its own an allocation reads the
# CPU's part and the object (its successor) and writes the part; a free reads the part, and writes it
# and the object. No lock, no cache struct.
sed 's/.name = "toy"/.name = "toy-two"/' toy.c >two.c && build two.c
"$bounce" run run.yaml --model ./toy.so --model ./two.so --set objects=[toy,toy-two] --set workload.handoff=none \
	--set warmup=100 --set toy.keep=16 --no-plots --quiet --format csv --output results --replace >out 2>&1
grep -q '^[^#]*,toy,' out && grep -q '^[^#]*,toy-two,' out
verdict $? "two allocators of one's own side by side"
sed -n '/^[^#]/p' out | awk -F, 'NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next }
	$at["objects"] == "toy" { print $at["alloc_lines_read"], $at["alloc_lines_written"], $at["free_lines_read"], $at["free_lines_written"] }' >lines
[ "$(cat lines)" = "2 1 1 2" ]
verdict $? "lines that toy touches: $(cat lines), by hand 2 1 1 2"

# Points belong to the file's content.
ran toy.so
before=$(ls results/run/points | wc -l)
ran toy.so
[ "$(ls results/run/points | wc -l)" -eq "$before" ]
verdict $? "the same file: no point is computed again"
sed 's/free list under a lock/free list under one lock/' toy.c >other.c
build other.c && ran other.so
[ "$(ls results/run/points | wc -l)" -gt "$before" ]
verdict $? "another file of that name: a point of its own"

# plant NAME TEXT SED MESSAGE: the message names NAME.c and the line where TEXT stands in it.
# What alloc() hands out is judged when it ends: the line is that of its last verb, the count's store.
plant() {
	sed "$3" toy.c >"$1.c"
	line=$(grep -n -F -m 1 -- "$2" "$1.c" | cut -d: -f1)
	cmp -s toy.c "$1.c" && echo "not ok - $1: nothing was planted"
	build "$1.c" >out 2>&1 || verdict 1 "$1 is built"
	"$bounce" run run.yaml --model "./$1.so" --set objects=toy --no-plots --output results --replace >out 2>&1
	[ $? -eq 1 ] && grep -q -F "$1.c:$line: $4" out
	verdict $? "$1: told at line $line: $4"
}
plant raw 'n = own->count;' 's/uint64_t n = load(cpu, &own->count);/uint64_t n = own->count;/' \
	'workload toy_cpu[0].count touched without a verb'
plant memset '__builtin_memset(object' \
	's/^\tpush(cpu, &own->free, object);/\t__builtin_memset(object, 90, cache_object_bytes(cache));\n&/' \
	'object['
plant variable 'calls++;' 's/^static void \*toy_alloc/static int calls;\n&/; s/^\tif (n == 0)/\tcalls++;\n&/' \
	'a C variable changed in a run'
plant overlap 'store(cpu, &own->count, n - 1);' 's/at += size)/at += size \/ 2)/' \
	'alloc() hands out page frame 1024 + '
grep -q 'it overlaps an object that somebody has' out
verdict $? "overlap: told as one"
# push() takes an object for its own successor: the next pop gives it again, to whoever asks.
plant twice 'store(cpu, &own->count, n - 1);' 's/store(cpu, &object->next, first);/store(cpu, \&object->next, object);/' 'alloc() hands'
plant outside 'load(cpu, &object->next);' 's/object ? load(cpu, &object->next) : NULL/load(cpu, \&object->next)/' \
	'&object->next: a null pointer'
plant frame 'store(cpu, &object->next, first);' 's/(struct object \*)(block + at)/(struct object *)(block + at + (300 << 12))/' \
	'&object->next: page frame 1324 + 0 is in no block'
plant unlock 'spin_lock(cpu, &s->lock' 's/^\tspin_unlock.*$//' 'spin_lock(&s->lock): still held when alloc() ends'
plant again '	spin_lock(cpu, &s->lock, LOCK_TICKET);//2' 's/^\tspin_lock.*$/&\n&\/\/2/' \
	'spin_lock(&s->lock): CPU 0 has that lock already'
plant given 'spin_unlock(cpu, &s->lock, LOCK_TICKET);//2' 's/^\tspin_unlock.*$/&\n&\/\/2/' \
	'spin_unlock(&s->lock): CPU 0 does not hold that lock'
plant interrupts 'irq_save(cpu)' '0,/irq_restore(cpu, flags);/s/irq_restore(cpu, flags);//' \
	'irq_save(): interrupts are still off when alloc() ends'
plant null 'struct object *object = load(cpu, head);' 's/object = pop(cpu, &own->free);/object = pop(cpu, NULL);/' 'head: a null pointer'
plant count 'books_wrong(books, "CPU' 's/n -= move/move/' 'workload: CPU 1: count is not the length'

# A loop without an end.
plant endless 'for (;;) (void)load(cpu' 's/^\tobject = pop(cpu, &own->free);/\tfor (;;) (void)load(cpu, \&own->count);\n&/' \
	'&own->count: 10000000 accesses in one operation, and no end in sight'
plant silent 'while (always)' 's/^static void \*toy_alloc/static volatile const int always = 1;\n&/; s/^\tif (n == 0)/\twhile (always) ;\n&/' \
	'a loop without a verb, and no end in sight'

# What the explorer found in it is replayed with it.
sed 's/^\tspin_\(un\)*lock(cpu.*$//' toy.c >nolock.c
build nolock.c >out 2>&1
"$bounce" explore run.yaml --model ./nolock.so --set objects=toy --output results >out 2>&1
[ $? -eq 1 ] && grep -q 'FOUND' out
verdict $? "the explorer finds the forgotten lock"
found=$(ls results/run/findings/*.schedule | head -1)
"$bounce" explore --replay "$found" --model ./nolock.so >out 2>&1
[ $? -eq 1 ] && grep -q 'FOUND' out
verdict $? "and replays it"
"$bounce" explore --replay "$found" >out 2>&1
[ $? -eq 2 ] && grep -q -- '--model' out
verdict $? "without the file it says what is missing"
"$bounce" explore --replay "$found" --model ./toy.so >out 2>&1
grep -q 'built from something else' out
verdict $? "with another build it says so"

# Memory of its own, which no verb writes, outlives a schedule: the next one goes another way.
sed 's/^static void \*toy_alloc/static int *calls;\nvoid *calloc(size_t, size_t);\n__attribute__((constructor)) static void begin(void) { calls = calloc(1, sizeof *calls); }\n&/; s/^\tif (n == 0)/\tif (++*calls % 3 == 0) (void)load(cpu, \&s->free);\n&/' toy.c >heap.c
build heap.c >out 2>&1
"$bounce" explore run.yaml --model ./heap.so --set objects=toy --output results >out 2>&1
[ $? -eq 1 ] && grep -q 'is not what it was after the same choices before' out && grep -q 'it depends on what was run before' out
verdict $? "the explorer tells what an allocator keeps from schedule to schedule"

# What is no allocator is told with the cure, status 2.
refused() { # refused FILE MESSAGE
	"$bounce" run run.yaml --model "$1" >out 2>&1
	[ $? -eq 2 ] && grep -q -F -- "$2" out
	verdict $? "refused: $2"
}
refused ./none.so 'No such file'
refused toy.c 'that is source; build it with: cc '
printf 'int x;\n' >empty.c && cc -shared -fPIC -o empty.so empty.c
refused empty.so 'BOUNCE_ALLOCATOR(name)'
sed 's/.name = "toy"/.name = "slub-cpu"/' toy.c >taken.c && build taken.c
refused taken.so "'slub-cpu', is taken"
sed 's/.name = "toy"/.name = "To y"/' toy.c >name.c && build name.c
refused name.so 'small letters'
sed 's/, .check = toy_check//' toy.c >check.c && build check.c 2>out
refused check.so 'an allocator has .alloc, .free and .check'
sed 's/^static void \*toy_alloc/static void send(struct cpu *cpu) { ipi_send(cpu, 1, NULL, NULL); }\n&/; s/^\tif (n == 0)/\tsend(cpu);\n&/' toy.c >verb.c
build verb.c
refused verb.so 'undefined symbol: ipi_send (not among the verbs of models/allocator.h)'

# A file that ends too early, by a full disk or an interrupted build, is told, not mapped.
size=$(stat -c %s two.so)
for cut in 1 40 64 200 1000 $((size / 8)) $((size / 4)); do
	head -c "$cut" two.so >cut.so
	"$bounce" run run.yaml --model ./cut.so >out 2>&1
	[ $? -eq 2 ] && grep -q -F './cut.so: ' out && grep -q -F 'build it with: cc ' out
	verdict $? "refused: cut after $cut bytes"
done

# An allocator that ends the process did not pass: no point, no expectation that held, no status 0.
ends() { # ends NAME STATEMENT MESSAGE
	(echo '#include <stdlib.h>'; echo '#include <unistd.h>'; sed "s/^\tif (n == 0)/\tif (n == 0) $2;\n&/" toy.c) >"$1.c"
	build "$1.c" >out 2>&1 || verdict 1 "$1 is built"
	"$bounce" run run.yaml --model "./$1.so" --set objects=toy --no-plots --output results --replace >out 2>&1
	[ $? -eq 1 ] && grep -q 'the process ended before the run did' out && grep -q '^0 points' out
	verdict $? "$1: run is told"
	"$bounce" export run.yaml --model "./$1.so" --set objects=toy -o ends.json >out 2>&1
	[ $? -ne 0 ] && grep -q 'the run died' out && [ ! -e ends.json ]
	verdict $? "$1: export is told, and nothing is written"
}
ends exits 'exit(0)'
"$bounce" explore run.yaml --model ./exits.so --set objects=toy --output results >out 2>&1
[ $? -eq 1 ] && grep -q 'toy called exit(0): an allocator does not end the program' out
verdict $? "exits: explore is told"
ends exits-otherwise 'exit(3)'
ends leaves '_exit(0)'
"$bounce" explore run.yaml --model ./leaves.so --set objects=toy --output results >out 2>&1
[ $? -eq 1 ] && grep -q 'the process ended before its work did, with status 0: an allocator does not end the program' out
verdict $? "leaves: explore is told"
ends leaves-as-if-mistaken '_exit(2)'
# A copy of the program that goes on would write a second result.
(echo '#include <unistd.h>'; sed 's/^\tif (n == 0)/\tif (n == 0) (void)!fork();\n&/' toy.c) >forks.c
build forks.c
for verb in run explore; do
	"$bounce" $verb run.yaml --model ./forks.so --set objects=toy --output results >out 2>&1
	[ $? -eq 1 ] && grep -q 'alloc() called fork()' out && [ "$(grep -c 'called fork' out)" -eq 1 ]
	verdict $? "forks: $verb is told, once"
done
(echo '#include <stdlib.h>'; cat toy.c; echo '__attribute__((constructor)) static void first(void) { exit(0); }') >early.c
build early.c
"$bounce" run run.yaml --model ./early.so >out 2>&1
[ $? -eq 1 ] && grep -q './early.so called exit(0)' out
verdict $? "exit() while it is loaded is told"
# What was hashed is not what was loaded: a build that ends just then. Here the file itself puts the other in its place.
(echo '#include <stdio.h>'; cat toy.c; echo '__attribute__((constructor)) static void first(void) { rename("other.so", "swapped.so"); }') >swapped.c
build swapped.c && cp two.so other.so && rm -rf results/run
refused ./swapped.so './swapped.so: the file was replaced while it was loaded; try again'
cmp -s swapped.so two.so && [ ! -e results/run/points ]
verdict $? "and it was, and no point stands under its hash"
"$bounce" run --model ./toy.so --help >out 2>&1 && ! grep -q 'called exit' out
verdict $? "help with a model is help"

sed -i 's/PLUGIN_ABI = /&10 + /' include/sim/verbs/table.h && build toy.c
refused toy.so 'built for interface 12, and this bounce has 2; build it with: cc '
refused "$(printf 'a\033[31m.so')" 'No such file'
exit 0
