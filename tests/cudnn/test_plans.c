/* The real cuDNN makes a plan for every convolution and attention of Stable Diffusion on described cards: what the
 * table of limits promises exists, what it denies does not, and workspaces are those of the committed table.
 *
 * Usage: test_plans TESTS_FOLDER CARD, a name from cards/. Attention plans take half a second each: two cards' are
 * made, one of a kind; with LORIKEET_CUDNN=all in the environment all of them. test_plans TESTS_FOLDER --update writes
 * the table anew. */
#include "cases.h"
#include "stored_plans.h"

#include "../dataset/scratch.h"
#include "backend/cuda/card_limits.h"
#include "tap.h"

#include <glib.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *name;
    int sm;
    bool attention; /* its attention plans are made every time */
} cards[] = {
    {"sm75-rtx-2080", 75, true},    {"sm80-a100-sxm4-40gb", 80, false}, {"sm86-rtx-3060", 86, true},
    {"sm89-rtx-4090", 89, false},   {"sm90-h100-80gb-hbm3", 90, false}, {"sm100-b200", 100, false},
    {"sm120-rtx-5090", 120, false},
};
enum { CARDS = G_N_ELEMENTS(cards) };

typedef struct Type {
    const char *name;
    LkDType dtype;
    bool tf32;
} Type;

static const Type types[] = {
    {"f32", LK_F32, false}, {"tf32", LK_F32, true}, {"f16", LK_F16, false}, {"bf16", LK_BF16, false}};
enum { F32, TF32, F16, BF16, TYPES, NONE = -1 };

/** What was found for a case of one type, by card: bytes of workspace, or NONE. For attention's backward pass, of a
 * group of heads. */
typedef struct Row {
    int64_t bytes[CARDS];
} Row;

typedef struct Context {
    char *folder; /* of this test */
    Cases cases;
    Row *rows;         /* case · TYPES + type */
    GHashTable *known; /* of the committed table: "name TAB type" to Row */
    bool same_version; /* as the table's */
    bool update;       /* what the table has is taken from it */
} Context;

/* The table -------------------------------------------------------------------------------------------------------- */

static char *table_path(const Context *c)
{
    return g_build_filename(c->folder, "workspaces.tsv", NULL);
}

static void read_table(Context *c)
{
    g_autofree char *path = table_path(c), *text = NULL;
    if (!g_file_get_contents(path, &text, NULL, NULL))
        return;
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    c->same_version = lines[0] && strtoull(lines[0] + strcspn(lines[0], "0123456789"), NULL, 10) == cudnnGetVersion();
    for (char **line = lines; *line; line++) {
        g_auto(GStrv) parts = g_strsplit(*line, "\t", -1);
        if (g_strv_length(parts) != 2 + CARDS || strcmp(parts[0], "case") == 0)
            continue;
        Row *row = g_new(Row, 1);
        for (int i = 0; i < CARDS; i++)
            row->bytes[i] = strcmp(parts[2 + i], "-") == 0 ? NONE : strtoll(parts[2 + i], NULL, 10);
        g_hash_table_insert(c->known, g_strdup_printf("%s\t%s", parts[0], parts[1]), row);
    }
}

/** A case's name in the table. Attention is alike for both narrow types. */
static char *row_name(const Case *one, const Type *type)
{
    return g_strdup_printf("%s\t%s", one->name, one->attention ? "narrow" : type->name);
}

