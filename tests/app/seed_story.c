/* A project in the middle of its life, for pictures of the window and checks of all of its pages:
 *
 *     seed-story STORE FOLDER DEMO LORA
 *
 * makes the example (DEMO is data/demo) with a task that has finished (checkpoints are copies of LORA, samples are cut
 * from the demo's sheet), one that has failed, one that was interrupted and two that wait; and pictures on the Test
 * page. */
#include "base/error.h"
#include "project/metrics.h"
#include "project/outputs.h"
#include "project/projects.h"
#include "project/settings.h"
#include "project/sources.h"
#include "project/tasks.h"
#include "text/language.h"

#include <gdk-pixbuf/gdk-pixbuf.h>
#include <gio/gio.h>
#include <glib/gi18n.h>
#include <math.h>

#define NAME  "lorimascot"
#define STEPS 800

typedef struct Story {
    LkStore *store;
    const char *folder, *demo, *lora;
    gint64 project;
} Story;

static const char *const prompts[] = {"lorimascot on a green background", "lorimascot flying on an orange background"};

/* ---- files ------------------------------------------------------------------------------------------- */

static bool copy(const char *from, const char *to, GError **error)
{
    g_autoptr(GFile) source = g_file_new_for_path(from), target = g_file_new_for_path(to);
    return g_file_copy(source, target, G_FILE_COPY_OVERWRITE, NULL, NULL, NULL, error);
}

static bool copy_pictures(const Story *story, const char *to, GError **error)
{
    g_autofree char *from = g_build_filename(story->demo, "example", NULL);
    g_autoptr(GDir) dir = g_dir_open(from, 0, error);
    bool good = dir && g_mkdir_with_parents(to, 0777) == 0;
    for (const char *name; good && (name = g_dir_read_name(dir));) {
        g_autofree char *source = g_build_filename(from, name, NULL), *target = g_build_filename(to, name, NULL);
        good = copy(source, target, error);
    }
    return good;
}

/* A picture of the demo's sheet: `row` is a prompt, `column` how far the training is. `text`: its settings, or NULL. */
static bool cut(const Story *story, int row, int column, const char *path, const char *text, GError **error)
{
    g_autofree char *sheet_path = g_build_filename(story->demo, "sheet.png", NULL);
    g_autoptr(GdkPixbuf) sheet = gdk_pixbuf_new_from_file(sheet_path, error);
    if (!sheet)
        return false;
    g_autoptr(GdkPixbuf) part = gdk_pixbuf_new_subpixbuf(sheet, 169 + 166 * column, 43 + 166 * row, 160, 160);
    return text ? gdk_pixbuf_save(part, path, "png", error, "tEXt::parameters", text, NULL)
                : gdk_pixbuf_save(part, path, "png", error, NULL);
}

static char *make_job(const Story *story, const char *folder)
{
    return g_strdup_printf(
        "pretrained_model_name_or_path = '%s/base.safetensors'\ntrain_data_dir = '%s/pictures'\nresolution = 128\n"
        "enable_bucket = false\nmixed_precision = 'no'\nnetwork_module = 'networks.lora'\nnetwork_dim = 16\n"
        "network_alpha = 16\nlearning_rate = 2e-3\nlr_scheduler = 'cosine'\nmax_train_epochs = 200\n"
        "train_batch_size = 5\ntrigger_words = 'lorimascot'\noutput_dir = '%s'\noutput_name = '" NAME "'\n",
        story->demo, story->folder, folder);
}

/* ---- tasks ------------------------------------------------------------------------------------------- */

static gint64 add_task(const Story *story, int number, GError **error)
{
    g_autofree char *folder = g_strdup_printf("%s/task-%d", story->folder, number);
    g_autofree char *job = make_job(story, folder);
    LkTaskRecord draft = {.project = story->project,
                          .name = (char *)"",
                          .job = job,
                          .output_dir = folder,
                          .output_name = (char *)NAME,
                          .device = (char *)"cpu",
                          .steps = STEPS,
                          .epochs = 200};
    return g_mkdir_with_parents(folder, 0777) == 0 ? lk_tasks_create(story->store, &draft, error) : 0;
}

