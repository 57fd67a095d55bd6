/* The engine from the inside, for its tests: all headers of sim/. */
#ifndef SIM_INTERNAL_H
#define SIM_INTERNAL_H

#include "sim/access.h"
#include "sim/arena.h"
#include "sim/buffer.h"
#include "sim/cache.h"
#include "sim/coherence.h"
#include "sim/copies.h"
#include "sim/counts.h"
#include "sim/cpu.h"
#include "sim/effect.h"
#include "sim/event.h"
#include "sim/fiber.h"
#include "sim/message.h"
#include "sim/node.h"
#include "sim/state.h"
#include "sim/timing.h"
#include "sim/txn.h"

#endif