static void write_table(const Context *c)
{
    g_autoptr(GString) text = g_string_new(NULL);
    g_string_append_printf(
        text,
        "# Bytes of workspace with cuDNN %zu; of a group of heads where it is attention's backward pass. Made by "
        "test-cudnn-plans TESTS_FOLDER --update.\ncase\tdtype",
        cudnnGetVersion());
    for (int i = 0; i < CARDS; i++)
        g_string_append_printf(text, "\t%s", cards[i].name);
    for (int k = 0; k < c->cases.n * TYPES; k++) {
        const Case *one = &c->cases.items[k / TYPES];
        if (one->attention ? k % TYPES != BF16 : k % TYPES == TF32 && !one->tf32)
            continue;
        g_autofree char *name = row_name(one, &types[k % TYPES]);
        g_string_append_printf(text, "\n%s", name);
        for (int i = 0; i < CARDS; i++)
            if (c->rows[k].bytes[i] < 0)
                g_string_append(text, "\t-");
            else
                g_string_append_printf(text, "\t%" PRId64, c->rows[k].bytes[i]);
    }
    g_string_append_c(text, '\n');
    g_autofree char *path = table_path(c);
    tap_ok(g_file_set_contents(path, text->str, -1, NULL), "%s is written", path);
}

/* Plans ------------------------------------------------------------------------------------------------------------ */

static cudnnBackendDescriptor_t describe_card(const Context *c, const char *name)
{
    g_autofree char *file = g_strconcat(name, ".json", NULL), *path = g_build_filename(c->folder, "cards", file, NULL),
                    *text = NULL;
    gsize size;
    cudnnBackendDescriptor_t card = NULL;
    if (!g_file_get_contents(path, &text, &size, NULL) ||
        cudnnBackendCreateDescriptor(CUDNN_BACKEND_DEVICEPROP_DESCRIPTOR, &card))
        return NULL;
    if (cudnnBackendSetAttribute(card, CUDNN_ATTR_DEVICEPROP_JSON_REPRESENTATION, CUDNN_TYPE_CHAR, (int64_t)size,
                                 text) ||
        cudnnBackendFinalize(card)) {
        char why[300];
        cudnnGetLastErrorString(why, sizeof why);
        tap_note("%s", why);
        return NULL;
    }
    return card;
}

static LkCudnnPlan *plan_conv(const LkCudnn *cudnn, const Case *one, const Type *type, LkError *error)
{
    LkConvGeometry g = one->conv;
    g.dtype = type->dtype;
    g.tf32 = type->tf32;
    return one->backward ? lk_cudnn_conv_backward_data_new(cudnn, &g, error) : lk_cudnn_conv_new(cudnn, &g, error);
}

/** As the backend does it: the backward pass in parts. */
static LkCudnnPlan *plan_attention(const LkCudnn *cudnn, const Case *one, const Type *type, LkError *error)
{
    LkSdpaGeometry g = one->sdpa;
    g.dtype = type->dtype;
    if (one->backward)
        g = lk_cudnn_sdpa_backward_part(cudnn, &g, LK_CUDNN_WORKSPACE_CAP);
    return one->backward ? lk_cudnn_sdpa_backward_new(cudnn, &g, error) : lk_cudnn_sdpa_new(cudnn, &g, error);
}

/** Whether cards train in this type. */
static bool computes(const Type *type, int sm)
{
    return lk_card_trains(sm, type->dtype, "a card", NULL) && (!type->tf32 || lk_card_limits(sm)->tf32);
}

static bool promised(const Case *one, const Type *type, int sm)
{
    LkSdpaGeometry g = one->sdpa;
    g.dtype = type->dtype;
    return one->attention ? lk_cudnn_sdpa_supported(sm, &g, one->backward)
                          : computes(type, sm) && (one->tf32 || !type->tf32);
}

/** What a group of cases came to. */
typedef struct Tally {
    int made, missing, unexpected, large, different;
    int64_t largest;
} Tally;

static void complain(int *count, const char *what, const Case *one, const Type *type, const char *detail)
{
    if ((*count)++ < 5)
        tap_note("%s %s: %s %s", one->name, type->name, what, detail);
}

/** When the table is only added to: whether it has the case, which is then taken from it. */
static bool recall(Context *c, int k, int card)
{
    g_autofree char *key = row_name(&c->cases.items[k / TYPES], &types[k % TYPES]);
    const Row *known = c->update && c->same_version ? g_hash_table_lookup(c->known, key) : NULL;
    if (known)
        c->rows[k].bytes[card] = known->bytes[card];
    return known != NULL;
}

