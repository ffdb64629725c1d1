/* Unicode as the CLIP tokenizer's reference knows it: UTF-8 with repair, character classes, lower case, NFC.
 *
 * GLib has all of this too, but answers by the Unicode version it was built with, and the reference by three others
 * (see unicode_tables.c). Token ids decide what a LoRA learns, so they may not depend on the system's GLib. */
#pragma once

#include <stddef.h>
#include <stdint.h>

typedef enum LkCharClass { LK_CHAR_OTHER, LK_CHAR_LETTER, LK_CHAR_NUMBER, LK_CHAR_SPACE } LkCharClass;

/** Code points of `size` bytes of UTF-8 into `out` (room for `size`); returns how many. Bytes that are not UTF-8 become
 * U+FFFD, one for each longest beginning of a character (Unicode 3.9, table 3-8; Python's errors="replace"). */
size_t lk_utf8_decode(const char *bytes, size_t size, uint32_t *out);

/** Writes the 1 to 4 bytes of a code point; returns how many. */
size_t lk_utf8_encode(uint32_t c, char out[4]);

/** `size` bytes as a string of valid UTF-8, repaired as by lk_utf8_decode. Free with g_free. */
char *lk_utf8_repair(const char *bytes, size_t size);

LkCharClass lk_char_class(uint32_t c);

/** Lower case of one character, whatever stands around it: one code point, or two for U+0130. Returns how many. */
size_t lk_char_lower(uint32_t c, uint32_t out[2]);

/** What `count` code points can need as room for lk_text_nfc. */
#define LK_NFC_ROOM(count) (4 * (count))

/** Normalisation Form C in place; `text` has room for LK_NFC_ROOM(count) code points. Returns the new count. */
size_t lk_text_nfc(uint32_t *text, size_t count);

/** `text` as the tokenizer sees it: repaired, NFC, each run of white space one space, lower case. Texts that fold to
 * the same string have the same tokens, but for special tokens, which only their exact spelling gives. Free with
 * g_free. */
char *lk_text_fold(const char *text);

/** Removes white space at both ends of valid UTF-8 in place, as Python's str.strip does, and returns `text`. */
char *lk_text_trim(char *text);
