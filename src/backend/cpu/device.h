/* The CPU backend's table of functions. */
#pragma once

#include "backend/backend.h"

const LkBackend *lk_cpu_backend(void);
