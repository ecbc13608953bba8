/* Digests against FIPS vectors, encodings, keys, signatures, DSSE against the specification's own
 * example, bundles changed one byte at a time. */
#include "suites.h"

#include "base/file.h"
#include "crypt/crypt.h"
#include "text/doc.h"
#include <stdlib.h>

static void check_digest(const char *text, const char *expected)
{
    uint8_t digest[MLP_SHA256_BYTES];
    char out[MLP_DIGEST_TEXT];
    ck_assert_int_eq(mlp_sha256(mlp_str_from(text), digest, NULL), MLP_OK);
    mlp_digest_text(digest, out);
    ck_assert_str_eq(out, expected);
}

START_TEST(sha256_vectors)
{
    check_digest("", "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    check_digest("abc", "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    check_digest("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
                 "sha256:248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
}
END_TEST

START_TEST(sha256_running)
{
    struct mlp_sha256 *h;
    uint8_t whole[MLP_SHA256_BYTES], parts[MLP_SHA256_BYTES];
    ck_assert_int_eq(mlp_sha256_new(&h, NULL), MLP_OK);
    for (int round = 0; round < 2; round++) {
        mlp_sha256_add(h, "a", 1);
        mlp_sha256_add(h, NULL, 0);
        mlp_sha256_add(h, "bc", 2);
        mlp_sha256_finish(h, parts);
        mlp_sha256(MLP_STR("abc"), whole, NULL);
        ck_assert_mem_eq(parts, whole, sizeof whole);
    }
    mlp_sha256_free(h);
    mlp_sha256_free(NULL);
}
END_TEST

START_TEST(sha256_of_file)
{
    uint8_t digest[MLP_SHA256_BYTES], expected[MLP_SHA256_BYTES];
    uint64_t size = 7;
    struct mlp_err e;
    char path[] = "/tmp/mlp-crypt-XXXXXX";
    int fd = mkstemp(path);
    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(mlp_os_write(fd, "abc", 3, NULL), MLP_OK);
    mlp_os_close(fd, NULL);
    mlp_err_init(&e);
    ck_assert_int_eq(mlp_sha256_file(path, digest, &size, &e), MLP_OK);
    ck_assert_uint_eq(size, 3);
    mlp_sha256(MLP_STR("abc"), expected, NULL);
    ck_assert_mem_eq(digest, expected, sizeof digest);
    mlp_os_unlink(path, NULL);
    ck_assert_int_eq(mlp_sha256_file(path, digest, &size, &e), MLP_ENOTFOUND);
    ck_assert_ptr_nonnull(strstr(e.message, path));
}
END_TEST

START_TEST(digest_text_is_strict)
{
    static const char good[] =
        "sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
    uint8_t out[MLP_SHA256_BYTES];
    char back[MLP_DIGEST_TEXT], bad[sizeof good];
    ck_assert(mlp_digest_parse(mlp_str_from(good), out));
    mlp_digest_text(out, back);
    ck_assert_str_eq(back, good);
    ck_assert(!mlp_digest_parse((struct mlp_str){good, sizeof good - 2}, out));
    memcpy(bad, good, sizeof good);
    bad[7] = 'B';
    ck_assert(!mlp_digest_parse(mlp_str_from(bad), out));
    bad[7] = 'g';
    ck_assert(!mlp_digest_parse(mlp_str_from(bad), out));
    memcpy(bad, "sha512:", 7);
    ck_assert(!mlp_digest_parse(mlp_str_from(bad), out));
}
END_TEST

/* RFC 4648 section 10. */
START_TEST(base64_vectors)
{
    static const char *const pairs[][2] = {{"", ""}, {"f", "Zg=="}, {"fo", "Zm8="},
                                           {"foo", "Zm9v"}, {"foob", "Zm9vYg=="},
                                           {"fooba", "Zm9vYmE="}, {"foobar", "Zm9vYmFy"}};
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        struct mlp_buf b;
        mlp_buf_init(&b, 64);
        mlp_base64_add(&b, pairs[i][0], strlen(pairs[i][0]));
        ck_assert(mlp_str_is(mlp_buf_str(&b), pairs[i][1]));
        mlp_buf_reset(&b);
        ck_assert(mlp_base64_decode(mlp_str_from(pairs[i][1]), &b));
        ck_assert(mlp_str_is(mlp_buf_str(&b), pairs[i][0]));
        mlp_buf_fini(&b);
    }
}
END_TEST

START_TEST(base64_refuses)
{
    static const char *const bad[] = {"Z", "Zg", "Zg=", "Zg=a", "Zh==", "Zm9=", "Zm9v\n", "Z g=",
                                      "Zg==Zg==", "====", "Zm_v", "=m9v"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct mlp_buf b;
        mlp_buf_init(&b, 64);
        ck_assert_msg(!mlp_base64_decode(mlp_str_from(bad[i]), &b), "accepted %s", bad[i]);
        mlp_buf_fini(&b);
    }
}
END_TEST

START_TEST(encodings_round_trip)
{
    struct mlp_buf text, back;
    uint8_t bytes[256];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)i;
    mlp_buf_init(&text, 1024);
    mlp_buf_init(&back, 1024);
    mlp_base64_add(&text, bytes, sizeof bytes);
    ck_assert(mlp_base64_decode(mlp_buf_str(&text), &back));
    ck_assert_uint_eq(back.n, sizeof bytes);
    ck_assert(mlp_bytes_equal(back.p, bytes, sizeof bytes));
    mlp_buf_reset(&text);
    mlp_hex_add(&text, bytes + 0xf8, 8);
    ck_assert_str_eq(text.p, "f8f9fafbfcfdfeff");
    back.p[255] ^= 1;
    ck_assert(!mlp_bytes_equal(back.p, bytes, sizeof bytes));
    ck_assert(mlp_bytes_equal(NULL, NULL, 0));
    mlp_buf_fini(&text);
    mlp_buf_fini(&back);
}
END_TEST

