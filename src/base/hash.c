#include "base/hash.h"

#include <string.h>

#if defined __x86_64__
#include <cpuid.h>
#include <immintrin.h>
#endif

/* FIPS 180-4, section 4.2.2: the first 32 bits of the fractional parts of the cube roots of the first 64 primes. */
static const uint32_t round_constants[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

static inline uint32_t rotate(uint32_t x, int n)
{
    return (x >> n) | (x << (32 - n));
}

static void compress_block(uint32_t h[8], const uint8_t *block)
{
    uint32_t w[64];
    for (int t = 0; t < 16; t++)
        w[t] = (uint32_t)block[4 * t] << 24 | (uint32_t)block[4 * t + 1] << 16 | (uint32_t)block[4 * t + 2] << 8 |
               block[4 * t + 3];
    for (int t = 16; t < 64; t++) {
        uint32_t s0 = rotate(w[t - 15], 7) ^ rotate(w[t - 15], 18) ^ (w[t - 15] >> 3);
        uint32_t s1 = rotate(w[t - 2], 17) ^ rotate(w[t - 2], 19) ^ (w[t - 2] >> 10);
        w[t] = w[t - 16] + s0 + w[t - 7] + s1;
    }
    uint32_t v[8];
    memcpy(v, h, sizeof v);
    for (int t = 0; t < 64; t += 8) {
        /* Eight rounds bring each variable back to its place, so none is ever moved: a of round k is v[(8 - k) % 8]. */
#pragma GCC unroll 8
        for (int k = 0; k < 8; k++) {
            uint32_t a = v[(8 - k) % 8], b = v[(9 - k) % 8], c = v[(10 - k) % 8], e = v[(12 - k) % 8];
            uint32_t f = v[(13 - k) % 8], g = v[(14 - k) % 8];
            uint32_t s1 = rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25), choose = (e & f) ^ (~e & g);
            uint32_t s0 = rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22), majority = (a & b) ^ (a & c) ^ (b & c);
            uint32_t t1 = v[(15 - k) % 8] + s1 + choose + round_constants[t + k] + w[t + k];
            v[(11 - k) % 8] += t1;
            v[(15 - k) % 8] = t1 + s0 + majority;
        }
    }
    for (int i = 0; i < 8; i++)
        h[i] += v[i];
}

#if defined __x86_64__
/* The same with the processor's own SHA instructions, several times as fast: whole base models are hashed. Their
 * state is kept as two vectors, (a b e f) and (c d g h) from high to low; message words in groups of four. */
__attribute__((target("sha,sse4.1"))) static void compress_native(uint32_t h[8], const uint8_t *data, size_t blocks)
{
    const __m128i big_endian = _mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203);
    __m128i badc = _mm_shuffle_epi32(_mm_loadu_si128((const __m128i *)h), 0xb1);
    __m128i hgfe = _mm_shuffle_epi32(_mm_loadu_si128((const __m128i *)(h + 4)), 0x1b);
    __m128i abef = _mm_alignr_epi8(badc, hgfe, 8), cdgh = _mm_blend_epi16(hgfe, badc, 0xf0);
    for (; blocks; blocks--, data += 64) {
        __m128i w[4], old_abef = abef, old_cdgh = cdgh;
        for (int g = 0; g < 4; g++)
            w[g] = _mm_shuffle_epi8(_mm_loadu_si128((const __m128i *)data + g), big_endian);
#pragma GCC unroll 16
        for (int g = 0; g < 16; g++) {
            __m128i words = _mm_add_epi32(w[g % 4], _mm_loadu_si128((const __m128i *)(round_constants + 4 * g)));
            cdgh = _mm_sha256rnds2_epu32(cdgh, abef, words);
            abef = _mm_sha256rnds2_epu32(abef, cdgh, _mm_shuffle_epi32(words, 0x0e));
            __m128i last = w[(g + 3) % 4], sum = _mm_sha256msg1_epu32(w[g % 4], w[(g + 1) % 4]);
            sum = _mm_add_epi32(sum, _mm_alignr_epi8(last, w[(g + 2) % 4], 4));
            w[g % 4] = _mm_sha256msg2_epu32(sum, last); /* the words four groups on */
        }
        abef = _mm_add_epi32(abef, old_abef);
        cdgh = _mm_add_epi32(cdgh, old_cdgh);
    }
    __m128i feba = _mm_shuffle_epi32(abef, 0x1b), dchg = _mm_shuffle_epi32(cdgh, 0xb1);
    _mm_storeu_si128((__m128i *)h, _mm_blend_epi16(feba, dchg, 0xf0));
    _mm_storeu_si128((__m128i *)(h + 4), _mm_alignr_epi8(dchg, feba, 8));
}

