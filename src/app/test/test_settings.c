#include "app/test/test_settings.h"

#include "app/core/project_views.h"
#include "training/job.h"

#include <glib/gi18n.h>
#include <math.h>

/* What the properties are remembered under: "test.prompt". */
#define PREFIX "test."

enum {
    SIZE_STEP = 64,
    SIZE_LEAST = 64,
    SIZE_MOST = 2048,
    STEPS_MOST = 150,
    CFG_MOST = 30,
    SAVE_AFTER_MS = 400,
    MOST_FOLDERS = 6
};

struct _LkTestSettings {
    GObject parent_instance;
    LkProject *project;
    char *prompt, *negative, *sampler, *mode, *columns, *rows, *strengths, *seeds, *prompts, *checkpoints, *folders;
    int steps, width, height;
    double cfg;
    guint64 seed;
    gboolean keep_seed;
    gboolean loaded, any;
    GHashTable *changed; /* names of properties (static) that are to be remembered */
    guint save_source;
    /* of the project's parameters */
    gboolean bf16, v_prediction, zero_terminal_snr;
    int clip_skip;
};

G_DEFINE_FINAL_TYPE(LkTestSettings, lk_test_settings, G_TYPE_OBJECT)

enum { SIGNAL_LOADED, SIGNAL_LAST };
static guint signals[SIGNAL_LAST];

/* ---- the properties, in a table ---------------------------------------------------------------------- */

typedef enum Kind { TEXT, INT, REAL, SEED, BOOL } Kind;

#define FIELD(field) offsetof(LkTestSettings, field)

/* clang-format off */
static const struct {
    const char *name;
    Kind kind;
    gsize offset;
    double least, most, fallback;
    const char *text;
} rows[] = {
    {"prompt", TEXT, FIELD(prompt), .text = ""},
    {"negative", TEXT, FIELD(negative), .text = ""},
    {"sampler", TEXT, FIELD(sampler), .text = "euler_a"},
    {"mode", TEXT, FIELD(mode), .text = "picture"},
    {"columns", TEXT, FIELD(columns), .text = "strength"},
    {"rows", TEXT, FIELD(rows), .text = "checkpoint"},
    {"strengths", TEXT, FIELD(strengths), .text = "0, 0.4, 0.6, 0.8, 1"},
    {"seeds", TEXT, FIELD(seeds), .text = "1, 2, 3, 4"},
    {"prompts", TEXT, FIELD(prompts), .text = ""},
    {"checkpoints", TEXT, FIELD(checkpoints), .text = ""},
    {"folders", TEXT, FIELD(folders), .text = ""},
    {"steps", INT, FIELD(steps), 1, STEPS_MOST, 20},
    {"width", INT, FIELD(width), SIZE_LEAST, SIZE_MOST, 512},
    {"height", INT, FIELD(height), SIZE_LEAST, SIZE_MOST, 512},
    {"cfg", REAL, FIELD(cfg), 1, CFG_MOST, 7},
    {"seed", SEED, FIELD(seed), .fallback = 42},
    {"keep-seed", BOOL, FIELD(keep_seed), .fallback = 0},
};
/* clang-format on */

static GParamSpec *properties[G_N_ELEMENTS(rows) + 1]; /* by row, from 1 */

static gpointer field_of(LkTestSettings *self, guint row)
{
    return (char *)self + rows[row].offset;
}

static void lk_test_settings_get_property(GObject *object, guint id, GValue *value, GParamSpec *pspec)
{
    const void *field = field_of(LK_TEST_SETTINGS(object), id - 1);
    switch (rows[id - 1].kind) {
    case TEXT:
        g_value_set_string(value, *(char *const *)field);
        break;
    case INT:
        g_value_set_int(value, *(const int *)field);
        break;
    case REAL:
        g_value_set_double(value, *(const double *)field);
        break;
    case SEED:
        g_value_set_uint64(value, *(const guint64 *)field);
        break;
    case BOOL:
        g_value_set_boolean(value, *(const gboolean *)field);
        break;
    }
}

/* Sets a field; whether that changed anything. */
static gboolean set_field(LkTestSettings *self, guint row, const GValue *value)
{
    gpointer field = field_of(self, row);
    g_auto(GValue) before = G_VALUE_INIT;
    g_value_init(&before, G_PARAM_SPEC_VALUE_TYPE(properties[row + 1]));
    lk_test_settings_get_property(G_OBJECT(self), row + 1, &before, NULL);
    if (g_param_values_cmp(properties[row + 1], &before, value) == 0)
        return FALSE;
    switch (rows[row].kind) {
    case TEXT:
        g_set_str((char **)field, g_value_get_string(value) ? g_value_get_string(value) : "");
        break;
    case INT:
        *(int *)field = g_value_get_int(value);
        break;
    case REAL:
        *(double *)field = g_value_get_double(value);
        break;
    case SEED:
        *(guint64 *)field = g_value_get_uint64(value);
        break;
    case BOOL:
        *(gboolean *)field = g_value_get_boolean(value);
        break;
    }
    return TRUE;
}

