/* Plans while somebody types: the newest question is answered, with the trainer's own numbers.
 * Usage: test_planner MODEL.safetensors */
#include "../tap.h"
#include "../training/small_run.h"
#include "base/error.h"
#include "worker/planner.h"

#include <string.h>

typedef struct Reply {
    bool came, cancelled;
    LkTrainingPlan *plan;
    char *words;
    double milliseconds;
    int64_t asked;
    int place; /* of this reply among all */
} Reply;

static int replies; /* so far */

static void on_plan(GObject *planner, GAsyncResult *result, gpointer data)
{
    Reply *reply = data;
    g_autoptr(GError) error = NULL;
    tap_count += reply->came ? 1 : 0; /* an answer too many spoils the plan of this test */
    reply->came = true;
    reply->plan = lk_planner_plan_finish(LK_PLANNER(planner), result, &error);
    reply->cancelled = g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
    reply->words = g_strdup(error ? error->message : NULL);
    reply->milliseconds = (double)(g_get_monotonic_time() - reply->asked) * 1e-3;
    reply->place = replies++;
}

static void ask(LkPlanner *planner, const SmallRun *s, const char *const *settings, GCancellable *cancellable,
                Reply *reply)
{
    g_autoptr(LkJob) job = small_job(s, "planned", settings);
    *reply = (Reply){.asked = g_get_monotonic_time()};
    lk_planner_plan_async(planner, job, "cpu", cancellable, on_plan, reply);
}

static void wait_for(const Reply *reply)
{
    while (!reply->came)
        g_main_context_iteration(NULL, TRUE);
}

static void reply_clear(Reply *reply)
{
    g_clear_pointer(&reply->plan, lk_training_plan_free);
    g_clear_pointer(&reply->words, g_free);
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Reply, reply_clear)

/** Whether a reply is what the trainer says, free memory apart. */
static bool is_right(const SmallRun *s, const char *const *settings, const Reply *reply)
{
    g_autoptr(LkJob) job = small_job(s, "planned", settings);
    g_autoptr(LkTrainer) trainer = lk_trainer_new(job, lk_backend_cpu(), 0, NULL);
    LkTrainingPlan plan = {0};
    if (!trainer || !lk_trainer_plan(trainer, &plan, NULL) || !reply->plan)
        return false;
    const LkTrainingPlan *p = reply->plan;
    bool same = p->steps == plan.steps && p->epochs == plan.epochs && p->batches == plan.batches &&
                p->pictures == plan.pictures && p->to_encode == plan.to_encode && p->weights == plan.weights &&
                p->adapter == plan.adapter && p->optimizer == plan.optimizer && p->activations == plan.activations &&
                p->workspace == plan.workspace && p->arena == plan.arena && p->sampling == plan.sampling &&
                p->encoding == plan.encoding && p->total == plan.total && p->fits == plan.fits &&
                p->fixes->len == plan.fixes->len && strcmp(p->device, plan.device) == 0;
    lk_training_plan_clear(&plan);
    return same;
}

/* Right ------------------------------------------------------------------------------------------------------------ */

static void test_right(LkPlanner *planner, const SmallRun *s)
{
    static const struct {
        const char *label, *settings[5];
    } rows[] = {
        {"the first", {NULL}},
        {"another rate", {"learning_rate=0.5", NULL}},
        {"more steps", {"max_train_steps=700", NULL}},
        {"epochs, accumulated", {"max_train_epochs=7", "gradient_accumulation_steps=2", NULL}},
        {"a larger LoRA", {"network_dim=16", NULL}},
        {"a rate of 0", {"text_encoder_lr=0", NULL}},
        {"larger batches", {"train_batch_size=2", "max_train_epochs=3", NULL}},
        {"other pictures", {"train_data_dir=wide", "resolution=128,128", "enable_bucket=true", NULL}},
        {"samples", {"sample_prompts=[\"a --w 128 --h 128\"]", "sample_every_n_steps=3", NULL}},
        {"samples more often", {"sample_prompts=[\"a --w 128 --h 128\"]", "sample_every_n_steps=1", NULL}},
        {"no samples", {"sample_prompts=[\"a --w 128 --h 128\"]", NULL}},
        {"recomputed", {"gradient_checkpointing=true", "seed=9", NULL}},
        {"another name", {"gradient_checkpointing=true", "output_name=b", "save_every_n_steps=1", NULL}},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_auto(Reply) reply;
        ask(planner, s, rows[i].settings, NULL, &reply);
        wait_for(&reply);
        tap_ok(is_right(s, rows[i].settings, &reply), "%s: the trainer's plan after %.0f ms", rows[i].label,
               reply.milliseconds);
    }
}

/* The newest counts ------------------------------------------------------------------------------------------------ */

