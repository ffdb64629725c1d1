/* SHA-256 (FIPS 180-4) for what other programs check, and a fast 64-bit checksum for our own caches. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct LkSha256 {
    uint32_t h[8];
    uint64_t size;
    uint8_t block[64];
    bool native; /* the processor has SHA instructions; clear it to test the portable code */
} LkSha256;

void lk_sha256_init(LkSha256 *s);
void lk_sha256_update(LkSha256 *s, const void *data, size_t size);
void lk_sha256_final(LkSha256 *s, uint8_t out[32]);

/** A digest in lower-case hex. */
void lk_sha256_write(const uint8_t digest[32], char out[65]);

/** Lower-case hex of the hash of `size` bytes. */
void lk_sha256_hex(const void *data, size_t size, char out[65]);

/** A fast 64-bit checksum (FNV-1a over 8-byte words with a final mix) for caches; not for untrusted collisions. */
uint64_t lk_hash64(const void *data, size_t size, uint64_t seed);

/** The same piece by piece. All pieces but the last have a multiple of 8 bytes; `size` is that of all of them. */
typedef struct LkHash64 {
    uint64_t h;
} LkHash64;

LkHash64 lk_hash64_begin(uint64_t size, uint64_t seed);
void lk_hash64_update(LkHash64 *hash, const void *data, size_t size);
uint64_t lk_hash64_end(LkHash64 hash);
