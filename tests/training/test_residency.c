/* Base weights with 8 bits and weights in the computer's memory, in whole runs: what is fetched gives the same bytes as
 * what lies on the card; the plan moves as many as it takes, and what is planned is what is taken. Usage:
 * test_residency MODEL.safetensors [bf16|fp16], the latter on a card (the stand-in) */
#include "../tap.h"
#include "small_run.h"

#include <math.h>
#include <string.h>

static const char *said(const Outcome *outcome)
{
    return outcome->message ? outcome->message : "nothing";
}

static int64_t planned(const LkTrainingPlan *plan)
{
    return plan->weights + plan->adapter + plan->optimizer + plan->arena;
}

/** The settings and some more. Of this rank a card makes an adapter's products one with their layers'
 * (tensor/joined.h).
 */
static Outcome *run(const SmallRun *s, const char *output, const char *precision, const char *a, const char *b)
{
    g_autofree char *mixed = g_strdup_printf("mixed_precision=%s", precision);
    const char *settings[] = {mixed, "max_train_steps=4", "gradient_checkpointing=true", "network_dim=8", a, b, NULL};
    return small_run(s, output, settings, false, -1);
}

static double difference(const Outcome *a, const Outcome *b)
{
    double most = 0;
    for (int i = 0; i < a->steps && i < b->steps; i++)
        most = fmax(most, fabs(a->loss[i] - b->loss[i]) / fabs(b->loss[i]));
    return most;
}

/** With 8 bits: less memory, as planned, and nearly the same losses. */
static void test_codes(const SmallRun *s, const char *precision)
{
    g_autoptr(Outcome) whole = run(s, "whole", precision, "seed=1", NULL);
    static const struct {
        const char *name, *setting;
    } ways[] = {{"int8", "base_weights_precision=int8"},
                {"fp8", "base_weights_precision=fp8"},
                {"kohya", "fp8_base=true"},
                {"unet", "fp8_base_unet=true"}};
    for (gsize i = 0; i < G_N_ELEMENTS(ways); i++) {
        g_autoptr(Outcome) small = run(s, ways[i].name, precision, "seed=1", ways[i].setting);
        double off = difference(small, whole);
        tap_ok(whole->ok && small->ok && small->plan.weights < whole->plan.weights && off > 0 && off < 0.05 &&
                   small->allocated == planned(&small->plan),
               "%s: %.2f of the weights' memory, losses differ by %.4f: %s", ways[i].setting,
               (double)small->plan.weights / (double)whole->plan.weights, off, said(small));
    }
    tap_ok(same_tensors(s, "fp8/bird.safetensors", "kohya/bird.safetensors"), "fp8_base is fp8");
}

/** On the host: the same bytes, less on the card; and there, where weights are not codes, room behind their rows too.
 */
static void test_offload(const SmallRun *s, const char *precision)
{
    static const char *const bits[] = {"base_weights_precision=auto", "base_weights_precision=int8",
                                       "base_weights_precision=fp8"};
    for (gsize i = 0; i < G_N_ELEMENTS(bits); i++) {
        g_autoptr(Outcome) here = run(s, "here", precision, bits[i], NULL);
        g_autoptr(Outcome) there = run(s, "there", precision, bits[i], "offload_base_weights=all");
        int64_t room = here->plan.weights - there->plan.weights - there->plan.offloaded;
        tap_ok(here->ok && there->ok && there->plan.weights < here->plan.weights && here->plan.offloaded == 0 &&
                   (i == 0 ? room > 0 && room < there->plan.offloaded / 2 : room == 0) &&
                   there->plan.total < here->plan.total && there->allocated == planned(&there->plan) &&
                   same_tensors(s, "here/bird.safetensors", "there/bird.safetensors"),
               "%s: all weights on the host, the same LoRA with %lld bytes of them on the card in place of %lld: %s",
               bits[i], (long long)there->plan.weights, (long long)here->plan.weights, said(there));
    }
}

/** The card's backend with so much memory. */
static struct {
    LkBackend api;
    const LkBackend *card;
    int64_t free_bytes;
} small;

static int devices(LkDeviceInfo *out, int max, LkError *error)
{
    int count = small.card->devices(out, max, error);
    for (int i = 0; i < count && i < max; i++)
        out[i].free_bytes = small.free_bytes;
    return count;
}

/** As many as it takes: none where all fit, some where they do not, and a refusal that says what helps. */
static void test_as_needed(SmallRun *s, const char *precision)
{
    const LkBackend *card = s->api;
    g_autoptr(Outcome) here = run(s, "here", precision, "seed=2", "offload_base_weights=auto");
    g_autoptr(Outcome) all = run(s, "all", precision, "seed=2", "offload_base_weights=all");
    tap_ok(here->ok && here->plan.offloaded == 0, "nothing is moved where everything fits: %s", said(here));
    small.card = card;
    small.api = *card;
    small.api.devices = devices;
    small.free_bytes = (here->plan.total + all->plan.total) / 2;
    s->api = &small.api;
    g_autoptr(Outcome) some = run(s, "some", precision, "seed=2", "offload_base_weights=auto");
    tap_ok(some->ok && some->plan.total <= small.free_bytes && some->plan.offloaded > 0 &&
               some->plan.offloaded < all->plan.offloaded && some->allocated == planned(&some->plan) &&
               same_tensors(s, "here/bird.safetensors", "some/bird.safetensors"),
           "%lld of %lld bytes are moved so that it fits: %s", (long long)some->plan.offloaded,
           (long long)all->plan.offloaded, said(some));
    g_autoptr(Outcome) none = run(s, "none", precision, "seed=2", "offload_base_weights=none");
    const GPtrArray *fixes = none->plan.fixes;
    bool told = !none->ok && fixes->len > 1 && g_str_has_prefix(fixes->pdata[0], "offload_base_weights = \"auto\"") &&
                g_str_has_prefix(fixes->pdata[1], "base_weights_precision = \"int8\"");
    tap_ok(told, "without it does not, and both remedies are told: %s", said(none));
    s->api = card;
}

int main(int argc, char **argv)
{
    SmallRun s;
    LkError problem = {0};
    if (argc < 2)
        return 2;
    const char *precision = argc > 2 ? argv[2] : "no";
    small_run_open(&s, argv[1]);
    s.api = argc > 2 ? lk_backend_cuda(&problem) : NULL;
    if (argc > 2 && !s.api) {
        small_run_close(&s);
        printf("1..0 # SKIP %s\n", problem.text);
        return 0;
    }
    test_codes(&s, precision);
    if (s.api) {
        test_offload(&s, precision);
        test_as_needed(&s, precision);
    }
    small_run_close(&s);
    return tap_done();
}
