/* CLIP's tokenizer: text to the ids that Stable Diffusion's text encoders read.
 *
 * It equals CLIPTokenizer of Hugging Face transformers 5, which runs on the tokenizers library, as does
 * CLIPTokenizerFast of transformers 4: special tokens cut out of the raw text, NFC, white space to spaces, lower case,
 * a split by
 *    <\|startoftext\|>|<\|endoftext\|>|'s|'t|'re|'ve|'m|'ll|'d|\p{L}+|\p{N}|[^\s\p{L}\p{N}]+
 * and byte pair encoding of each piece's UTF-8 bytes, the last of them marked as the word's end.
 *
 * Others differ, though not on ordinary captions. The slow CLIPTokenizer of transformers 4 (kohya's sd-scripts) first
 * mends text with ftfy, which straightens quotes and narrows full-width letters; without ftfy it drops control
 * characters and sets Chinese characters apart. OpenAI's and OpenCLIP's own tokenizers use ftfy and undo HTML entities.
 *
 * Text is UTF-8; what is not becomes U+FFFD as in lk_utf8_decode. A tokenizer may be used from several threads. */
#pragma once

#include <glib.h>
#include <stdint.h>

#define LK_CLIP_BOS        49406 /* <|startoftext|> */
#define LK_CLIP_EOS        49407 /* <|endoftext|>; also the padding of CLIP-L (SD 1.x and the first encoder of SDXL) */
#define LK_CLIP_PAD_OPEN   0     /* the padding of OpenCLIP's encoders (SD 2.x and the second encoder of SDXL) */
#define LK_CLIP_SEQUENCE   77    /* ids that an encoder sees at once, BOS and EOS included */
#define LK_CLIP_CHUNK      75    /* tokens of the text among them */
#define LK_CLIP_VOCABULARY 49408

typedef struct LkClipTokenizer LkClipTokenizer;

/** Builds the tokenizer from the table of merges that is compiled in (about a millisecond). NULL and LK_ERROR_FORMAT if
 * that table is damaged. */
LkClipTokenizer *lk_clip_tokenizer_new(GError **error);
void lk_clip_tokenizer_free(LkClipTokenizer *tokenizer);

/** The tokens of a text without BOS and EOS: writes the first `max` ids (`ids` may be NULL if `max` is 0) and returns
 * how many the whole text has. */
int lk_clip_tokenize(const LkClipTokenizer *tokenizer, const char *utf8, int32_t *ids, int max);

/** The same for `size` bytes, which may hold NUL. */
int lk_clip_tokenize_bytes(const LkClipTokenizer *tokenizer, const char *bytes, size_t size, int32_t *ids, int max);

/** How many tokens a text has, without BOS and EOS: more than 75 do not fit one chunk. */
int lk_clip_token_count(const LkClipTokenizer *tokenizer, const char *utf8);

/** What a text encoder is given for a caption: `ids` is [chunks, 77], for the first 75 * chunks tokens. Returns the
 * number of tokens of the whole text, so that more than 75 * chunks means that some were left out.
 *
 * kohya's layout (max_token_length 75, 150, 225 are 1, 2, 3 chunks): BOS, tokens, EOS and padding up to 75 * chunks +
 * 2 ids, cut into pieces of 75 behind the BOS; a piece gets BOS in front and the last id of all behind. With several
 * chunks and a `pad_id` other than EOS, a piece that ends in a word ends in EOS, and one of padding alone begins with
 * EOS. */
int lk_clip_token_ids(const LkClipTokenizer *tokenizer, const char *utf8, int chunks, int32_t pad_id, int32_t *ids);

/** The same layout for the first `count` tokens of a text, at most 75 * chunks. */
void lk_clip_token_layout(const int32_t *tokens, int count, int chunks, int32_t pad_id, int32_t *ids);

/** The text of tokens, for display: a space behind each word, none at the ends; ids that no token has are left out.
 * Free with g_free. */
char *lk_clip_decode(const LkClipTokenizer *tokenizer, const int32_t *ids, int count);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(LkClipTokenizer, lk_clip_tokenizer_free)
