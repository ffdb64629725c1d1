/* What only all pictures together tell. */
#include "dataset/doctor.h"

#include "text/tags.h"
#include "text/unicode.h"

#include <glib/gi18n.h>
#include <string.h>

enum {
    TAG_WORDS = 4,   /* a part of more words is a sentence and no tag */
    TAGS_SHOWN = 8,  /* in a text */
    TAGGED_LEAST = 5 /* captions, below which every tag is rare */
};

/* How many pictures are good for what. `most` 0: there cannot be too many. */
static const struct {
    const char *name;
    guint least, most;
} purposes[LK_PURPOSES] = {
    [LK_PURPOSE_ANY] = {"any", 15, 0},
    [LK_PURPOSE_STYLE] = {"style", 20, 30},
    [LK_PURPOSE_CHARACTER] = {"character", 30, 50},
};

const char *lk_purpose_name(LkPurpose purpose)
{
    return (unsigned)purpose < LK_PURPOSES ? purposes[purpose].name : "unknown";
}

bool lk_purpose_from_name(const char *name, LkPurpose *purpose)
{
    for (guint i = 0; i < LK_PURPOSES; i++)
        if (strcmp(purposes[i].name, name) == 0) {
            *purpose = (LkPurpose)i;
            return true;
        }
    return false;
}

static char **list_of(GPtrArray *texts)
{
    g_ptr_array_add(texts, NULL);
    return g_strdupv((char **)texts->pdata);
}

static void set_other(LkFinding *finding, const char *path)
{
    if (!finding)
        return;
    const char *const one[] = {path, NULL};
    finding->others = g_strdupv((char **)one);
}

/* ------------------------------------------------------------------ the same file, the same caption */

static guint hash_of_content(const void *hash)
{
    guint value;
    memcpy(&value, hash, sizeof value);
    return value;
}

static gboolean same_content(const void *a, const void *b)
{
    return memcmp(a, b, 32) == 0;
}

/* Pictures with the same bytes within one block: another block may well show the same picture at another resolution.
 * `repeated` is set for all but the first. */
static void find_duplicates(const LkDoctorPeer *peers, guint count, bool *repeated, GPtrArray *findings)
{
    g_autoptr(GHashTable) contents = g_hash_table_new(hash_of_content, same_content);
    for (guint i = 0; i < count; i++) {
        if (i && peers[i].block != peers[i - 1].block)
            g_hash_table_remove_all(contents);
        if (!peers[i].hash)
            continue;
        const LkDoctorPeer *twin = g_hash_table_lookup(contents, peers[i].hash);
        if (!twin) {
            g_hash_table_insert(contents, (void *)peers[i].hash, (void *)&peers[i]);
            continue;
        }
        repeated[i] = true;
        g_autofree char *shown = g_filename_display_name(twin->path);
        LkFinding *finding =
            lk_findings_add(findings, LK_FINDING_PICTURE_DUPLICATE, peers[i].path,
                            _("The file is the same as %s; remove one, or raise num_repeats if it should be seen more "
                              "often."),
                            shown);
        set_other(finding, twin->path);
        lk_finding_set_fix(finding, LK_FIX_EXCLUDE, NULL);
    }
}

static void find_shared_captions(const LkDoctorPeer *peers, guint count, GPtrArray *findings)
{
    g_autoptr(GHashTable) captions = g_hash_table_new(g_str_hash, g_str_equal);
    for (guint i = 0; i < count; i++) {
        if (i && peers[i].block != peers[i - 1].block)
            g_hash_table_remove_all(captions);
        char *path = peers[i].caption->path;
        const LkDoctorPeer *sharer = path ? g_hash_table_lookup(captions, path) : NULL;
        if (path && !sharer)
            g_hash_table_insert(captions, path, (void *)&peers[i]);
        if (!sharer || strcmp(sharer->path, peers[i].path) == 0)
            continue;
        g_autofree char *shown = g_filename_display_name(sharer->path);
        LkFinding *finding =
            lk_findings_add(findings, LK_FINDING_CAPTION_SHARED, path, _("The caption is used for %s too."), shown);
        lk_finding_set_picture(finding, peers[i].path);
        set_other(finding, sharer->path);
    }
}

/* ------------------------------------------------------------------ lookalikes */

