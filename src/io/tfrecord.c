// A record is: length (u64), checksum of the length (u32), data, checksum of the data (u32), all
// little-endian. A checksum is the CRC-32C of the bytes, rotated right by 15 and shifted by a
// constant (tensorflow/core/lib/hash/crc32c.h).
//
// The CRC takes 8 bytes a step from 8 tables (Kounavis and Berry, 2005): tables[k][b] is what byte
// b does to the sum when k more bytes follow it.

#include "io/tfrecord.h"

#include <pthread.h>

#include "base/status.h"

static uint32_t tables[8][256];
static pthread_once_t tables_once = PTHREAD_ONCE_INIT;

static void fill_tables(void) {
    const uint32_t polynomial = 0x82f63b78; // bits reflected
    for (uint32_t b = 0; b < 256; b++) {
        uint32_t sum = b;
        for (int bit = 0; bit < 8; bit++) {
            sum = sum >> 1 ^ (sum & 1 ? polynomial : 0);
        }
        tables[0][b] = sum;
    }
    for (int k = 1; k < 8; k++) {
        for (int b = 0; b < 256; b++) {
            uint32_t before = tables[k - 1][b];
            tables[k][b] = before >> 8 ^ tables[0][before & 0xff];
        }
    }
}

static uint32_t get_u32(const uint8_t *at) {
    return (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24;
}

static void put_u32(uint8_t *at, uint32_t value) {
    for (int i = 0; i < 4; i++) {
        at[i] = (uint8_t)(value >> (8 * i));
    }
}

uint32_t mkd_crc32c(const void *bytes, size_t n_bytes) {
    pthread_once(&tables_once, fill_tables);
    const uint8_t *at = bytes;
    uint32_t sum = 0xffffffff;
    for (; n_bytes >= 8; n_bytes -= 8, at += 8) {
        uint32_t low = sum ^ get_u32(at), high = get_u32(at + 4);
        sum = tables[7][low & 0xff] ^ tables[6][low >> 8 & 0xff] ^ tables[5][low >> 16 & 0xff] ^
              tables[4][low >> 24] ^ tables[3][high & 0xff] ^ tables[2][high >> 8 & 0xff] ^
              tables[1][high >> 16 & 0xff] ^ tables[0][high >> 24];
    }
    for (; n_bytes > 0; n_bytes--, at++) {
        sum = sum >> 8 ^ tables[0][(sum ^ *at) & 0xff];
    }
    return ~sum;
}

uint32_t mkd_tfrecord_checksum(const void *bytes, size_t n_bytes) {
    uint32_t sum = mkd_crc32c(bytes, n_bytes);
    return (sum >> 15 | sum << 17) + 0xa282ead8;
}

void mkd_tfrecord_frame(uint8_t head[MKD_TFRECORD_HEAD_BYTES],
                        uint8_t foot[MKD_TFRECORD_FOOT_BYTES], const void *data, size_t n_bytes) {
    put_u32(head, (uint32_t)n_bytes);
    put_u32(head + 4, (uint32_t)((uint64_t)n_bytes >> 32));
    put_u32(head + 8, mkd_tfrecord_checksum(head, 8));
    put_u32(foot, mkd_tfrecord_checksum(data, n_bytes));
}

mkd_tfrecord_reader mkd_tfrecord_of(const void *bytes, size_t n_bytes, const char *name) {
    return (mkd_tfrecord_reader){.name = name, .bytes = bytes, .n_bytes = n_bytes};
}

int mkd_tfrecord_open(mkd_tfrecord_reader *out, const char *path) {
    *out = (mkd_tfrecord_reader){0};
    mkd_fs_map map;
    MKD_TRY(mkd_fs_map_open(&map, path));
    *out = mkd_tfrecord_of(map.data, map.bytes, path);
    out->map = map;
    return 0;
}

void mkd_tfrecord_close(mkd_tfrecord_reader *reader) {
    mkd_fs_map_close(&reader->map);
    *reader = (mkd_tfrecord_reader){0};
}

static int check_sum(const uint8_t *stored, const void *bytes, size_t n_bytes, const char *what,
                     const mkd_tfrecord_reader *r) {
    uint32_t found = get_u32(stored), expected = mkd_tfrecord_checksum(bytes, n_bytes);
    if (found != expected) {
        MKD_FAIL(MKD_EFORMAT,
                 "%s: record %zu at byte %zu: found checksum 0x%08x of the %s, expected "
                 "0x%08x",
                 r->name, r->n_read, r->at, found, what, expected);
    }
    return 0;
}

int mkd_tfrecord_next(const uint8_t **data, size_t *n_bytes, mkd_tfrecord_reader *reader) {
    mkd_tfrecord_reader *r = reader;
    size_t left = r->n_bytes - r->at;
    if (left == 0) {
        return 0;
    }
    const uint8_t *head = r->bytes + r->at;
    size_t around = MKD_TFRECORD_HEAD_BYTES + MKD_TFRECORD_FOOT_BYTES;
    if (left < MKD_TFRECORD_HEAD_BYTES) {
        MKD_FAIL(MKD_EFORMAT, "%s: record %zu at byte %zu: truncated", r->name, r->n_read, r->at);
    }
    MKD_TRY(check_sum(head + 8, head, 8, "length", r));
    uint64_t length = get_u32(head) | (uint64_t)get_u32(head + 4) << 32;
    if (left < around || length > left - around) {
        MKD_FAIL(MKD_EFORMAT, "%s: record %zu at byte %zu: truncated", r->name, r->n_read, r->at);
    }
    const uint8_t *body = head + MKD_TFRECORD_HEAD_BYTES;
    MKD_TRY(check_sum(body + length, body, (size_t)length, "data", r));
    *data = body;
    *n_bytes = (size_t)length;
    r->at += around + (size_t)length;
    r->n_read++;
    return 1;
}
