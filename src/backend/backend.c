/* The backends of this build. */
#include "backend/backend.h"

#ifdef LK_HAVE_CPU
#include "backend/cpu/device.h"
#endif

const LkBackend *lk_backend_cpu(void)
{
#ifdef LK_HAVE_CPU
    return lk_cpu_backend();
#else
    return NULL;
#endif
}

/* In f32 a card would make them without its tensor cores, slower than it writes and reads the result. */
int lk_backend_folded_terms(const LkBackend *api, LkDType compute)
{
    return compute == LK_F32 ? 0 : api->folded_terms;
}