static void say_alike(const LkDoctorPeer *one, const LkDoctorPeer *first, GPtrArray *findings)
{
    g_autofree char *shown = g_filename_display_name(first->path);
    LkFinding *finding = lk_findings_add(
        findings, LK_FINDING_PICTURE_LOOKALIKE, one->path,
        _("The picture looks nearly the same as %s; leave one out unless it should count twice."), shown);
    set_other(finding, first->path);
    lk_finding_set_fix(finding, LK_FIX_EXCLUDE, NULL);
}

/* The pictures first .. end - 1 of one block. */
static void find_lookalikes(const LkDoctorPeer *peers, guint first, guint end, const bool *repeated, int distance,
                            GPtrArray *findings)
{
    g_autofree const LkLook **looks = g_new0(const LkLook *, end - first + 1);
    for (guint i = first; i < end; i++)
        if (!repeated[i] && !peers[i].subset->is_reg)
            looks[i - first] = peers[i].look;
    g_autofree guint32 *groups = lk_lookalike_groups(looks, end - first, distance);
    for (guint i = first; groups && i < end; i++)
        if (groups[i - first] != i - first)
            say_alike(&peers[i], &peers[first + groups[i - first]], findings);
}

static void find_lookalikes_by_block(const LkDoctorPeer *peers, guint count, const bool *repeated, int distance,
                                     GPtrArray *findings)
{
    for (guint first = 0, end; first < count; first = end) {
        for (end = first + 1; end < count && peers[end].block == peers[first].block; end++)
            continue;
        find_lookalikes(peers, first, end, repeated, distance, findings);
    }
}

/* ------------------------------------------------------------------ tags */

typedef struct TagUse {
    char *tag;
    const char *path; /* of the first picture that has it */
    guint count;
} TagUse;

static void free_use(void *data)
{
    TagUse *use = data;
    g_free(use->tag);
    g_free(use);
}

static bool is_tag(const char *part)
{
    guint words = 1;
    for (; *part; part++)
        words += *part == ' ';
    return words <= TAG_WORDS;
}

static void count_tags(GHashTable *uses, const LkDoctorPeer *one)
{
    g_auto(GStrv) tags = lk_caption_tags(one->caption->text, one->subset->caption.separator);
    for (char **tag = tags; *tag; tag++) {
        if (!is_tag(*tag))
            continue;
        char *key = lk_text_fold(*tag);
        TagUse *use = g_hash_table_lookup(uses, key);
        if (!use) {
            use = g_new0(TagUse, 1);
            use->tag = g_strdup(*tag);
            use->path = one->path;
            g_hash_table_insert(uses, key, use);
        } else {
            g_free(key);
        }
        use->count += use->count == 0 || strcmp(use->path, one->path) != 0;
    }
}

static int compare_uses(const void *a, const void *b)
{
    const TagUse *x = *(const TagUse *const *)a, *y = *(const TagUse *const *)b;
    return strcmp(x->tag, y->tag);
}

static void say_once(const GPtrArray *once, const char *place, GPtrArray *findings)
{
    g_autoptr(GPtrArray) tags = g_ptr_array_new(), paths = g_ptr_array_new(), shown = g_ptr_array_new();
    g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
    for (guint i = 0; i < once->len; i++) {
        const TagUse *use = g_ptr_array_index(once, i);
        g_ptr_array_add(tags, use->tag);
        if (shown->len < TAGS_SHOWN)
            g_ptr_array_add(shown, use->tag);
        if (g_hash_table_add(seen, (void *)use->path))
            g_ptr_array_add(paths, (void *)use->path);
    }
    if (once->len > TAGS_SHOWN)
        g_ptr_array_add(shown, (void *)"…");
    g_ptr_array_add(shown, NULL);
    g_autofree char *list = lk_tags_join((const char *const *)(void *)shown->pdata);
    LkFinding *finding = lk_findings_add(
        findings, LK_FINDING_TAGS_ONCE, place,
        ngettext("%u tag stands in one caption only, so hardly anything is learnt of it; look for misspellings: %s",
                 "%u tags stand in one caption only each, so hardly anything is learnt of them; look for misspellings: "
                 "%s",
                 once->len),
        once->len, list);
    if (!finding)
        return;
    finding->tags = list_of(tags);
    finding->others = list_of(paths);
}

/* Tags that one picture alone has, where captions are tags: where most captions have several, and most tags that are
 * used are used again. */
