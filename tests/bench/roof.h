/* What this processor can do at most, measured now: the roof that the other figures stand under. */
#pragma once

#include "base/dtype.h"

/** Floating point operations per second of all threads, multiply-adds in registers only; 0 where it is not known how
 * to measure it on this processor. */
double roof_flops(LkDType dtype);

/** Bytes per second that memcpy reads and writes, on arrays far larger than the caches. */
double roof_bytes(void);
