/* Files of PyTorch read as data: one that torch.save made, those of our own writer, and hostile ones. */
#include "format/pickle.h"
#include "format/pt_writer.h"
#include "format/torch_file.h"
#include "format/zip_reader.h"
#include "format/zip_writer.h"
#include "tests/format/refused.h"
#include "tests/format/scratch.h"
#include "tests/tap.h"

#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>

/* ------------------------------------------------------------------ what torch.save writes */

typedef struct Row {
    const char *name, *dtype, *shape;
    float values[4]; /* the first ones */
    int count;
} Row;

/* As make_torch_saved.py makes them. */
static const Row rows[] = {
    {"model.first.weight", "F32", "2x3x4", {0, 0.125f, 0.25f, 0.375f}, 4},
    {"model.half", "F16", "4", {0, 1, 2, 3}, 4},
    {"model.tail", "F16", "2x2", {6, 7, 8, 9}, 4}, /* behind others in one storage */
    {"model.bf16", "BF16", "2", {1.5f, -2.25f}, 2},
    {"model.number", "I64", "", {1000}, 1},
    {"model.parameter", "F32", "3", {0.5f, 0.5f, 0.5f}, 3},
};

static char *shape_text(const LkTensorView *view)
{
    GString *text = g_string_new(NULL);
    for (int i = 0; i < view->rank; i++)
        g_string_append_printf(text, "%s%" G_GINT64_FORMAT, i ? "x" : "", (gint64)view->shape[i]);
    return g_string_free_and_steal(text);
}

static void check_tensor(const LkSafetensors *file, const Row *row)
{
    const LkTensorView *view = lk_safetensors_find(file, row->name);
    if (!tap_ok(view != NULL, "%s is there", row->name))
        return;
    g_autofree char *shape = shape_text(view);
    g_autofree float *got = g_new0(float, (gsize)MAX(lk_tensor_view_elements(view), 1));
    bool same = lk_tensor_view_to_f32(view, got, NULL);
    for (int i = 0; i < row->count; i++)
        same &= got[i] == row->values[i];
    tap_ok(strcmp(shape, row->shape) == 0 && strcmp(lk_file_dtype_name(view->dtype), row->dtype) == 0 && same,
           "%s is %s [%s] and has its numbers", row->name, lk_file_dtype_name(view->dtype), shape);
}

static void test_torch(const char *path)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(LkSafetensors) file = lk_tensor_file_open(path, &error);
    if (!tap_ok(file != NULL, "a checkpoint of torch.save's: %s", error ? error->message : "opened"))
        return;
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
        check_tensor(file, &rows[i]);
    const LkTensorView *none = lk_safetensors_find(file, "model.none");
    tap_ok(none && none->size == 0 && lk_safetensors_find(file, "model.turned") == NULL &&
               lk_safetensors_count(file) <= G_N_ELEMENTS(rows) + 1,
           "a tensor whose rows do not lie one after another is passed over, as all that is none of the model's");
}

/* What our writer writes comes back byte for byte. */
static void test_round_trip(void)
{
    float numbers[6] = {1, -2, 3.5f, 0, 1e-20f, 7};
    const LkTensorSpec specs[] = {
        {.name = "a.weight", .dtype = LK_FILE_F32, .rank = 2, .shape = {2, 3}, .data = numbers},
        {.name = "b", .dtype = LK_FILE_F32, .rank = 0, .data = numbers + 5}};
    g_autoptr(GError) error = NULL;
    const char *path = scratch("own.pt");
    bool written = lk_pt_write(path, specs, 2, &error);
    g_autoptr(LkSafetensors) file = written ? lk_tensor_file_open(path, &error) : NULL;
    const LkTensorView *a = file ? lk_safetensors_find(file, "a.weight") : NULL;
    const LkTensorView *b = file ? lk_safetensors_find(file, "b") : NULL;
    float read[6], last;
    tap_ok(a && b && a->size == sizeof numbers && lk_tensor_view_read(a, read, NULL) &&
               memcmp(read, numbers, sizeof numbers) == 0 && b->rank == 0 && lk_tensor_view_read(b, &last, NULL) &&
               memcmp(&last, numbers + 5, 4) == 0,
           "our own .pt comes back: %s", error ? error->message : "both tensors");
}

