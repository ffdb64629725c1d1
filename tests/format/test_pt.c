/* The .pt writer, read back by a small reader of its own: the ZIP's directory and headers, and a pickle machine that
 * knows the opcodes PyTorch's weights_only reader allows. (PyTorch itself read such files when this was written.) */
#include "format/pt_writer.h"
#include "format/zip_writer.h"
#include "tests/format/refused.h"
#include "tests/format/scratch.h"
#include "tests/tap.h"

#include <string.h>
#include <zlib.h>

/* ------------------------------------------------------------------------------------------- ZIP */

static uint64_t number(const uint8_t *p, int bytes)
{
    uint64_t value = 0;
    for (int i = bytes - 1; i >= 0; i--)
        value = value << 8 | p[i];
    return value;
}

typedef struct Entry {
    char name[64];
    const uint8_t *data;
    uint64_t size;
} Entry;

typedef struct Archive {
    uint8_t *bytes;
    gsize size;
    Entry entries[16];
    uint64_t count;
    bool aligned, checksums, plain;
} Archive;

/* Reads the directory from the end, as readers do, and holds each local header against it. */
static bool read_archive(Archive *archive, const char *path)
{
    *archive = (Archive){.aligned = true, .checksums = true, .plain = true};
    if (!g_file_get_contents(path, (char **)&archive->bytes, &archive->size, NULL) || archive->size < 22)
        return false;
    const uint8_t *bytes = archive->bytes, *end = bytes + archive->size - 22;
    if (number(end, 4) != 0x06054b50)
        return false;
    archive->count = number(end + 10, 2);
    uint64_t directory = number(end + 16, 4), size = number(end + 12, 4);
    if (archive->count == 0xFFFF) {
        const uint8_t *locator = end - 20;
        const uint8_t *end64 = bytes + number(locator + 8, 8);
        if (number(locator, 4) != 0x07064b50 || number(end64, 4) != 0x06064b50 || end64 + 56 != locator)
            return false;
        archive->count = number(end64 + 32, 8);
        directory = number(end64 + 48, 8);
        size = number(end64 + 40, 8);
    } else if (directory + size + 22 != archive->size) {
        return false;
    }
    const uint8_t *central = bytes + directory;
    for (uint64_t i = 0; i < archive->count; i++) {
        uint64_t name_size = number(central + 28, 2), extra = number(central + 30, 2), offset = number(central + 42, 4);
        const uint8_t *local = bytes + offset;
        if (number(central, 4) != 0x02014b50 || number(local, 4) != 0x04034b50 || number(central + 10, 2) != 0 ||
            memcmp(central + 16, local + 14, 12) != 0 || number(local + 26, 2) != name_size ||
            memcmp(central + 46, local + 30, name_size) != 0 || name_size >= 64)
            return false;
        Entry entry = {.data = local + 30 + name_size + number(local + 28, 2), .size = number(central + 24, 4)};
        memcpy(entry.name, central + 46, name_size);
        archive->aligned &= (entry.data - bytes) % 64 == 0;
        archive->checksums &= crc32(crc32(0, NULL, 0), entry.data, (uInt)entry.size) == number(central + 16, 4);
        archive->plain &= number(central + 12, 4) == 0x00210000; /* no time of day, 1 January 1980 */
        if (i < G_N_ELEMENTS(archive->entries))
            archive->entries[i] = entry;
        central += 46 + name_size + extra;
    }
    return central == bytes + directory + size;
}

static const Entry *entry_named(const Archive *archive, const char *name)
{
    for (uint64_t i = 0; i < MIN(archive->count, G_N_ELEMENTS(archive->entries)); i++)
        if (strcmp(archive->entries[i].name, name) == 0)
            return &archive->entries[i];
    return NULL;
}

/* ------------------------------------------------------------------------------------------- pickle */

