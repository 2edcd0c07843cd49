/* A QEMU machine's serial port: the UNIX socket of a chardev, seen from the BMC. */
#ifndef TESTS_BMC_SERIALPORT_H
#define TESTS_BMC_SERIALPORT_H

#include <stddef.h>
#include <stdint.h>

#include <uv.h>

struct serialport;

/* What the machine wrote. Called on the loop's thread, never from within a call into this part. */
typedef void (*serialport_output)(void *data, const uint8_t *text, size_t len);

/* Connects to a socket that is there already; a failure shows as silence. path is not kept. */
struct serialport *serialport_new(
	uv_loop_t *loop, const char *path, serialport_output output, void *data);

/* Types; gives how many characters the machine's side has room for, perhaps none. */
size_t serialport_type(struct serialport *s, const uint8_t *text, size_t len);

/* The memory goes when the loop has run once more. NULL is fine. */
void serialport_free(struct serialport *s);

#endif