/* secure-systems-lab/dsse, protocol.md, the test vector's PAE. */
START_TEST(dsse_pae_vector)
{
    struct mlp_buf b;
    mlp_buf_init(&b, 256);
    mlp_dsse_pae(MLP_STR("http://example.com/HelloWorld"), MLP_STR("hello world"), &b);
    ck_assert_str_eq(b.p, "DSSEv1 29 http://example.com/HelloWorld 11 hello world");
    mlp_buf_fini(&b);
}
END_TEST

static struct mlp_key *make_key(enum mlp_key_type type)
{
    struct mlp_key *k;
    struct mlp_err e;
    mlp_err_init(&e);
    ck_assert_msg(mlp_key_generate(type, &k, &e) == MLP_OK, "%s", e.message);
    return k;
}

static struct mlp_key *reparse(struct mlp_buf *pem, const char *pass)
{
    struct mlp_key *k;
    struct mlp_err e;
    mlp_err_init(&e);
    ck_assert_msg(mlp_key_parse(mlp_buf_str(pem), "t", pass, &k, &e) == MLP_OK, "%s", e.message);
    return k;
}

START_TEST(keys_round_trip)
{
    struct mlp_key *k = make_key(_i ? MLP_KEY_ED25519 : MLP_KEY_P256);
    struct mlp_buf pem;
    char id[MLP_DIGEST_TEXT], again[MLP_DIGEST_TEXT];
    mlp_buf_init(&pem, 4096);
    ck_assert(mlp_key_is_private(k));
    ck_assert_int_eq(mlp_key_id(k, id, NULL), MLP_OK);
    ck_assert_int_eq(mlp_key_private_pem(k, NULL, &pem, NULL), MLP_OK);
    ck_assert(mlp_str_starts(mlp_buf_str(&pem), "-----BEGIN PRIVATE KEY-----\n"));
    struct mlp_key *same = reparse(&pem, NULL);
    ck_assert(mlp_key_is_private(same));
    ck_assert_int_eq(mlp_key_id(same, again, NULL), MLP_OK);
    ck_assert_str_eq(id, again);
    mlp_key_free(same);
    mlp_buf_reset(&pem);
    ck_assert_int_eq(mlp_key_public_pem(k, &pem, NULL), MLP_OK);
    struct mlp_key *public_part = reparse(&pem, NULL);
    ck_assert(!mlp_key_is_private(public_part));
    ck_assert_int_eq(mlp_key_id(public_part, again, NULL), MLP_OK);
    ck_assert_str_eq(id, again);
    ck_assert_int_eq(mlp_key_private_pem(public_part, NULL, &pem, NULL), MLP_EINPUT);
    mlp_key_free(public_part);
    mlp_key_free(k);
    mlp_buf_fini(&pem);
}
END_TEST

