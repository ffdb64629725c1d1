/* How much of a card's memory is free, asked without keeping any of it. */
#pragma once

#include <cuda_runtime_api.h>

/** Bytes of a card that are free, and all of them. The runtime's own question makes a context on the card, which takes
 * hundreds of megabytes of it and stays until the program ends: too much for a window that lists cards while another
 * program trains. So the driver is asked, and its context given back; one that the program works with already stays. */
cudaError_t lk_cuda_card_memory(int index, size_t *available, size_t *total);
