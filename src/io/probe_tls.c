/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Owns: TLS for probes, by OpenSSL. One context per configuration, made of PEM texts (the process may
 * read no file); a session is never taken up again, a check is to see a whole handshake. Without
 * `verify` any certificate will do, as with keepalived.
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
#include "io/probe_internal.h"

/* Two contexts: the list of authorities is part of one, and only some probes want it. */
struct probe_tls {
	SSL_CTX *trusting, *verifying;
};

/* ---- the contexts ---- */

/* "lib: reason" without the numbers. */
static const char *library_error(const char *fallback)
{
	const char *text = ERR_reason_error_string(ERR_peek_last_error());

	return text ? text : fallback;
}

static BIO *memory_of(const struct probe_bytes *b)
{
	return BIO_new_mem_buf(b->p, (int)b->n);
}

/* The first certificate is ours, the others are its chain. */
static bool use_certificate(SSL_CTX *ctx, const struct probe_bytes *pem)
{
	BIO *bio = memory_of(pem);
	X509 *x = PEM_read_bio_X509_AUX(bio, NULL, NULL, NULL);
	bool good = x && SSL_CTX_use_certificate(ctx, x) == 1;

	X509_free(x);
	while (good && (x = PEM_read_bio_X509(bio, NULL, NULL, NULL)))
		if (SSL_CTX_add0_chain_cert(ctx, x) != 1) {
			X509_free(x);
			good = false;
		}
	BIO_free(bio);
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

static bool use_key(SSL_CTX *ctx, const struct probe_bytes *pem, const char *password)
{
	BIO *bio = memory_of(pem);
	EVP_PKEY *key = PEM_read_bio_PrivateKey(bio, NULL, give_password, (void *)password);
	bool good = key && SSL_CTX_use_PrivateKey(ctx, key) == 1;

	EVP_PKEY_free(key);
	BIO_free(bio);
	return good;
}

static bool use_authorities(SSL_CTX *ctx, const struct probe_bytes *pem)
{
	X509_STORE *store = SSL_CTX_get_cert_store(ctx);
	BIO *bio = memory_of(pem);
	unsigned n = 0;
	X509 *x;

	while ((x = PEM_read_bio_X509_AUX(bio, NULL, NULL, NULL))) {
		n += X509_STORE_add_cert(store, x) == 1;
		X509_free(x);
	}
	BIO_free(bio);
	return n > 0;
}

static SSL_CTX *context_new(void)
{
	SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());

	if (!ctx)
		return NULL;
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
				      SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	/* Many a server closes without a word; that is for the judge to see as the end. */
	SSL_CTX_set_options(ctx, SSL_OP_IGNORE_UNEXPECTED_EOF);
	/* Servers of any age are checked. */
	SSL_CTX_set_security_level(ctx, 0);
	SSL_CTX_set_min_proto_version(ctx, TLS1_VERSION);
	return ctx;
}

/* What is wrong, or NULL. */
static const char *fill_context(SSL_CTX *ctx, const struct probe_tls_material *m, bool verifying)
{
	if (m->certificate.n && !use_certificate(ctx, &m->certificate))
		return "the certificate of the SSL block can't be used";
	if (m->key.n && !use_key(ctx, &m->key, m->password))
		return "the key of the SSL block can't be used";
	if (m->key.n && m->certificate.n && SSL_CTX_check_private_key(ctx) != 1)
		return "the key of the SSL block is not that of the certificate";
	if (m->ca.n && !use_authorities(ctx, &m->ca))
		return "the ca of the SSL block can't be used";
	if (verifying && !m->ca.n)
		(void)SSL_CTX_set_default_verify_paths(ctx);
	return NULL;
}

struct probe_tls *probe_tls_free(struct probe_tls *t)
{
	if (!t)
		return NULL;
	SSL_CTX_free(t->trusting);
	SSL_CTX_free(t->verifying);
	free(t);
	return NULL;
}

int probe_engine_set_tls(struct probe_engine *e, const struct probe_tls_material *m,
			 char ret_error[static PROBE_REASON_MAX])
{
	struct probe_tls *t = calloc(1, sizeof(*t));
	const char *wrong = NULL;

	if (!t)
		abort();
	ERR_clear_error();
	t->trusting = context_new();
	t->verifying = context_new();
	if (!t->trusting || !t->verifying)
		wrong = "no TLS context";
	if (!wrong)
		wrong = fill_context(t->trusting, m, false);
	if (!wrong)
		wrong = fill_context(t->verifying, m, true);
	probe_tls_free(e->tls);
	e->tls = NULL;
	e->tls_error[0] = '\0';
	if (!wrong) {
		ERR_clear_error();
		e->tls = t;
		return 0;
	}
	snprintf(e->tls_error, sizeof(e->tls_error), "%s: %s", wrong, library_error("unknown"));
	str_copy(ret_error, PROBE_REASON_MAX, e->tls_error);
	ERR_clear_error();
	probe_tls_free(t);
	return -EINVAL;
}

