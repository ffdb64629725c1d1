#include "cli/report.h"

#include "format/gerror.h"
#include "format/json.h"

#include <glib/gi18n.h>
#include <stdio.h>

void lk_cli_say(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    g_autofree char *text = g_strdup_vprintf(format, args);
    va_end(args);
    fflush(stdout);
    fprintf(stderr, "lorikeet-cli: %s\n", text);
}

LkExit lk_cli_exit_of(const GError *error)
{
    LkErrorCode code = lk_gerror_code(error);
    return code == LK_ERROR_NONE      ? LK_EXIT_DONE
           : code == LK_ERROR_USAGE   ? LK_EXIT_USAGE
           : code == LK_ERROR_STOPPED ? LK_EXIT_STOPPED
                                      : LK_EXIT_FAILED;
}

const char *lk_cli_error_name(const GError *error)
{
    static const char *const names[] = {
        [LK_ERROR_NONE] = "none",       [LK_ERROR_USAGE] = "usage",   [LK_ERROR_IO] = "io",
        [LK_ERROR_FORMAT] = "format",   [LK_ERROR_MEMORY] = "memory", [LK_ERROR_UNSUPPORTED] = "unsupported",
        [LK_ERROR_NUMERIC] = "numeric", [LK_ERROR_DEVICE] = "device", [LK_ERROR_STOPPED] = "stopped",
    };
    return names[lk_gerror_code(error)];
}

LkExit lk_cli_fail(const GError *error)
{
    lk_cli_say("%s", error->message);
    return lk_cli_exit_of(error);
}

LkExit lk_cli_fail_json(const GError *error, bool json)
{
    if (json) {
        g_autoptr(GString) out = g_string_new(NULL);
        lk_json_begin(out);
        lk_json_add_boolean(out, "ok", false);
        lk_json_add_string(out, "error", error->message);
        lk_json_add_string(out, "code", lk_cli_error_name(error));
        lk_json_end(out);
        puts(out->str);
    }
    return lk_cli_fail(error);
}

void lk_cli_show_problems(const GPtrArray *problems, const char *source)
{
    g_autofree char *text = lk_problems_describe(problems, source);
    guint errors = lk_problems_count(problems, LK_PROBLEM_ERROR);
    fflush(stdout);
    fputs(text, stderr);
    if (errors > 0)
        lk_cli_say(g_dngettext(NULL, "The job has %u error.", "The job has %u errors.", errors), errors);
}

void lk_cli_add_problem(GString *json, const LkProblem *problem)
{
    lk_json_add_string(json, "kind", lk_problem_kind_name(problem->kind));
    lk_json_add_string(json, "key", problem->key);
    lk_json_add_string(json, "value", problem->value);
    lk_json_add_string(json, "allowed", problem->allowed);
    lk_json_add_integer(json, "line", problem->line);
    lk_json_add_string(json, "text", problem->text);
}

void lk_cli_add_problems(GString *json, const GPtrArray *problems)
{
    lk_json_add_key(json, "problems");
    g_string_append_c(json, '[');
    for (guint i = 0; i < problems->len; i++) {
        g_string_append(json, i ? "," : "");
        lk_json_begin(json);
        lk_cli_add_problem(json, problems->pdata[i]);
        lk_json_end(json);
    }
    g_string_append_c(json, ']');
}

void lk_cli_print_problems_json(const GPtrArray *problems)
{
    g_autoptr(GString) out = g_string_new(NULL);
    lk_json_begin(out);
    lk_json_add_boolean(out, "ok", false);
    lk_json_add_string(out, "error", "The job has errors.");
    lk_json_add_string(out, "code", "usage");
    lk_cli_add_problems(out, problems);
    lk_json_end(out);
    puts(out->str);
}

char *lk_cli_bytes(int64_t bytes)
{
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
    double number = (double)bytes;
    size_t unit = 0;
    while (number >= 1000 && unit + 1 < G_N_ELEMENTS(units)) {
        number /= 1024;
        unit++;
    }
    return g_strdup_printf(unit == 0      ? "%.0f %s"
                           : number < 10  ? "%.2f %s"
                           : number < 100 ? "%.1f %s"
                                          : "%.0f %s",
                           number, units[unit]);
}

char *lk_cli_duration(double seconds)
{
    int64_t s = seconds > 0 && seconds < 1e9 ? (int64_t)(seconds + 0.5) : 0;
    if (s >= 3600)
        return g_strdup_printf("%d:%02d:%02d", (int)(s / 3600), (int)(s / 60 % 60), (int)(s % 60));
    return g_strdup_printf("%d:%02d", (int)(s / 60), (int)(s % 60));
}
