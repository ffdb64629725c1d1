/* The functions of the backend table that concern programs (program.c); backend.h says what they do. */
#pragma once

#include "backend/backend.h"

LkProgram *lk_cpu_compile(LkDevice *device, const LkGraph *graph, LkError *error);
bool lk_cpu_bind(LkProgram *program, const LkPlan *plan, const LkWeightSource *source, LkError *error);
bool lk_cpu_write(LkProgram *program, LkRef tensor, const void *data, size_t bytes, LkError *error);
bool lk_cpu_read(LkProgram *program, LkRef tensor, void *data, size_t bytes, LkError *error);
bool lk_cpu_run(LkProgram *program, LkError *error);
bool lk_cpu_measure(LkProgram *program, double *seconds, LkError *error);
void lk_cpu_program_free(LkProgram *program);