/** Holds a case against its promise and the table; keeps what was found. */
static void judge(Context *c, Tally *tally, int k, int card, LkCudnnPlan *plan, const LkError *error)
{
    const Case *one = &c->cases.items[k / TYPES];
    const Type *type = &types[k % TYPES];
    bool want = promised(one, type, cards[card].sm);
    int64_t bytes = plan ? lk_cudnn_workspace(plan) : NONE;
    c->rows[k].bytes[card] = bytes;
    tally->made += plan != NULL;
    tally->largest = MAX(tally->largest, bytes);
    if (want && !plan)
        complain(&tally->missing, "has no plan:", one, type, error->text);
    if (!want && plan)
        complain(&tally->unexpected, "has a plan that the table of limits does not know:", one, type,
                 lk_cudnn_engine(plan));
    if (bytes > LK_CUDNN_WORKSPACE_CAP)
        complain(&tally->large, "wants more than the cap,", one, type, lk_cudnn_engine(plan));
    g_autofree char *key = row_name(one, type);
    const Row *known = g_hash_table_lookup(c->known, key);
    g_autofree char *found =
        g_strdup_printf("%" PRId64 " where the table has %" PRId64, bytes, known ? known->bytes[card] : (int64_t)NONE);
    if (want && c->same_version && !c->update && (!known || known->bytes[card] != bytes))
        complain(&tally->different, "workspace:", one, type, found);
    lk_cudnn_plan_free(plan);
}

static void report(const Context *c, const Tally *t, const char *card, const char *what)
{
    tap_ok(!t->missing && !t->unexpected && !t->large, "%s: %d %s, at most %.1f MiB of workspace", card, t->made, what,
           (double)t->largest / (1 << 20));
    if (c->same_version && !c->update)
        tap_ok(!t->different, "%s: workspaces of %s are those of the table", card, what);
}

static void test_convolutions(Context *c, int card, const LkCudnn *cudnn)
{
    Tally tally = {0};
    char f32[256] = ""; /* the engine of the case before, where that is the same in f32 */
    int compared = 0, other = 0;
    for (int k = 0; k < c->cases.n * TYPES; k++) {
        LkError error = {0};
        const Case *one = &c->cases.items[k / TYPES];
        if (one->attention || !promised(one, &types[k % TYPES], cudnn->sm) || recall(c, k, card))
            continue;
        LkCudnnPlan *plan = plan_conv(cudnn, one, &types[k % TYPES], &error);
        const char *engine = plan ? lk_cudnn_engine(plan) : "";
        bool both = k % TYPES == TF32 && f32[0];
        compared += both;
        other += both && strcmp(engine, f32) != 0;
        g_strlcpy(f32, k % TYPES == F32 ? engine : "", sizeof f32);
        judge(c, &tally, k, card, plan, &error);
    }
    report(c, &tally, cards[card].name, "convolutions");
    if (compared > 0) /* tensor cores may not pay for a few channels */
        tap_ok(other * 10 >= compared * 9, "%s: TF32 is another engine's than f32 for %d of %d", cards[card].name,
               other, compared);
}

/** What the table denies to a card, the library denies too: asked as if the card were one of which the table promises
 * it. */
static LkCudnnPlan *plan_denied(const LkCudnn *cudnn, const Case *one, const Type *type)
{
    LkCudnn other = {.device = cudnn->device, .sm = 90};
    LkError error = {0};
    return plan_attention(&other, one, type, &error);
}

/** How much of the attention is tried. */
typedef enum Scope { SCOPE_KINDS, SCOPE_SHAPES, SCOPE_ALL } Scope;

/** Whether a case is the first of its kind: head size, own keys or others, mask, pass, room behind the result's rows.
 */