static void find_rare_tags(const LkDoctorPeer *peers, guint count, const char *place, GPtrArray *findings)
{
    g_autoptr(GHashTable) uses = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, free_use);
    guint captions = 0;
    for (guint i = 0; i < count; i++) {
        const bool own = peers[i].caption->source == LK_CAPTION_FROM_FILE && peers[i].caption->text[0];
        if (!own || peers[i].subset->is_reg)
            continue;
        count_tags(uses, &peers[i]);
        captions++;
    }
    g_autoptr(GPtrArray) once = g_ptr_array_new();
    guint standing = 0; /* tags with repetitions */
    GHashTableIter iter;
    void *value;
    g_hash_table_iter_init(&iter, uses);
    while (g_hash_table_iter_next(&iter, NULL, &value)) {
        const TagUse *use = value;
        standing += use->count;
        if (use->count == 1)
            g_ptr_array_add(once, (void *)use);
    }
    if (captions < TAGGED_LEAST || once->len == 0 || standing < 2 * captions || 2 * once->len > standing)
        return;
    g_ptr_array_sort(once, compare_uses);
    say_once(once, place, findings);
}

/* ------------------------------------------------------------------ how many */

static guint count_pictures(const LkDoctorPeer *peers, guint count, const bool *repeated)
{
    g_autoptr(GHashTable) paths = g_hash_table_new(g_str_hash, g_str_equal);
    for (guint i = 0; i < count; i++)
        if (!repeated[i] && !peers[i].subset->is_reg && !peers[i].unusable)
            g_hash_table_add(paths, (void *)peers[i].path);
    return g_hash_table_size(paths);
}

static void say_few(guint pictures, LkPurpose purpose, const char *place, GPtrArray *findings)
{
    if (purposes[purpose].most)
        lk_findings_add(findings, LK_FINDING_PICTURES_FEW, place,
                        ngettext("There is %u picture; %u to %u different ones are good for this.",
                                 "There are %u pictures; %u to %u different ones are good for this.", pictures),
                        pictures, purposes[purpose].least, purposes[purpose].most);
    else
        lk_findings_add(findings, LK_FINDING_PICTURES_FEW, place,
                        ngettext("There is %u picture; at least %u different ones are good.",
                                 "There are %u pictures; at least %u different ones are good.", pictures),
                        pictures, purposes[purpose].least);
}

static void judge_number(guint pictures, LkPurpose purpose, const char *place, GPtrArray *findings)
{
    if ((unsigned)purpose >= LK_PURPOSES || pictures == 0)
        return;
    if (pictures < purposes[purpose].least)
        say_few(pictures, purpose, place, findings);
    else if (purposes[purpose].most && pictures > purposes[purpose].most)
        lk_findings_add(findings, LK_FINDING_PICTURES_MANY, place,
                        ngettext("There is %u picture; %u to %u are enough for this, and fewer but better ones often "
                                 "give more.",
                                 "There are %u pictures; %u to %u are enough for this, and fewer but better ones "
                                 "often give more.",
                                 pictures),
                        pictures, purposes[purpose].least, purposes[purpose].most);
}

LkDoctorPeer lk_doctor_peer_of(const LkDoctorCase *patient)
{
    const LkPictureFacts *facts = patient->facts;
    const bool usable = facts && facts->usable;
    return (LkDoctorPeer){.path = patient->path,
                          .caption = patient->caption,
                          .subset = patient->subset,
                          .hash = usable ? facts->hash : NULL,
                          .look = usable && facts->has_look ? &facts->look : NULL,
                          .unusable = facts && !facts->usable,
                          .block = patient->block};
}

void lk_doctor_compare(const LkDoctorPeer *peers, guint count, const LkDoctorOptions *options, const char *place,
                       GPtrArray *findings)
{
    g_autofree bool *repeated = g_new0(bool, count + 1);
    const int distance = options->lookalike_distance == 0 ? LK_LOOKALIKE_DISTANCE : options->lookalike_distance;
    find_duplicates(peers, count, repeated, findings);
    find_shared_captions(peers, count, findings);
    if (distance > 0)
        find_lookalikes_by_block(peers, count, repeated, distance, findings);
    find_rare_tags(peers, count, place, findings);
    judge_number(count_pictures(peers, count, repeated), options->purpose, place, findings);
}
