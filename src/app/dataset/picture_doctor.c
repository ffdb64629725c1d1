/* The doctor: pictures that are new or changed are examined in small groups on a thread; files that were never decoded
 * are decoded one after another on a thread of low priority; when both rest, pictures are compared with each other. */
#include "app/dataset/dataset_finding_private.h"
#include "app/dataset/finding_texts.h"
#include "app/dataset/picture_compare.h"
#include "app/dataset/picture_examine.h"
#include "app/dataset/picture_list_private.h"

#include <glib/gi18n.h>
#include <sys/resource.h>

enum {
    GROUP = 1000,   /* pictures that are examined together */
    AT_ONCE = 4,    /* files that are handed to the decoder before it has answered */
    STORED = 64,    /* decoded files that are stored together */
    TELL = 500000,  /* microseconds between tellings while there is much to do */
    REST = 400,     /* milliseconds of rest before pictures are compared */
    SLICE = 3000,   /* microseconds a time that collecting them may take */
    NICE = 15,      /* of the decoder's thread */
    KINDS_SHOWN = 3 /* in the summary */
};

/* Shared with threads that may outlive the doctor. */
typedef struct Tie {
    LkPictureDoctor *doctor; /* main thread alone; NULL once it is gone */
} Tie;

struct LkPictureDoctor {
    LkPictureList *list;
    Tie *tie;
    GPtrArray *waiting; /* LkPicture to be examined (owned) */
    GQueue undecoded;   /* LkPicture to be decoded (owned) */
    GPtrArray *decoded; /* LkPicture whose facts are to be stored (owned) */
    GThreadPool *decoder;
    guint decoding; /* at the decoder */
    bool examining, comparing, compare_wanted, looks_wanted;
    GArray *collecting; /* LkPeer for a comparison, NULL else */
    guint collected;
    guint work_id, compare_id, collect_id;
    guint aspects;
    gint64 told;
    GListStore *findings;
    LkDatasetFinding *by_kind[LK_FINDING_COUNT]; /* borrowed from `findings` */
    GPtrArray *whole;                            /* LkFinding about the whole dataset */
    char *summary;
    guint problems;
    bool checking;
};

static void work(LkPictureDoctor *doctor);

static void tie_unref(gpointer tie)
{
    g_atomic_rc_box_release(tie);
}

/* ---- findings ---------------------------------------------------------------------------------------- */

static bool is_attention(LkFindingKind kind)
{
    return lk_finding_kind_severity(kind) >= LK_SEVERITY_WARNING && lk_finding_is_of_picture(kind);
}

/* How many pictures that are not left out have each kind, and how many have one that needs attention. */
static guint count_kinds(LkPictureList *list, guint counts[LK_FINDING_COUNT])
{
    guint64 attention = 0;
    for (int kind = 0; kind < LK_FINDING_COUNT; kind++)
        if (is_attention((LkFindingKind)kind))
            attention |= lk_finding_bit(kind);
    guint pictures = 0;
    for (guint i = 0; i < list->pictures->len; i++) {
        LkPicture *picture = list->pictures->pdata[i];
        const guint64 problems = picture->excluded ? 0 : lk_picture_get_problems(picture);
        pictures += (problems & attention) != 0;
        for (guint64 left = problems; left; left &= left - 1)
            counts[g_bit_nth_lsf((gulong)left, -1)]++;
    }
    return pictures;
}

static const LkFinding *of_whole(const LkPictureDoctor *doctor, LkFindingKind kind)
{
    for (guint i = 0; doctor->whole && i < doctor->whole->len; i++) {
        const LkFinding *finding = doctor->whole->pdata[i];
        if (finding->kind == kind)
            return finding;
    }
    return NULL;
}

static int compare_findings(const void *a, const void *b, void *data)
{
    LkDatasetFinding *x = (LkDatasetFinding *)a, *y = (LkDatasetFinding *)b;
    const int by_severity = (int)lk_dataset_finding_get_severity(y) - (int)lk_dataset_finding_get_severity(x);
    return by_severity ? by_severity : (int)lk_dataset_finding_get_kind(x) - (int)lk_dataset_finding_get_kind(y);
}

