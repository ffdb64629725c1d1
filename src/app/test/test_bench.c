#include "app/test/test_bench.h"

#include "app/application.h"
#include "app/test/lora_tags.h"
#include "format/gerror.h"
#include "training/sample_prompts.h"

#include <glib/gi18n.h>

/* What the pictures of a grid may take in memory. */
#define GRID_BYTES ((gint64)1 << 30)

struct _LkTestBench {
    GObject parent_instance;
    LkProject *project;
    LkPictureMaker *maker;
    LkTestSettings *settings;
    LkLoraList *loras;
    LkTestHistory *history;
    LkTrainingGate *gate;
    LkTestPicture *current;
    LkGridAxes axes;
    GPtrArray *cells; /* LkTestPicture *; NULL: not planned */
    GPtrArray *batch; /* LkTestPicture *: what was ordered together last */
    gboolean grid_batch;
};

G_DEFINE_FINAL_TYPE(LkTestBench, lk_test_bench, G_TYPE_OBJECT)

enum { SIGNAL_CHANGED, SIGNAL_PLANNED, SIGNAL_MADE, SIGNAL_PROBLEM, SIGNAL_LAST };
static guint signals[SIGNAL_LAST];

LkTestSettings *lk_test_bench_get_settings(LkTestBench *self)
{
    return self->settings;
}

LkLoraList *lk_test_bench_get_loras(LkTestBench *self)
{
    return self->loras;
}

LkTestHistory *lk_test_bench_get_history(LkTestBench *self)
{
    return self->history;
}

LkTrainingGate *lk_test_bench_get_gate(LkTestBench *self)
{
    return self->gate;
}

LkTestPicture *lk_test_bench_get_current(LkTestBench *self)
{
    return self->current;
}

const LkGridAxes *lk_test_bench_get_axes(LkTestBench *self)
{
    return self->cells ? &self->axes : NULL;
}

GPtrArray *lk_test_bench_get_cells(LkTestBench *self)
{
    return self->cells;
}

static void changed(LkTestBench *self)
{
    g_signal_emit(self, signals[SIGNAL_CHANGED], 0);
}

static void tell_problem(LkTestBench *self, const char *text)
{
    g_signal_emit(self, signals[SIGNAL_PROBLEM], 0, text);
}

/* ---- where it stands --------------------------------------------------------------------------------- */

gboolean lk_test_bench_is_busy(LkTestBench *self)
{
    for (guint i = 0; i < self->batch->len; i++)
        if (lk_test_picture_is_busy(self->batch->pdata[i]))
            return TRUE;
    return FALSE;
}

static gboolean is_grid_busy(LkTestBench *self)
{
    return self->grid_batch && lk_test_bench_is_busy(self);
}

guint lk_test_bench_count_done(LkTestBench *self)
{
    guint count = 0;
    for (guint i = 0; self->cells && i < self->cells->len; i++)
        count += lk_test_picture_get_state(self->cells->pdata[i]) == LK_TEST_PICTURE_DONE;
    return count;
}

gboolean lk_test_bench_can_generate(LkTestBench *self, const char **why)
{
    LkGateState gate = lk_training_gate_get_state(self->gate);
    const char *reason = NULL;
    if (!*lk_project_get_base_model(self->project))
        reason = _("This project has no base model yet. Choose one in the parameters.");
    else if (gate == LK_GATE_TRAINING || gate == LK_GATE_PAUSING)
        reason = _("Training uses the device. Pause it to make pictures.");
    else if (!lk_test_history_get_loaded(self->history) || !lk_test_settings_get_loaded(self->settings) ||
             !lk_lora_list_get_loaded(self->loras))
        reason = _("The project is being read.");
    if (why)
        *why = reason;
    return reason == NULL;
}

/* ---- orders ------------------------------------------------------------------------------------------ */

static void picture_cb(LkTestBench *self, LkTestPicture *picture)
{
    if (lk_test_picture_get_state(picture) == LK_TEST_PICTURE_FAILED && !g_object_get_data(G_OBJECT(picture), "told")) {
        g_object_set_data(G_OBJECT(picture), "told", (gpointer) "");
        tell_problem(self, lk_test_picture_get_error(picture));
    }
    changed(self);
}

