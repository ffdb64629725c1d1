/* Any bytes as a YAML document: refused with its source named, or a whole document that JSON can hold. */
#include "format/gerror.h"
#include "format/yaml.h"
#include "tests/fuzz/target.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    /* A copy of exactly this size, without a NUL behind. */
    g_autofree char *text = g_memdup2(data, size);
    g_autoptr(GError) error = NULL;
    yyjson_doc *doc = lk_yaml_parse(text, size, "fuzz", &error);
    FUZZ_CHECK(!doc == !!error);
    if (error)
        FUZZ_CHECK(error->domain == LK_ERROR && g_str_has_prefix(error->message, "fuzz ") &&
                   g_utf8_validate(error->message, -1, NULL));
    if (!doc)
        return 0;
    size_t length;
    char *json = yyjson_write(doc, 0, &length);
    FUZZ_CHECK(json);
    yyjson_doc *again = yyjson_read(json, length, 0);
    FUZZ_CHECK(again);
    yyjson_doc_free(again);
    /* JSON in one line is YAML, and means the same, but for numbers written otherwise. */
    yyjson_doc *as_yaml = lk_yaml_parse(json, length, "again", NULL);
    FUZZ_CHECK(as_yaml || yyjson_is_str(yyjson_doc_get_root(doc)) || length > (16 << 20));
    yyjson_doc_free(as_yaml);
    free(json);
    yyjson_doc_free(doc);
    return 0;
}
