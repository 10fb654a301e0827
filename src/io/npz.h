/// NPY arrays and NPZ archives of them (numpy's formats), through libzip.
#ifndef MKD_IO_NPZ_H
#define MKD_IO_NPZ_H

#include "base/compiler.h"
#include "tensor/tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

/// An open archive; arrays are read on demand.
typedef struct mkd_npz mkd_npz;

/// Errors: ENOTFOUND, EIO, EFORMAT (truncated, not a zip, a member that is no .npy).
int mkd_npz_open(mkd_npz **out, const char *path) MKD_NODISCARD;
/// The same for an archive in memory, which must outlive it; `name` stands for the path in
/// messages.
int mkd_npz_parse(mkd_npz **out, const void *bytes, size_t n_bytes, const char *name) MKD_NODISCARD;
/// NULL is allowed.
void mkd_npz_close(mkd_npz *npz);
size_t mkd_npz_count(const mkd_npz *npz);
/// Name without ".npy", in the order of the archive.
const char *mkd_npz_name(const mkd_npz *npz, size_t i);
/// Index of a name, or -1.
long mkd_npz_find(const mkd_npz *npz, const char *name);
/// Reads one array. Data types f4 f8 f2 i1 u1 i2 u2 i4 i8 b1, little-endian, C or Fortran order
/// (given in C order); anything else is EUNSUPPORTED by name. The array's size is checked against
/// the member's before memory is taken. Not thread-safe: one archive, one thread.
int mkd_npz_read(mkd_tensor *out, mkd_npz *npz, size_t i) MKD_NODISCARD;

/// Writes all arrays (at least one), deflated, atomically. Equal arrays give equal files. A bf16
/// tensor is EUNSUPPORTED: numpy has no such type.
int mkd_npz_write(const char *path, const char *const *names, const mkd_tensor *const *tensors,
                  size_t n) MKD_NODISCARD;

/// Parses one .npy in memory; `name` stands for the path in messages. The data is copied.
int mkd_npy_parse(mkd_tensor *out, const void *bytes, size_t n_bytes,
                  const char *name) MKD_NODISCARD;

#ifdef __cplusplus
}
#endif

#endif
