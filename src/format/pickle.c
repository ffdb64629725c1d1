#include "format/pickle.h"

#include <glib/gi18n.h>
#include <string.h>

/* What bounds memory whatever the pickle says. A checkpoint of SDXL makes 60,000 values of 100 KB of text. */
enum { MOST_VALUES = 1 << 20, MOST_PUSHES = 1 << 23, LONGEST_NAME = 200 };

/* The machine: a stack of values and marks, and a memo of values. */
typedef struct Machine {
    const uint8_t *data;
    size_t size, at, pushes;
    LkPickle *pickle;
    GPtrArray *stack; /* LkPickleValue; NULL is a mark */
    GHashTable *memo; /* number → value */
    LkPickleValue *other;
    const char *problem; /* N_() */
} Machine;

/* ------------------------------------------------------------------ values */

static void value_free(gpointer data)
{
    LkPickleValue *value = data;
    g_free(value->text);
    if (value->items)
        g_ptr_array_unref(value->items);
    g_free(value);
}

static void fail(Machine *m, const char *problem)
{
    m->problem = m->problem ? m->problem : problem;
}

static LkPickleValue *make(Machine *m, LkPickleType type)
{
    LkPickleValue *value = g_new0(LkPickleValue, 1);
    value->type = type;
    g_ptr_array_add(m->pickle->values, value);
    if (m->pickle->values->len > MOST_VALUES)
        fail(m, N_("it has more values than any model."));
    return value;
}

static void push(Machine *m, LkPickleValue *value)
{
    g_ptr_array_add(m->stack, value);
    if (++m->pushes > MOST_PUSHES)
        fail(m, N_("it has more values than any model."));
}

/* The value on top; OTHER where there is none, with an error. */
static LkPickleValue *top(Machine *m)
{
    LkPickleValue *value = m->stack->len > 0 ? m->stack->pdata[m->stack->len - 1] : NULL;
    if (!value)
        fail(m, N_("it takes what it has not put down."));
    return value ? value : m->other;
}

static LkPickleValue *pop(Machine *m)
{
    LkPickleValue *value = top(m);
    if (!m->problem)
        g_ptr_array_set_size(m->stack, (gint)m->stack->len - 1);
    return value;
}

/* What lies above the last mark, which goes with it. */
static GPtrArray *pop_to_mark(Machine *m)
{
    guint mark = m->stack->len;
    while (mark > 0 && m->stack->pdata[mark - 1])
        mark--;
    GPtrArray *items = g_ptr_array_new();
    if (mark == 0) {
        fail(m, N_("it takes what it has not put down."));
        return items;
    }
    for (guint i = mark; i < m->stack->len; i++)
        g_ptr_array_add(items, m->stack->pdata[i]);
    g_ptr_array_set_size(m->stack, (gint)mark - 1);
    return items;
}

static void push_tuple(Machine *m, GPtrArray *items)
{
    LkPickleValue *tuple = make(m, LK_PICKLE_TUPLE);
    tuple->items = items;
    push(m, tuple);
}

static void push_short_tuple(Machine *m, int count)
{
    GPtrArray *items = g_ptr_array_new();
    for (int i = 0; i < count; i++)
        g_ptr_array_insert(items, 0, pop(m));
    push_tuple(m, items);
}

static void push_number(Machine *m, int64_t number)
{
    LkPickleValue *value = make(m, LK_PICKLE_NUMBER);
    value->number = number;
    push(m, value);
}

/* ------------------------------------------------------------------ bytes */

static const uint8_t *take(Machine *m, uint64_t count)
{
    static const uint8_t nothing[8];
    if (count > m->size - m->at) {
        fail(m, N_("it ends in the middle."));
        return count <= sizeof nothing ? nothing : NULL;
    }
    m->at += (size_t)count;
    return m->data + m->at - (size_t)count;
}

static uint64_t take_number(Machine *m, int bytes)
{
    const uint8_t *at = take(m, (uint64_t)bytes);
    uint64_t value = 0;
    for (int i = bytes; i-- > 0;)
        value = value << 8 | at[i];
    return value;
}

static void push_text(Machine *m, uint64_t length)
{
    const uint8_t *bytes = take(m, length);
    LkPickleValue *value = make(m, LK_PICKLE_TEXT);
    bool good = bytes && g_utf8_validate_len((const char *)bytes, (gsize)length, NULL);
    value->type = good || m->problem ? LK_PICKLE_TEXT : LK_PICKLE_OTHER;
    value->text = good && !m->problem ? g_try_malloc0((gsize)length + 1) : g_strdup("");
    if (!value->text)
        fail(m, N_("there is not enough memory to read it."));
    else if (good && !m->problem)
        memcpy(value->text, bytes, (gsize)length);
    push(m, value);
}