START_TEST(keys_with_passphrase)
{
    struct mlp_key *k = make_key(MLP_KEY_P256), *none = NULL;
    struct mlp_buf pem;
    struct mlp_err e;
    mlp_buf_init(&pem, 4096);
    ck_assert_int_eq(mlp_key_private_pem(k, "four words", &pem, NULL), MLP_OK);
    ck_assert(mlp_str_starts(mlp_buf_str(&pem), "-----BEGIN ENCRYPTED PRIVATE KEY-----\n"));
    mlp_key_free(reparse(&pem, "four words"));
    mlp_err_init(&e);
    ck_assert_int_eq(mlp_key_parse(mlp_buf_str(&pem), "a.key", NULL, &none, &e), MLP_EINPUT);
    ck_assert_ptr_nonnull(strstr(e.hint, "passphrase"));
    ck_assert_str_eq(e.source, "a.key");
    mlp_err_init(&e);
    ck_assert_int_eq(mlp_key_parse(mlp_buf_str(&pem), "a.key", "four wrong", &none, &e),
                     MLP_EINPUT);
    ck_assert_ptr_null(none);
    mlp_key_free(k);
    mlp_buf_fini(&pem);
}
END_TEST

/* A P-384 key, an empty text, a damaged PEM and another PEM object. */
START_TEST(keys_refused)
{
    static const char *const bad[] = {
        "", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
        "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAkNA+OhtJko\n-----END PUBLIC KEY-----\n",
        "-----BEGIN PRIVATE KEY-----\n!!!!\n-----END PRIVATE KEY-----\n",
        "-----BEGIN EC PRIVATE KEY-----\n"
        "MIGkAgEBBDBq0t6Q4lG+lk926/lKWPWB/+calN0sfrz0BFUSYkE/Rm58pFcN24Rh\n"
        "UKiWBZs5U/igBwYFK4EEACKhZANiAAQjl59OuKYFgAgAvcIAIHR7zk6QV0gtRMht\n"
        "p+RPU2WUWzJIgH68+tkiMq8DLybGEN7HvECQhxtkPVkYrJmkLl3OrM3zpvsswEb2\n"
        "/VQxNsY35L+FmLIlpVWkZXXgdUH7bSM=\n-----END EC PRIVATE KEY-----\n"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct mlp_key *k;
        struct mlp_err e;
        mlp_err_init(&e);
        ck_assert_int_eq(mlp_key_parse(mlp_str_from(bad[i]), "k", NULL, &k, &e), MLP_EINPUT);
        ck_assert_ptr_null(k);
        ck_assert_uint_gt(strlen(e.message), 10);
    }
}
END_TEST