static gboolean save_cb(gpointer data)
{
    LK_TEST_SETTINGS(data)->save_source = 0;
    lk_test_settings_flush(data);
    return G_SOURCE_REMOVE;
}

static void lk_test_settings_set_property(GObject *object, guint id, const GValue *value, GParamSpec *pspec)
{
    LkTestSettings *self = LK_TEST_SETTINGS(object);
    if (!set_field(self, id - 1, value))
        return;
    g_object_notify_by_pspec(object, pspec);
    if (!self->loaded)
        return;
    g_hash_table_add(self->changed, (gpointer)rows[id - 1].name);
    if (!self->save_source)
        self->save_source = g_timeout_add(SAVE_AFTER_MS, save_cb, self);
}

/* ---- remembering ------------------------------------------------------------------------------------- */

static char *field_text(LkTestSettings *self, guint row)
{
    const void *field = field_of(self, row);
    char number[G_ASCII_DTOSTR_BUF_SIZE];
    switch (rows[row].kind) {
    case TEXT:
        return g_strdup(*(char *const *)field);
    case INT:
        return g_strdup_printf("%d", *(const int *)field);
    case REAL:
        return g_strdup(g_ascii_dtostr(number, sizeof number, *(const double *)field));
    case SEED:
        return g_strdup_printf("%" G_GUINT64_FORMAT, *(const guint64 *)field);
    case BOOL:
        return g_strdup(*(const gboolean *)field ? "1" : "0");
    }
    return NULL;
}

/* Sets a property from its text; what is out of its range is brought into it. */
static void set_from_text(LkTestSettings *self, guint row, const char *text)
{
    g_auto(GValue) value = G_VALUE_INIT;
    g_value_init(&value, G_PARAM_SPEC_VALUE_TYPE(properties[row + 1]));
    switch (rows[row].kind) {
    case TEXT:
        g_value_set_string(&value, text);
        break;
    case INT:
        g_value_set_int(&value, (int)g_ascii_strtoll(text, NULL, 10));
        break;
    case REAL:
        g_value_set_double(&value, g_ascii_strtod(text, NULL));
        break;
    case SEED:
        g_value_set_uint64(&value, g_ascii_strtoull(text, NULL, 10));
        break;
    case BOOL:
        g_value_set_boolean(&value, g_str_equal(text, "1"));
        break;
    }
    g_param_value_validate(properties[row + 1], &value);
    g_object_set_property(G_OBJECT(self), rows[row].name, &value);
}

void lk_test_settings_flush(LkTestSettings *self)
{
    g_clear_handle_id(&self->save_source, g_source_remove);
    if (g_hash_table_size(self->changed) == 0)
        return;
    g_autoptr(GHashTable) values = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    for (guint row = 0; row < G_N_ELEMENTS(rows); row++)
        if (g_hash_table_contains(self->changed, rows[row].name))
            g_hash_table_insert(values, g_strconcat(PREFIX, rows[row].name, NULL), field_text(self, row));
    g_hash_table_remove_all(self->changed);
    lk_project_views_save(self->project, g_steal_pointer(&values));
}

static void read_cb(GObject *source, GAsyncResult *result, gpointer data)
{
    g_autoptr(LkTestSettings) self = data;
    g_autoptr(GHashTable) views = lk_project_views_load_finish(self->project, result, NULL);
    for (guint row = 0; views && row < G_N_ELEMENTS(rows); row++) {
        g_autofree char *key = g_strconcat(PREFIX, rows[row].name, NULL);
        const char *text = g_hash_table_lookup(views, key);
        if (!text)
            continue;
        set_from_text(self, row, text);
        self->any = TRUE;
    }
    self->loaded = TRUE;
    g_signal_emit(self, signals[SIGNAL_LOADED], 0);
}

/* ---- the project's values ---------------------------------------------------------------------------- */

static int to_size(int pixels)
{
    return CLAMP((pixels + SIZE_STEP / 2) / SIZE_STEP * SIZE_STEP, SIZE_LEAST, SIZE_MOST);
}

