#include "backend/cuda/module.h"

const LkBackend *lk_cuda_module(int version)
{
    return version == LK_BACKEND_VERSION ? lk_cuda_backend() : NULL;
}