START_TEST(signatures)
{
    struct mlp_key *k = make_key(_i ? MLP_KEY_ED25519 : MLP_KEY_P256);
    struct mlp_key *other = make_key(_i ? MLP_KEY_ED25519 : MLP_KEY_P256);
    struct mlp_buf s;
    mlp_buf_init(&s, 512);
    ck_assert_int_eq(mlp_sign(k, MLP_STR("text"), &s, NULL), MLP_OK);
    ck_assert_int_eq(mlp_verify(k, MLP_STR("text"), mlp_buf_str(&s), NULL), MLP_OK);
    ck_assert_int_eq(mlp_verify(k, MLP_STR("Text"), mlp_buf_str(&s), NULL), MLP_ETRUST);
    ck_assert_int_eq(mlp_verify(other, MLP_STR("text"), mlp_buf_str(&s), NULL), MLP_ETRUST);
    ck_assert_int_eq(mlp_verify(k, MLP_STR("text"), MLP_STR(""), NULL), MLP_ETRUST);
    for (size_t i = 0; i < s.n; i++) {
        s.p[i] ^= 1;
        ck_assert_int_eq(mlp_verify(k, MLP_STR("text"), mlp_buf_str(&s), NULL), MLP_ETRUST);
        s.p[i] ^= 1;
    }
    mlp_buf_fini(&s);
    mlp_key_free(k);
    mlp_key_free(other);
}
END_TEST

/* RFC 8032, section 7.1, test 2: one key, one byte of text, one signature. */
START_TEST(ed25519_vector)
{
    static const char pem[] = "-----BEGIN PRIVATE KEY-----\n"
                              "MC4CAQAwBQYDK2VwBCIEIEzNCJso/5banbbDRuwRTg9bijGfNaumJNqM9u1PuKb7\n"
                              "-----END PRIVATE KEY-----\n";
    struct mlp_key *k;
    struct mlp_buf s, hex;
    mlp_buf_init(&s, 256);
    mlp_buf_init(&hex, 256);
    ck_assert_int_eq(mlp_key_parse(mlp_str_from(pem), "rfc8032", NULL, &k, NULL), MLP_OK);
    ck_assert_int_eq(mlp_sign(k, MLP_STR("\x72"), &s, NULL), MLP_OK);
    mlp_hex_add(&hex, s.p, 8);
    ck_assert_str_eq(hex.p, "92a009a9f0d4cab8");
    mlp_buf_fini(&s);
    mlp_buf_fini(&hex);
    mlp_key_free(k);
}
END_TEST

#define STATEMENT "{\"_type\":\"https://in-toto.io/Statement/v1\",\"subject\":[]}"

START_TEST(bundles)
{
    struct mlp_key *k = make_key(_i ? MLP_KEY_ED25519 : MLP_KEY_P256);
    struct mlp_buf bundle, statement;
    struct mlp_doc d;
    mlp_buf_init(&bundle, 4096);
    mlp_buf_init(&statement, 4096);
    ck_assert_int_eq(mlp_bundle_sign(k, MLP_STR(STATEMENT), &bundle, NULL), MLP_OK);
    ck_assert_int_eq(mlp_bundle_verify(k, mlp_buf_str(&bundle), "b", &statement, NULL), MLP_OK);
    ck_assert_str_eq(statement.p, STATEMENT);
    mlp_doc_init(&d, "b", 4 << 20);
    ck_assert_int_eq(mlp_doc_parse_json(&d, mlp_buf_str(&bundle), NULL), MLP_OK);
    struct mlp_str hint = mlp_node_str(
        mlp_node_path(d.root, "verificationMaterial", "publicKey", "hint", NULL), "");
    ck_assert_uint_eq(hint.n, 64);
    mlp_doc_fini(&d);
    mlp_buf_fini(&bundle);
    mlp_buf_fini(&statement);
    mlp_key_free(k);
}
END_TEST

START_TEST(bundle_of_another_key)
{
    struct mlp_key *k = make_key(MLP_KEY_P256), *other = make_key(MLP_KEY_P256);
    struct mlp_buf bundle, statement;
    struct mlp_err e;
    mlp_err_init(&e);
    mlp_buf_init(&bundle, 4096);
    mlp_buf_init(&statement, 4096);
    ck_assert_int_eq(mlp_bundle_sign(k, MLP_STR(STATEMENT), &bundle, NULL), MLP_OK);
    ck_assert_int_eq(mlp_bundle_verify(other, mlp_buf_str(&bundle), "b", &statement, &e),
                     MLP_ETRUST);
    ck_assert_uint_eq(statement.n, 0);
    ck_assert_str_eq(e.source, "b");
    mlp_buf_fini(&bundle);
    mlp_buf_fini(&statement);
    mlp_key_free(k);
    mlp_key_free(other);
}
END_TEST

