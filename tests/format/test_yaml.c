/* YAML as JSON: the examples of the YAML 1.2 specification (chapters 2, 6, 7 and 8) and their published meaning, what a
 * config in the wild looks like, and what is refused. */
#include "format/json.h"
#include "format/yaml.h"
#include "tests/format/refused.h"

#include <string.h>

static const struct {
    const char *name, *yaml, *json;
} rows[] = {
    /* the specification */
    {"2.1 sequence of scalars", "- Mark McGwire\n- Sammy Sosa\n- Ken Griffey\n",
     "[\"Mark McGwire\",\"Sammy Sosa\",\"Ken Griffey\"]"},
    {"2.2 mapping of scalars", "hr:  65    # Home runs\navg: 0.278 # Batting average\nrbi: 147   # Runs Batted In\n",
     "{\"hr\":65,\"avg\":0.278,\"rbi\":147}"},
    {"2.3 mapping of sequences",
     "american:\n- Boston Red Sox\n- Detroit Tigers\nnational:\n- New York Mets\n- Chicago Cubs\n",
     "{\"american\":[\"Boston Red Sox\",\"Detroit Tigers\"],\"national\":[\"New York Mets\",\"Chicago Cubs\"]}"},
    {"2.4 sequence of mappings",
     "-\n  name: Mark McGwire\n  hr:   65\n  avg:  0.278\n-\n  name: Sammy Sosa\n  hr:   63\n  avg:  0.288\n",
     "[{\"name\":\"Mark McGwire\",\"hr\":65,\"avg\":0.278},{\"name\":\"Sammy Sosa\",\"hr\":63,\"avg\":0.288}]"},
    {"2.5 sequence of sequences", "- [name        , hr, avg  ]\n- [Mark McGwire, 65, 0.278]\n",
     "[[\"name\",\"hr\",\"avg\"],[\"Mark McGwire\",65,0.278]]"},
    {"2.6 mapping of mappings", "Mark McGwire: {hr: 65, avg: 0.278}\nSammy Sosa: {\n    hr: 63,\n    avg: 0.288,\n }\n",
     "{\"Mark McGwire\":{\"hr\":65,\"avg\":0.278},\"Sammy Sosa\":{\"hr\":63,\"avg\":0.288}}"},
    {"2.9 two comments",
     "---\nhr: # 1998 hr ranking\n- Mark McGwire\n- Sammy Sosa\n# 1998 rbi ranking\nrbi:\n- Sammy Sosa\n",
     "{\"hr\":[\"Mark McGwire\",\"Sammy Sosa\"],\"rbi\":[\"Sammy Sosa\"]}"},
    {"2.12 compact nested mapping",
     "---\n# Products purchased\n- item    : Super Hoop\n  quantity: 1\n- item    : Basketball\n  quantity: 4\n",
     "[{\"item\":\"Super Hoop\",\"quantity\":1},{\"item\":\"Basketball\",\"quantity\":4}]"},
    {"2.13 literal text", "# ASCII Art\n--- \nart: |\n  \\//||\\/||\n  // ||  ||__\n",
     "{\"art\":\"\\\\//||\\\\/||\\n// ||  ||__\\n\"}"},
    {"2.14 folded text", "x: >\n  Mark McGwire's\n  year was crippled\n  by a knee injury.\n",
     "{\"x\":\"Mark McGwire's year was crippled by a knee injury.\\n\"}"},
    {"2.15 folded text with deeper lines",
     "x: >\n Sammy Sosa completed another\n fine season with great stats.\n\n   63 Home Runs\n   0.288 Batting "
     "Average\n\n What "
     "a year!\n",
     "{\"x\":\"Sammy Sosa completed another fine season with great stats.\\n\\n  63 Home Runs\\n  0.288 Batting "
     "Average\\n\\nWhat a year!\\n\"}"},
    {"2.16 indentation decides",
     "name: Mark McGwire\naccomplishment: >\n  Mark set a major league\n  home run record in 1998.\nstats: |\n  65 "
     "Home "
     "Runs\n  0.278 Batting Average\n",
     "{\"name\":\"Mark McGwire\",\"accomplishment\":\"Mark set a major league home run record in "
     "1998.\\n\",\"stats\":\"65 "
     "Home Runs\\n0.278 Batting Average\\n\"}"},
    {"2.17 quoted texts",
     "unicode: \"Sosa did fine.\\u263A\"\ncontrol: \"\\b1998\\t1999\\t2000\\n\"\nhex esc: \"\\x0d\\x0a is \\r\\n\"\n\n"
     "single: '\"Howdy!\" he cried.'\nquoted: ' # Not a ''comment''.'\ntie-fighter: '|\\-*-/|'\n",
     "{\"unicode\":\"Sosa did fine.☺\",\"control\":\"\\b1998\\t1999\\t2000\\n\",\"hex esc\":\"\\r\\n is \\r\\n\","
     "\"single\":\"\\\"Howdy!\\\" he cried.\",\"quoted\":\" # Not a 'comment'.\",\"tie-fighter\":\"|\\\\-*-/|\"}"},
    {"2.18 texts of several lines",
     "plain:\n  This unquoted scalar\n  spans many lines.\n\nquoted: \"So does this\n  quoted scalar.\\n\"\n",
     "{\"plain\":\"This unquoted scalar spans many lines.\",\"quoted\":\"So does this quoted scalar.\\n\"}"},
    {"7.4 quoted keys", "'implicit block key' : [\n  'implicit flow key' ,\n ]\n",
     "{\"implicit block key\":[\"implicit flow key\"]}"},
    {"7.5 folded double quotes", "x: \"folded \n  to a space,\n   \n  to a line feed, or \\\n   \\ non-content\"\n",
     "{\"x\":\"folded to a space,\\nto a line feed, or  non-content\"}"},
    {"7.9 folded single quotes", "x: ' 1st non-empty\n\n   2nd non-empty \n  3rd non-empty '\n",
     "{\"x\":\" 1st non-empty\\n2nd non-empty 3rd non-empty \"}"},
    {"7.12 plain lines", "1st non-empty\n\n 2nd non-empty \n  3rd non-empty\n",
     "\"1st non-empty\\n2nd non-empty 3rd non-empty\""},
    {"8.4 line end at the end of literals", "strip: |-\n  text\nclip: |\n  text\nkeep: |+\n  text\n",
     "{\"strip\":\"text\",\"clip\":\"text\\n\",\"keep\":\"text\\n\"}"},
    {"8.2 indentation indicator", "- |\n detected\n- >\n \n  \n  # detected\n- |1\n  explicit\n",
     "[\"detected\\n\",\"\\n\\n# detected\\n\",\" explicit\\n\"]"},
    {"8.20 kinds of nodes", "-\n  \"flow in block\"\n- >\n Block scalar\n", "[\"flow in block\",\"Block scalar\\n\"]"},
    /* what words mean */
    {"words", "[~, null, true, no, On, off, yes, nope, 'yes', truely]",
     "[null,null,true,false,true,false,true,\"nope\",\"yes\",\"truely\"]"},
    {"numbers", "[1e-4, 5.0E-05, -3, +7, .5, 1., 0x10, 1_000, 1.2.3, -, 12345678901234567890]",
     "[0.0001,0.00005,-3,7,0.5,1.0,\"0x10\",\"1_000\",\"1.2.3\",\"-\",12345678901234567000.0]"},
    {"no value is null", "a:\nb: \n c: 1\nd:\n- \n- x\n", "{\"a\":null,\"b\":{\"c\":1},\"d\":[null,\"x\"]}"},
    {"nothing at all", "# only this\n", "null"},
    {"line ends of Windows, a byte order mark",
     "\xEF\xBB\xBF"
     "a: 1\r\nb:\r\n  - 2\r\n",
     "{\"a\":1,\"b\":[2]}"},
    {"colons and marks within words", "path: C:\\pics\nurl: http://x.org/a#b\ntime: 10:30\nlist: a, b [c]\n",
     "{\"path\":\"C:\\\\pics\",\"url\":\"http://x.org/a#b\",\"time\":\"10:30\",\"list\":\"a, b [c]\"}"},
    /* a trainer's config, cut short */
    {"a config",
     "---\njob: extension\nconfig:\n  # this name\n  name: \"my_lora_v1\"\n  process:\n    - type: 'sd_trainer'\n"
     "      training_folder: \"output\"\n#      trigger_word: \"p3r5on\"\n      network:\n        type: \"lora\"\n"
     "        linear: 16\n      datasets:\n        - folder_path: \"/pics\"\n          resolution: [ 512, 768 ]  # "
     "sizes\n"
     "      sample:\n        prompts:\n          # - \"x\"\n          - \"a, b: c\"\n        neg: \"\"  # none\n"
     "meta:\n  version: '1.0'\n",
     "{\"job\":\"extension\",\"config\":{\"name\":\"my_lora_v1\",\"process\":[{\"type\":\"sd_trainer\",\"training_"
     "folder\":"
     "\"output\",\"network\":{\"type\":\"lora\",\"linear\":16},\"datasets\":[{\"folder_path\":\"/"
     "pics\",\"resolution\":[512,"
     "768]}],\"sample\":{\"prompts\":[\"a, b: c\"],\"neg\":\"\"}}]},\"meta\":{\"version\":\"1.0\"}}"},
};