static void update_kind(LkPictureDoctor *doctor, LkFindingKind kind, guint count)
{
    const LkFinding *whole = of_whole(doctor, kind);
    const char *text = whole ? whole->text : NULL;
    LkDatasetFinding *known = doctor->by_kind[kind];
    if (!text && (!count || !lk_finding_is_of_picture(kind))) {
        guint position;
        if (known && g_list_store_find(doctor->findings, known, &position)) {
            lk_dataset_finding_update(known, 0, NULL);
            g_list_store_remove(doctor->findings, position);
        }
        doctor->by_kind[kind] = NULL;
        return;
    }
    g_autoptr(LkDatasetFinding) made = known ? NULL : lk_dataset_finding_new(doctor->list, kind);
    lk_dataset_finding_update(known ? known : made, count, text);
    if (!made)
        return;
    doctor->by_kind[kind] = made;
    g_list_store_insert_sorted(doctor->findings, made, compare_findings, NULL);
}

/* The kinds of the summary by how many pictures have them. */
static char *list_kinds(const guint counts[LK_FINDING_COUNT])
{
    GString *text = g_string_new(NULL);
    bool used[LK_FINDING_COUNT] = {false};
    for (int shown = 0; shown < KINDS_SHOWN; shown++) {
        int best = -1;
        for (int kind = 0; kind < LK_FINDING_COUNT; kind++)
            if (counts[kind] && !used[kind] && is_attention((LkFindingKind)kind) &&
                (best < 0 || counts[kind] > counts[best]))
                best = kind;
        g_autofree char *brief = best < 0 ? NULL : lk_finding_kind_short((LkFindingKind)best, counts[best]);
        if (!brief)
            break;
        used[best] = true;
        /* translators: between the parts of a list such as "2 without caption, 1 blurred" */
        g_string_append_printf(text, "%s%s", text->len ? _(", ") : "", brief);
    }
    return g_string_free(text, FALSE);
}

static char *make_summary(guint pictures, const guint counts[LK_FINDING_COUNT])
{
    if (!pictures)
        return g_strdup("");
    g_autofree char *kinds = list_kinds(counts);
    return g_strdup_printf(ngettext("%u picture needs attention: %s", "%u pictures need attention: %s", pictures),
                           pictures, kinds);
}

static void summarise(LkPictureDoctor *doctor)
{
    guint counts[LK_FINDING_COUNT] = {0};
    doctor->problems = count_kinds(doctor->list, counts);
    for (int kind = 0; kind < LK_FINDING_COUNT; kind++)
        update_kind(doctor, (LkFindingKind)kind, counts[kind]);
    g_autofree char *summary = make_summary(doctor->problems, counts);
    if (g_set_str(&doctor->summary, summary))
        lk_picture_list_notify(doctor->list, LK_LIST_PROP_SUMMARY);
}

/* Tells what was found out: soon, but not for each of many groups. */
static void tell(LkPictureDoctor *doctor, bool at_once)
{
    const gint64 now = g_get_monotonic_time();
    if (!at_once && now - doctor->told < TELL)
        return;
    doctor->told = now;
    if (doctor->aspects)
        lk_picture_list_changed(doctor->list, doctor->aspects);
    doctor->aspects = 0;
    summarise(doctor);
}

static bool is_busy(const LkPictureDoctor *doctor)
{
    return doctor->waiting->len || doctor->examining || !g_queue_is_empty((GQueue *)&doctor->undecoded) ||
           doctor->decoding || doctor->compare_wanted || doctor->comparing;
}

static void update_checking(LkPictureDoctor *doctor)
{
    const bool checking = is_busy(doctor);
    if (doctor->checking == checking)
        return;
    doctor->checking = checking;
    lk_picture_list_notify(doctor->list, LK_LIST_PROP_CHECKING);
}

/* ---- examining --------------------------------------------------------------------------------------- */

/* A group on its way. */
typedef struct Group {
    Tie *tie;
    GArray *patients; /* LkPatient, or */
    GArray *peers;    /* of a comparison; NULL else */
    LkPictureRules *rules;
    GPtrArray *whole; /* of a comparison */
    bool looks;
} Group;

static void group_free(Group *group)
{
    g_clear_pointer(&group->patients, lk_patients_free);
    g_clear_pointer(&group->peers, lk_peers_free);
    lk_picture_rules_unref(group->rules);
    g_clear_pointer(&group->whole, g_ptr_array_unref);
    tie_unref(group->tie);
    g_free(group);
}

static void group_thread(GTask *task, gpointer source, gpointer data, GCancellable *cancellable)
{
    Group *group = data;
    if (group->peers)
        group->whole = lk_peers_compare(group->peers, group->rules, group->looks);
    else
        lk_patients_examine(group->patients, group->rules);
    g_task_return_boolean(task, TRUE);
}