/* The parameters that matter for pictures; what cannot be used keeps its default. */
static LkJob *read_parameters(LkProject *project)
{
    static const char *const keys[] = {"resolution", "mixed_precision", "v_parameterization", "zero_terminal_snr",
                                       "clip_skip"};
    LkJob *job = lk_job_new(NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(keys); i++)
        if (lk_project_get_setting(project, keys[i]))
            lk_job_set(job, keys[i], lk_project_get_setting(project, keys[i]), NULL);
    return job;
}

static void take_parameters(LkTestSettings *self)
{
    g_autoptr(LkJob) job = read_parameters(self->project);
    self->bf16 = job->mixed_precision == LK_MIXED_BF16;
    self->v_prediction = job->v_parameterization;
    self->zero_terminal_snr = job->zero_terminal_snr;
    self->clip_skip = job->clip_skip;
}

LkTestSettings *lk_test_settings_new(LkProject *project)
{
    LkTestSettings *self = g_object_new(LK_TYPE_TEST_SETTINGS, NULL);
    self->project = g_object_ref(project);
    g_autoptr(LkJob) job = read_parameters(project);
    if (job->resolution.width > 0 && job->resolution.height > 0)
        g_object_set(self, "width", to_size(job->resolution.width), "height", to_size(job->resolution.height), NULL);
    lk_project_views_load(project, NULL, read_cb, g_object_ref(self));
    return self;
}

/* ---- asking ------------------------------------------------------------------------------------------ */

gboolean lk_test_settings_get_loaded(LkTestSettings *self)
{
    return self->loaded;
}

gboolean lk_test_settings_get_any(LkTestSettings *self)
{
    return self->any;
}

const char *lk_test_settings_get_prompt(LkTestSettings *self)
{
    return self->prompt;
}

const char *lk_test_settings_get_text(LkTestSettings *self, const char *property)
{
    for (guint row = 0; row < G_N_ELEMENTS(rows); row++)
        if (rows[row].kind == TEXT && g_str_equal(rows[row].name, property))
            return *(char *const *)field_of(self, row);
    return "";
}

guint64 lk_test_settings_get_seed(LkTestSettings *self)
{
    return self->seed;
}

void lk_test_settings_shuffle(LkTestSettings *self)
{
    g_object_set(self, "seed", (guint64)g_random_int(), NULL);
}

void lk_test_settings_prefer_folder(LkTestSettings *self, const char *folder)
{
    g_auto(GStrv) before = g_strsplit(self->folders, "\n", -1);
    GString *folders = g_string_new(folder);
    for (int i = 0, kept = 1; before[i] && kept < MOST_FOLDERS; i++) {
        if (!*before[i] || g_str_equal(before[i], folder))
            continue;
        g_string_append_printf(folders, "\n%s", before[i]);
        kept++;
    }
    g_object_set(self, "folders", folders->str, NULL);
    g_string_free(folders, TRUE);
}

LkPictureWish lk_test_settings_wish(LkTestSettings *self)
{
    take_parameters(self);
    LkPictureWish wish = lk_picture_wish_default();
    wish.model = lk_project_get_base_model(self->project);
    wish.bf16 = self->bf16;
    wish.clip_skip = self->clip_skip;
    wish.v_prediction = self->v_prediction;
    wish.zero_terminal_snr = self->zero_terminal_snr;
    wish.prompt = self->prompt;
    wish.negative = self->negative;
    wish.width = self->width;
    wish.height = self->height;
    wish.steps = self->steps;
    wish.cfg = self->cfg;
    wish.seed = self->seed;
    wish.sampler = self->sampler;
    return wish;
}

/* ---- a picture's settings ---------------------------------------------------------------------------- */

static void add_sentence(GString *text, const char *sentence)
{
    g_string_append_printf(text, "%s%s", text->len ? " " : "", sentence);
}

/* Width and height as near as can be made, with a sentence where they differ. */
static void apply_size(LkTestSettings *self, int width, int height, GString *remarks)
{
    int near_width = to_size(width), near_height = to_size(height);
    g_object_set(self, "width", near_width, "height", near_height, NULL);
    if (near_width == width && near_height == height)
        return;
    g_autofree char *sentence = g_strdup_printf(_("Its size of %d × %d cannot be made; %d × %d is near."), width,
                                                height, near_width, near_height);
    add_sentence(remarks, sentence);
}

static void apply_steps(LkTestSettings *self, int steps, GString *remarks)
{
    g_object_set(self, "steps", CLAMP(steps, 1, STEPS_MOST), NULL);
    if (steps <= STEPS_MOST)
        return;
    g_autofree char *sentence = g_strdup_printf(_("It took %d steps; here at most %d are."), steps, STEPS_MOST);
    add_sentence(remarks, sentence);
}