/* A loss that falls and scatters, the same every time. */
static bool add_metrics(const Story *story, gint64 task, int steps, GError **error)
{
    g_autoptr(GRand) random = g_rand_new_with_seed(7);
    g_autofree LkTaskMetric *metrics = g_new0(LkTaskMetric, steps);
    for (int i = 0; i < steps; i++)
        metrics[i] = (LkTaskMetric){
            .step = i + 1,
            .epoch = i / 4 + 1,
            .loss = (0.012 + 0.2 * exp(-i / 60.0)) * g_rand_double_range(random, 0.55, 1.55),
            .lr = i < 20 ? 1e-4 * (i + 1) : 1e-3 * (1 + cos(3.14159265 * (i - 20) / (STEPS - 20))),
            .grad_norm = 0.02 + 0.3 * exp(-i / 80.0),
            .seconds = 0.2,
        };
    const int every = 40;
    g_autofree LkTaskValidation *measured = g_new0(LkTaskValidation, steps / every + 1);
    for (int i = 0; i < steps / every; i++) /* falls, and rises a little in the end */
        measured[i] = (LkTaskValidation){
            .step = (i + 1) * every, .epoch = (i + 1) * every / 4, .loss = 0.03 + 0.2 * exp(-i / 2.0) + 0.0009 * i};
    return lk_task_metrics_append(story->store, task, metrics, (gsize)steps, error) &&
           lk_task_validations_append(story->store, task, measured, (gsize)(steps / every), error) &&
           lk_tasks_set_progress(story->store, task, steps, (steps + 3) / 4, 0.2 * steps, error);
}

static bool add_log(const Story *story, gint64 task, GError **error)
{
    static const struct {
        LkTaskLogLevel level;
        const char *text;
    } told[] = {
        {LK_TASK_LOG_INFO, "base.safetensors: SD 1.5, 31.8 MB"},
        {LK_TASK_LOG_INFO, "20 pictures, 1 bucket: 128 × 128"},
        {LK_TASK_LOG_WARNING,
         "12-mascot-behind-a-wall-of-yellow-bricks-in-the-evening.png: the caption has 91 tokens; what is "
         "behind the 75th is left out."},
        {LK_TASK_LOG_INFO, "lorimascot-000050.safetensors"},
    };
    LkTaskLogLine lines[G_N_ELEMENTS(told)];
    for (gsize i = 0; i < G_N_ELEMENTS(told); i++)
        lines[i] = (LkTaskLogLine){1795725855000000 + (gint64)i * 9000000, told[i].level, (char *)told[i].text};
    return lk_task_log_append(story->store, task, lines, G_N_ELEMENTS(lines), error);
}

static bool add_sample(const Story *story, gint64 task, int number, int column, int prompt, GError **error)
{
    g_autofree char *path = g_strdup_printf("%s/task-%d/sample-%d-%d.png", story->folder, number, column, prompt);
    LkTaskSample sample = {.task = task,
                           .path = path,
                           .step = 200 * column,
                           .epoch = 50 * column,
                           .prompt = (char *)prompts[prompt],
                           .prompt_index = (guint)prompt};
    return cut(story, 2 * prompt, column, path, NULL, error) && lk_task_samples_add(story->store, &sample, error);
}

static bool add_samples(const Story *story, gint64 task, int number, int count, GError **error)
{
    for (int i = 0; i < 2 * count; i++)
        if (!add_sample(story, task, number, i / 2, i % 2, error))
            return false;
    return true;
}

static bool add_checkpoint(const Story *story, gint64 task, int number, int epoch, GError **error)
{
    g_autofree char *path = epoch < 200
                                ? g_strdup_printf("%s/task-%d/" NAME "-%06d.safetensors", story->folder, number, epoch)
                                : g_strdup_printf("%s/task-%d/" NAME ".safetensors", story->folder, number);
    LkTaskCheckpoint checkpoint = {.task = task,
                                   .path = path,
                                   .step = 4 * epoch,
                                   .epoch = epoch,
                                   .loss = 0.012 + 0.2 * exp(-epoch / 15.0),
                                   .held_out_loss = 0.021 + 0.00008 * abs(epoch - 150)};
    return copy(story->lora, path, error) && lk_task_checkpoints_add(story->store, &checkpoint, error);
}

static bool add_finished(const Story *story, int number, GError **error)
{
    gint64 task = add_task(story, number, error);
    bool good = task && add_metrics(story, task, STEPS, error) && add_samples(story, task, number, 4, error);
    for (int epoch = 50; good && epoch <= 200; epoch += 50)
        good = add_checkpoint(story, task, number, epoch, error);
    return good && lk_tasks_set_state(story->store, task, LK_TASK_FINISHED, NULL, error);
}

