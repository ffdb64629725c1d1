/* How long a plan takes after one change in a form. Nothing passes or fails. Usage: bench_planner JOB.toml */
#include "worker/planner.h"

#include <stdio.h>

typedef struct Reply {
    bool came;
    LkTrainingPlan *plan;
} Reply;

static void on_plan(GObject *planner, GAsyncResult *result, gpointer data)
{
    Reply *reply = data;
    g_autoptr(GError) error = NULL;
    reply->plan = lk_planner_plan_finish(LK_PLANNER(planner), result, &error);
    reply->came = true;
    if (error)
        fprintf(stderr, "%s\n", error->message);
}

static void measure(LkPlanner *planner, const LkJob *job, const char *label)
{
    Reply reply = {0};
    int64_t begin = g_get_monotonic_time();
    lk_planner_plan_async(planner, job, "auto", NULL, on_plan, &reply);
    while (!reply.came)
        g_main_context_iteration(NULL, TRUE);
    double milliseconds = (double)(g_get_monotonic_time() - begin) * 1e-3;
    if (reply.plan)
        printf("%-40s %7.0f ms   %.2f GiB\n", label, milliseconds, (double)reply.plan->total / (1 << 30));
    lk_training_plan_free(reply.plan);
}

int main(int argc, char **argv)
{
    static const char *const changes[][2] = {
        {"learning_rate", "2e-4"}, {"max_train_epochs", "12"},          {"network_dim", "32"}, {"network_dim", "64"},
        {"train_batch_size", "1"}, {"gradient_checkpointing", "false"}, {"resolution", "768"}, {"output_name", "other"},
    };
    g_autoptr(GPtrArray) problems = lk_problems_new();
    g_autoptr(LkJob) job = argc == 2 ? lk_job_load(argv[1], NULL, problems) : NULL;
    if (!job) {
        g_autofree char *said = lk_problems_describe(problems, argc == 2 ? argv[1] : "usage: bench_planner JOB.toml");
        fputs(said, stderr);
        return 2;
    }
    g_autoptr(LkPlanner) planner = lk_planner_new();
    measure(planner, job, "the first");
    for (gsize i = 0; i < G_N_ELEMENTS(changes); i++) {
        g_autofree char *label = g_strdup_printf("%s = %s", changes[i][0], changes[i][1]);
        lk_job_set(job, changes[i][0], changes[i][1], problems);
        lk_job_check(job, problems);
        measure(planner, job, label);
    }
    return 0;
}
