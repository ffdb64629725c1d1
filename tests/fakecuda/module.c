/* The stand-in and the CUDA backend as one module that programs open in the place of the real one
 * (LORIKEET_CUDA_MODULE). FAKE_CUDA_SM says which card it is: 75, 86, … */
#include "fake.h"

#include <stdlib.h>

__attribute__((constructor)) static void choose_card(void)
{
    const char *sm = getenv("FAKE_CUDA_SM");
    fake_device(sm ? atoi(sm) : 86, INT64_C(8) << 30, 1);
}
