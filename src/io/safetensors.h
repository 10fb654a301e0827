/// The safetensors format: named tensors and a map of strings in one file that can be mapped.
#ifndef MKD_IO_SAFETENSORS_H
#define MKD_IO_SAFETENSORS_H

#include "base/compiler.h"
#include "tensor/tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct mkd_safetensors mkd_safetensors;

/// Maps and validates a file: header length, JSON, offsets that cover the data without gaps or
/// overlaps, shapes that agree with them. Errors: ENOTFOUND, EIO, EFORMAT with what was found.
int mkd_safetensors_open(mkd_safetensors **out, const char *path) MKD_NODISCARD;
/// The same for a file in memory, which must outlive it; `name` stands for the path in messages.
int mkd_safetensors_parse(mkd_safetensors **out, const void *bytes, size_t n_bytes,
                          const char *name) MKD_NODISCARD;
/// NULL is allowed.
void mkd_safetensors_close(mkd_safetensors *file);
size_t mkd_safetensors_count(const mkd_safetensors *file);
/// Tensors come in the order of their data. NULL behind the end.
const char *mkd_safetensors_name(const mkd_safetensors *file, size_t i);
/// Index of a name, or -1.
long mkd_safetensors_find(const mkd_safetensors *file, const char *name);
/// A view (not owned, not to be written) that lives as long as the file is open. Valid types that
/// tensors do not have (U32, U64, F8_*, C64) are EUNSUPPORTED here, not on opening.
int mkd_safetensors_view(mkd_tensor *out, const mkd_safetensors *file, size_t i) MKD_NODISCARD;
/// Value of a `__metadata__` key, or NULL.
const char *mkd_safetensors_metadata(const mkd_safetensors *file, const char *key);

/// Names with tensors, and key/value pairs of metadata (2 * n_pairs strings). Atomic. The widest
/// types come first, then names in order, as the reference writer does; equal content, equal bytes.
int mkd_safetensors_write(const char *path, const char *const *names,
                          const mkd_tensor *const *tensors, size_t n,
                          const char *const *metadata_pairs, size_t n_pairs) MKD_NODISCARD;

#ifdef __cplusplus
}
#endif

#endif