/* ------------------------------------------------------------------ pickles by hand */

#define PROTO        "\x80\x02"
#define TEXT(n, t)   "X" n "\0\0\0" t
#define STORAGE(key) "(" TEXT("\x07", "storage") "ctorch\nFloatStorage\n" TEXT("\x01", key) TEXT("\x03", "cpu")
/* A tensor of `count` numbers from `first` of the storage with that key. */
#define TENSOR(key, elements, first, count)                                                                            \
    "ctorch._utils\n_rebuild_tensor_v2\n(" STORAGE(key) "K" elements "tQK" first "K" count "\x85K\x01\x85\x89Nt"       \
                                                        "R"
#define BYTES(text) (text), sizeof(text) - 1

/* An archive with such a pickle, and the numbers 1, 2, 3, 4 in its storage 0. */
static bool write_archive(const char *path, const void *pickle, size_t size)
{
    static const float numbers[4] = {1, 2, 3, 4};
    LkError error = {0};
    LkZipWriter *zip = lk_zip_writer_new(path, 64, &error);
    bool good = lk_zip_writer_add(zip, "x/data.pkl", pickle, size, &error) &&
                lk_zip_writer_add(zip, "x/data/0", numbers, sizeof numbers, &error);
    return lk_zip_writer_commit(zip, &error) && good;
}

static const struct {
    const char *title;
    const char *pickle;
    size_t size;
    const char *words; /* NULL: read, with one tensor "w" of 4 numbers */
} pickles[] = {
    {"a tensor", BYTES(PROTO "}(" TEXT("\x01", "w") TENSOR("0", "\x04", "\x00", "\x04") "u."), NULL},
    {"code that Python would run is not run, and beside it a tensor",
     BYTES(PROTO "}(" TEXT("\x01", "x") "cos\nmkdir\n" TEXT("\x0c", "/tmp/lk-bait") "\x85R" TEXT("\x01", "w")
               TENSOR("0", "\x04", "\x00", "\x04") "u."),
     NULL},
    {"nothing but code", BYTES(PROTO "cos\nmkdir\n" TEXT("\x0c", "/tmp/lk-bait") "\x85R."), "no tensors"},
    {"builtins.eval by STACK_GLOBAL",
     BYTES("\x80\x04\x8c\x08"
           "builtins\x8c\x04"
           "eval\x93\x8c\x01"
           "1\x85R."),
     "no tensors"},
    {"a number", BYTES(PROTO "K\x01."), "no tensors"},
    {"an empty dictionary", BYTES(PROTO "}."), "no tensors"},
    {"a tensor of a storage that is not there",
     BYTES(PROTO "}(" TEXT("\x01", "w") TENSOR("9", "\x04", "\x00", "\x04") "u."), "not all there"},
    {"more numbers than the storage has", BYTES(PROTO "}(" TEXT("\x01", "w") TENSOR("0", "\x04", "\x00", "\x05") "u."),
     "not all there"},
    {"numbers behind the storage's end", BYTES(PROTO "}(" TEXT("\x01", "w") TENSOR("0", "\x04", "\x02", "\x03") "u."),
     "not all there"},
    {"a storage by a path out of the archive",
     BYTES(PROTO "}(" TEXT("\x01", "w") "ctorch._utils\n_rebuild_tensor_v2\n((" TEXT(
         "\x07", "storage") "ctorch\nFloatStorage\n" TEXT("\x0e", "../../../../x/")
               TEXT("\x03", "cpu") "K\x04tQK\0K\x04\x85K\x01\x85\x89NtRu."),
     "not all there"},
    {"nothing at all", BYTES(""), "ends in the middle"},
    {"no end", BYTES(PROTO "}"), "ends in the middle"},
    {"a text that is longer than the file",
     BYTES(PROTO "X\xff\xff\xff\xff"
                 "abc"),
     "ends in the middle"},
    {"a text of 2^63 bytes",
     BYTES("\x80\x04\x8d\0\0\0\0\0\0\0\x80"
           "abc."),
     "ends in the middle"},
    {"a number of 4 GB", BYTES(PROTO "\x8b\xff\xff\xff\xff."), "ends in the middle"},
    {"an empty stack", BYTES(PROTO "."), "not put down"},
    {"a tuple without a mark", BYTES(PROTO "t."), "not put down"},
    {"a mark as a value", BYTES(PROTO "(."), "not put down"},
    {"a call of nothing", BYTES(PROTO "R."), "not put down"},
    {"what was never remembered", BYTES(PROTO "h\x05."), "not put down"},
    {"remembering nothing", BYTES(PROTO "q\x05."), "not put down"},
    {"an instruction of protocol 0", BYTES("(dp0\n."), "not known"},
    {"protocol 9", BYTES("\x80\x09}."), "newer kind"},
    {"a name without an end", BYTES(PROTO "cos"), "ends in the middle"},
    {"a dictionary in itself", BYTES(PROTO "}q\0(" TEXT("\x01", "a") "h\0u."), "no tensors"},
    {"a state_dict that is no dictionary", BYTES(PROTO "}(" TEXT("\x0a", "state_dict") "K\x01u."), "no tensors"},
};

