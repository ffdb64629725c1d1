/* What the module, a shared object opened at run time, exports. */
#pragma once

#include "backend/backend.h"

/** The backend's table of functions, for who links it in. */
const LkBackend *lk_cuda_backend(void);

/** The name under which the program looks lk_cuda_module up. */
#define LK_CUDA_MODULE_SYMBOL "lk_cuda_module"

/** The backend, or NULL where the program was built for another version of LkBackend. */
__attribute__((visibility("default"))) const LkBackend *lk_cuda_module(int version);
