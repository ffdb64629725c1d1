#include "backend/weight_reader.h"

#include "base/parallel.h"

enum { PIECE = 1 << 20 }; /* bytes that a thread asks for at once */

bool lk_weight_reader_open(LkWeightReader *reader, const LkWeightSource *source, const char *name, int64_t count,
                           LkError *error)
{
    *reader = (LkWeightReader){.source = source};
    if (!source->open(source->context, name, &reader->weight, error))
        return false;
    if (reader->weight.count == count)
        return true;
    lk_fail(error, LK_ERROR_FORMAT, "The weight '%s' has %lld elements where the model needs %lld.", name,
            (long long)reader->weight.count, (long long)count);
    lk_weight_reader_close(reader);
    return false;
}

void lk_weight_reader_close(LkWeightReader *reader)
{
    reader->source->close(reader->source->context, &reader->weight);
}

bool lk_weight_reader_get(const LkWeightReader *reader, int64_t first, int64_t count, void *to, LkError *error)
{
    return reader->source->read(reader->source->context, &reader->weight, first, count, to, error);
}

/** What the threads share. */
typedef struct Reading {
    const LkWeightReader *reader;
    int64_t first, count, piece; /* elements */
    uint8_t *to;
    LkFirstError error;
} Reading;

static void read_pieces(void *context, int64_t first, int64_t last)
{
    Reading *r = context;
    for (int64_t i = first; i < last; i++) {
        LkError problem = {0};
        int64_t at = i * r->piece, count = r->count - at < r->piece ? r->count - at : r->piece;
        uint8_t *to = r->to + (size_t)at * lk_dtype_size(r->reader->weight.dtype);
        if (!lk_weight_reader_get(r->reader, r->first + at, count, to, &problem)) {
            lk_first_error_set(&r->error, &problem);
            return;
        }
    }
}

bool lk_weight_reader_get_large(const LkWeightReader *reader, int64_t first, int64_t count, void *to, LkError *error)
{
    int64_t piece = PIECE / (int64_t)lk_dtype_size(reader->weight.dtype);
    Reading reading = {.reader = reader, .first = first, .count = count, .piece = piece, .to = to};
    lk_parallel_for((count + piece - 1) / piece, read_pieces, &reading);
    return lk_first_error_give(&reading.error, error);
}
