/* A parameter's value as people read it. */
#pragma once

#include "training/parameters.h"

/** "on", "off", "unset" (value NULL), or the value itself. Free with g_free. */
char *lk_say_parameter_value(const LkParameter *parameter, const char *value);
