/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Owns: TLS for probes, by OpenSSL, which is opened for the first of them. One context per
 * configuration, made of PEM texts (the process may read no file); a session is never taken up
 * again, a check is to see a whole handshake. Without `verify` any certificate will do, as with
 * keepalived.
 * Must not know: sockets beyond handing the descriptor on; what is said inside.
 */
#include <errno.h>
#include <stdlib.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include "base/str.h"
#include "io/library.h"
#include "io/probe_internal.h"

#define FUNCTIONS(X)                                                                               \
	X(ERR_clear_error)                                                                         \
	X(ERR_peek_last_error)                                                                     \
	X(ERR_reason_error_string)                                                                 \
	X(BIO_new_mem_buf)                                                                         \
	X(BIO_free)                                                                                \
	X(PEM_read_bio_PrivateKey)                                                                 \
	X(PEM_read_bio_X509)                                                                       \
	X(PEM_read_bio_X509_AUX)                                                                   \
	X(EVP_PKEY_free)                                                                           \
	X(X509_free)                                                                               \
	X(X509_get0_notAfter)                                                                      \
	X(X509_STORE_add_cert)                                                                     \
	X(X509_VERIFY_PARAM_set1_ip_asc)                                                           \
	X(X509_verify_cert_error_string)                                                           \
	X(ASN1_TIME_to_tm)                                                                         \
	X(TLS_client_method)                                                                       \
	X(SSL_CTX_new)                                                                             \
	X(SSL_CTX_free)                                                                            \
	X(SSL_CTX_ctrl)                                                                            \
	X(SSL_CTX_set_options)                                                                     \
	X(SSL_CTX_set_security_level)                                                              \
	X(SSL_CTX_set_default_verify_paths)                                                        \
	X(SSL_CTX_get_cert_store)                                                                  \
	X(SSL_CTX_use_certificate)                                                                 \
	X(SSL_CTX_use_PrivateKey)                                                                  \
	X(SSL_CTX_check_private_key)                                                               \
	X(SSL_new)                                                                                 \
	X(SSL_free)                                                                                \
	X(SSL_ctrl)                                                                                \
	X(SSL_set_fd)                                                                              \
	X(SSL_set_verify)                                                                          \
	X(SSL_set1_host)                                                                           \
	X(SSL_get0_param)                                                                          \
	X(SSL_set_alpn_protos)                                                                     \
	X(SSL_set_connect_state)                                                                   \
	X(SSL_set_quiet_shutdown)                                                                  \
	X(SSL_do_handshake)                                                                        \
	X(SSL_get_error)                                                                           \
	X(SSL_read)                                                                                \
	X(SSL_write)                                                                               \
	X(SSL_shutdown)                                                                            \
	X(SSL_get_verify_result)                                                                   \
	X(SSL_get0_peer_certificate)

enum function {
#define X(f) FN_##f,
	FUNCTIONS(X)
#undef X
	FUNCTION_COUNT,
};

/* Two contexts: the list of authorities is part of one, and only some probes want it. */
struct probe_tls {
	void *functions[FUNCTION_COUNT];
	SSL_CTX *trusting, *verifying; /* or none */
};

/* Where `t` is the library. */
#define CALL(f) ((typeof(&f))t->functions[FN_##f])
#define MODE                                                                                       \
	(SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |                                \
	 SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER)
#define LIBRARY "libssl.so." OPENSSL_MSTR(OPENSSL_SHLIB_VERSION)

/* ---- the contexts ---- */

/* "lib: reason" without the numbers. */
static const char *library_error(const struct probe_tls *t, const char *fallback)
{
	const char *text = CALL(ERR_reason_error_string)(CALL(ERR_peek_last_error)());

	return text ? text : fallback;
}

static BIO *memory_of(const struct probe_tls *t, const struct probe_bytes *b)
{
	return CALL(BIO_new_mem_buf)(b->p, (int)b->n);
}