static void take_examined(LkPictureDoctor *doctor, Group *group)
{
    for (guint i = 0; i < group->patients->len; i++) {
        const LkPatient *patient = &g_array_index(group->patients, LkPatient, i);
        LkPicture *picture = patient->picture;
        if (picture->unexamined || !picture->listed)
            continue; /* it has changed since and waits again */
        lk_picture_set_tokens(picture, patient->tokens);
        lk_picture_set_problems(picture, patient->problems, picture->shared_problems);
    }
    doctor->examining = false;
    doctor->aspects |= LK_PICTURE_ASPECT_CAPTION | LK_PICTURE_ASPECT_PROBLEMS;
    tell(doctor, doctor->waiting->len == 0);
}

static void take_compared(LkPictureDoctor *doctor, Group *group)
{
    const guint64 looks = lk_finding_bit(LK_FINDING_PICTURE_LOOKALIKE);
    for (guint i = 0; i < doctor->list->pictures->len; i++) {
        LkPicture *picture = doctor->list->pictures->pdata[i];
        if (!lk_picture_is_trained(picture) && picture->shared_problems)
            lk_picture_set_problems(picture, picture->own_problems, 0);
    }
    for (guint i = 0; i < group->peers->len; i++) {
        const LkPeer *peer = &g_array_index(group->peers, LkPeer, i);
        LkPicture *picture = peer->picture;
        const guint64 kept = group->looks ? 0 : picture->shared_problems & looks;
        lk_picture_set_problems(picture, picture->own_problems, peer->problems | kept);
    }
    g_clear_pointer(&doctor->whole, g_ptr_array_unref);
    doctor->whole = g_steal_pointer(&group->whole);
    doctor->comparing = false;
    doctor->aspects |= LK_PICTURE_ASPECT_PROBLEMS;
    tell(doctor, true);
}

static void group_cb(GObject *source, GAsyncResult *result, gpointer data)
{
    Group *group = data;
    LkPictureDoctor *doctor = group->tie->doctor;
    if (doctor && group->peers)
        take_compared(doctor, group);
    else if (doctor)
        take_examined(doctor, group);
    if (doctor)
        work(doctor);
    group_free(group);
}

/* One of the two. */
static void send(LkPictureDoctor *doctor, GArray *patients, GArray *peers)
{
    Group *group = g_new0(Group, 1);
    group->tie = g_atomic_rc_box_acquire(doctor->tie);
    group->patients = patients;
    group->rules = lk_picture_rules_ref(doctor->list->rules);
    group->peers = peers;
    group->looks = peers && doctor->looks_wanted;
    g_autoptr(GTask) task = g_task_new(NULL, NULL, group_cb, group);
    g_task_set_task_data(task, group, NULL);
    g_task_run_in_thread(task, group_thread);
}

static void examine_next(LkPictureDoctor *doctor)
{
    const guint count = MIN(doctor->waiting->len, GROUP);
    GArray *patients = lk_patients_new(count);
    for (guint i = 0; i < count; i++) {
        LkPicture *picture = doctor->waiting->pdata[i];
        picture->unexamined = false;
        if (picture->listed)
            lk_patients_add(patients, picture);
    }
    g_ptr_array_remove_range(doctor->waiting, 0, count);
    doctor->examining = true;
    send(doctor, patients, NULL);
}

/* ---- comparing --------------------------------------------------------------------------------------- */

static gboolean collect_cb(gpointer data)
{
    LkPictureDoctor *doctor = data;
    GPtrArray *pictures = doctor->list->pictures;
    const gint64 until = g_get_monotonic_time() + SLICE;
    while (doctor->collected < pictures->len && g_get_monotonic_time() < until)
        for (int i = 0; i < 100 && doctor->collected < pictures->len; i++) {
            LkPicture *picture = pictures->pdata[doctor->collected++];
            if (lk_picture_is_trained(picture))
                lk_peers_add(doctor->collecting, picture);
        }
    if (doctor->collected < pictures->len)
        return G_SOURCE_CONTINUE;
    doctor->collect_id = 0;
    send(doctor, NULL, g_steal_pointer(&doctor->collecting));
    doctor->looks_wanted = false;
    return G_SOURCE_REMOVE;
}

static gboolean compare_cb(gpointer data)
{
    LkPictureDoctor *doctor = data;
    doctor->compare_id = 0;
    doctor->compare_wanted = false;
    doctor->comparing = true;
    doctor->collecting = lk_peers_new();
    doctor->collected = 0;
    doctor->collect_id = g_idle_add_full(G_PRIORITY_LOW, collect_cb, doctor, NULL);
    return G_SOURCE_REMOVE;
}

