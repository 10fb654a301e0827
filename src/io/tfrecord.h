/// TFRecord framing: records of bytes with checksums, as in TensorBoard's event files and Waymo's.
#ifndef MKD_IO_TFRECORD_H
#define MKD_IO_TFRECORD_H

#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/fs.h"

#ifdef __cplusplus
extern "C" {
#endif

/// CRC-32C (Castagnoli; RFC 3720, B.4): 0xe3069283 for "123456789".
uint32_t mkd_crc32c(const void *bytes, size_t n_bytes);
/// The masked sum that frames carry, so that a sum over data that holds sums keeps its strength.
uint32_t mkd_tfrecord_checksum(const void *bytes, size_t n_bytes);

#define MKD_TFRECORD_HEAD_BYTES 12
#define MKD_TFRECORD_FOOT_BYTES 4
/// What stands before and after the `n_bytes` bytes of a record.
void mkd_tfrecord_frame(uint8_t head[MKD_TFRECORD_HEAD_BYTES],
                        uint8_t foot[MKD_TFRECORD_FOOT_BYTES], const void *data, size_t n_bytes);

/// Walks over the records of a file or of memory.
typedef struct mkd_tfrecord_reader {
    const char *name; ///< for messages; not owned
    const uint8_t *bytes;
    size_t n_bytes;
    size_t at;      ///< of the next record
    size_t n_read;  ///< records given so far
    mkd_fs_map map; ///< empty if in memory
} mkd_tfrecord_reader;

/// Maps a file; `path` must outlive the reader. Errors: ENOTFOUND, EIO.
int mkd_tfrecord_open(mkd_tfrecord_reader *out, const char *path) MKD_NODISCARD;
void mkd_tfrecord_close(mkd_tfrecord_reader *reader);
/// A reader over memory, which must outlive it; needs no close.
mkd_tfrecord_reader mkd_tfrecord_of(const void *bytes, size_t n_bytes, const char *name);
/// The next record, a view into the file.
/// @return 1, or 0 at the end of the file. Errors: EFORMAT (truncated, wrong checksum) with record
/// and byte.
int mkd_tfrecord_next(const uint8_t **data, size_t *n_bytes,
                      mkd_tfrecord_reader *reader) MKD_NODISCARD;

#ifdef __cplusplus
}
#endif

#endif