/* Cells of a grid are in no history. */
static void saved_cb(LkTestBench *self, LkTestPicture *picture)
{
    if (!g_object_get_data(G_OBJECT(picture), "single"))
        return;
    lk_test_history_add(self->history, picture);
    g_signal_emit(self, signals[SIGNAL_MADE], 0, picture);
}

static void begin_batch(LkTestBench *self, gboolean grid)
{
    for (guint i = 0; i < self->batch->len; i++)
        g_signal_handlers_disconnect_by_func(self->batch->pdata[i], picture_cb, self);
    g_ptr_array_set_size(self->batch, 0);
    self->grid_batch = grid;
}

static void order(LkTestBench *self, LkTestPicture *picture, const char *path)
{
    g_ptr_array_add(self->batch, g_object_ref(picture));
    g_object_set_data(G_OBJECT(picture), "told", NULL);
    g_signal_connect_swapped(picture, "changed", G_CALLBACK(picture_cb), self);
    if (!g_object_get_data(G_OBJECT(picture), "ordered")) { /* a file may be written after the next batch has begun */
        g_signal_connect_object(picture, "saved", G_CALLBACK(saved_cb), self, G_CONNECT_SWAPPED);
        g_signal_connect_object(picture, "save-failed", G_CALLBACK(tell_problem), self, G_CONNECT_SWAPPED);
    }
    g_object_set_data(G_OBJECT(picture), "ordered", (gpointer) "");
    lk_test_picture_order(picture, self->maker, path);
}

void lk_test_bench_cancel(LkTestBench *self)
{
    for (guint i = self->batch->len; i > 0; i--) /* what waits first, so that it does not begin */
        lk_test_picture_cancel(self->batch->pdata[i - 1], self->maker);
    changed(self);
}

/* A wish with a prompt of its own, which the wish borrows as it does the folders. */
static LkTestPicture *make_picture(LkTestBench *self, const char *prompt, guint64 seed, const char *folder)
{
    const char *preferred = lk_test_settings_get_text(self->settings, "folders");
    g_autofree char *first = folder ? g_strdup_printf("%s\n%s", folder, preferred) : g_strdup(preferred);
    g_auto(GStrv) folders = lk_lora_list_folders(self->loras, first);
    LkPictureWish wish = lk_test_settings_wish(self->settings);
    wish.device = lk_device_status_get_wish(lk_application_get_device(lk_application_get()));
    wish.prompt = prompt;
    wish.seed = seed;
    wish.lora_folders = (const char *const *)folders;
    return lk_test_picture_new(&wish);
}

/* ---- one picture, or two ----------------------------------------------------------------------------- */

static gboolean order_single(LkTestBench *self, gboolean compare, GError **error)
{
    guint64 seed = lk_test_settings_get_seed(self->settings);
    const char *prompt = lk_test_settings_get_prompt(self->settings);
    g_autofree char *plain = lk_tags_strip(prompt);
    if (compare && g_str_equal(plain, prompt))
        return lk_set_error(error, LK_ERROR_USAGE,
                            _("The prompt names no LoRA to compare with and without. Insert one."));
    g_autofree char *path = lk_test_history_reserve(self->history, seed, error);
    if (!path)
        return FALSE;
    begin_batch(self, FALSE);
    g_clear_object(&self->current);
    self->current = make_picture(self, prompt, seed, NULL);
    g_object_set_data(G_OBJECT(self->current), "single", (gpointer) "");
    if (compare) {
        g_autoptr(LkTestPicture) without = make_picture(self, plain, seed, NULL);
        g_autofree char *partner = lk_test_history_partner_path(path);
        lk_test_picture_set_partner(self->current, without);
        order(self, self->current, path);
        order(self, without, partner);
    } else {
        order(self, self->current, path);
    }
    return TRUE;
}

/* ---- the grid ---------------------------------------------------------------------------------------- */

