#include "app/dataset/picture_compare.h"

#include "app/dataset/picture_examine.h"
#include "dataset/doctor.h"

static void clear(gpointer data)
{
    LkPeer *peer = data;
    g_object_unref(peer->picture);
    g_ref_string_release(peer->path);
    g_clear_pointer(&peer->caption, g_ref_string_release);
    g_clear_pointer(&peer->content, g_atomic_rc_box_release);
}

GArray *lk_peers_new(void)
{
    GArray *peers = g_array_new(FALSE, TRUE, sizeof(LkPeer));
    g_array_set_clear_func(peers, clear);
    return peers;
}

void lk_peers_free(GArray *peers)
{
    g_array_unref(peers);
}

void lk_peers_add(GArray *peers, LkPicture *picture)
{
    const LkPeer peer = {
        .picture = g_object_ref(picture),
        .path = g_ref_string_acquire(picture->path),
        .caption = picture->caption ? g_ref_string_acquire(picture->caption) : NULL,
        .content = picture->content ? g_atomic_rc_box_acquire(picture->content) : NULL,
        .state = (LkPictureCaptionState)picture->caption_state,
        .regularisation = picture->regularisation,
    };
    g_array_append_val(peers, peer);
}

static LkDoctorPeer doctor_peer(const LkPeer *peer, const LkCaption *caption, const LkPictureRules *rules)
{
    const LkPictureContent *content = peer->content;
    return (LkDoctorPeer){.path = peer->path,
                          .caption = caption,
                          .subset = peer->regularisation ? rules->reg_subset : rules->subset,
                          .hash = content ? content->hash : NULL,
                          .look = content && content->has_look ? &content->look : NULL};
}

static void mark(GHashTable *by_path, const char *path, LkFindingKind kind)
{
    LkPeer *peer = g_hash_table_lookup(by_path, path);
    if (peer)
        peer->problems |= lk_finding_bit(kind);
}

/* Tags that stand in one caption only: their pictures can be looked at. They carry the mark from now on. */
static void mark_others(GHashTable *by_path, LkFinding *finding)
{
    for (char **path = finding->others; path && *path; path++)
        mark(by_path, *path, finding->kind);
    g_clear_pointer(&finding->others, g_strfreev);
}

/* Marks the pictures that findings are about; returns the others. */
static GPtrArray *take_findings(GArray *peers, GPtrArray *findings)
{
    g_autoptr(GHashTable) by_path = g_hash_table_new(g_str_hash, g_str_equal);
    for (guint i = 0; i < peers->len; i++) {
        LkPeer *peer = &g_array_index(peers, LkPeer, i);
        peer->problems = 0;
        g_hash_table_insert(by_path, peer->path, peer);
    }
    GPtrArray *whole = lk_findings_new();
    for (guint i = findings->len; i > 0; i--) {
        LkFinding *finding = findings->pdata[i - 1];
        if (lk_finding_is_of_picture(finding->kind)) {
            mark(by_path, lk_finding_picture(finding), finding->kind);
        } else {
            mark_others(by_path, finding);
            g_ptr_array_add(whole, g_ptr_array_steal_index(findings, i - 1));
        }
    }
    return whole;
}

static GPtrArray *compare(const GArray *peers, const LkPictureRules *rules, const LkDoctorOptions *options)
{
    g_autofree LkDoctorPeer *list = g_new(LkDoctorPeer, peers->len + 1);
    g_autofree LkCaption *captions = g_new(LkCaption, peers->len + 1);
    for (guint i = 0; i < peers->len; i++) {
        const LkPeer *peer = &g_array_index(peers, LkPeer, i);
        captions[i] = lk_picture_caption_of(peer->caption, peer->state);
        list[i] = doctor_peer(peer, &captions[i], rules);
    }
    GPtrArray *findings = lk_findings_new();
    lk_doctor_compare(list, peers->len, options, "", findings);
    return findings;
}

GPtrArray *lk_peers_compare(GArray *peers, const LkPictureRules *rules, bool lookalikes)
{
    LkDoctorOptions options = rules->doctor;
    if (!lookalikes)
        options.lookalike_distance = -1;
    g_autoptr(GPtrArray) findings = compare(peers, rules, &options);
    return take_findings(peers, findings);
}
