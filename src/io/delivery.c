/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Owns: libcurl, for mail (RFC 5321, STARTTLS RFC 3207, AUTH RFC 4954) and webhooks. Must not know
 * what is told and when it is tried again.
 */
#include "io/delivery.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "io/library.h"

#define FUNCTIONS(X)                                                                              \
	X(curl_global_init)                                                                       \
	X(curl_easy_init)                                                                         \
	X(curl_easy_setopt)                                                                       \
	X(curl_easy_perform)                                                                      \
	X(curl_easy_getinfo)                                                                      \
	X(curl_easy_strerror)                                                                     \
	X(curl_easy_cleanup)                                                                      \
	X(curl_slist_append)                                                                      \
	X(curl_slist_free_all)

enum function {
#define X(f) FN_##f,
	FUNCTIONS(X)
#undef X
	FUNCTION_COUNT,
};

struct delivery {
	void *functions[FUNCTION_COUNT];
};

/* Where `d` is the library. */
#define CALL(f) ((typeof(&f))d->functions[FN_##f])
/* The headers check the types of options by a macro of the same name. */
#undef curl_easy_setopt
#undef curl_easy_getinfo
#define SET(c, option, value) ((void)CALL(curl_easy_setopt)((c), (option), (value)))

struct delivery *delivery_open(const char **ret_error)
{
	static const char *const names[] = {
#define X(f) #f,
		FUNCTIONS(X)
#undef X
	};
	struct delivery *d = calloc(1, sizeof(*d));

	if (!d)
		abort();
	if (library_open("libcurl.so.4", names, d->functions, FUNCTION_COUNT, ret_error) < 0)
		return delivery_close(d);
	(void)CALL(curl_global_init)(CURL_GLOBAL_DEFAULT);
	return d;
}

struct delivery *delivery_close(struct delivery *d)
{
	free(d);
	return NULL;
}

struct unsent {
	const char *text;
	size_t left;
};

static size_t give(char *to, size_t size, size_t n, void *ctx)
{
	struct unsent *u = ctx;
	size_t part = size * n < u->left ? size * n : u->left;

	memcpy(to, u->text, part);
	u->text += part;
	u->left -= part;
	return part;
}

static size_t drop(char *data, size_t size, size_t n, void *ctx)
{
	return size * n;
}

static CURL *begin(const struct delivery *d, usec_t connect_limit, char error[CURL_ERROR_SIZE])
{
	CURL *c = CALL(curl_easy_init)();

	error[0] = '\0';
	if (!c)
		return NULL;
	SET(c, CURLOPT_NOSIGNAL, 1L);
	SET(c, CURLOPT_ERRORBUFFER, error);
	SET(c, CURLOPT_WRITEFUNCTION, drop);
	SET(c, CURLOPT_CONNECTTIMEOUT_MS, (long)(connect_limit / USEC_PER_MSEC));
	return c;
}

static void describe(struct delivery_result *ret, const char *error, long response)
{
	if (response > 0)
		snprintf(ret->text, sizeof(ret->text), "%.120s (answered %ld)", error, response);
	else
		snprintf(ret->text, sizeof(ret->text), "%.150s", error);
}

/* 421 is about the server, all other 4xx are about this mail; so is an end after 354 ("go on"). */
static bool is_postponed(CURLcode code, long response)
{
	return code != CURLE_OK && code != CURLE_HTTP_RETURNED_ERROR && code != CURLE_OPERATION_TIMEDOUT &&
	       response >= 354 && response < 500 && response != 421;
}

static void finish(const struct delivery *d, CURL *c, const char *error, struct delivery_result *ret)
{
	CURLcode code = CALL(curl_easy_perform)(c);
	long response = 0;

	(void)CALL(curl_easy_getinfo)(c, CURLINFO_RESPONSE_CODE, &response);
	/* What is redirected (a webhook moved to https) has not arrived: it is not followed. */
	ret->good = code == CURLE_OK && (response < 300 || response > 399);
	/* SMTP: 5xx is for good. HTTP: 4xx, but for "timeout" and "too many requests". */
	ret->hopeless = !ret->good && response >= 500 && code != CURLE_HTTP_RETURNED_ERROR;
	if (code == CURLE_HTTP_RETURNED_ERROR)
		ret->hopeless = response < 500 && response != 408 && response != 429;
	ret->postponed = is_postponed(code, response);
	if (code == CURLE_OK && !ret->good) {
		ret->hopeless = true;
		describe(ret, "redirections are not followed", response);
	} else if (!ret->good) {
		describe(ret, error[0] ? error : CALL(curl_easy_strerror)(code), response);
	}
	CALL(curl_easy_cleanup)(c);
}