/* ---- decoding ---------------------------------------------------------------------------------------- */

/* A file at the decoder. */
typedef struct Decode {
    Tie *tie;
    LkPicture *picture; /* owned; main thread alone */
    char *path;
    LkPictureFacts *facts;
} Decode;

static void store_decoded(LkPictureDoctor *doctor)
{
    if (doctor->decoded->len)
        lk_picture_list_store(doctor->list, doctor->decoded);
    g_ptr_array_set_size(doctor->decoded, 0);
}

static void take_facts(LkPictureDoctor *doctor, Decode *decode)
{
    LkPicture *picture = decode->picture;
    doctor->decoding--;
    picture->queued = false;
    const LkPictureFacts *facts = decode->facts;
    /* a file that has changed meanwhile is read again when that is seen */
    if (picture->listed && facts->modified == picture->modified && facts->bytes == picture->bytes) {
        lk_picture_set_facts(picture, facts);
        lk_picture_list_fit(doctor->list, picture);
        lk_picture_doctor_touch(doctor, picture);
        doctor->looks_wanted = true;
        doctor->aspects |= LK_PICTURE_ASPECT_FILE;
        g_ptr_array_add(doctor->decoded, g_object_ref(picture));
    }
    if (doctor->decoded->len >= STORED || (!doctor->decoding && g_queue_is_empty(&doctor->undecoded)))
        store_decoded(doctor);
    work(doctor);
}

static gboolean decoded_cb(gpointer data)
{
    Decode *decode = data;
    if (decode->tie->doctor)
        take_facts(decode->tie->doctor, decode);
    return G_SOURCE_REMOVE;
}

static void decode_free(gpointer data)
{
    Decode *decode = data;
    g_object_unref(decode->picture);
    g_free(decode->path);
    lk_picture_facts_free(decode->facts);
    tie_unref(decode->tie);
    g_free(decode);
}

static void decode_thread(gpointer data, gpointer user_data)
{
    static GPrivate is_nice;
    if (!g_private_get(&is_nice)) {
        setpriority(PRIO_PROCESS, 0, NICE); /* of this thread alone, on Linux */
        g_private_set(&is_nice, &is_nice);
    }
    Decode *decode = data;
    decode->facts = lk_picture_facts_read(decode->path, NULL);
    g_idle_add_full(G_PRIORITY_DEFAULT_IDLE, decoded_cb, decode, decode_free);
}

static void decode_next(LkPictureDoctor *doctor)
{
    LkPicture *picture = g_queue_pop_head(&doctor->undecoded);
    if (!picture->listed || picture->flags & (LK_PICTURE_FLAG_EXAMINED | LK_PICTURE_FLAG_MISSING)) {
        picture->queued = false;
        g_object_unref(picture);
        return;
    }
    if (!doctor->decoder)
        doctor->decoder = g_thread_pool_new(decode_thread, NULL, 1, TRUE, NULL);
    Decode *decode = g_new0(Decode, 1);
    *decode = (Decode){g_atomic_rc_box_acquire(doctor->tie), picture, g_strdup(picture->path), NULL};
    doctor->decoding++;
    g_thread_pool_push(doctor->decoder, decode, NULL);
}

/* ---- what is to be done ------------------------------------------------------------------------------ */

static void work(LkPictureDoctor *doctor)
{
    const bool reading = lk_picture_scan_is_running(doctor->list->scan);
    if (doctor->waiting->len && !doctor->examining)
        examine_next(doctor);
    while (!reading && doctor->decoding < AT_ONCE && !g_queue_is_empty(&doctor->undecoded))
        decode_next(doctor);
    const bool rests = !doctor->waiting->len && !doctor->examining && !doctor->decoding && !reading &&
                       g_queue_is_empty(&doctor->undecoded);
    if (rests && doctor->compare_wanted && !doctor->comparing && !doctor->compare_id)
        doctor->compare_id = g_timeout_add(REST, compare_cb, doctor);
    update_checking(doctor);
}

static gboolean work_cb(gpointer data)
{
    LkPictureDoctor *doctor = data;
    doctor->work_id = 0;
    work(doctor);
    return G_SOURCE_REMOVE;
}

void lk_picture_doctor_wake(LkPictureDoctor *doctor)
{
    if (!doctor->work_id)
        doctor->work_id = g_idle_add(work_cb, doctor);
}

