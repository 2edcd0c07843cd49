/* One HTTP POST. busybox has wget, but Debian 12's static one crashes when it looks up an address.
 */
#ifndef TESTS_VRACK_SYSTEM_POST_H
#define TESTS_VRACK_SYSTEM_POST_H

/*
 * Sends body as application/json to url, whose host has to be a numeric address:
 * "http://10.0.0.1:8080/x" or "http://[fd00::1]/x". Returns the HTTP status of the answer, or a
 * negative errno: -EINVAL for another kind of URL, -ETIMEDOUT after 10 s of silence.
 */
int post_json(const char *url, const char *body);

#endif