static bool first_of_its_kind(const Context *c, int at)
{
    const Case *one = &c->cases.items[at];
    for (int i = 0; i < at; i++) {
        const Case *other = &c->cases.items[i];
        const LkSdpaGeometry *a = &one->sdpa, *b = &other->sdpa;
        if (other->attention && other->backward == one->backward && a->head_dim == b->head_dim &&
            a->causal == b->causal &&
            (lk_sdpa_o_stride(a) == a->row_stride) == (lk_sdpa_o_stride(b) == b->row_stride) &&
            (a->q_len == a->kv_len) == (b->q_len == b->kv_len))
            return false;
    }
    return true;
}

static bool in_scope(const Context *c, int k, Scope scope)
{
    const Type *type = &types[k % TYPES];
    return c->cases.items[k / TYPES].attention && type->dtype != LK_F32 &&
           (scope == SCOPE_ALL || type->dtype == LK_BF16) && (scope != SCOPE_KINDS || first_of_its_kind(c, k / TYPES));
}

static void test_attention(Context *c, int card, const LkCudnn *cudnn, Scope scope)
{
    Tally tally = {0};
    int denied = 0, wrong = 0;
    for (int k = 0; k < c->cases.n * TYPES; k++) {
        LkError error = {0};
        const Case *one = &c->cases.items[k / TYPES];
        const Type *type = &types[k % TYPES];
        if (!in_scope(c, k, scope) || recall(c, k, card))
            continue;
        if (promised(one, type, cudnn->sm)) {
            LkCudnnPlan *plan = plan_attention(cudnn, one, type, &error);
            judge(c, &tally, k, card, plan, &error);
        } else if (promised(one, type, 90)) {
            LkCudnnPlan *plan = plan_denied(cudnn, one, type);
            denied++;
            if (plan)
                complain(&wrong, "is denied by the table of limits, but has a plan:", one, type, lk_cudnn_engine(plan));
            lk_cudnn_plan_free(plan);
        }
    }
    report(c, &tally, cards[card].name, "attentions");
    tap_ok(!wrong, "%s: cuDNN has none of the %d attentions that the table of limits denies", cards[card].name, denied);
}

/** What a call does divides the whole, keeps below the cap, and more would not. */
static void test_groups(int card, const LkCudnn *cudnn)
{
    const LkCardLimits *limits = lk_card_limits(cudnn->sm);
    LkSdpaGeometry g = {.dtype = LK_BF16,
                        .batch = 1,
                        .heads = 10,
                        .q_len = 4096,
                        .kv_len = 4096,
                        .kv_rows = 4096,
                        .head_dim = 64,
                        .row_stride = 640,
                        .stats_heads = 10,
                        .scale = 0.125f};
    LkError error = {0};
    int64_t group = lk_cudnn_sdpa_backward_part(cudnn, &g, LK_CUDNN_WORKSPACE_CAP).heads;
    tap_ok(group == (limits->backward_workspace ? 5 : 10), "%s: %d of SDXL's 10 heads of 4096 rows at once",
           cards[card].name, (int)group);
    LkCudnnPlan *whole = lk_cudnn_sdpa_backward_new(cudnn, &g, &error);
    tap_ok(whole && (lk_cudnn_workspace(whole) > LK_CUDNN_WORKSPACE_CAP) == (group < 10),
           "%s: all of them want %.0f MiB", cards[card].name,
           whole ? (double)lk_cudnn_workspace(whole) / (1 << 20) : 0.0);
    lk_cudnn_plan_free(whole);
    tap_ok(lk_cudnn_sdpa_backward_part(cudnn, &g, 1).heads == 1, "%s: at least one head is done", cards[card].name);
    LkSdpaGeometry many = g; /* SD 2.1 at 768 x 768, four pictures: not one head of all */
    many.batch = 4;
    many.heads = many.stats_heads = 5;
    many.q_len = many.kv_len = many.kv_rows = 9216;
    many.row_stride = 320;
    LkSdpaGeometry part = lk_cudnn_sdpa_backward_part(cudnn, &many, LK_CUDNN_WORKSPACE_CAP);
    bool small = limits->backward_workspace;
    tap_ok(part.batch == (small ? 1 : 4) && part.heads == (small ? 1 : 5), "%s: %d heads of %d samples of 9216 rows",
           cards[card].name, (int)part.heads, (int)part.batch);
    many.q_len = 9213;
    many.heads = many.stats_heads = 1;
    tap_ok(lk_cudnn_sdpa_backward_part(cudnn, &many, LK_CUDNN_WORKSPACE_CAP).batch == 4,
           "%s: no part begins at an odd place of the statistics", cards[card].name);
}

