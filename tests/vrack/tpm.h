/* A machine's TPM 2.0: the program swtpm, started for each power-on, its state kept in a file. */
#ifndef TESTS_VRACK_TPM_H
#define TESTS_VRACK_TPM_H

#include <sys/types.h>

#include "lib/base/err.h"

/*
 * Starts the TPM of the machine with that folder, listening on QEMU_TPM_SOCKET there before this
 * returns; it ends when QEMU lets go of it. State lies in FOLDER/tpm. 0 or a negative errno.
 */
int tpm_start(const char *folder, int log_fd, pid_t *ret, struct err *e);

#endif