static void test_pickles(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(pickles); i++) {
        g_autoptr(GError) error = NULL;
        const char *path = scratch("hand.ckpt");
        write_archive(path, pickles[i].pickle, pickles[i].size);
        g_autoptr(LkSafetensors) file = lk_tensor_file_open(path, &error);
        if (pickles[i].words) {
            tap_refused(file != NULL, &error, LK_ERROR_FORMAT, pickles[i].words, pickles[i].title);
            continue;
        }
        const LkTensorView *w = file ? lk_safetensors_find(file, "w") : NULL;
        tap_ok(w && w->size == 16 && lk_safetensors_count(file) == 1, "%s: %s", pickles[i].title,
               error ? error->message : "read");
    }
    struct stat info;
    tap_ok(stat("/tmp/lk-bait", &info) != 0, "nothing was run");
}

/* Two gigabytes of references to references cost what the pickle costs. */
static void test_bomb(void)
{
    g_autoptr(GString) text = g_string_new(PROTO);
    g_string_append(text, ")");
    for (int i = 0; i < 200000; i++)
        g_string_append(text, "2\x86"); /* a tuple of the one before, twice */
    g_string_append(text, ".");
    char *problem = NULL;
    g_autoptr(LkPickle) pickle = lk_pickle_read((const uint8_t *)text->str, text->len, &problem);
    tap_ok(pickle && pickle->root->type == LK_PICKLE_TUPLE && pickle->values->len < 200010,
           "tuples of tuples 200,000 deep are as many values: %s", problem ? problem : "read");
    g_free(problem);
}

/* ------------------------------------------------------------------ archives */

static void refuse_bytes(const void *bytes, size_t size, const char *words, const char *title)
{
    g_autoptr(GError) error = NULL;
    g_autofree uint8_t *exact = g_memdup2(bytes, size);
    g_autoptr(LkSafetensors) file = lk_torch_file_open_input(lk_input_of_bytes(exact, size, "x.ckpt", NULL), &error);
    tap_refused(file != NULL, &error, LK_ERROR_FORMAT, words, title);
}

