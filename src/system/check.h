/* Whether this computer can train, part by part, and what to do where it cannot: for the window's System Check and
 * `lorikeet-cli devices`. */
#pragma once

#include "system/finding.h"

/** Looks at graphics card, driver, CUDA, its libraries, memory and disk. LkSystemFinding *, in the order in which they
 * depend on each other; free with g_ptr_array_unref. It opens libraries and may take a second: not for the main thread.
 * `places` (may be NULL) says where to look. */
GPtrArray *lk_system_check(const LkSystemPlaces *places);

/** All of it as lines of text, for a report. Free with g_free. */
char *lk_system_describe(const GPtrArray *findings);