/* The first certificate is ours, the others are its chain. */
static bool use_certificate(const struct probe_tls *t, SSL_CTX *ctx, const struct probe_bytes *pem)
{
	BIO *bio = memory_of(t, pem);
	X509 *x = CALL(PEM_read_bio_X509_AUX)(bio, NULL, NULL, NULL);
	bool good = x && CALL(SSL_CTX_use_certificate)(ctx, x) == 1;

	CALL(X509_free)(x);
	while (good && (x = CALL(PEM_read_bio_X509)(bio, NULL, NULL, NULL)))
		if (CALL(SSL_CTX_ctrl)(ctx, SSL_CTRL_CHAIN_CERT, 0, x) != 1) {
			CALL(X509_free)(x);
			good = false;
		}
	CALL(BIO_free)(bio);
	return good;
}

static int give_password(char *buf, int size, int writing, void *password)
{
	size_t n = password ? strlen(password) : 0;

	if (n > (size_t)size)
		return 0;
	memcpy(buf, password ? password : "", n);
	return (int)n;
}

static bool use_key(const struct probe_tls *t, SSL_CTX *ctx, const struct probe_bytes *pem,
		    const char *password)
{
	BIO *bio = memory_of(t, pem);
	EVP_PKEY *key = CALL(PEM_read_bio_PrivateKey)(bio, NULL, give_password, (void *)password);
	bool good = key && CALL(SSL_CTX_use_PrivateKey)(ctx, key) == 1;

	CALL(EVP_PKEY_free)(key);
	CALL(BIO_free)(bio);
	return good;
}

static bool use_authorities(const struct probe_tls *t, SSL_CTX *ctx, const struct probe_bytes *pem)
{
	X509_STORE *store = CALL(SSL_CTX_get_cert_store)(ctx);
	BIO *bio = memory_of(t, pem);
	unsigned n = 0;
	X509 *x;

	while ((x = CALL(PEM_read_bio_X509_AUX)(bio, NULL, NULL, NULL))) {
		n += CALL(X509_STORE_add_cert)(store, x) == 1;
		CALL(X509_free)(x);
	}
	CALL(BIO_free)(bio);
	return n > 0;
}

static SSL_CTX *context_new(const struct probe_tls *t)
{
	SSL_CTX *ctx = CALL(SSL_CTX_new)(CALL(TLS_client_method)());

	if (!ctx)
		return NULL;
	CALL(SSL_CTX_ctrl)(ctx, SSL_CTRL_SET_SESS_CACHE_MODE, SSL_SESS_CACHE_OFF, NULL);
	CALL(SSL_CTX_ctrl)(ctx, SSL_CTRL_MODE, MODE, NULL);
	/* Many a server closes without a word; that is for the judge to see as the end. */
	CALL(SSL_CTX_set_options)(ctx, SSL_OP_IGNORE_UNEXPECTED_EOF);
	/* Servers of any age are checked. */
	CALL(SSL_CTX_set_security_level)(ctx, 0);
	CALL(SSL_CTX_ctrl)(ctx, SSL_CTRL_SET_MIN_PROTO_VERSION, TLS1_VERSION, NULL);
	return ctx;
}

/* What is wrong, or NULL. */
static const char *fill_context(const struct probe_tls *t, SSL_CTX *ctx,
				const struct probe_tls_material *m, bool verifying)
{
	if (m->certificate.n && !use_certificate(t, ctx, &m->certificate))
		return "the certificate of the SSL block can't be used";
	if (m->key.n && !use_key(t, ctx, &m->key, m->password))
		return "the key of the SSL block can't be used";
	if (m->key.n && m->certificate.n && CALL(SSL_CTX_check_private_key)(ctx) != 1)
		return "the key of the SSL block is not that of the certificate";
	if (m->ca.n && !use_authorities(t, ctx, &m->ca))
		return "the ca of the SSL block can't be used";
	if (verifying && !m->ca.n)
		(void)CALL(SSL_CTX_set_default_verify_paths)(ctx);
	return NULL;
}