/* Leaf 7, EBX bit 29: the SHA instructions; leaf 1, ECX bit 19: SSE4.1. */
static bool has_sha(void)
{
    unsigned a, b, c, d;
    if (!__get_cpuid(1, &a, &b, &c, &d) || !(c >> 19 & 1))
        return false;
    return __get_cpuid_count(7, 0, &a, &b, &c, &d) && (b >> 29 & 1);
}
#endif

static void compress(LkSha256 *s, const uint8_t *data, size_t blocks)
{
#if defined __x86_64__
    if (s->native) {
        compress_native(s->h, data, blocks);
        return;
    }
#endif
    for (; blocks; blocks--, data += 64)
        compress_block(s->h, data);
}

void lk_sha256_init(LkSha256 *s)
{
    *s = (LkSha256){
        .h = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19}};
#if defined __x86_64__
    s->native = has_sha();
#endif
}

void lk_sha256_update(LkSha256 *s, const void *data, size_t size)
{
    if (!size)
        return;
    const uint8_t *p = data;
    size_t held = s->size % 64;
    s->size += size;
    if (held) {
        size_t take = size < 64 - held ? size : 64 - held;
        memcpy(s->block + held, p, take);
        if (held + take < 64)
            return;
        compress(s, s->block, 1);
        p += take;
        size -= take;
    }
    compress(s, p, size / 64);
    memcpy(s->block, p + size / 64 * 64, size % 64);
}

void lk_sha256_final(LkSha256 *s, uint8_t out[32])
{
    uint64_t bits = s->size * 8;
    size_t held = s->size % 64;
    static const uint8_t padding[64] = {0x80};
    lk_sha256_update(s, padding, held < 56 ? 56 - held : 120 - held);
    uint8_t length[8];
    for (int i = 0; i < 8; i++)
        length[i] = (uint8_t)(bits >> (56 - 8 * i));
    lk_sha256_update(s, length, sizeof length);
    for (int i = 0; i < 32; i++)
        out[i] = (uint8_t)(s->h[i / 4] >> (24 - 8 * (i % 4)));
}

void lk_sha256_write(const uint8_t digest[32], char out[65])
{
    for (int i = 0; i < 32; i++) {
        out[2 * i] = "0123456789abcdef"[digest[i] >> 4];
        out[2 * i + 1] = "0123456789abcdef"[digest[i] & 15];
    }
    out[64] = '\0';
}

void lk_sha256_hex(const void *data, size_t size, char out[65])
{
    LkSha256 s;
    uint8_t digest[32];
    lk_sha256_init(&s);
    lk_sha256_update(&s, data, size);
    lk_sha256_final(&s, digest);
    lk_sha256_write(digest, out);
}

/* Read as little-endian by hand, so that a cache moved to another machine keeps its checksum. */
static inline uint64_t load64(const uint8_t *p)
{
    uint64_t word;
    memcpy(&word, p, sizeof word);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    word = __builtin_bswap64(word);
#endif
    return word;
}

LkHash64 lk_hash64_begin(uint64_t size, uint64_t seed)
{
    return (LkHash64){0xcbf29ce484222325u ^ seed ^ (size * 0x9e3779b97f4a7c15u)};
}

void lk_hash64_update(LkHash64 *hash, const void *data, size_t size)
{
    const uint64_t prime = 0x100000001b3u;
    const uint8_t *p = data;
    uint64_t h = hash->h;
    for (; size >= 8; p += 8, size -= 8) {
        h = (h ^ load64(p)) * prime;
        h ^= h >> 32; /* FNV alone never carries a word's high bits downwards */
    }
    for (; size; p++, size--)
        h = (h ^ *p) * prime;
    hash->h = h;
}

uint64_t lk_hash64_end(LkHash64 hash)
{
    uint64_t h = hash.h;
    h ^= h >> 33; /* the final mix of MurmurHash3 */
    h *= 0xff51afd7ed558ccdu;
    h ^= h >> 33;
    h *= 0xc4ceb9fe1a85ec53u;
    h ^= h >> 33;
    return h;
}

uint64_t lk_hash64(const void *data, size_t size, uint64_t seed)
{
    LkHash64 hash = lk_hash64_begin(size, seed);
    lk_hash64_update(&hash, data, size);
    return lk_hash64_end(hash);
}