/* Whatever byte changes, the statement that comes out is never another one. */
START_TEST(bundle_with_changed_bytes)
{
    struct mlp_key *k = make_key(MLP_KEY_P256);
    struct mlp_buf bundle, statement;
    unsigned held = 0;
    mlp_buf_init(&bundle, 4096);
    mlp_buf_init(&statement, 4096);
    ck_assert_int_eq(mlp_bundle_sign(k, MLP_STR(STATEMENT), &bundle, NULL), MLP_OK);
    for (size_t i = 0; i < bundle.n; i++) {
        bundle.p[i] ^= 4;
        mlp_buf_reset(&statement);
        if (mlp_bundle_verify(k, mlp_buf_str(&bundle), "b", &statement, NULL) == MLP_OK) {
            ck_assert_str_eq(statement.p, STATEMENT);
            held++;
        } else {
            ck_assert_uint_eq(statement.n, 0);
        }
        bundle.p[i] ^= 4;
    }
    /* The hint, the key's name and the version of the media type are not signed. */
    ck_assert_uint_lt(held, 64 + 71 + 120);
    mlp_buf_fini(&bundle);
    mlp_buf_fini(&statement);
    mlp_key_free(k);
}
END_TEST

START_TEST(no_bundles)
{
    static const char *const bad[] = {
        "", "[]", "{}", "{\"mediaType\":\"x\"}",
        "{\"mediaType\":\"application/vnd.dev.sigstore.bundle.v0.3+json\"}",
        ("{\"mediaType\":\"application/vnd.dev.sigstore.bundle.v0.3+json\",\"dsseEnvelope\":"
         "{\"payloadType\":\"application/vnd.in-toto+json\",\"payload\":\"?\","
         "\"signatures\":[]}}")};
    struct mlp_key *k = make_key(MLP_KEY_P256);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct mlp_buf statement;
        struct mlp_err e;
        mlp_err_init(&e);
        mlp_buf_init(&statement, 4096);
        ck_assert_msg(mlp_bundle_verify(k, mlp_str_from(bad[i]), "b", &statement, &e) ==
                      MLP_EINPUT, "%zu: %s", i, e.message);
        mlp_buf_fini(&statement);
    }
    mlp_key_free(k);
}
END_TEST

Suite *suite_crypt(void)
{
    Suite *s = suite_create("crypt");
    TCase *digests = tcase_create("digests");
    tcase_add_test(digests, sha256_vectors);
    tcase_add_test(digests, sha256_running);
    tcase_add_test(digests, sha256_of_file);
    tcase_add_test(digests, digest_text_is_strict);
    tcase_add_test(digests, base64_vectors);
    tcase_add_test(digests, base64_refuses);
    tcase_add_test(digests, encodings_round_trip);
    suite_add_tcase(s, digests);
    TCase *keys = tcase_create("keys");
    tcase_add_loop_test(keys, keys_round_trip, 0, 2);
    tcase_add_test(keys, keys_with_passphrase);
    tcase_add_test(keys, keys_refused);
    tcase_add_loop_test(keys, signatures, 0, 2);
    tcase_add_test(keys, ed25519_vector);
    suite_add_tcase(s, keys);
    TCase *bundle = tcase_create("bundle");
    tcase_add_test(bundle, dsse_pae_vector);
    tcase_add_loop_test(bundle, bundles, 0, 2);
    tcase_add_test(bundle, bundle_of_another_key);
    tcase_add_test(bundle, bundle_with_changed_bytes);
    tcase_add_test(bundle, no_bundles);
    suite_add_tcase(s, bundle);
    return s;
}