static void test_newest(LkPlanner *planner, const SmallRun *s)
{
    enum { TYPED = 20 };
    static const char *const dims[TYPED] = {"network_dim=1",  "network_dim=2",  "network_dim=3",  "network_dim=4",
                                            "network_dim=5",  "network_dim=6",  "network_dim=7",  "network_dim=8",
                                            "network_dim=9",  "network_dim=10", "network_dim=11", "network_dim=12",
                                            "network_dim=13", "network_dim=14", "network_dim=15", "network_dim=16",
                                            "network_dim=17", "network_dim=18", "network_dim=19", "network_dim=20"};
    Reply typed[TYPED];
    int before = replies, cancelled = 0, answered = 0;
    for (int i = 0; i < TYPED; i++) {
        ask(planner, s, WITH(dims[i]), NULL, &typed[i]);
        g_usleep(2000);
    }
    wait_for(&typed[TYPED - 1]);
    bool once = replies == before + TYPED;
    for (int i = 0; i < TYPED; i++) {
        cancelled += typed[i].cancelled;
        answered += typed[i].plan != NULL;
    }
    tap_ok(once && cancelled + answered == TYPED && typed[TYPED - 1].plan, "of %d questions each gets one reply",
           TYPED);
    tap_ok(cancelled >= TYPED / 2 && is_right(s, WITH("network_dim=20"), &typed[TYPED - 1]),
           "%d were overtaken, the last is answered after %.0f ms", cancelled, typed[TYPED - 1].milliseconds);
    for (int i = 0; i < TYPED; i++)
        reply_clear(&typed[i]);
}

static void test_cancelled(LkPlanner *planner, const SmallRun *s)
{
    g_autoptr(GCancellable) cancellable = g_cancellable_new();
    g_auto(Reply) reply, next;
    ask(planner, s, WITH("network_dim=3"), cancellable, &reply);
    g_cancellable_cancel(cancellable);
    wait_for(&reply);
    tap_ok(reply.cancelled && !reply.plan, "a question that is taken back is not answered");
    ask(planner, s, WITH("network_dim=3"), NULL, &next);
    wait_for(&next);
    tap_ok(next.plan, "the next one is");
}

/* What goes wrong -------------------------------------------------------------------------------------------------- */

static void test_failures(LkPlanner *planner, const SmallRun *s)
{
    static const struct {
        const char *settings[3], *words;
    } rows[] = {
        {{"pretrained_model_name_or_path=nowhere.safetensors", "train_data_dir=nothing", NULL}, "nothing"},
        {{"pretrained_model_name_or_path=pics/0.png", NULL}, "0.png"},
        {{"train_data_dir=cache", NULL}, "picture"},
        {{"sample_prompts=[\"a --w 100\"]", "sample_at_first=true", NULL}, "multiples of"},
    };
    for (gsize i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_auto(Reply) reply;
        ask(planner, s, rows[i].settings, NULL, &reply);
        wait_for(&reply);
        tap_ok(!reply.plan && !reply.cancelled && strstr(reply.words, rows[i].words), "%s is refused in words",
               rows[i].settings[0]);
        tap_note("%s", g_strdelimit(reply.words, "\n", ' '));
    }
    g_auto(Reply) good;
    ask(planner, s, WITH(NULL), NULL, &good);
    wait_for(&good);
    tap_ok(is_right(s, WITH(NULL), &good), "after that a good one is answered");
}

static void test_forget(LkPlanner *planner, const SmallRun *s)
{
    g_auto(Reply) before, stale, fresh;
    ask(planner, s, WITH("train_data_dir=more"), NULL, &before);
    wait_for(&before);
    g_autofree char *from = small_run_path(s, "pics/0.png"), *folder = small_run_path(s, "more"), *data = NULL;
    gsize size = 0;
    g_file_get_contents(from, &data, &size, NULL);
    for (int i = 0; i < 3; i++) {
        g_autofree char *path = g_strdup_printf("%s/new%d.png", folder, i);
        g_file_set_contents(path, data, (gssize)size, NULL);
    }
    ask(planner, s, WITH("train_data_dir=more", "seed=6"), NULL, &stale);
    wait_for(&stale);
    lk_planner_forget(planner);
    ask(planner, s, WITH("train_data_dir=more", "seed=6"), NULL, &fresh);
    wait_for(&fresh);
    tap_ok(stale.plan && stale.plan->pictures == before.plan->pictures, "the pictures are looked at once");
    tap_ok(fresh.plan && fresh.plan->pictures == before.plan->pictures + 3, "and anew when they changed");
}

int main(int argc, char **argv)
{
    SmallRun s;
    if (argc != 2)
        return 2;
    small_run_open(&s, argv[1]);
    g_autofree char *more = small_run_path(&s, "more/a.png"), *pics = small_run_path(&s, "pics/1.png"), *data = NULL;
    g_autofree char *folder = g_path_get_dirname(more);
    gsize size = 0;
    g_mkdir_with_parents(folder, 0700);
    g_file_get_contents(pics, &data, &size, NULL);
    g_file_set_contents(more, data, (gssize)size, NULL);
    LkPlanner *planner = lk_planner_new();
    test_right(planner, &s);
    test_newest(planner, &s);
    test_cancelled(planner, &s);
    test_failures(planner, &s);
    test_forget(planner, &s);
    g_auto(Reply) last;
    ask(planner, &s, WITH("network_dim=5"), NULL, &last);
    g_object_unref(planner);
    wait_for(&last);
    tap_ok(last.plan, "a planner that is let go answers before it goes");
    small_run_close(&s);
    return tap_done();
}