/* The picture with this key that is done. */
static LkTestPicture *find_done(GPtrArray *cells, const char *key)
{
    for (guint i = 0; cells && i < cells->len; i++)
        if (lk_test_picture_get_state(cells->pdata[i]) == LK_TEST_PICTURE_DONE &&
            g_str_equal(lk_test_picture_get_key(cells->pdata[i]), key))
            return cells->pdata[i];
    return NULL;
}

void lk_test_bench_plan(LkTestBench *self, LkGridAxes *axes, guint tag)
{
    if (is_grid_busy(self)) {
        lk_grid_axes_clear(axes);
        return;
    }
    g_autoptr(GPtrArray) before = self->cells;
    const char *prompt = lk_test_settings_get_prompt(self->settings);
    guint columns = lk_grid_axes_n_columns(axes), count = columns * lk_grid_axes_n_rows(axes);
    lk_grid_axes_clear(&self->axes);
    self->axes = *axes;
    *axes = (LkGridAxes){0};
    self->cells = g_ptr_array_new_with_free_func(g_object_unref);
    for (guint i = 0; i < MIN(count, LK_GRID_MOST); i++) {
        LkGridPoint point = lk_grid_axes_point(&self->axes, i % columns, i / columns, prompt, tag,
                                               lk_test_settings_get_seed(self->settings));
        g_autoptr(LkTestPicture) picture = make_picture(self, point.prompt, point.seed, point.folder);
        LkTestPicture *same = find_done(before, lk_test_picture_get_key(picture));
        g_ptr_array_add(self->cells, g_object_ref(same ? same : picture));
        g_free(point.prompt);
    }
    g_signal_emit(self, signals[SIGNAL_PLANNED], 0);
}

static gboolean check_grid(LkTestBench *self, const LkGridAxes *axes, GError **error)
{
    LkPictureWish wish = lk_test_settings_wish(self->settings);
    gint64 count = (gint64)lk_grid_axes_n_columns(axes) * lk_grid_axes_n_rows(axes);
    if (!lk_grid_axes_check(axes, wish.prompt, error))
        return FALSE;
    return count * wish.width * wish.height * 3 <= GRID_BYTES ||
           lk_set_error(error, LK_ERROR_MEMORY,
                        _("So many pictures of this size do not fit into the window's memory. Make them smaller, or "
                          "leave some out."));
}

static gboolean order_grid(LkTestBench *self, LkGridAxes *axes, guint tag, GError **error)
{
    if (!check_grid(self, axes, error))
        return FALSE;
    lk_test_bench_plan(self, axes, tag);
    if (lk_test_bench_count_done(self) == self->cells->len)
        return lk_set_error(error, LK_ERROR_USAGE, _("All pictures of this grid are made. Change something first."));
    g_autofree char *folder = lk_test_history_reserve_grid(self->history, error);
    if (!folder)
        return FALSE;
    begin_batch(self, TRUE);
    guint columns = lk_grid_axes_n_columns(&self->axes);
    for (guint i = 0; i < self->cells->len; i++) {
        g_autofree char *path = g_strdup_printf("%s/%02u-%02u.png", folder, i / columns + 1, i % columns + 1);
        if (lk_test_picture_get_state(self->cells->pdata[i]) != LK_TEST_PICTURE_DONE)
            order(self, self->cells->pdata[i], path);
    }
    return TRUE;
}

/* A grid that is half made goes on with its seed; else a seed that is not kept is drawn anew. */
static void draw_seed(LkTestBench *self, gboolean grid)
{
    gboolean keep;
    guint done = grid ? lk_test_bench_count_done(self) : 0;
    g_object_get(self->settings, "keep-seed", &keep, NULL);
    if (!keep && (done == 0 || done == self->cells->len))
        lk_test_settings_shuffle(self->settings);
}