static void apply_cfg(LkTestSettings *self, double cfg, GString *remarks)
{
    double usable = CLAMP(cfg, 1, CFG_MOST);
    g_object_set(self, "cfg", usable, NULL);
    if (usable == cfg)
        return;
    g_autofree char *sentence =
        g_strdup_printf(_("Its guidance of %g cannot be chosen here; %g is near."), cfg, usable);
    add_sentence(remarks, sentence);
}

char *lk_test_settings_apply(LkTestSettings *self, const LkInfotext *infotext)
{
    g_autoptr(GError) error = NULL;
    LkPictureRequest request = {.width = self->width,
                                .height = self->height,
                                .steps = self->steps,
                                .cfg = self->cfg,
                                .seed = self->seed,
                                .sampler = lk_sampler_find(self->sampler)};
    GString *remarks = g_string_new(NULL);
    if (!lk_infotext_apply(infotext, &request, &error))
        add_sentence(remarks, error->message);
    g_object_set(self, "prompt", request.prompt, "negative", request.negative, "seed", request.seed, "sampler",
                 request.sampler ? request.sampler->name : "euler_a", NULL);
    apply_steps(self, request.steps, remarks);
    apply_cfg(self, request.cfg, remarks);
    apply_size(self, request.width, request.height, remarks);
    if (lk_metadata_get(infotext->settings, "Seed"))
        g_object_set(self, "keep-seed", TRUE, NULL);
    return g_string_free(remarks, remarks->len == 0);
}

/* ---- GObject ----------------------------------------------------------------------------------------- */

static void lk_test_settings_dispose(GObject *object)
{
    LkTestSettings *self = LK_TEST_SETTINGS(object);
    if (self->project)
        lk_test_settings_flush(self);
    g_clear_object(&self->project);
    G_OBJECT_CLASS(lk_test_settings_parent_class)->dispose(object);
}

static void lk_test_settings_finalize(GObject *object)
{
    LkTestSettings *self = LK_TEST_SETTINGS(object);
    for (guint row = 0; row < G_N_ELEMENTS(rows); row++)
        if (rows[row].kind == TEXT)
            g_free(*(char **)field_of(self, row));
    g_hash_table_unref(self->changed);
    G_OBJECT_CLASS(lk_test_settings_parent_class)->finalize(object);
}

static GParamSpec *make_spec(guint row)
{
    GParamFlags flags = G_PARAM_READWRITE | G_PARAM_EXPLICIT_NOTIFY | G_PARAM_STATIC_STRINGS;
    const char *name = rows[row].name;
    double least = rows[row].least, most = rows[row].most, fallback = rows[row].fallback;
    switch (rows[row].kind) {
    case TEXT:
        return g_param_spec_string(name, NULL, NULL, rows[row].text, flags);
    case INT:
        return g_param_spec_int(name, NULL, NULL, (int)least, (int)most, (int)fallback, flags);
    case REAL:
        return g_param_spec_double(name, NULL, NULL, least, most, fallback, flags);
    case SEED:
        return g_param_spec_uint64(name, NULL, NULL, 0, G_MAXUINT64, (guint64)fallback, flags);
    default:
        return g_param_spec_boolean(name, NULL, NULL, fallback != 0, flags);
    }
}

static void lk_test_settings_class_init(LkTestSettingsClass *klass)
{
    GObjectClass *object_class = G_OBJECT_CLASS(klass);
    object_class->get_property = lk_test_settings_get_property;
    object_class->set_property = lk_test_settings_set_property;
    object_class->dispose = lk_test_settings_dispose;
    object_class->finalize = lk_test_settings_finalize;
    for (guint row = 0; row < G_N_ELEMENTS(rows); row++)
        properties[row + 1] = make_spec(row);
    g_object_class_install_properties(object_class, G_N_ELEMENTS(properties), properties);
    signals[SIGNAL_LOADED] =
        g_signal_new("loaded", G_TYPE_FROM_CLASS(klass), G_SIGNAL_RUN_LAST, 0, NULL, NULL, NULL, G_TYPE_NONE, 0);
}

static void lk_test_settings_init(LkTestSettings *self)
{
    self->changed = g_hash_table_new(g_str_hash, g_str_equal);
    for (guint row = 0; row < G_N_ELEMENTS(rows); row++) {
        gpointer field = field_of(self, row);
        if (rows[row].kind == TEXT)
            *(char **)field = g_strdup(rows[row].text);
        else if (rows[row].kind == INT)
            *(int *)field = (int)rows[row].fallback;
        else if (rows[row].kind == REAL)
            *(double *)field = rows[row].fallback;
        else if (rows[row].kind == SEED)
            *(guint64 *)field = (guint64)rows[row].fallback;
    }
}
