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
