/* Base models for tests: a list of tensors that can be edited and written as a single file or as a diffusers folder.
 * The files are written here, not by the writer under test; tensors without data become holes, so that a model of
 * two gigabytes takes no room. */
#pragma once

#include "model/checkpoint.h"

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct FakeTensor {
    char *name;
    char dtype[16]; /* as in the file: "F16" */
    int rank;
    int64_t shape[LK_TENSOR_MAX_RANK];
    const uint8_t *data; /* borrowed; NULL: a hole */
    uint8_t *own;        /* what `data` is at first, where it was read */
} FakeTensor;

typedef struct FakeModel {
    GPtrArray *tensors; /* FakeTensor * */
    char *arch;         /* `lorikeet.arch`, or NULL */
} FakeModel;

/** The tensors of a safetensors file, with their data. */
FakeModel *fake_model_read(const char *path);
/** The tensors of an open base model that a table of names (the columns of diffusers_names.tsv) lists in its second
 * column, with their data. */
FakeModel *fake_model_of_checkpoint(const LkCheckpoint *checkpoint, const char *names);
/** Tensors from lines "name TAB shape", of type F16, without data. */
FakeModel *fake_model_from_table(const char *path);
void fake_model_free(FakeModel *model);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(FakeModel, fake_model_free)

FakeTensor *fake_model_find(const FakeModel *model, const char *name);
/** Removes every tensor whose name begins so; how many. */
int fake_model_drop(FakeModel *model, const char *prefix);
/** Adds or replaces a tensor without data. `shape` is a text: "4,320,3,3"; an empty one is rank 0. */
FakeTensor *fake_model_put(FakeModel *model, const char *name, const char *dtype, const char *shape);
void fake_tensor_reshape(FakeTensor *tensor, const char *shape);

/** Writes a single file; the header is `padding` bytes longer than it has to be. */
bool fake_model_write(const FakeModel *model, const char *path, int padding);

/** How the names of a diffusers folder vary. */
typedef struct FakeFolder {
    const char *ending;  /* of the file names: ".safetensors" */
    bool old_attention;  /* query, key, value and proj_attn in the VAE (diffusers before 0.17) */
    bool bare_text;      /* no "text_model." (transformers from 5 on) */
    const char *without; /* a part that is not written, or NULL */
} FakeFolder;

/** Writes a diffusers folder: `names` is diffusers_names.tsv. Tensors it does not list are left out. */
bool fake_model_write_folder(const FakeModel *model, const char *names, const char *folder, const FakeFolder *how);