/* Up to the end of a line. */
static char *take_line(Machine *m)
{
    const uint8_t *end = memchr(m->data + m->at, '\n', m->size - m->at);
    if (!end) {
        fail(m, N_("it ends in the middle."));
        return g_strdup("");
    }
    const size_t length = (size_t)(end - m->data) - m->at;
    /* Of a line that is too long for a name, what shows that it is. */
    char *line = g_strndup((const char *)m->data + m->at, MIN(length, LONGEST_NAME + 1));
    m->at += length + 1;
    return line;
}

/* A whole number of any length, of which 8 bytes are enough. */
static void push_long(Machine *m, uint64_t length)
{
    const uint8_t *bytes = take(m, length);
    uint64_t value = 0;
    bool negative = length > 0 && bytes && bytes[length - 1] >= 0x80;
    for (uint64_t i = MIN(length, 8); bytes && i-- > 0;)
        value = value << 8 | bytes[i];
    if (length > 8) {
        push(m, m->other);
        return;
    }
    if (negative && length < 8)
        value |= ~(uint64_t)0 << (8 * length);
    push_number(m, (int64_t)value);
}

/* ------------------------------------------------------------------ what a file of PyTorch names */

static void push_global(Machine *m, const char *module, const char *name)
{
    if (strlen(module) + strlen(name) > LONGEST_NAME) { /* none that has a meaning; and there may be many */
        push(m, m->other);
        return;
    }
    LkPickleValue *value = make(m, LK_PICKLE_GLOBAL);
    value->text = g_strconcat(module, " ", name, NULL);
    push(m, value);
}

static bool is_global(const LkPickleValue *value, const char *text)
{
    return value->type == LK_PICKLE_GLOBAL && strcmp(value->text, text) == 0;
}

static const LkPickleValue *item(const LkPickleValue *tuple, guint i, LkPickleType type)
{
    const LkPickleValue *value =
        tuple->type == LK_PICKLE_TUPLE && i < tuple->items->len ? tuple->items->pdata[i] : NULL;
    return value && value->type == type ? value : NULL;
}

static bool storage_type(const LkPickleValue *kind, LkFileDType *dtype)
{
    static const struct {
        const char *name;
        LkFileDType dtype;
    } types[] = {
        {"torch FloatStorage", LK_FILE_F32},     {"torch HalfStorage", LK_FILE_F16},
        {"torch BFloat16Storage", LK_FILE_BF16}, {"torch DoubleStorage", LK_FILE_F64},
        {"torch LongStorage", LK_FILE_I64},      {"torch IntStorage", LK_FILE_I32},
        {"torch ShortStorage", LK_FILE_I16},     {"torch CharStorage", LK_FILE_I8},
        {"torch ByteStorage", LK_FILE_U8},       {"torch BoolStorage", LK_FILE_BOOL},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(types); i++) {
        if (is_global(kind, types[i].name)) {
            *dtype = types[i].dtype;
            return true;
        }
    }
    return false;
}

/* ('storage', torch.FloatStorage, '0', 'cpu', elements) */
static void push_persistent(Machine *m)
{
    LkPickleValue *id = pop(m);
    const LkPickleValue *word = item(id, 0, LK_PICKLE_TEXT), *kind = item(id, 1, LK_PICKLE_GLOBAL);
    const LkPickleValue *key = item(id, 2, LK_PICKLE_TEXT), *count = item(id, 4, LK_PICKLE_NUMBER);
    LkFileDType dtype;
    if (!word || strcmp(word->text, "storage") != 0 || !kind || !storage_type(kind, &dtype) || !key || !count ||
        strlen(key->text) > LONGEST_NAME) {
        push(m, m->other);
        return;
    }
    LkPickleValue *storage = make(m, LK_PICKLE_STORAGE);
    storage->dtype = dtype;
    storage->text = g_strdup(key->text);
    storage->number = count->number;
    push(m, storage);
}

/* (storage, first element, shape, strides, …) */
static LkPickleValue *rebuild(Machine *m, const LkPickleValue *args)
{
    const LkPickleValue *storage = item(args, 0, LK_PICKLE_STORAGE), *first = item(args, 1, LK_PICKLE_NUMBER);
    const LkPickleValue *shape = item(args, 2, LK_PICKLE_TUPLE), *strides = item(args, 3, LK_PICKLE_TUPLE);
    if (!storage || !first || !shape || !strides)
        return m->other;
    LkPickleValue *tensor = make(m, LK_PICKLE_TENSOR);
    tensor->parent = (LkPickleValue *)storage;
    tensor->number = first->number;
    tensor->shape = (LkPickleValue *)shape;
    tensor->strides = (LkPickleValue *)strides;
    return tensor;
}