/* What is wrong, or NULL; then there are both contexts. */
static const char *make_contexts(struct probe_tls *t, const struct probe_tls_material *m)
{
	const char *wrong = NULL;

	t->trusting = context_new(t);
	t->verifying = context_new(t);
	if (!t->trusting || !t->verifying)
		wrong = "no TLS context";
	if (!wrong)
		wrong = fill_context(t, t->trusting, m, false);
	if (!wrong)
		wrong = fill_context(t, t->verifying, m, true);
	return wrong;
}

/* Runs that began with them keep them. */
static void free_contexts(struct probe_tls *t)
{
	CALL(SSL_CTX_free)(t->trusting);
	CALL(SSL_CTX_free)(t->verifying);
	t->trusting = t->verifying = NULL;
}

/* ---- the library ---- */

static struct probe_tls *tls_open(const char **ret_error)
{
	static const char *const names[] = {
#define X(f) #f,
		FUNCTIONS(X)
#undef X
	};
	struct probe_tls *t = calloc(1, sizeof(*t));

	if (!t)
		abort();
	if (library_open(LIBRARY, names, t->functions, FUNCTION_COUNT, ret_error) == 0)
		return t;
	free(t);
	return NULL;
}

struct probe_tls *probe_tls_free(struct probe_tls *t)
{
	if (t)
		free_contexts(t);
	free(t);
	return NULL;
}

int probe_engine_set_tls(struct probe_engine *e, const struct probe_tls_material *m,
			 char ret_error[static PROBE_REASON_MAX])
{
	struct probe_tls *t = e->tls;
	const char *wrong = NULL;

	e->tls_error[0] = '\0';
	if (!t)
		t = e->tls = tls_open(&wrong);
	if (!t) {
		snprintf(e->tls_error, sizeof(e->tls_error), "no TLS without OpenSSL: %s", wrong);
		str_copy(ret_error, PROBE_REASON_MAX, e->tls_error);
		return -ENOENT;
	}
	free_contexts(t);
	CALL(ERR_clear_error)();
	wrong = make_contexts(t, m);
	if (wrong) {
		snprintf(e->tls_error, sizeof(e->tls_error), "%s: %s", wrong,
			 library_error(t, "unknown"));
		str_copy(ret_error, PROBE_REASON_MAX, e->tls_error);
		free_contexts(t);
	}
	CALL(ERR_clear_error)();
	return wrong ? -EINVAL : 0;
}

/* ---- a run ---- */

static bool expect_name(SSL *ssl, const struct probe *p)
{
	const struct probe_tls *t = p->engine->tls;
	struct ip_addr ip = p->conf->connect_ip;
	char text[IP_TEXT_MAX];

	CALL(SSL_set_verify)(ssl, SSL_VERIFY_PEER, NULL);
	if (p->tls.verify_name && !ip_parse(p->tls.verify_name, &ip))
		return CALL(SSL_set1_host)(ssl, p->tls.verify_name) == 1;
	ip_format(&ip, text);
	return CALL(X509_VERIFY_PARAM_set1_ip_asc)(CALL(SSL_get0_param)(ssl), text) == 1;
}

/* "h2" with its length before it. */
static bool offer(const struct probe_tls *t, SSL *ssl, const char *alpn)
{
	unsigned char wire[32];
	size_t n = strlen(alpn);

	if (n >= sizeof(wire))
		return false;
	wire[0] = (unsigned char)n;
	memcpy(wire + 1, alpn, n);
	return CALL(SSL_set_alpn_protos)(ssl, wire, (unsigned)n + 1) == 0;
}

static bool send_name(const struct probe_tls *t, SSL *ssl, const char *name)
{
	return CALL(SSL_ctrl)(ssl, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
			      (void *)name) == 1;
}

static bool set_up(SSL *ssl, const struct probe *p)
{
	const struct probe_tls *t = p->engine->tls;

	CALL(SSL_set_connect_state)(ssl);
	CALL(SSL_set_quiet_shutdown)(ssl, !p->tls.close_alert);
	if (p->tls.server_name && !send_name(t, ssl, p->tls.server_name))
		return false;
	if (p->tls.alpn && !offer(t, ssl, p->tls.alpn))
		return false;
	if (p->tls.verify && !expect_name(ssl, p))
		return false;
	return CALL(SSL_set_fd)(ssl, p->fd) == 1;
}