static void test_meaning(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GError) error = NULL;
        yyjson_doc *doc = lk_yaml_parse(rows[i].yaml, strlen(rows[i].yaml), "x.yaml", &error);
        yyjson_doc *expected = yyjson_read(rows[i].json, strlen(rows[i].json), 0);
        char *text = doc ? yyjson_write(doc, 0, NULL) : NULL, *wanted = yyjson_write(expected, 0, NULL);
        if (!tap_ok(text && strcmp(text, wanted) == 0, "%s", rows[i].name))
            tap_note("got %s, error %s", text, error ? error->message : "none");
        free(text);
        free(wanted);
        yyjson_doc_free(doc);
        yyjson_doc_free(expected);
    }
}

static const struct {
    const char *yaml, *fragment;
} refused[] = {
    {"a: &x 1\nb: *x\n", "line 1: Anchors and aliases"},
    {"a: 1\nb: !!str 2\n", "line 2: Tags"},
    {"a:\n  <<: {b: 1}\n", "Merge keys"},
    {"? a\n: b\n", "Complex keys"},
    {"a: 1\n---\nb: 2\n", "line 2: Only one document"},
    {"a: 1\na: 2\n", "line 2: “a” is there twice"},
    {"a: 1\n  b: 2\n", "line 2: A second colon"},
    {"a: b: c\n", "line 1: A second colon"},
    {"a:\n    b: 1\n  c: 2\n", "line 3: The line is indented more"},
    {"a:\n\tb: 1\n", "line 2: The line is indented with a tab"},
    {"a: \"no end\n", "The text in quotes has no end"},
    {"a: [1, 2\n", "A comma or ] is missing"},
    {"a: [1,\n", "a bracket has no end"},
    {"a: [1 2\n, 3}\n", "A comma or ] is missing"},
    {"a: \"x\" y\n", "Something follows a value"},
    {"a: @x\n", "must stand in quotes"},
    {"a: - b\n", "A list begins in the line below"},
    {"a: 1\n- b\n", "line 2: The line belongs to nothing"},
    {"a: \"\\q\"\n", "A backslash before q means nothing"},
    {"a: \"\\ud800\"\n", "is no character"},
    {"a\n: 1\n", "A value is missing before"},
    {"a: 1\nb\n", "A key with a colon"},
    {"\xff", "not a text in UTF-8"},
};

static void test_refused(void)
{
    g_autoptr(GError) error = NULL;
    for (size_t i = 0; i < G_N_ELEMENTS(refused); i++) {
        yyjson_doc *doc = lk_yaml_parse(refused[i].yaml, strlen(refused[i].yaml), "x.yaml", &error);
        tap_refused(doc, &error, LK_ERROR_FORMAT, refused[i].fragment, refused[i].yaml);
        yyjson_doc_free(doc);
    }
    static const char *const many[] = {"- ", "[", "{a: "};
    for (size_t i = 0; i < G_N_ELEMENTS(many); i++) {
        g_autoptr(GString) deep = g_string_new(NULL);
        for (int level = 0; level < 100000; level++)
            g_string_append(deep, many[i]);
        yyjson_doc *doc = lk_yaml_parse(deep->str, deep->len, "x.yaml", &error);
        tap_refused(doc, &error, LK_ERROR_FORMAT, "More than 64 levels", many[i]);
        yyjson_doc_free(doc);
    }
}

int main(void)
{
    test_meaning();
    test_refused();
    return tap_done();
}