/* A call, of which only what makes dictionaries and tensors has a meaning. */
static void push_call(Machine *m)
{
    LkPickleValue *args = pop(m), *called = pop(m);
    LkPickleValue *result = m->other;
    if (is_global(called, "collections OrderedDict")) {
        result = make(m, LK_PICKLE_DICT);
        result->items = g_ptr_array_new();
    } else if (is_global(called, "torch._utils _rebuild_tensor_v2") ||
               is_global(called, "torch._utils _rebuild_tensor")) {
        result = rebuild(m, args);
    } else if (is_global(called, "torch._utils _rebuild_parameter")) {
        const LkPickleValue *tensor = item(args, 0, LK_PICKLE_TENSOR);
        result = tensor ? (LkPickleValue *)tensor : m->other;
    }
    push(m, result);
}

/* ------------------------------------------------------------------ instructions */

static void set_items(Machine *m, GPtrArray *pairs)
{
    LkPickleValue *dict = top(m);
    for (guint i = 0; dict->type == LK_PICKLE_DICT && i + 1 < pairs->len; i += 2) {
        g_ptr_array_add(dict->items, pairs->pdata[i]);
        g_ptr_array_add(dict->items, pairs->pdata[i + 1]);
    }
    g_ptr_array_unref(pairs);
}

static void push_empty_dict(Machine *m)
{
    LkPickleValue *dict = make(m, LK_PICKLE_DICT);
    dict->items = g_ptr_array_new();
    push(m, dict);
}

static void remember(Machine *m, uint64_t place)
{
    g_hash_table_insert(m->memo, GSIZE_TO_POINTER((gsize)place), top(m));
}

static void recall(Machine *m, uint64_t place)
{
    LkPickleValue *value = g_hash_table_lookup(m->memo, GSIZE_TO_POINTER((gsize)place));
    if (!value)
        fail(m, N_("it takes what it has not put down."));
    push(m, value ? value : m->other);
}

static void push_named(Machine *m)
{
    LkPickleValue *name = pop(m), *module = pop(m);
    if (name->type == LK_PICKLE_TEXT && module->type == LK_PICKLE_TEXT)
        push_global(m, module->text, name->text);
    else
        push(m, m->other);
}

static void run_global(Machine *m)
{
    g_autofree char *module = take_line(m), *name = take_line(m);
    push_global(m, module, name);
}

/* Containers that hold nothing of interest: lists and sets. */
static void append_many(Machine *m)
{
    g_ptr_array_unref(pop_to_mark(m));
    top(m);
}

static void call_other(Machine *m, int taken)
{
    for (int i = 0; i < taken; i++)
        pop(m);
    push(m, m->other);
}

/* Values that are written out; false where the instruction is not one of these. */
static bool run_value(Machine *m, uint8_t code)
{
    switch (code) {
    case 'N': /* None */
        push(m, m->other);
        return true;
    case 0x88: /* True */
    case 0x89: /* False */
        push_number(m, code == 0x88);
        return true;
    case 'K':
        push_number(m, (int64_t)take_number(m, 1));
        return true;
    case 'M':
        push_number(m, (int64_t)take_number(m, 2));
        return true;
    case 'J':
        push_number(m, (int32_t)(uint32_t)take_number(m, 4));
        return true;
    case 0x8a: /* LONG1 */
        push_long(m, take_number(m, 1));
        return true;
    case 0x8b: /* LONG4 */
        push_long(m, take_number(m, 4));
        return true;
    case 'G': /* BINFLOAT */
        take(m, 8);
        push(m, m->other);
        return true;
    case 'U': /* SHORT_BINSTRING */
    case 0x8c:
        push_text(m, take_number(m, 1));
        return true;
    case 'T': /* BINSTRING */
    case 'X':
        push_text(m, take_number(m, 4));
        return true;
    case 0x8d:
        push_text(m, take_number(m, 8));
        return true;
    case 'C': /* bytes */
        take(m, take_number(m, 1));
        push(m, m->other);
        return true;
    case 'B':
        take(m, take_number(m, 4));
        push(m, m->other);
        return true;
    case 0x8e:
    case 0x96:
        take(m, take_number(m, 8));
        push(m, m->other);
        return true;
    default:
        return false;
    }
}

