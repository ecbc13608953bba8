#include "crypt/crypt.h"

#include "text/doc.h"

#define IN_TOTO "application/vnd.in-toto+json"
#define BUNDLE "application/vnd.dev.sigstore.bundle.v0.3+json"
#define BUNDLE_FAMILY "application/vnd.dev.sigstore.bundle"
#define MAX_SIGNATURES 16
#define SIGNATURE_BYTES 1024

void mlp_dsse_pae(struct mlp_str type, struct mlp_str body, struct mlp_buf *out)
{
    mlp_buf_adds(out, "DSSEv1 ");
    mlp_buf_addu64(out, type.n);
    mlp_buf_addc(out, ' ');
    mlp_buf_addstr(out, type);
    mlp_buf_addc(out, ' ');
    mlp_buf_addu64(out, body.n);
    mlp_buf_addc(out, ' ');
    mlp_buf_addstr(out, body);
}

/* Hex SHA-256 of the public PEM: how OpenSSF model-signing names a key. */
static enum mlp_code add_hint(const struct mlp_key *k, struct mlp_buf *out, struct mlp_err *e)
{
    uint8_t digest[MLP_SHA256_BYTES];
    struct mlp_buf pem;
    mlp_buf_init(&pem, 4096);
    enum mlp_code code = mlp_key_public_pem(k, &pem, e);
    if (code == MLP_OK)
        code = mlp_sha256(mlp_buf_str(&pem), digest, e);
    if (code == MLP_OK)
        mlp_hex_add(out, digest, sizeof digest);
    mlp_buf_fini(&pem);
    return code;
}

static enum mlp_code sign_statement(const struct mlp_key *k, struct mlp_str statement,
                                    struct mlp_buf *signature, struct mlp_err *e)
{
    struct mlp_buf pae;
    mlp_buf_init(&pae, statement.n + 128);
    mlp_dsse_pae(MLP_STR(IN_TOTO), statement, &pae);
    enum mlp_code code = mlp_buf_check(&pae, e);
    if (code == MLP_OK)
        code = mlp_sign(k, mlp_buf_str(&pae), signature, e);
    mlp_buf_fini(&pae);
    return code;
}

enum mlp_code mlp_bundle_sign(const struct mlp_key *k, struct mlp_str statement,
                              struct mlp_buf *bundle, struct mlp_err *e)
{
    char id[MLP_DIGEST_TEXT];
    struct mlp_buf signature;
    mlp_buf_init(&signature, SIGNATURE_BYTES);
    enum mlp_code code = mlp_key_id(k, id, e);
    if (code == MLP_OK)
        code = sign_statement(k, statement, &signature, e);
    mlp_buf_adds(bundle, "{\"mediaType\":\"" BUNDLE "\",\"verificationMaterial\":"
                         "{\"publicKey\":{\"hint\":\"");
    if (code == MLP_OK)
        code = add_hint(k, bundle, e);
    mlp_buf_adds(bundle, "\"},\"tlogEntries\":[]},\"dsseEnvelope\":{\"payload\":\"");
    mlp_base64_add(bundle, statement.p, statement.n);
    mlp_buf_adds(bundle, "\",\"payloadType\":\"" IN_TOTO "\",\"signatures\":[{\"sig\":\"");
    mlp_base64_add(bundle, signature.p, signature.n);
    if (code == MLP_OK)
        mlp_buf_addf(bundle, "\",\"keyid\":\"%s\"}]}}", id);
    mlp_buf_fini(&signature);
    return code == MLP_OK ? mlp_buf_check(bundle, e) : code;
}