/* A few bytes, again and again, that would each make a megabyte or a value. */
static void test_bombs(void)
{
    static const struct {
        const char *title, *again;
        size_t size, times;
    } bombs[] = {
        {"names made of a long text",
         BYTES("h\0h\0\x93"
               "0"),
         200000},
        {"storages with a long key", BYTES("(" TEXT("\x07", "storage") "ctorch\nFloatStorage\nh\0h\0K\x01tQ0"), 1000},
        {"millions of values", BYTES("K\x01"), 3000000},
        {"millions of times the same", BYTES("NNNNNNNN"), 2000000}};
    enum { LONG = 1 << 20 };
    for (size_t i = 0; i < G_N_ELEMENTS(bombs); i++) {
        g_autoptr(GByteArray) bytes = g_byte_array_new();
        const guint8 head[] = {0x80, 2, 'X', 0, 0, LONG >> 16, 0};
        g_byte_array_append(bytes, head, sizeof head);
        g_byte_array_set_size(bytes, sizeof head + LONG);
        memset(bytes->data + sizeof head, 'a', LONG);
        g_byte_array_append(bytes, (const guint8 *)"q\0", 3 - 1);
        for (size_t k = 0; k < bombs[i].times; k++)
            g_byte_array_append(bytes, (const guint8 *)bombs[i].again, (guint)bombs[i].size);
        g_byte_array_append(bytes, (const guint8 *)"}.", 2);
        struct rusage before, after;
        getrusage(RUSAGE_SELF, &before);
        char *problem = NULL;
        LkPickle *pickle = lk_pickle_read(bytes->data, bytes->len, &problem);
        getrusage(RUSAGE_SELF, &after);
        long grown = (after.ru_maxrss - before.ru_maxrss) >> 10;
        tap_ok(!pickle == !!problem && grown < 700, "%s: %s, %ld MB", bombs[i].title, problem ? problem : "read",
               grown);
        g_free(problem);
        lk_pickle_free(pickle);
    }
}

static void test_archives(void)
{
    const char *path = scratch("whole.ckpt");
    write_archive(path, pickles[0].pickle, pickles[0].size);
    g_autofree char *bytes = NULL;
    gsize size = 0;
    g_file_get_contents(path, &bytes, &size, NULL);
    refuse_bytes(bytes, size - 1, "end is missing", "an archive without its last byte");
    refuse_bytes(bytes, size / 2, "end is missing", "half an archive");
    refuse_bytes("PK\3\4", 4, "end is missing", "four bytes");
    guint read = 0;
    for (gsize i = 0; i < size; i++) { /* any one byte changed: refused or read, and no more than there is */
        g_autofree uint8_t *copy = g_memdup2(bytes, size);
        copy[i] ^= (uint8_t)(1u << (i % 8));
        g_autoptr(GError) error = NULL;
        g_autoptr(LkSafetensors) file = lk_torch_file_open_input(lk_input_of_bytes(copy, size, "x.ckpt", NULL), &error);
        for (size_t t = 0; file && t < lk_safetensors_count(file); t++) {
            const LkTensorView *view = lk_safetensors_at(file, t);
            bool inside = view->offset <= size && view->size <= size - view->offset;
            if (!inside)
                tap_ok(false, "byte %zu changed: a tensor is outside of the file", (size_t)i);
        }
        read += file != NULL;
    }
    tap_ok(read > 0 && read < size, "every byte changed once: %u of %u can still be read", read, (guint)size);
    g_file_set_contents(scratch("old.ckpt"), "\x80\x02\x8a\x0al\xfc\x9c\x46\xf9 j\xa8P\x19.\x80\x02M\xe9\x03.", 21,
                        NULL);
    g_autoptr(GError) error = NULL;
    g_autoptr(LkSafetensors) old = lk_tensor_file_open(scratch("old.ckpt"), &error);
    tap_refused(old != NULL, &error, LK_ERROR_UNSUPPORTED, "oldest kind", "PyTorch's format before 1.6");
}

int main(int argc, char **argv)
{
    if (!scratch_begin())
        return 1;
    test_torch(argc > 1 ? argv[1] : "torch_saved.ckpt");
    test_round_trip();
    test_pickles();
    test_bomb();
    test_archives();
    test_bombs();
    scratch_end();
    return tap_done();
}