/** Adapters of convolutions: from a layer's channels to a few and their gradients, of odd ranks too. */
static void test_ranks(const LkCudnn *cudnn, const char *card)
{
    static const int64_t shapes[][4] = {
        {64, 320, 16, 1}, {16, 1280, 4, 1}, {64, 320, 8, 2}, {32, 640, 1, 1}, {32, 640, 3, 2}};
    int made = 0, missing = 0;
    for (size_t i = 0; i < G_N_ELEMENTS(shapes) * TYPES; i++) {
        const int64_t *s = shapes[i / TYPES];
        const Type *type = &types[i % TYPES];
        LkConvGeometry g = {.dtype = type->dtype,
                            .tf32 = type->tf32,
                            .n = 1,
                            .h = s[0],
                            .w = s[0],
                            .c_in = s[1],
                            .out_h = (s[0] - 1) / s[3] + 1,
                            .out_w = (s[0] - 1) / s[3] + 1,
                            .c_out = s[2],
                            .kernel = 3,
                            .stride = (int)s[3],
                            .pad_before = 1,
                            .pad_after = 1};
        if (!computes(type, cudnn->sm))
            continue;
        LkError error = {0};
        LkCudnnPlan *plans[3] = {lk_cudnn_conv_new(cudnn, &g, &error),
                                 lk_cudnn_conv_backward_data_new(cudnn, &g, &error),
                                 lk_cudnn_conv_backward_weight_new(cudnn, &g, &error)};
        for (int k = 0; k < 3; k++) {
            made += plans[k] != NULL;
            missing += plans[k] == NULL || lk_cudnn_workspace(plans[k]) > LK_CUDNN_WORKSPACE_CAP;
            lk_cudnn_plan_free(plans[k]);
        }
        if (error.text[0])
            tap_note("%s", error.text);
    }
    tap_ok(made && !missing, "%s: %d convolutions of adapters and their gradients for input and weight", card, made);
}

/** Layers of one shape share a plan; others do not; a plan outlives the cache. */
static void test_cache(const LkCudnn *described, const Case *one, const char *card)
{
    LkCudnn cudnn = *described;
    LkError error = {0};
    Case other = *one;
    other.conv.pad_before = 0;
    other.conv.pad_after = 2 * one->conv.pad_before;
    cudnn.cache = lk_cudnn_cache_new(&cudnn, NULL);
    LkCudnnPlan *first = plan_conv(&cudnn, one, &types[F32], &error),
                *second = plan_conv(&cudnn, one, &types[F32], &error);
    LkCudnnPlan *shifted = plan_conv(&cudnn, &other, &types[F32], &error),
                *narrow = plan_conv(&cudnn, one, &types[F16], &error);
    tap_ok(first && first == second, "%s: the same convolution is the same plan", card);
    tap_ok(shifted && narrow && shifted != first && narrow != first && narrow != shifted,
           "%s: another padding or type is another", card);
    if (computes(&types[TF32], cudnn.sm)) {
        LkCudnnPlan *rounds = plan_conv(&cudnn, one, &types[TF32], &error);
        tap_ok(rounds && rounds != first, "%s: and so is TF32", card);
        lk_cudnn_plan_free(rounds);
    }
    lk_cudnn_plan_free(second);
    lk_cudnn_plan_free(shifted);
    lk_cudnn_plan_free(narrow);
    lk_cudnn_cache_free(cudnn.cache);
    tap_ok(first && lk_cudnn_engine(first)[0], "%s: a plan outlives the cache", card);
    lk_cudnn_plan_free(first);
}