static void set_mail_url(const struct delivery *d, CURL *c, const struct delivery_mail *m)
{
	char url[512];
	bool bare_v6 = strchr(m->host, ':') && m->host[0] != '[';

	snprintf(url, sizeof(url), "%s://%s%s%s:%u/%s", m->tls == DELIVERY_TLS ? "smtps" : "smtp",
		 bare_v6 ? "[" : "", m->host, bare_v6 ? "]" : "", m->port, m->helo ? m->helo : "");
	SET(c, CURLOPT_URL, url);
}

/* A server that is silent for the timeout has failed, however long the whole takes. */
static void set_mail_options(const struct delivery *d, CURL *c, const struct delivery_mail *m)
{
	set_mail_url(d, c, m);
	if (m->tls == DELIVERY_STARTTLS)
		SET(c, CURLOPT_USE_SSL, (long)CURLUSESSL_ALL);
	if (m->no_verify) {
		SET(c, CURLOPT_SSL_VERIFYPEER, 0L);
		SET(c, CURLOPT_SSL_VERIFYHOST, 0L);
	}
	if (m->user) {
		SET(c, CURLOPT_USERNAME, m->user);
		SET(c, CURLOPT_PASSWORD, m->password ? m->password : "");
	}
	SET(c, CURLOPT_SERVER_RESPONSE_TIMEOUT, (long)((m->timeout + USEC_PER_SEC - 1) / USEC_PER_SEC));
	SET(c, CURLOPT_MAIL_FROM, m->from);
}

void delivery_mail(const struct delivery *d, const struct delivery_mail *m,
		   struct delivery_result *ret)
{
	char error[CURL_ERROR_SIZE];
	struct unsent unsent = {.text = m->text, .left = strlen(m->text)};
	struct curl_slist *to = NULL;
	CURL *c = begin(d, m->timeout, error);

	*ret = (struct delivery_result){0};
	if (!c) {
		str_copy(ret->text, sizeof(ret->text), "no memory");
		return;
	}
	set_mail_options(d, c, m);
	for (unsigned i = 0; m->to[i]; i++)
		to = CALL(curl_slist_append)(to, m->to[i]);
	SET(c, CURLOPT_MAIL_RCPT, to);
	SET(c, CURLOPT_UPLOAD, 1L);
	SET(c, CURLOPT_READFUNCTION, give);
	SET(c, CURLOPT_READDATA, &unsent);
	finish(d, c, error, ret);
	CALL(curl_slist_free_all)(to);
}

void delivery_post(const struct delivery *d, const struct delivery_post *p,
		   struct delivery_result *ret)
{
	char error[CURL_ERROR_SIZE];
	struct curl_slist *headers = NULL;
	CURL *c = begin(d, p->timeout, error);

	*ret = (struct delivery_result){0};
	if (!c) {
		str_copy(ret->text, sizeof(ret->text), "no memory");
		return;
	}
	headers = CALL(curl_slist_append)(headers, "Content-Type: application/json");
	if (p->header)
		headers = CALL(curl_slist_append)(headers, p->header);
	SET(c, CURLOPT_URL, p->url);
	SET(c, CURLOPT_PROTOCOLS_STR, "http,https");
	SET(c, CURLOPT_USERAGENT, "holdfast/" HOLDFAST_VERSION);
	SET(c, CURLOPT_HTTPHEADER, headers);
	SET(c, CURLOPT_POSTFIELDS, p->body);
	SET(c, CURLOPT_FAILONERROR, 1L);
	SET(c, CURLOPT_TIMEOUT_MS, (long)(p->timeout / USEC_PER_MSEC));
	finish(d, c, error, ret);
	CALL(curl_slist_free_all)(headers);
}