static bool add_failed(const Story *story, int number, GError **error)
{
    gint64 task = add_task(story, number, error);
    return task && add_metrics(story, task, 320, error) && add_samples(story, task, number, 2, error) &&
           lk_tasks_set_failed(story->store, task, LK_ERROR_MEMORY,
                               lk_text("There is not enough memory for the program."), error);
}

static bool add_interrupted(const Story *story, int number, GError **error)
{
    gint64 task = add_task(story, number, error);
    return task && add_metrics(story, task, 480, error) && add_samples(story, task, number, 3, error) &&
           add_log(story, task, error) && add_checkpoint(story, task, number, 50, error) &&
           add_checkpoint(story, task, number, 100, error) &&
           lk_tasks_set_state(story->store, task, LK_TASK_RUNNING, NULL, error);
}

/* ---- the Test page ----------------------------------------------------------------------------------- */

static bool add_test(const Story *story, int row, int column, int number, GError **error)
{
    g_autofree char *folder = g_strdup_printf("%s/test", story->folder);
    g_autofree char *path = g_strdup_printf("%s/%05d-%d.png", folder, number, 1233 + number);
    g_autofree char *text = g_strdup_printf(
        "%s <lora:" NAME ":%.1f>\nSteps: 16, Sampler: Euler a, Schedule type: Automatic, CFG scale: 3, Seed: %d, Size: "
        "128x128, Model: base",
        prompts[row / 2], 0.4 + 0.2 * column, 1233 + number);
    return g_mkdir_with_parents(folder, 0777) == 0 && cut(story, row, column, path, text, error);
}

static bool add_tests(const Story *story, GError **error)
{
    for (int i = 0; i < 6; i++)
        if (!add_test(story, 2 * (i % 2), 1 + i / 2, i + 1, error))
            return false;
    return true;
}

/* ---- all of it --------------------------------------------------------------------------------------- */

static bool add_settings(const Story *story, GError **error)
{
    static const char *const settings[][2] = {
        {"resolution", "128"},       {"enable_bucket", "false"}, {"train_batch_size", "5"},
        {"max_train_epochs", "200"}, {"network_dim", "16"},      {"network_alpha", "16"},
        {"learning_rate", "2e-3"},   {"lr_scheduler", "cosine"}, {"lr_warmup_steps", "20"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(settings); i++)
        if (!lk_settings_set(story->store, story->project, settings[i][0], settings[i][1], error))
            return false;
    return true;
}

static bool tell(Story *story, GError **error)
{
    g_autofree char *pictures = g_build_filename(story->folder, "pictures", NULL);
    g_autofree char *model = g_build_filename(story->demo, "base.safetensors", NULL);
    if (!copy_pictures(story, pictures, error))
        return false;
    story->project = lk_projects_create(story->store, _("Lorikeet Mascot"), "character", story->folder, error);
    LkSourceRecord source = {.project = story->project, .kind = LK_SOURCE_FOLDER, .path = pictures, .repeats = 1};
    return story->project && lk_sources_add(story->store, &source, error) &&
           lk_projects_set(story->store, story->project, LK_PROJECT_BASE_MODEL, model, error) &&
           lk_projects_set(story->store, story->project, LK_PROJECT_FAMILY, "SD 1.5", error) &&
           lk_projects_set(story->store, story->project, LK_PROJECT_TRIGGER_WORD, "lorimascot", error) &&
           add_settings(story, error) && add_finished(story, 1, error) && add_failed(story, 2, error) &&
           add_interrupted(story, 3, error) && add_task(story, 4, error) && add_task(story, 5, error) &&
           add_tests(story, error);
}

int main(int argc, char **argv)
{
    lk_language_start(LK_LOCALEDIR);
    g_autoptr(GError) error = NULL;
    if (argc != 5) {
        g_printerr("usage: %s STORE FOLDER DEMO LORA\n", argv[0]);
        return 2;
    }
    g_autoptr(LkStore) store = lk_store_open(argv[1], &error);
    Story story = {.store = store, .folder = argv[2], .demo = argv[3], .lora = argv[4]};
    if (store && tell(&story, &error))
        return 0;
    g_printerr("%s\n", error ? error->message : "a folder could not be made");
    return 1;
}