void lk_test_bench_generate(LkTestBench *self, LkGridAxes *axes, guint tag)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) tags = lk_lora_tags_new();
    const char *mode = lk_test_settings_get_text(self->settings, "mode"), *why;
    gboolean grid = g_str_equal(mode, "grid");
    if (lk_test_bench_is_busy(self) || !lk_test_bench_can_generate(self, &why))
        return;
    g_autofree char *rest = lk_lora_tags_take(lk_test_settings_get_prompt(self->settings), tags, &error);
    if (rest) {
        draw_seed(self, grid);
        if (grid)
            order_grid(self, axes, tag, &error);
        else
            order_single(self, g_str_equal(mode, "compare"), &error);
    }
    if (error)
        tell_problem(self, error->message);
    changed(self);
}

/* ---- training ---------------------------------------------------------------------------------------- */

static void gate_cb(LkTestBench *self)
{
    if (lk_training_gate_get_state(self->gate) == LK_GATE_TRAINING && lk_test_bench_is_busy(self)) {
        lk_test_bench_cancel(self);
        tell_problem(self, _("Training has begun and needs the device, so the rest was not drawn."));
    }
    changed(self);
}

/* ---- GObject ----------------------------------------------------------------------------------------- */

LkTestBench *lk_test_bench_new(LkProject *project, LkPictureMaker *maker, LkTaskCenter *tasks, GSettings *settings)
{
    LkTestBench *self = g_object_new(LK_TYPE_TEST_BENCH, NULL);
    self->project = g_object_ref(project);
    self->maker = g_object_ref(maker);
    self->settings = lk_test_settings_new(project);
    self->loras = lk_lora_list_new(project, tasks, settings);
    self->history = lk_test_history_new(lk_project_get_folder(project));
    self->gate = lk_training_gate_new(tasks, maker);
    g_signal_connect_object(self->settings, "loaded", G_CALLBACK(changed), self, G_CONNECT_SWAPPED);
    g_signal_connect_object(self->loras, "changed", G_CALLBACK(changed), self, G_CONNECT_SWAPPED);
    g_signal_connect_object(self->history, "loaded", G_CALLBACK(changed), self, G_CONNECT_SWAPPED);
    g_signal_connect_object(self->gate, "changed", G_CALLBACK(gate_cb), self, G_CONNECT_SWAPPED);
    g_signal_connect_object(project, "notify::base-model", G_CALLBACK(changed), self, G_CONNECT_SWAPPED);
    return self;
}

void lk_test_bench_close(LkTestBench *self)
{
    lk_test_bench_cancel(self);
    begin_batch(self, FALSE);
    lk_test_settings_flush(self->settings);
}

static void lk_test_bench_finalize(GObject *object)
{
    LkTestBench *self = LK_TEST_BENCH(object);
    begin_batch(self, FALSE);
    g_ptr_array_unref(self->batch);
    g_clear_pointer(&self->cells, g_ptr_array_unref);
    lk_grid_axes_clear(&self->axes);
    g_clear_object(&self->current);
    g_clear_object(&self->project);
    g_clear_object(&self->maker);
    g_clear_object(&self->settings);
    g_clear_object(&self->loras);
    g_clear_object(&self->history);
    g_clear_object(&self->gate);
    G_OBJECT_CLASS(lk_test_bench_parent_class)->finalize(object);
}

static void lk_test_bench_class_init(LkTestBenchClass *klass)
{
    G_OBJECT_CLASS(klass)->finalize = lk_test_bench_finalize;
    const struct {
        const char *name;
        GType type;
    } table[] = {[SIGNAL_CHANGED] = {"changed", G_TYPE_NONE},
                 [SIGNAL_PLANNED] = {"planned", G_TYPE_NONE},
                 [SIGNAL_MADE] = {"made", LK_TYPE_TEST_PICTURE},
                 [SIGNAL_PROBLEM] = {"problem", G_TYPE_STRING}};
    for (guint i = 0; i < SIGNAL_LAST; i++)
        signals[i] = g_signal_new(table[i].name, G_TYPE_FROM_CLASS(klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL,
                                  G_TYPE_NONE, table[i].type != G_TYPE_NONE, table[i].type);
}

static void lk_test_bench_init(LkTestBench *self)
{
    self->batch = g_ptr_array_new_with_free_func(g_object_unref);
}
