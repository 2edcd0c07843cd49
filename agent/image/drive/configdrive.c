/* A config drive as the job gives it, or fetched; it is unwrapped in unwrap.c. */
#include "agent/image/drive/configdrive.h"

#include <errno.h>
#include <string.h>

#include "lib/base/mem.h"
#include "lib/base/str.h"
#include "lib/http/client.h"

#define TEXT_MAX (CONFIGDRIVE_MAX / 3 * 4 + 1024)

static int fetch(const struct image_job *job, uint8_t **ret, size_t *ret_len, struct err *e)
{
	struct http_request rq = {.url = job->configdrive,
		.tls = {.ca_file = job->ca_file, .insecure = job->insecure},
		.response_max = TEXT_MAX,
		.redirects = 5};
	char *text = NULL;
	int r = http_get(&rq, &text, ret_len, e);

	*ret = (uint8_t *)text;
	return r;
}

static int take_given(const struct image_job *job, uint8_t **ret, size_t *ret_len, struct err *e)
{
	const void *p = job->configdrive_data ? job->configdrive_data : job->configdrive;
	size_t n = job->configdrive_data ? job->configdrive_len : strlen(job->configdrive);

	if (n > TEXT_MAX)
		return configdrive_too_large(e);
	*ret = malloc(n + 1);
	if (!*ret)
		return err_set(e, ENOMEM, "no memory for it");
	memcpy(*ret, p, n);
	(*ret)[n] = 0;
	*ret_len = n;
	return 0;
}

int configdrive_load(
	const struct image_job *job, uint8_t **ret_data, size_t *ret_len, struct err *e)
{
	uint8_t *data = NULL;
	size_t len = 0;
	int r;

	*ret_data = NULL;
	*ret_len = 0;
	if (!job->configdrive_data && str_empty(job->configdrive))
		return 0;
	if (!job->configdrive_data && strstr(job->configdrive, "://"))
		r = fetch(job, &data, &len, e);
	else
		r = take_given(job, &data, &len, e);
	if (r == 0)
		r = configdrive_unwrap(&data, &len, e);
	if (r < 0) {
		free(data);
		return err_prefix(e, "config drive");
	}
	*ret_data = data;
	*ret_len = len;
	return 0;
}
