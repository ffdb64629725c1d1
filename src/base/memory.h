/* Memory whose size input decides. There may be none (other programs need it too), and that is an error like any other:
 * what is trained is saved then. g_new and its like end the program instead. */
#pragma once

#include "base/error.h"

#include <stddef.h>

/** `count` things of `size` bytes, all zero; free with free (or g_free). Not NULL for none of them. NULL with
 * LK_ERROR_MEMORY where there is not enough. */
void *lk_memory_new(size_t count, size_t size, LkError *error);
