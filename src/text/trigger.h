/* Trigger words: the words that call a LoRA's subject up, and whether a caption has them. */
#pragma once

#include <glib.h>
#include <stdbool.h>

/** The words of a comma separated list: trimmed, without empty ones and repetitions. Free with g_strfreev. */
char **lk_trigger_words(const char *list);

/** Whether `caption` has the trigger word `word`: as a whole tag between `separator`s (NULL or "" is a comma), or as a
 * whole word (or words) inside a sentence. Upper and lower case are one, as they are to the tokenizer. In scripts that
 * are written without spaces (Chinese, Japanese hiragana, Thai, ...; also Korean, whose particles stick to the word)
 * any place is a word's border. An underscore is part of a word: "sks_dog" does not have "sks". */
bool lk_caption_has_trigger(const char *caption, const char *word, const char *separator);

/** `caption` with the trigger words of a list that it lacks put first, in the list's order, as tags of their own. An
 * empty or NULL list changes nothing. Doing it twice is doing it once. Free with g_free. */
char *lk_caption_add_triggers(const char *caption, const char *list, const char *separator);