/** Every way in which a file on disk can be wrong only means that the plan is made again. */
static void test_spoilt(const LkCudnn *cudnn, const char *folder, const LkSdpaGeometry *g, const char *made)
{
    g_autofree char *path = only_file(folder), *good = NULL;
    gsize size = 0;
    if (!tap_ok(path && g_file_get_contents(path, &good, &size, NULL), "it is one file"))
        return;
    for (int i = 0; i < 4; i++) {
        g_autofree char *bad = g_memdup2(good, size), *again = NULL;
        gsize bad_size = i == 0 ? 0 : i == 1 ? size / 2 : size;
        if (i == 2)
            bad[size - 20] ^= 1;
        if (i == 3)
            bad[strcspn(bad, "\n") + 5] ^= 1; /* of the name */
        g_file_set_contents(path, bad, (gssize)bad_size, NULL);
        again = plan_from_folder(cudnn, folder, g, true);
        tap_ok(strcmp(again, made) == 0, "a plan that is %s is made again",
               (const char *const[]){"empty", "cut short", "changed", "of another name"}[i]);
    }
}

/** A plan that took long is found by the next start. */
static void test_store(const LkCudnn *cudnn, const char *card)
{
    LkSdpaGeometry g = {.dtype = LK_BF16,
                        .batch = 1,
                        .heads = 8,
                        .q_len = 64,
                        .kv_len = 77,
                        .kv_rows = 77,
                        .head_dim = 40,
                        .row_stride = 320,
                        .scale = 0.125f};
    char *scratch = scratch_new();
    g_autofree char *folder = g_build_filename(scratch, "deep", "plans", NULL),
                    *made = plan_from_folder(cudnn, folder, &g, true);
    g_autofree char *found = plan_from_folder(cudnn, folder, &g, true), *forward = NULL;
    tap_ok(g_str_has_prefix(made, "made") && g_str_has_prefix(found, "found") && strcmp(made + 4, found + 5) == 0,
           "%s: %s, then %s", card, made, found);
    test_spoilt(cudnn, folder, &g, made);
    LkSdpaGeometry other = g;
    other.scale = 0.25f;
    forward = plan_from_folder(cudnn, folder, &other, true);
    tap_ok(g_str_has_prefix(forward, "made"), "another scale is another plan");
    g_autofree char *nowhere = plan_from_folder(cudnn, "/proc/nowhere", &g, true);
    tap_ok(strcmp(nowhere, made) == 0, "a folder that cannot be made is no hindrance");
    scratch_remove(scratch);
    g_free(scratch);
}

/** What is refused says so in a sentence. */
static void test_refusals(const LkCudnn *cudnn, const char *card)
{
    LkError error = {0};
    LkSdpaGeometry wide = {.dtype = LK_BF16,
                           .batch = 1,
                           .heads = 1,
                           .q_len = 64,
                           .kv_len = 64,
                           .kv_rows = 64,
                           .head_dim = 512,
                           .row_stride = 512,
                           .scale = 1};
    tap_ok(!lk_cudnn_sdpa_backward_new(cudnn, &wide, &error) && error.code == LK_ERROR_UNSUPPORTED &&
               strstr(error.text, "1 heads of 512"),
           "%s: %s", card, error.text);
    LkConvGeometry odd = {.dtype = LK_F32,
                          .n = 1,
                          .h = 8,
                          .w = 8,
                          .c_in = 4,
                          .out_h = 3,
                          .out_w = 8,
                          .c_out = 4,
                          .kernel = 3,
                          .stride = 1,
                          .pad_before = 1,
                          .pad_after = 1};
    LkError other = {0};
    tap_ok(!lk_cudnn_conv_new(cudnn, &odd, &other) && other.text[0], "%s: %.90s…", card, other.text);
}

