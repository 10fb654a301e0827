/// What backend drivers share: their table, and memory of the host.
#ifndef MKD_TENSOR_DRIVERS_H
#define MKD_TENSOR_DRIVERS_H

#include "tensor/backend.h"

#ifdef __cplusplus
extern "C" {
#endif

#define MKD_BACKEND(name, summary) extern const mkd_backend_driver mkd_backend_driver_##name;
#include "tensor/backends.def"
#undef MKD_BACKEND

/// Buffers of drivers whose memory is the host's: zeroed, aligned to 64 bytes.
int mkd_host_buffer_new(mkd_buffer *out, void *state, size_t bytes) MKD_NODISCARD;
void mkd_host_buffer_free(mkd_buffer *buffer, void *state);
int mkd_host_upload(void *state, mkd_buffer *to, size_t offset, const void *from,
                    size_t bytes) MKD_NODISCARD;
int mkd_host_download(void *state, void *to, const mkd_buffer *from, size_t offset,
                      size_t bytes) MKD_NODISCARD;

#ifdef __cplusplus
}
#endif

#endif