/* Runs a pickle and writes what it makes as text, as Python would show the calls. */
static char *run_pickle(const uint8_t *p, uint64_t size)
{
    GPtrArray *stack = g_ptr_array_new_with_free_func(g_free);
    const uint8_t *end = p + size;
    GArray *marks = g_array_new(FALSE, FALSE, sizeof(guint));
    char *result = NULL;
    if (size < 3 || p[0] != 0x80 || p[1] != 2)
        p = end;
    else
        p += 2;
#define TAKE()     ((char *)g_ptr_array_steal_index(stack, stack->len - 1))
#define PUSH(text) g_ptr_array_add(stack, text)
    while (p < end && !result) {
        uint8_t op = *p++;
        if (op == '(') {
            g_array_append_val(marks, stack->len);
        } else if (op == 'X') {
            uint64_t length = number(p, 4);
            PUSH(g_strdup_printf("'%.*s'", (int)length, p + 4));
            p += 4 + length;
        } else if (op == 'c') {
            const uint8_t *first = memchr(p, '\n', (size_t)(end - p));
            const uint8_t *second = memchr(first + 1, '\n', (size_t)(end - first - 1));
            PUSH(g_strdup_printf("%.*s.%.*s", (int)(first - p), p, (int)(second - first - 1), first + 1));
            p = second + 1;
        } else if (op == 'J') {
            PUSH(g_strdup_printf("%d", (int32_t)number(p, 4)));
            p += 4;
        } else if (op == 0x8a && *p == 8) {
            PUSH(g_strdup_printf("%" G_GINT64_FORMAT, (int64_t)number(p + 1, 8)));
            p += 9;
        } else if (op == 0x89) {
            PUSH(g_strdup("False"));
        } else if (op == ')' || op == '}') {
            PUSH(g_strdup(op == ')' ? "()" : "{}"));
        } else if ((op == 't' || op == 'u') && marks->len) {
            guint mark = g_array_index(marks, guint, marks->len - 1);
            g_array_set_size(marks, marks->len - 1);
            GString *text = g_string_new(op == 't' ? "(" : "{");
            for (guint i = mark; i < stack->len; i++)
                g_string_append_printf(text, "%s%s", (char *)stack->pdata[i],
                                       op == 't'        ? ","
                                       : (i - mark) % 2 ? "; "
                                                        : ": ");
            g_string_append_c(text, op == 't' ? ')' : '}');
            g_ptr_array_set_size(stack, (int)mark);
            if (op == 'u')
                g_free(TAKE()); /* the empty dict */
            PUSH(g_string_free(text, FALSE));
        } else if (op == 'R' && stack->len >= 2) {
            g_autofree char *arguments = TAKE(), *function = TAKE();
            PUSH(g_strconcat(function, arguments, NULL));
        } else if (op == 'Q' && stack->len) {
            g_autofree char *id = TAKE();
            PUSH(g_strconcat("pers", id, NULL));
        } else if (op == '.' && stack->len == 1 && p == end) {
            result = TAKE();
        } else {
            break;
        }
    }
    g_array_unref(marks);
    g_ptr_array_unref(stack);
    return result;
}

/* ------------------------------------------------------------------------------------------- tests */

static void test_file(void)
{
    uint16_t half[6] = {0x3c00, 1, 2, 3, 4, 0xffff};
    float one = 1.5f;
    LkTensorSpec specs[] = {
        {.name = "b.weight é", .dtype = LK_FILE_F16, .rank = 2, .shape = {2, 3}, .data = half},
        {.name = "a.alpha", .dtype = LK_FILE_F32, .rank = 0, .data = &one},
        {.name = "none", .dtype = LK_FILE_BF16, .rank = 3, .shape = {5, 0, 2}},
    };
    g_autoptr(GError) error = NULL;
    tap_ok(lk_pt_write(scratch("a.pt"), specs, 3, &error), "a file is written");
    Archive archive;
    tap_ok(read_archive(&archive, scratch("a.pt")), "its directory and headers agree");
    tap_ok(archive.aligned, "data begins at multiples of 64");
    tap_ok(archive.checksums, "checksums are right");
    tap_ok(archive.plain, "no clock is in the file");
    const Entry *first = entry_named(&archive, "archive/data/0"), *second = entry_named(&archive, "archive/data/1");
    const Entry *third = entry_named(&archive, "archive/data/2"), *version = entry_named(&archive, "archive/version");
    const Entry *order = entry_named(&archive, "archive/byteorder"),
                *pickle = entry_named(&archive, "archive/data.pkl");
    tap_ok(archive.count == 6 && first && first->size == 12 && memcmp(first->data, half, 12) == 0 && second &&
               second->size == 4 && memcmp(second->data, &one, 4) == 0 && third && third->size == 0,
           "three storages with the tensors' bytes");
    tap_ok(version && version->size == 2 && memcmp(version->data, "3\n", 2) == 0 && order && order->size == 6 &&
               memcmp(order->data, "little", 6) == 0,
           "version and byte order");
    tap_ok(pickle == archive.entries, "the pickle comes first");
    g_autofree char *meaning = pickle ? run_pickle(pickle->data, pickle->size) : NULL;
    const char *expected =
        "{'b.weight é': torch._utils._rebuild_tensor_v2(pers('storage',torch.HalfStorage,'0','cpu',6,),0,(2,3,),(3,1,),"
        "False,collections.OrderedDict(),); "
        "'a.alpha': torch._utils._rebuild_tensor_v2(pers('storage',torch.FloatStorage,'1','cpu',1,),0,(),(),"
        "False,collections.OrderedDict(),); "
        "'none': "
        "torch._utils._rebuild_tensor_v2(pers('storage',torch.BFloat16Storage,'2','cpu',0,),0,(5,0,2,),(2,2,1,),"
        "False,collections.OrderedDict(),); }";
    tap_ok(g_strcmp0(meaning, expected) == 0, "the pickle makes a dict of rebuilt tensors");
    if (g_strcmp0(meaning, expected) != 0)
        tap_note("%s", meaning);
    g_autofree char *again = NULL;
    gsize again_size = 0;
    lk_pt_write(scratch("b.pt"), specs, 3, &error);
    g_file_get_contents(scratch("b.pt"), &again, &again_size, NULL);
    tap_ok(again_size == archive.size && memcmp(again, archive.bytes, again_size) == 0, "twice the same bytes");
    g_free(archive.bytes);

    tap_ok(lk_pt_write(scratch("empty.pt"), NULL, 0, &error) && read_archive(&archive, scratch("empty.pt")) &&
               archive.count == 3,
           "a file without tensors");
    g_free(archive.bytes);
}