bool probe_tls_attach(struct probe *p)
{
	struct probe_engine *e = p->engine;
	const struct probe_tls *t = e->tls;

	if (!t || !t->trusting) {
		probe_finish(p, PROBE_UNDECIDED, *e->tls_error ? e->tls_error : "no TLS context");
		return false;
	}
	p->ssl = CALL(SSL_new)(p->tls.verify ? t->verifying : t->trusting);
	if (p->ssl && set_up(p->ssl, p))
		return true;
	CALL(ERR_clear_error)();
	probe_finish(p, PROBE_UNDECIDED, "no TLS session");
	return false;
}

void probe_tls_close(struct probe *p)
{
	const struct probe_tls *t = p->engine->tls;

	if (p->phase == PROBE_TALKING)
		/* Quiet, or an alert for which there is room or not. */
		(void)CALL(SSL_shutdown)(p->ssl);
	CALL(SSL_free)(p->ssl);
	p->ssl = NULL;
	CALL(ERR_clear_error)();
}

static void explain_failure(struct probe *p, int error)
{
	struct probe_engine *e = p->engine;
	const struct probe_tls *t = e->tls;
	long verified = CALL(SSL_get_verify_result)(p->ssl);
	char text[80];

	if (p->tls.verify && verified != X509_V_OK)
		snprintf(e->reason, sizeof(e->reason), "certificate: %s",
			 CALL(X509_verify_cert_error_string)(verified));
	else if (error == SSL_ERROR_SYSCALL && errno)
		snprintf(e->reason, sizeof(e->reason), "TLS handshake: %s",
			 probe_error_text(errno, text, sizeof(text)));
	else
		snprintf(e->reason, sizeof(e->reason), "TLS handshake: %s",
			 library_error(t, "the server closed the connection"));
	CALL(ERR_clear_error)();
}

enum probe_tls_step probe_tls_handshake(struct probe *p)
{
	const struct probe_tls *t = p->engine->tls;
	int r, error;

	errno = 0;
	r = CALL(SSL_do_handshake)(p->ssl);
	if (r == 1)
		return PROBE_TLS_DONE;
	error = CALL(SSL_get_error)(p->ssl, r);
	if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE)
		return PROBE_TLS_WAIT;
	explain_failure(p, error);
	return PROBE_TLS_FAILED;
}

static ssize_t negative(struct probe *p, int r)
{
	const struct probe_tls *t = p->engine->tls;
	int saved = errno, error = CALL(SSL_get_error)(p->ssl, r);

	CALL(ERR_clear_error)();
	switch (error) {
	case SSL_ERROR_WANT_READ:
	case SSL_ERROR_WANT_WRITE:
		return -EAGAIN;
	case SSL_ERROR_ZERO_RETURN:
		return 0;
	case SSL_ERROR_SYSCALL:
		return saved ? -saved : 0;
	default:
		return -ECONNABORTED;
	}
}

ssize_t probe_tls_send(struct probe *p, const void *data, size_t n)
{
	const struct probe_tls *t = p->engine->tls;
	int r;

	errno = 0;
	r = CALL(SSL_write)(p->ssl, data, (int)n);
	if (r > 0)
		return r;
	r = (int)negative(p, r);
	return r ? r : -ECONNRESET;
}

ssize_t probe_tls_receive(struct probe *p, void *data, size_t size)
{
	const struct probe_tls *t = p->engine->tls;
	int r;

	errno = 0;
	r = CALL(SSL_read)(p->ssl, data, (int)size);
	return r > 0 ? r : negative(p, r);
}

usec_t probe_tls_certificate_ends(const struct probe *p)
{
	const struct probe_tls *t = p->engine->tls;
	const X509 *x = CALL(SSL_get0_peer_certificate)(p->ssl);
	struct tm tm;
	time_t ends;

	if (!x || CALL(ASN1_TIME_to_tm)(CALL(X509_get0_notAfter)(x), &tm) != 1)
		return 0;
	ends = timegm(&tm);
	return ends > 0 ? (usec_t)ends * USEC_PER_SEC : 0;
}