/* The envelope of a parsed bundle, or NULL with the error set. */
static const struct mlp_node *find_envelope(const struct mlp_doc *d, struct mlp_err *e)
{
    const struct mlp_node *type = mlp_node_get(d->root, "mediaType");
    if (!mlp_str_starts(mlp_node_str(type, ""), BUNDLE_FAMILY)) {
        mlp_node_error(d, type ? type : d->root, e, "no Sigstore bundle: expected mediaType %s",
                       BUNDLE);
        return NULL;
    }
    const struct mlp_node *envelope = mlp_node_get(d->root, "dsseEnvelope");
    const struct mlp_node *payload_type = mlp_node_get(envelope, "payloadType");
    if (!mlp_str_is(mlp_node_str(payload_type, ""), IN_TOTO)) {
        mlp_node_error(d, payload_type ? payload_type : d->root, e,
                       "the bundle holds no DSSE envelope of type %s", IN_TOTO);
        return NULL;
    }
    return envelope;
}

static enum mlp_code decode_payload(const struct mlp_doc *d, const struct mlp_node *envelope,
                                    struct mlp_buf *statement, struct mlp_err *e)
{
    const struct mlp_node *payload = mlp_node_get(envelope, "payload");
    struct mlp_str text = mlp_node_str(payload, "");
    if (text.n == 0 || !mlp_base64_decode(text, statement))
        return mlp_node_error(d, payload ? payload : envelope, e,
                              "the envelope's payload is not base64");
    return MLP_OK;
}

/* DSSE: one signature by the key is enough; those by other keys are passed over. */
static bool any_holds(const struct mlp_key *k, const struct mlp_node *envelope,
                      struct mlp_str pae)
{
    const struct mlp_node *list = mlp_node_get(envelope, "signatures");
    struct mlp_buf signature;
    bool holds = false;
    mlp_buf_init(&signature, SIGNATURE_BYTES);
    for (size_t i = 0; i < MAX_SIGNATURES && !holds; i++) {
        const struct mlp_node *item = mlp_node_at(list, i);
        if (!item)
            break;
        mlp_buf_reset(&signature);
        holds = mlp_base64_decode(mlp_node_str(mlp_node_get(item, "sig"), ""), &signature) &&
                mlp_verify(k, pae, mlp_buf_str(&signature), NULL) == MLP_OK;
    }
    mlp_buf_fini(&signature);
    return holds;
}

static enum mlp_code check_envelope(const struct mlp_key *k, const struct mlp_doc *d,
                                    struct mlp_buf *payload, struct mlp_err *e)
{
    const struct mlp_node *envelope = find_envelope(d, e);
    if (!envelope)
        return e ? e->code : MLP_EINPUT;
    enum mlp_code code = decode_payload(d, envelope, payload, e);
    if (code != MLP_OK)
        return code;
    struct mlp_buf pae;
    mlp_buf_init(&pae, payload->n + 128);
    mlp_dsse_pae(MLP_STR(IN_TOTO), mlp_buf_str(payload), &pae);
    code = mlp_buf_check(&pae, e);
    if (code == MLP_OK && !any_holds(k, envelope, mlp_buf_str(&pae)))
        code = mlp_err_set(e, MLP_ETRUST, "no signature in the bundle holds for this key");
    mlp_buf_fini(&pae);
    return code;
}

enum mlp_code mlp_bundle_verify(const struct mlp_key *k, struct mlp_str bundle, const char *source,
                                struct mlp_buf *statement, struct mlp_err *e)
{
    struct mlp_doc d;
    struct mlp_buf payload;
    /* Only a statement that holds may reach the caller. */
    mlp_buf_init(&payload, bundle.n);
    mlp_doc_init(&d, source, bundle.n * 32 + ((size_t)4 << 20));
    enum mlp_code code = mlp_doc_parse_json(&d, bundle, e);
    if (code == MLP_OK)
        code = check_envelope(k, &d, &payload, e);
    if (code == MLP_OK) {
        mlp_buf_addstr(statement, mlp_buf_str(&payload));
        code = mlp_buf_check(statement, e);
    } else {
        mlp_err_at(e, source, 0, 0);
    }
    mlp_doc_fini(&d);
    mlp_buf_fini(&payload);
    return code;
}
