#include "watch.h"

static void on_metrics(LkRun *run, GArray *records, Watch *watch)
{
    watch->batches++;
    for (guint i = 0; i < records->len; i++) {
        const LkStepRecord *record = &g_array_index(records, LkStepRecord, i);
        const LkStepRecord *last =
            watch->records->len ? &g_array_index(watch->records, LkStepRecord, watch->records->len - 1) : NULL;
        watch->in_order &= !last || record->step == last->step + 1;
        g_array_append_val(watch->records, *record);
        if (watch->on_step)
            watch->on_step(watch, record->step);
    }
}

static void on_sample(LkRun *run, const char *path, int64_t step, int64_t epoch, int prompt, Watch *watch)
{
    g_autofree char *name = g_path_get_basename(path);
    watch->samples++;
    g_string_append_printf(watch->told, "sample %s %d %d %d; ", name, (int)step, (int)epoch, prompt);
}

static void on_saved(LkRun *run, const char *path, int64_t step, int64_t epoch, Watch *watch)
{
    g_autofree char *name = g_path_get_basename(path);
    g_string_append_printf(watch->told, "saved %s %d %d; ", name, (int)step, (int)epoch);
}

static void on_changed(LkRun *run, const char *key, const char *value, int64_t step, Watch *watch)
{
    watch->changed_at = step;
    g_string_append_printf(watch->told, "%s %s; ", key, value);
}

static void on_log(LkRun *run, LkLogLevel level, const char *text, Watch *watch)
{
    g_string_append_printf(watch->log, "%s: %s; ", level == LK_LOG_WARNING ? "warning" : "info", text);
}

static void on_finished(LkRun *run, const char *path, Watch *watch)
{
    g_autofree char *name = g_path_get_basename(path);
    g_string_append_printf(watch->told, "finished %s; ", name);
}

static void on_failed(LkRun *run, const GError *error, Watch *watch)
{
    watch->failures++;
    g_set_str(&watch->failure, error->message);
}

static void on_state(LkRun *run, GParamSpec *spec, Watch *watch)
{
    g_autoptr(GEnumClass) class = g_type_class_ref(LK_TYPE_RUN_STATE);
    const char *name = g_enum_get_value(class, (int)lk_run_get_state(run))->value_nick;
    g_string_append_printf(watch->states, "%s ", name);
}

Watch *watch_new(LkRun *run)
{
    Watch *watch = g_new0(Watch, 1);
    watch->run = run;
    watch->records = g_array_new(FALSE, FALSE, sizeof(LkStepRecord));
    watch->in_order = true;
    watch->changed_at = -1;
    watch->told = g_string_new(NULL);
    watch->states = g_string_new(NULL);
    watch->log = g_string_new(NULL);
    static const struct {
        const char *name;
        GCallback handler;
    } rows[] = {{"metrics", G_CALLBACK(on_metrics)},
                {"sample-ready", G_CALLBACK(on_sample)},
                {"checkpoint-saved", G_CALLBACK(on_saved)},
                {"changed", G_CALLBACK(on_changed)},
                {"log", G_CALLBACK(on_log)},
                {"finished", G_CALLBACK(on_finished)},
                {"failed", G_CALLBACK(on_failed)},
                {"notify::state", G_CALLBACK(on_state)}};
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++)
        g_signal_connect(run, rows[i].name, rows[i].handler, watch);
    return watch;
}

void watch_free(Watch *watch)
{
    if (!watch)
        return;
    g_object_unref(watch->run);
    g_array_unref(watch->records);
    g_string_free(watch->told, TRUE);
    g_string_free(watch->states, TRUE);
    g_string_free(watch->log, TRUE);
    g_free(watch->failure);
    g_free(watch);
}

LkRunState watch_rest(Watch *watch)
{
    while (lk_run_is_active(watch->run))
        g_main_context_iteration(NULL, TRUE);
    return lk_run_get_state(watch->run);
}

void watch_step(Watch *watch, int64_t step)
{
    for (int64_t done = 0; done < step && lk_run_is_active(watch->run);) {
        g_main_context_iteration(NULL, TRUE);
        g_object_get(watch->run, "step", &done, NULL);
    }
}

static gboolean give_up(gpointer late)
{
    *(bool *)late = true;
    return G_SOURCE_REMOVE;
}

bool watch_state(Watch *watch, LkRunState state)
{
    bool late = false;
    guint timeout = g_timeout_add_seconds(60, give_up, &late);
    while (lk_run_get_state(watch->run) != state && !late)
        g_main_context_iteration(NULL, TRUE);
    if (!late)
        g_source_remove(timeout);
    return !late;
}