/* ---- a run ---- */

static bool expect_name(SSL *ssl, const struct probe *p)
{
	struct ip_addr ip = p->conf->connect_ip;
	char text[IP_TEXT_MAX];

	SSL_set_verify(ssl, SSL_VERIFY_PEER, NULL);
	if (p->tls.verify_name && !ip_parse(p->tls.verify_name, &ip))
		return SSL_set1_host(ssl, p->tls.verify_name) == 1;
	ip_format(&ip, text);
	return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), text) == 1;
}

/* "h2" with its length before it. */
static bool offer(SSL *ssl, const char *alpn)
{
	unsigned char wire[32];
	size_t n = strlen(alpn);

	if (n >= sizeof(wire))
		return false;
	wire[0] = (unsigned char)n;
	memcpy(wire + 1, alpn, n);
	return SSL_set_alpn_protos(ssl, wire, (unsigned)n + 1) == 0;
}

static bool set_up(SSL *ssl, const struct probe *p)
{
	SSL_set_connect_state(ssl);
	SSL_set_quiet_shutdown(ssl, !p->tls.close_alert);
	if (p->tls.server_name && SSL_set_tlsext_host_name(ssl, p->tls.server_name) != 1)
		return false;
	if (p->tls.alpn && !offer(ssl, p->tls.alpn))
		return false;
	if (p->tls.verify && !expect_name(ssl, p))
		return false;
	return SSL_set_fd(ssl, p->fd) == 1;
}

bool probe_tls_attach(struct probe *p)
{
	struct probe_engine *e = p->engine;
	SSL_CTX *ctx;

	if (!e->tls) {
		probe_finish(p, PROBE_UNDECIDED, *e->tls_error ? e->tls_error : "no TLS context");
		return false;
	}
	ctx = p->tls.verify ? e->tls->verifying : e->tls->trusting;
	p->ssl = SSL_new(ctx);
	if (p->ssl && set_up(p->ssl, p))
		return true;
	ERR_clear_error();
	probe_finish(p, PROBE_UNDECIDED, "no TLS session");
	return false;
}

void probe_tls_close(struct probe *p)
{
	if (p->phase == PROBE_TALKING)
		(void)SSL_shutdown(p->ssl); /* quiet, or an alert for which there is room or not */
	SSL_free(p->ssl);
	p->ssl = NULL;
	ERR_clear_error();
}

static void explain_failure(struct probe *p, int error)
{
	struct probe_engine *e = p->engine;
	long verified = SSL_get_verify_result(p->ssl);
	char text[80];

	if (p->tls.verify && verified != X509_V_OK)
		snprintf(e->reason, sizeof(e->reason), "certificate: %s",
			 X509_verify_cert_error_string(verified));
	else if (error == SSL_ERROR_SYSCALL && errno)
		snprintf(e->reason, sizeof(e->reason), "TLS handshake: %s",
			 probe_error_text(errno, text, sizeof(text)));
	else
		snprintf(e->reason, sizeof(e->reason), "TLS handshake: %s",
			 library_error("the server closed the connection"));
	ERR_clear_error();
}

enum probe_tls_step probe_tls_handshake(struct probe *p)
{
	int r, error;

	errno = 0;
	r = SSL_do_handshake(p->ssl);
	if (r == 1)
		return PROBE_TLS_DONE;
	error = SSL_get_error(p->ssl, r);
	if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE)
		return PROBE_TLS_WAIT;
	explain_failure(p, error);
	return PROBE_TLS_FAILED;
}

static ssize_t negative(struct probe *p, int r)
{
	int saved = errno, error = SSL_get_error(p->ssl, r);

	ERR_clear_error();
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
	int r;

	errno = 0;
	r = SSL_write(p->ssl, data, (int)n);
	if (r > 0)
		return r;
	r = (int)negative(p, r);
	return r ? r : -ECONNRESET;
}

ssize_t probe_tls_receive(struct probe *p, void *data, size_t size)
{
	int r;

	errno = 0;
	r = SSL_read(p->ssl, data, (int)size);
	return r > 0 ? r : negative(p, r);
}

usec_t probe_tls_certificate_ends(const struct probe *p)
{
	const X509 *x = SSL_get0_peer_certificate(p->ssl);
	struct tm tm;
	time_t t;

	if (!x || ASN1_TIME_to_tm(X509_get0_notAfter(x), &tm) != 1)
		return 0;
	t = timegm(&tm);
	return t > 0 ? (usec_t)t * USEC_PER_SEC : 0;
}
