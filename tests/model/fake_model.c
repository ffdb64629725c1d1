#include "fake_model.h"

#include <fcntl.h>
#include <glib/gstdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void tensor_free(gpointer data)
{
    FakeTensor *tensor = data;
    g_free(tensor->name);
    g_free(tensor->own);
    g_free(tensor);
}

static FakeModel *model_new(void)
{
    FakeModel *model = g_new0(FakeModel, 1);
    model->tensors = g_ptr_array_new_with_free_func(tensor_free);
    return model;
}

void fake_model_free(FakeModel *model)
{
    if (!model)
        return;
    g_ptr_array_unref(model->tensors);
    g_free(model->arch);
    g_free(model);
}

static FakeTensor *append(FakeModel *model, const char *name, const char *dtype)
{
    FakeTensor *tensor = g_new0(FakeTensor, 1);
    tensor->name = g_strdup(name);
    g_strlcpy(tensor->dtype, dtype, sizeof tensor->dtype);
    g_ptr_array_add(model->tensors, tensor);
    return tensor;
}

static void read_data(FakeTensor *tensor, const LkTensorView *view)
{
    tensor->own = g_malloc(view->size + 1);
    if (lk_tensor_view_read(view, tensor->own, NULL))
        tensor->data = tensor->own;
}

FakeModel *fake_model_read(const char *path)
{
    FakeModel *model = model_new();
    g_autoptr(LkSafetensors) source = lk_safetensors_open(path, NULL);
    for (size_t i = 0; source && i < lk_safetensors_count(source); i++) {
        const LkTensorView *view = lk_safetensors_at(source, i);
        FakeTensor *tensor = append(model, view->name, lk_file_dtype_name(view->dtype));
        tensor->rank = view->rank;
        memcpy(tensor->shape, view->shape, sizeof tensor->shape);
        read_data(tensor, view);
    }
    model->arch = g_strdup(source ? lk_safetensors_metadata(source, "lorikeet.arch") : NULL);
    return model;
}

FakeModel *fake_model_of_checkpoint(const LkCheckpoint *checkpoint, const char *names)
{
    FakeModel *model = model_new();
    g_autofree char *text = NULL;
    g_file_get_contents(names, &text, NULL, NULL);
    g_auto(GStrv) lines = g_strsplit(text ? text : "", "\n", -1);
    for (char **line = lines; *line && **line; line++) {
        g_auto(GStrv) columns = g_strsplit(*line, "\t", 4);
        const LkTensorView *view = lk_checkpoint_find(checkpoint, columns[1]);
        if (!view)
            continue;
        FakeTensor *tensor = append(model, columns[1], lk_file_dtype_name(view->dtype));
        tensor->rank = view->rank;
        memcpy(tensor->shape, view->shape, sizeof tensor->shape);
        read_data(tensor, view);
    }
    return model;
}

void fake_tensor_reshape(FakeTensor *tensor, const char *shape)
{
    g_auto(GStrv) dims = g_strsplit(shape, ",", -1);
    tensor->rank = 0;
    tensor->data = NULL;
    for (char **dim = dims; *dim && **dim; dim++)
        tensor->shape[tensor->rank++] = g_ascii_strtoll(*dim, NULL, 10);
}

FakeModel *fake_model_from_table(const char *path)
{
    FakeModel *model = model_new();
    g_autofree char *text = NULL;
    if (!g_file_get_contents(path, &text, NULL, NULL))
        return model;
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    for (char **line = lines; *line && **line; line++) {
        g_auto(GStrv) columns = g_strsplit(*line, "\t", 2);
        fake_tensor_reshape(append(model, columns[0], "F16"), columns[1]);
    }
    return model;
}

FakeTensor *fake_model_find(const FakeModel *model, const char *name)
{
    for (guint i = 0; i < model->tensors->len; i++) {
        FakeTensor *tensor = g_ptr_array_index(model->tensors, i);
        if (strcmp(tensor->name, name) == 0)
            return tensor;
    }
    return NULL;
}

int fake_model_drop(FakeModel *model, const char *prefix)
{
    int dropped = 0;
    for (guint i = model->tensors->len; i-- > 0;)
        if (g_str_has_prefix(((FakeTensor *)g_ptr_array_index(model->tensors, i))->name, prefix)) {
            g_ptr_array_remove_index(model->tensors, i);
            dropped++;
        }
    return dropped;
}

FakeTensor *fake_model_put(FakeModel *model, const char *name, const char *dtype, const char *shape)
{
    FakeTensor *tensor = fake_model_find(model, name);
    if (!tensor)
        tensor = append(model, name, dtype);
    g_strlcpy(tensor->dtype, dtype, sizeof tensor->dtype);
    fake_tensor_reshape(tensor, shape);
    return tensor;
}

static int64_t tensor_bytes(const FakeTensor *tensor)
{
    static const struct {
        const char *name;
        int64_t bytes;
    } sizes[] = {{"F64", 8}, {"I64", 8}, {"F32", 4}, {"I32", 4}, {"F16", 2}, {"BF16", 2}, {"U8", 1}, {"F8_E4M3", 1}};
    int64_t count = 1;
    for (int i = 0; i < tensor->rank; i++)
        count *= tensor->shape[i];
    for (gsize i = 0; i < G_N_ELEMENTS(sizes); i++)
        if (strcmp(sizes[i].name, tensor->dtype) == 0)
            return count * sizes[i].bytes;
    return count;
}

