/* What the commands say: errors to people on stderr, results on stdout. */
#pragma once

#include "cli/command.h"
#include "training/problem.h"

#include <glib.h>
#include <stdint.h>

/** "lorikeet-cli: …" and a line end, to stderr. */
void lk_cli_say(const char *format, ...) G_GNUC_PRINTF(1, 2);

/** What an error makes the program end with. */
LkExit lk_cli_exit_of(const GError *error);
/** "usage", "io", "format", "unsupported", "memory", "numeric", "device", "stopped": for machines. */
const char *lk_cli_error_name(const GError *error);
/** Says the error and returns what to end with. */
LkExit lk_cli_fail(const GError *error);
/** The same; where `json` is set also {"ok":false,"error":…,"code":…} on stdout. */
LkExit lk_cli_fail_json(const GError *error, bool json);

/** All problems of a job to stderr, errors last counted. */
void lk_cli_show_problems(const GPtrArray *problems, const char *source);
/** ,"problems":[…] for an object that is open. */
void lk_cli_add_problems(GString *json, const GPtrArray *problems);
/** The object that stands for a result where the job has errors: {"ok":false,"error":…,"code":"usage","problems":[…]}.
 */
void lk_cli_print_problems_json(const GPtrArray *problems);
/** The members of one problem for an object that is open. */
void lk_cli_add_problem(GString *json, const LkProblem *problem);

/** "1.23 GiB", "512 B". Free with g_free. */
char *lk_cli_bytes(int64_t bytes);
/** "1:02:03", "2:03". Free with g_free. */
char *lk_cli_duration(double seconds);