static void test_storages(void)
{
    static const struct {
        LkFileDType dtype;
        const char *storage;
    } rows[] = {{LK_FILE_F64, "DoubleStorage"},    {LK_FILE_F32, "FloatStorage"}, {LK_FILE_F16, "HalfStorage"},
                {LK_FILE_BF16, "BFloat16Storage"}, {LK_FILE_I64, "LongStorage"},  {LK_FILE_I32, "IntStorage"},
                {LK_FILE_I16, "ShortStorage"},     {LK_FILE_I8, "CharStorage"},   {LK_FILE_U8, "ByteStorage"},
                {LK_FILE_BOOL, "BoolStorage"}};
    bool right = true;
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        uint64_t zero = 0;
        LkTensorSpec spec = {.name = "x", .dtype = rows[i].dtype, .rank = 1, .shape = {1}, .data = &zero};
        Archive archive = {0};
        right &= lk_pt_write(scratch("s.pt"), &spec, 1, NULL) && read_archive(&archive, scratch("s.pt"));
        g_autofree char *meaning = right ? run_pickle(archive.entries[0].data, archive.entries[0].size) : NULL;
        right = right && meaning && strstr(meaning, rows[i].storage);
        g_free(archive.bytes);
    }
    tap_ok(right, "each type has its storage class");
}

static void test_refusals(void)
{
    g_autoptr(GError) error = NULL;
    LkTensorSpec specs[] = {{.name = "x", .dtype = LK_FILE_F8_E4M3}, {.name = "x", .dtype = LK_FILE_F8_E4M3}};
    tap_refused(lk_pt_write(scratch("r"), specs, 1, &error), &error, LK_ERROR_UNSUPPORTED, "F8_E4M3",
                "a type of 8 bits");
    specs[0].dtype = specs[1].dtype = LK_FILE_U8;
    tap_refused(lk_pt_write(scratch("r"), specs, 2, &error), &error, LK_ERROR_FORMAT, "twice", "a name twice");
    specs[0].rank = 1;
    specs[0].shape[0] = -1;
    tap_refused(lk_pt_write(scratch("r"), specs, 1, &error), &error, LK_ERROR_FORMAT, "shape", "a negative dimension");
    specs[0].rank = 0;
    tap_refused(lk_pt_write(scratch("no/r"), specs, 1, &error), &error, LK_ERROR_IO, "No such file", "no folder");
    tap_ok(access(scratch("r"), F_OK) != 0, "and nothing is left");
}

static void test_many_entries(void)
{
    LkError error = {0};
    LkZipWriter *zip = lk_zip_writer_new(scratch("many.zip"), 64, &error);
    bool ok = zip != NULL;
    for (int i = 0; i < 66000 && ok; i++) {
        char name[16];
        g_snprintf(name, sizeof name, "e%d", i);
        ok = lk_zip_writer_add(zip, name, &i, sizeof i, &error);
    }
    ok = ok && lk_zip_writer_commit(zip, &error);
    Archive archive = {0};
    tap_ok(ok && read_archive(&archive, scratch("many.zip")) && archive.count == 66000 && archive.checksums,
           "66000 entries go into a ZIP64 directory");
    g_free(archive.bytes);
}

int main(void)
{
    if (!scratch_begin())
        return 1;
    test_file();
    test_storages();
    test_refusals();
    test_many_entries();
    scratch_end();
    return tap_done();
}