static bool write_data(int fd, const FakeModel *model, int64_t offset)
{
    bool ok = true;
    for (guint i = 0; ok && i < model->tensors->len; i++) {
        const FakeTensor *tensor = g_ptr_array_index(model->tensors, i);
        int64_t bytes = tensor_bytes(tensor);
        ok = !tensor->data || pwrite(fd, tensor->data, (size_t)bytes, offset) == bytes;
        offset += bytes;
    }
    return ok && ftruncate(fd, offset) == 0;
}

bool fake_model_write(const FakeModel *model, const char *path, int padding)
{
    g_autoptr(GString) header = g_string_new("{");
    int64_t offset = 0;
    if (model->arch) {
        g_autofree char *quoted = g_strescape(model->arch, NULL);
        g_string_append_printf(header, "\"__metadata__\":{\"lorikeet.arch\":\"%s\"}", quoted);
    }
    for (guint i = 0; i < model->tensors->len; i++) {
        const FakeTensor *tensor = g_ptr_array_index(model->tensors, i);
        int64_t end = offset + tensor_bytes(tensor);
        g_string_append_printf(header, "%s\"%s\":{\"dtype\":\"%s\",\"shape\":[", header->len > 1 ? "," : "",
                               tensor->name, tensor->dtype);
        for (int k = 0; k < tensor->rank; k++)
            g_string_append_printf(header, "%s%" G_GINT64_FORMAT, k ? "," : "", tensor->shape[k]);
        g_string_append_printf(header, "],\"data_offsets\":[%" G_GINT64_FORMAT ",%" G_GINT64_FORMAT "]}", offset, end);
        offset = end;
    }
    g_string_append_printf(header, "}%*s", padding, "");
    uint64_t size = GUINT64_TO_LE((uint64_t)header->len);
    int fd = g_open(path, O_CREAT | O_TRUNC | O_RDWR | O_CLOEXEC, 0600);
    bool ok = fd >= 0 && pwrite(fd, &size, sizeof size, 0) == (gssize)sizeof size &&
              pwrite(fd, header->str, header->len, sizeof size) == (gssize)header->len &&
              write_data(fd, model, (int64_t)(sizeof size + header->len));
    if (fd >= 0)
        close(fd);
    return ok;
}

/** The name of a tensor in its folder, as an older or newer library writes it. */
static char *folder_name(const char *part, const char *name, const FakeFolder *how)
{
    static const char *const old[][2] = {
        {".to_q.", ".query."}, {".to_k.", ".key."}, {".to_v.", ".value."}, {".to_out.0.", ".proj_attn."}};
    if (how->bare_text && g_str_has_prefix(name, "text_model."))
        return g_strdup(name + strlen("text_model."));
    for (gsize i = 0; how->old_attention && strcmp(part, "vae") == 0 && i < G_N_ELEMENTS(old); i++) {
        const char *at = strstr(name, old[i][0]);
        if (at)
            return g_strdup_printf("%.*s%s%s", (int)(at - name), name, old[i][1], at + strlen(old[i][0]));
    }
    return g_strdup(name);
}

/** Adds the tensor of one line of the table to its part. */
static void add_renamed(FakeModel *part, const char *part_name, const FakeModel *model, char **columns,
                        const FakeFolder *how)
{
    const FakeTensor *from = fake_model_find(model, columns[1]);
    if (strcmp(columns[0], part_name) != 0 || !from)
        return;
    g_autofree char *name = folder_name(part_name, columns[2], how);
    FakeTensor *to = append(part, name, from->dtype);
    to->rank = MIN(from->rank, (int)g_ascii_strtoll(columns[3], NULL, 10));
    memcpy(to->shape, from->shape, sizeof to->shape);
    to->data = from->data;
}

bool fake_model_write_folder(const FakeModel *model, const char *names, const char *folder, const FakeFolder *how)
{
    static const char *const parts[][2] = {{"unet", "diffusion_pytorch_model"},
                                           {"vae", "diffusion_pytorch_model"},
                                           {"text_encoder", "model"},
                                           {"text_encoder_2", "model"}};
    g_autofree char *text = NULL;
    bool ok = g_file_get_contents(names, &text, NULL, NULL);
    g_auto(GStrv) lines = g_strsplit(text ? text : "", "\n", -1);
    for (gsize p = 0; ok && p < G_N_ELEMENTS(parts); p++) {
        if (g_strcmp0(how->without, parts[p][0]) == 0)
            continue;
        g_autoptr(FakeModel) part = model_new();
        part->arch = g_strdup(p == 0 ? model->arch : NULL);
        for (char **line = lines; *line && **line; line++) {
            g_auto(GStrv) columns = g_strsplit(*line, "\t", 4);
            add_renamed(part, parts[p][0], model, columns, how);
        }
        if (part->tensors->len == 0)
            continue; /* the family has no such part */
        g_autofree char *file = g_strconcat(parts[p][1], how->ending, NULL);
        g_autofree char *parent = g_build_filename(folder, parts[p][0], NULL);
        g_autofree char *path = g_build_filename(parent, file, NULL);
        ok = g_mkdir_with_parents(parent, 0700) == 0 && fake_model_write(part, path, 0);
    }
    return ok;
}