/* Containers, calls and the memo. */
static bool run_structure(Machine *m, uint8_t code)
{
    switch (code) {
    case '(':
        g_ptr_array_add(m->stack, NULL);
        return true;
    case ')':
        push_tuple(m, g_ptr_array_new());
        return true;
    case 't':
        push_tuple(m, pop_to_mark(m));
        return true;
    case 0x85:
    case 0x86:
    case 0x87:
        push_short_tuple(m, code - 0x84);
        return true;
    case '}':
        push_empty_dict(m);
        return true;
    case 'u':
        set_items(m, pop_to_mark(m));
        return true;
    case 's': {
        GPtrArray *pair = g_ptr_array_new();
        g_ptr_array_insert(pair, 0, pop(m));
        g_ptr_array_insert(pair, 0, pop(m));
        set_items(m, pair);
        return true;
    }
    case ']':  /* an empty list */
    case 0x8f: /* and set */
        push(m, m->other);
        return true;
    case 'a':
        pop(m);
        top(m);
        return true;
    case 'e':
    case 0x90:
        append_many(m);
        return true;
    case 0x91: /* FROZENSET */
        g_ptr_array_unref(pop_to_mark(m));
        push(m, m->other);
        return true;
    case '0':
        pop(m);
        return true;
    case '1':
        g_ptr_array_unref(pop_to_mark(m));
        return true;
    case '2':
        push(m, top(m));
        return true;
    default:
        return false;
    }
}

static bool run_calls(Machine *m, uint8_t code)
{
    switch (code) {
    case 'c':
        run_global(m);
        return true;
    case 0x93:
        push_named(m);
        return true;
    case 'Q':
        push_persistent(m);
        return true;
    case 'R':
        push_call(m);
        return true;
    case 0x81: /* NEWOBJ */
        call_other(m, 2);
        return true;
    case 0x92: /* NEWOBJ_EX */
        call_other(m, 3);
        return true;
    case 'b': /* the state of an object; of a dictionary's it is nothing of the dictionary */
        pop(m);
        top(m);
        return true;
    case 'q':
        remember(m, take_number(m, 1));
        return true;
    case 'r':
        remember(m, take_number(m, 4));
        return true;
    case 0x94: /* MEMOIZE */
        remember(m, g_hash_table_size(m->memo));
        return true;
    case 'h':
        recall(m, take_number(m, 1));
        return true;
    case 'j':
        recall(m, take_number(m, 4));
        return true;
    case 0x80: /* PROTO */
        if (take_number(m, 1) > 5)
            fail(m, N_("it is of a newer kind of pickle."));
        return true;
    case 0x95: /* FRAME */
        take_number(m, 8);
        return true;
    default:
        return false;
    }
}

LkPickle *lk_pickle_read(const uint8_t *data, size_t size, char **problem)
{
    LkPickle *pickle = g_new0(LkPickle, 1);
    pickle->values = g_ptr_array_new_with_free_func(value_free);
    Machine m = {.data = data,
                 .size = size,
                 .pickle = pickle,
                 .stack = g_ptr_array_new(),
                 .memo = g_hash_table_new(g_direct_hash, g_direct_equal)};
    m.other = make(&m, LK_PICKLE_OTHER);
    while (!m.problem && !pickle->root) {
        uint8_t code = (uint8_t)take_number(&m, 1);
        if (m.problem)
            break;
        if (code == '.')
            pickle->root = pop(&m);
        else if (!run_value(&m, code) && !run_structure(&m, code) && !run_calls(&m, code))
            fail(&m, N_("it has an instruction that is not known."));
    }
    g_ptr_array_unref(m.stack);
    g_hash_table_unref(m.memo);
    if (!m.problem)
        return pickle;
    *problem = g_strdup(_(m.problem));
    lk_pickle_free(pickle);
    return NULL;
}

void lk_pickle_free(LkPickle *pickle)
{
    if (!pickle)
        return;
    g_ptr_array_unref(pickle->values);
    g_free(pickle);
}

const LkPickleValue *lk_pickle_get(const LkPickleValue *dict, const char *key)
{
    const LkPickleValue *found = NULL;
    for (guint i = 0; dict->type == LK_PICKLE_DICT && i + 1 < dict->items->len; i += 2) {
        const LkPickleValue *name = dict->items->pdata[i];
        if (name->type == LK_PICKLE_TEXT && strcmp(name->text, key) == 0)
            found = dict->items->pdata[i + 1];
    }
    return found;
}
