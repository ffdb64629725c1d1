/* Plans that are kept on disk between starts. */
#pragma once

#include "backend/cuda/cudnn_plan.h"

/** A plan that took long is found by the next start, and one that is spoilt is made again. */
void test_stored_plans(const LkCudnn *cudnn, const char *card);
