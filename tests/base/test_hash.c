/* SHA-256 against the vectors of FIPS 180-4 and NIST's examples; the cache checksum against fixed values, because
 * caches on disk outlive a build. */
#include "base/hash.h"
#include "tests/tap.h"

#include <stdlib.h>
#include <string.h>

static const struct {
    const char *text;
    const char *hex;
} published[] = {
    {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
    {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
    {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
     "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
    {"abcdefghbcdefghicdefghijdefghijkefghijklfghijklmghijklmnhijklmnoijklmnopjklmnopqklmnopqrlmnopqrsmnopqrstnopqrstu",
     "cf5b16a778af8380036ce59e7b0492370b249b11e8f07a51afac45037afee9d1"},
};

static void hex_of(LkSha256 *s, char out[65])
{
    uint8_t digest[32];
    lk_sha256_final(s, digest);
    for (int i = 0; i < 32; i++)
        snprintf(out + 2 * i, 3, "%02x", digest[i]);
}

static void test_sha256(void)
{
    char hex[65];
    for (size_t i = 0; i < sizeof published / sizeof *published; i++) {
        lk_sha256_hex(published[i].text, strlen(published[i].text), hex);
        tap_ok(strcmp(hex, published[i].hex) == 0, "published vector of %zu bytes", strlen(published[i].text));
        LkSha256 portable;
        lk_sha256_init(&portable);
        portable.native = false;
        lk_sha256_update(&portable, published[i].text, strlen(published[i].text));
        hex_of(&portable, hex);
        tap_ok(strcmp(hex, published[i].hex) == 0, "and by the portable code");
    }
    size_t size = 1000000;
    char *a = malloc(size);
    memset(a, 'a', size);
    lk_sha256_hex(a, size, hex);
    tap_ok(strcmp(hex, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0") == 0, "a million times 'a'");

    LkSha256 portable;
    lk_sha256_init(&portable);
    tap_note("this processor %s SHA instructions", portable.native ? "has" : "lacks");
    portable.native = false;
    lk_sha256_update(&portable, a, size);
    hex_of(&portable, hex);
    tap_ok(strcmp(hex, "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0") == 0,
           "by the portable code");

    bool same = true;
    for (size_t piece = 1; piece < 200 && same; piece++) {
        LkSha256 s;
        char whole[65], parts[65];
        lk_sha256_hex(a, 1000 + piece, whole);
        lk_sha256_init(&s);
        for (size_t at = 0; at < 1000 + piece; at += piece)
            lk_sha256_update(&s, a + at, 1000 + piece - at < piece ? 1000 + piece - at : piece);
        hex_of(&s, parts);
        same = strcmp(whole, parts) == 0;
    }
    tap_ok(same, "pieces of 1 to 199 bytes give the hash of the whole");
    free(a);
}

static void test_hash64(void)
{
    uint8_t data[100];
    for (int i = 0; i < 100; i++)
        data[i] = (uint8_t)(i * 7);
    /* Computed by a separate program from the description in hash.h. */
    tap_ok(lk_hash64("", 0, 0) == UINT64_C(0xefd01f60ba992926), "checksum of nothing");
    tap_ok(lk_hash64(data, 100, 0) == UINT64_C(0xaa089d289bfefb16), "checksum of 100 bytes");
    tap_ok(lk_hash64(data, 100, 5) == UINT64_C(0x4df814d1a7bd22a0), "and with another seed");
    uint64_t whole = lk_hash64(data, 100, 0);
    int unchanged = 0, bits = 0;
    for (int bit = 0; bit < 800; bit++) {
        data[bit / 8] ^= (uint8_t)(1 << bit % 8);
        uint64_t other = lk_hash64(data, 100, 0);
        unchanged += other == whole;
        bits += __builtin_popcountll(other ^ whole);
        data[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    tap_ok(unchanged == 0, "each of 800 changed bits changes the checksum");
    tap_ok(bits > 800 * 28 && bits < 800 * 36, "by half of its bits on average (%.1f of 64)", bits / 800.0);
    tap_ok(lk_hash64("\0", 1, 0) != lk_hash64("\0\0", 2, 0), "the length counts");
}

int main(void)
{
    test_sha256();
    test_hash64();
    return tap_done();
}