void lk_picture_doctor_recount(LkPictureDoctor *doctor)
{
    doctor->compare_wanted = true;
    g_clear_handle_id(&doctor->compare_id, g_source_remove);
    lk_picture_doctor_wake(doctor);
}

void lk_picture_doctor_touch(LkPictureDoctor *doctor, LkPicture *picture)
{
    if (!picture->unexamined) {
        picture->unexamined = true;
        g_ptr_array_add(doctor->waiting, g_object_ref(picture));
    }
    if (!picture->queued && !(picture->flags & (LK_PICTURE_FLAG_EXAMINED | LK_PICTURE_FLAG_MISSING))) {
        picture->queued = true;
        g_queue_push_tail(&doctor->undecoded, g_object_ref(picture));
    }
    lk_picture_doctor_recount(doctor);
}

void lk_picture_doctor_touch_all(LkPictureDoctor *doctor)
{
    for (guint i = 0; i < doctor->list->pictures->len; i++)
        lk_picture_doctor_touch(doctor, doctor->list->pictures->pdata[i]);
}

/* ---- asking ------------------------------------------------------------------------------------------ */

GListModel *lk_picture_doctor_findings(LkPictureDoctor *doctor)
{
    return G_LIST_MODEL(doctor->findings);
}

const char *const *lk_picture_doctor_tags(LkPictureDoctor *doctor, LkFindingKind kind)
{
    const LkFinding *finding = of_whole(doctor, kind);
    return finding ? (const char *const *)finding->tags : NULL;
}

const char *lk_picture_doctor_summary(LkPictureDoctor *doctor)
{
    return doctor->summary;
}

guint lk_picture_doctor_problems(LkPictureDoctor *doctor)
{
    return doctor->problems;
}

gboolean lk_picture_doctor_checking(LkPictureDoctor *doctor)
{
    return doctor->checking;
}

char *lk_picture_list_get_problem_filter(LkPictureList *self)
{
    g_return_val_if_fail(LK_IS_PICTURE_LIST(self), NULL);
    GString *words = g_string_new(NULL);
    for (int kind = 0; kind < LK_FINDING_COUNT; kind++)
        if (self->doctor->by_kind[kind] && is_attention((LkFindingKind)kind))
            g_string_append_printf(words, "%sproblem:%s", words->len ? " OR " : "",
                                   lk_finding_name((LkFindingKind)kind));
    if (words->len) {
        g_string_prepend(words, "-is:excluded (");
        g_string_append_c(words, ')');
    }
    return g_string_free(words, FALSE);
}

/* ---- life -------------------------------------------------------------------------------------------- */

LkPictureDoctor *lk_picture_doctor_new(LkPictureList *list)
{
    LkPictureDoctor *doctor = g_new0(LkPictureDoctor, 1);
    doctor->list = list;
    doctor->tie = g_atomic_rc_box_new0(Tie);
    doctor->tie->doctor = doctor;
    doctor->waiting = g_ptr_array_new_with_free_func(g_object_unref);
    g_queue_init(&doctor->undecoded);
    doctor->decoded = g_ptr_array_new_with_free_func(g_object_unref);
    doctor->findings = g_list_store_new(LK_TYPE_DATASET_FINDING);
    doctor->summary = g_strdup("");
    doctor->looks_wanted = true;
    return doctor;
}

void lk_picture_doctor_free(LkPictureDoctor *doctor)
{
    doctor->tie->doctor = NULL;
    tie_unref(doctor->tie);
    store_decoded(doctor);
    g_clear_handle_id(&doctor->work_id, g_source_remove);
    g_clear_handle_id(&doctor->compare_id, g_source_remove);
    g_clear_handle_id(&doctor->collect_id, g_source_remove);
    g_clear_pointer(&doctor->collecting, lk_peers_free);
    if (doctor->decoder)
        g_thread_pool_free(doctor->decoder, FALSE, FALSE); /* the few files it has are decoded and let go */
    for (int kind = 0; kind < LK_FINDING_COUNT; kind++)
        if (doctor->by_kind[kind])
            lk_dataset_finding_detach(doctor->by_kind[kind]);
    g_ptr_array_unref(doctor->waiting);
    g_queue_clear_full(&doctor->undecoded, g_object_unref);
    g_ptr_array_unref(doctor->decoded);
    g_object_unref(doctor->findings);
    g_clear_pointer(&doctor->whole, g_ptr_array_unref);
    g_free(doctor->summary);
    g_free(doctor);
}