static void test_card(Context *c, int card, Scope scope)
{
    LkCudnn cudnn = {.device = describe_card(c, cards[card].name), .sm = cards[card].sm};
    if (!tap_ok(cudnn.device, "%s is described", cards[card].name))
        return;
    gint64 start = g_get_monotonic_time();
    test_convolutions(c, card, &cudnn);
    gint64 middle = g_get_monotonic_time();
    test_refusals(&cudnn, cards[card].name);
    test_ranks(&cudnn, cards[card].name);
    const Case *convolution = c->cases.items;
    while (convolution->attention)
        convolution++;
    test_cache(&cudnn, convolution, cards[card].name);
    if (scope != SCOPE_KINDS || cards[card].attention) {
        test_attention(c, card, &cudnn, scope);
        if (lk_card_limits(cudnn.sm)->attention && !c->update) {
            test_groups(card, &cudnn);
            test_store(&cudnn, cards[card].name);
        }
    } else {
        tap_note("LORIKEET_CUDNN=all makes this card's attention plans as well");
    }
    tap_note("%.1f s for convolutions, %.1f s for attention", (double)(middle - start) / 1e6,
             (double)(g_get_monotonic_time() - middle) / 1e6);
    cudnnBackendDestroyDescriptor(cudnn.device);
}

/** Walks the graphs, and holds SDXL's U-Net against a list of its own. */
static bool collect(Cases *cases, const char *tests)
{
    Cases walked = {0};
    bool ok = cases_add_sd15(cases, tests) && cases_add_sd21(cases, tests) && cases_add_sdxl(&walked, tests);
    int missing = 0, unlisted = 0, known = cases->n;
    cases_add_sdxl_list(cases, 1, 128, 128);
    cases_add_sdxl_list(cases, 1, 104, 152);
    cases_add_sdxl_list(cases, 4, 128, 128);
    for (int i = known; i < cases->n; i++)
        if (!cases->items[i].backward && !cases_find(&walked, cases->items[i].name))
            complain(&missing, "is listed for SDXL, but not in its graph", &cases->items[i], &types[F32], "");
    for (int i = 0; i < walked.n; i++)
        if (walked.items[i].backward && !walked.items[i].sdpa.causal && !cases_find(cases, walked.items[i].name))
            complain(&unlisted, "is in SDXL's graph, but not listed", &walked.items[i], &types[F32], "");
    tap_ok(ok && !missing && !unlisted, "SDXL's U-Net has the published convolutions and attentions");
    cases_add_sdxl(cases, tests);
    cases_clear(&walked);
    return ok;
}

int main(int argc, char **argv)
{
    if (argc < 3)
        return 2;
    bool update = strcmp(argv[2], "--update") == 0, all = g_strcmp0(g_getenv("LORIKEET_CUDNN"), "all") == 0;
    Scope scope = update ? SCOPE_SHAPES : all ? SCOPE_ALL : SCOPE_KINDS;
    Context c = {.folder = g_build_filename(argv[1], "cudnn", NULL),
                 .update = update,
                 .known = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free)};
    if (tap_ok(collect(&c.cases, argv[1]), "the graphs of SD 1.5, SD 2.1 and SDXL are built")) {
        c.rows = g_new(Row, c.cases.n * TYPES);
        for (int k = 0; k < c.cases.n * TYPES; k++)
            for (int i = 0; i < CARDS; i++)
                c.rows[k].bytes[i] = NONE;
        read_table(&c);
        if (!update && !c.same_version)
            tap_note("The table of workspaces is of another cuDNN than %zu: not compared", cudnnGetVersion());
        for (int i = 0; i < CARDS; i++)
            if (update || strcmp(cards[i].name, argv[2]) == 0)
                test_card(&c, i, scope);
        if (update)
            write_table(&c);
    }
    cases_clear(&c.cases);
    g_hash_table_unref(c.known);
    g_free(c.rows);
    g_free(c.folder);
    return tap_done();
}
