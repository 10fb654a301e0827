// The files of the KITTI object benchmark (Geiger et al., CVPR 2012; format notes in its devkit):
// label_2 and result text, calib text, velodyne binaries, and lists of frame ids. The parsers work
// on text in memory so that they can be fuzzed; the readers add the file.
//
// Flavours in the wild that are accepted: calibration keys of the tracking benchmark (R_rect,
// Tr_velo_cam, no colon, trailing blanks), CRLF, a missing last newline, occlusion written as
// "0.00". DontCare rows of the tracking benchmark carry sizes of -1000; they are set to the object
// benchmark's -1, because official scorers take a box of -1000 x -1000 m for one that covers all.

#include "data/kitti.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "base/status.h"

enum {
    LABEL_FIELDS = 15,
    RESULT_FIELDS = 16,
    POINT_BYTES = 16,
    TEXT_BYTES_MAX = 64 * 1024 * 1024,
    POINTS_BYTES_MAX = 1024 * 1024 * 1024
};

static const char *const field_names[RESULT_FIELDS] = {
    "type",   "truncated", "occluded", "alpha", "left", "top", "right",      "bottom",
    "height", "width",     "length",   "x",     "y",    "z",   "rotation_y", "score",
};

// Cuts the next line off `*rest`; NULL at the end.
static char *next_line(char **rest) {
    char *line = *rest;
    if (!line || !*line) {
        return NULL;
    }
    char *end = strchr(line, '\n');
    if (end) {
        *end = '\0';
    }
    *rest = end ? end + 1 : NULL;
    return line;
}

static int parse_number(double *out, const char *text, const char *field, const char *path,
                        size_t line) {
    if (!mkd_parse_f64(out, text)) {
        MKD_FAIL(MKD_EFORMAT, "%s:%zu: %s: found \"%.40s\", expected a number", path, line, field,
                 text);
    }
    if (!isfinite(*out)) {
        MKD_FAIL(MKD_EFORMAT, "%s:%zu: %s: found %.40s, expected a finite number", path, line,
                 field, text);
    }
    return 0;
}

static int parse_object(mkd_object *out, char *const *fields, size_t n_fields, const char *path,
                        size_t line) {
    double v[RESULT_FIELDS] = {0};
    size_t type_length = strlen(fields[0]);
    if (type_length >= MKD_TYPE_NAME_MAX) {
        MKD_FAIL(MKD_EFORMAT, "%s:%zu: type: found %zu characters, expected at most %d", path, line,
                 type_length, MKD_TYPE_NAME_MAX - 1);
    }
    for (size_t i = 1; i < n_fields; i++) {
        MKD_TRY(parse_number(&v[i], fields[i], field_names[i], path, line));
    }
    if (fabs(v[2]) > 100 || v[2] != floor(v[2])) {
        MKD_FAIL(MKD_EFORMAT, "%s:%zu: occluded: found %.40s, expected an integer -1..3", path,
                 line, fields[2]);
    }
    *out = (mkd_object){
        .truncation = v[1],
        .occlusion = (int)v[2],
        .alpha_rad = v[3],
        .box_px = {v[4], v[5], v[6], v[7]},
        .box = {.height_m = v[8],
                .width_m = v[9],
                .length_m = v[10],
                .x_m = v[11],
                .y_m = v[12],
                .z_m = v[13],
                .yaw_rad = v[14]},
        .score = v[15],
    };
    memcpy(out->type, fields[0], type_length + 1);
    if (!strcmp(out->type, "DontCare")) {
        out->box.height_m = out->box.width_m = out->box.length_m = -1;
        out->box.x_m = out->box.y_m = out->box.z_m = -1000;
    }
    return 0;
}

static int append_object(mkd_object_list *list, size_t *capacity, const mkd_object *object) {
    if (list->n == *capacity) {
        size_t grown_capacity = *capacity ? 2 * *capacity : 16;
        mkd_object *grown = mkd_realloc_array(list->at, grown_capacity, sizeof *grown);
        if (!grown) {
            return MKD_ENOMEM;
        }
        list->at = grown;
        *capacity = grown_capacity;
    }
    list->at[list->n++] = *object;
    return 0;
}

int mkd_kitti_parse_objects(mkd_object_list *out, char *text, const char *path, bool with_score) {
    int status = 0;
    size_t capacity = 0, expected = with_score ? RESULT_FIELDS : LABEL_FIELDS;
    *out = (mkd_object_list){0};
    size_t line_number = 0;
    char *rest = text, *line;
    while ((line = next_line(&rest)) != NULL) {
        line_number++;
        char *fields[RESULT_FIELDS];
        size_t n = mkd_split_fields(fields, RESULT_FIELDS, line);
        if (n == 0) {
            continue;
        }
        if (n != expected) {
            const char *hint = n == LABEL_FIELDS    ? " (a label without score?)"
                               : n == RESULT_FIELDS ? " (a detection with score?)"
                                                    : "";
            MKD_GOTO(mkd_error_set(MKD_EFORMAT, "%s:%zu: fields: found %zu%s, expected %zu", path,
                                   line_number, n, hint, expected));
        }
        mkd_object object;
        MKD_GOTO(parse_object(&object, fields, n, path, line_number));
        MKD_GOTO(append_object(out, &capacity, &object));
    }
done:
    if (status < 0) {
        mkd_object_list_free(out);
    }
    return status;
}

// Reads a text file and refuses one with a NUL byte, behind which a parser would see nothing.
static int read_text(char **out, const char *path) {
    size_t bytes;
    MKD_TRY(mkd_fs_read(out, &bytes, path, TEXT_BYTES_MAX));
    size_t length = strlen(*out);
    if (length != bytes) {
        mkd_free(*out);
        *out = NULL;
        MKD_FAIL(MKD_EFORMAT, "%s: found a NUL byte at offset %zu, expected text", path, length);
    }
    return 0;
}

int mkd_kitti_read_objects(mkd_object_list *out, const char *path, bool with_score) {
    *out = (mkd_object_list){0};
    char *text;
    MKD_TRY(read_text(&text, path));
    int status = mkd_kitti_parse_objects(out, text, path, with_score);
    mkd_free(text);
    return status;
}

// Appends " value"; a host program's locale must not put a comma where the format has a point.
static void append_number(mkd_str *out, double value, int decimals) {
    char text[400];
    snprintf(text, sizeof text, " %.*f", decimals, value);
    for (char *c = text; *c; c++) {
        *c = *c == ',' ? '.' : *c;
    }
    mkd_str_append(out, text);
}

// KITTI writes as integers what a DontCare row lacks.
static void append_measure(mkd_str *out, double value, bool dont_care, int decimals) {
    append_number(out, value, dont_care && value == floor(value) ? 0 : decimals);
}

static int check_writable(const mkd_object *o, size_t index) {
    const double v[] = {
        o->truncation,    o->alpha_rad,       o->box_px.left_px,
        o->box_px.top_px, o->box_px.right_px, o->box_px.bottom_px,
        o->box.height_m,  o->box.width_m,     o->box.length_m,
        o->box.x_m,       o->box.y_m,         o->box.z_m,
        o->box.yaw_rad,   o->score,
    };
    for (size_t i = 0; i < MKD_COUNT(v); i++) {
        if (!isfinite(v[i])) {
            MKD_FAIL(MKD_EINVAL, "object %zu (%s): found a value that is NaN or infinite", index,
                     o->type);
        }
    }
    if (!o->type[0] || strpbrk(o->type, " \t\r\n")) {
        MKD_FAIL(MKD_EINVAL, "object %zu: type: found \"%s\", expected one word", index, o->type);
    }
    return 0;
}

int mkd_kitti_format_objects(mkd_str *out, const mkd_object_list *objects, bool with_score,
                             int decimals) {
    if (decimals < 0 || decimals > 17) {
        MKD_FAIL(MKD_EINVAL, "decimals: found %d, expected 0..17", decimals);
    }
    for (size_t i = 0; i < objects->n; i++) {
        const mkd_object *o = &objects->at[i];
        MKD_TRY(check_writable(o, i));
        bool dont_care = !strcmp(o->type, "DontCare");
        mkd_str_append(out, o->type);
        append_measure(out, o->truncation, dont_care, decimals);
        mkd_str_printf(out, " %d", o->occlusion);
        append_measure(out, o->alpha_rad, dont_care, decimals);
        append_number(out, o->box_px.left_px, decimals);
        append_number(out, o->box_px.top_px, decimals);
        append_number(out, o->box_px.right_px, decimals);
        append_number(out, o->box_px.bottom_px, decimals);
        const double box[] = {o->box.height_m, o->box.width_m, o->box.length_m, o->box.x_m,
                              o->box.y_m,      o->box.z_m,     o->box.yaw_rad};
        for (size_t k = 0; k < MKD_COUNT(box); k++) {
            append_measure(out, box[k], dont_care, decimals);
        }
        if (with_score) {
            append_number(out, o->score, decimals);
        }
        mkd_str_append(out, "\n");
    }
    return mkd_str_status(out);
}

typedef struct calib_key {
    const char *names[2];
    size_t n_values;
    double *values;
    size_t line; // where it was found; 0 not yet
} calib_key;

// Values of one line behind its key. The text is split here, after the colon was blanked.
static int parse_calib_values(calib_key *key, char *const *fields, size_t n_fields,
                              const char *path, size_t line) {
    if (key->line) {
        MKD_FAIL(MKD_EFORMAT, "%s:%zu: %s: found it again (first on line %zu), expected it once",
                 path, line, fields[0], key->line);
    }
    if (n_fields != key->n_values + 1) {
        MKD_FAIL(MKD_EFORMAT, "%s:%zu: %s: found %zu numbers, expected %zu", path, line, fields[0],
                 n_fields - 1, key->n_values);
    }
    for (size_t i = 0; i < key->n_values; i++) {
        MKD_TRY(parse_number(&key->values[i], fields[i + 1], fields[0], path, line));
    }
    key->line = line;
    return 0;
}

int mkd_kitti_parse_calib(mkd_kitti_calib *out, char *text, const char *path) {
    *out = (mkd_kitti_calib){0};
    calib_key keys[] = {
        {{"P2", "P2"}, 12, out->p2, 0},
        {{"R0_rect", "R_rect"}, 9, out->r0_rect, 0},
        {{"Tr_velo_to_cam", "Tr_velo_cam"}, 12, out->velo_to_cam, 0},
    };
    size_t line_number = 0;
    char *rest = text, *line;
    while ((line = next_line(&rest)) != NULL) {
        line_number++;
        char *colon = strchr(line, ':');
        if (colon) {
            *colon = ' ';
        }
        char *fields[13];
        size_t n = mkd_split_fields(fields, MKD_COUNT(fields), line);
        for (size_t k = 0; n && k < MKD_COUNT(keys); k++) {
            if (!strcmp(fields[0], keys[k].names[0]) || !strcmp(fields[0], keys[k].names[1])) {
                MKD_TRY(parse_calib_values(&keys[k], fields, n, path, line_number));
            }
        }
    }
    for (size_t k = 0; k < MKD_COUNT(keys); k++) {
        if (!keys[k].line) {
            MKD_FAIL(MKD_EFORMAT, "%s: %s: found no such line, expected it with %zu numbers", path,
                     keys[k].names[0], keys[k].n_values);
        }
    }
    return 0;
}

int mkd_kitti_read_calib(mkd_kitti_calib *out, const char *path) {
    char *text;
    MKD_TRY(read_text(&text, path));
    int status = mkd_kitti_parse_calib(out, text, path);
    mkd_free(text);
    return status;
}

void mkd_kitti_camera_from_lidar(double out[12], const mkd_kitti_calib *calib) {
    for (int i = 0; i < 3; i++) {
        for (int j = 0; j < 4; j++) {
            double sum = 0;
            for (int k = 0; k < 3; k++) {
                sum += calib->r0_rect[3 * i + k] * calib->velo_to_cam[4 * k + j];
            }
            out[4 * i + j] = sum;
        }
    }
}

int mkd_kitti_read_points(mkd_points *out, const char *path) {
    *out = (mkd_points){0};
    char *data;
    size_t bytes;
    MKD_TRY(mkd_fs_read(&data, &bytes, path, POINTS_BYTES_MAX));
    if (bytes % POINT_BYTES) {
        mkd_free(data);
        MKD_FAIL(MKD_EFORMAT, "%s: found %zu bytes, expected a multiple of %d (x y z r as f32)",
                 path, bytes, POINT_BYTES);
    }
    // the block is 64-byte aligned, and KITTI's byte order is that of every machine we build for
    float *values = (float *)(void *)data;
    for (size_t i = 0; i < bytes / sizeof *values; i++) {
        if (!isfinite(values[i])) {
            mkd_error_set(MKD_EFORMAT, "%s: point %zu: %c: found %g, expected a finite number",
                          path, i / 4, "xyzr"[i % 4], (double)values[i]);
            mkd_free(data);
            return MKD_EFORMAT;
        }
    }
    *out = (mkd_points){.at = values, .n = bytes / POINT_BYTES};
    return 0;
}

typedef struct id_line {
    const char *id;
    size_t line;
} id_line;

static int compare_id_lines(const void *a, const void *b) {
    const id_line *x = a, *y = b;
    int order = strcmp(x->id, y->id);
    return order ? order : (x->line > y->line) - (x->line < y->line);
}

// Finds an id that occurs twice by sorting (id, line).
static int refuse_duplicates(const mkd_id_list *list, const size_t *lines, const char *path) {
    id_line *sorted = mkd_alloc_array(list->n, sizeof *sorted);
    if (!sorted) {
        return MKD_ENOMEM;
    }
    for (size_t i = 0; i < list->n; i++) {
        sorted[i] = (id_line){list->at[i], lines[i]};
    }
    qsort(sorted, list->n, sizeof *sorted, compare_id_lines);
    int status = 0;
    for (size_t i = 1; i < list->n && status == 0; i++) {
        if (!strcmp(sorted[i - 1].id, sorted[i].id)) {
            status = mkd_error_set(MKD_EFORMAT,
                                   "%s:%zu: id: found %s again (first on line %zu), expected each "
                                   "once",
                                   path, sorted[i].line, sorted[i].id, sorted[i - 1].line);
        }
    }
    mkd_free(sorted);
    return status;
}

// An id becomes part of a path: one plain name, no separators, not hidden, not "..".
static int check_id(const char *const *fields, size_t n_fields, const char *path, size_t line) {
    const char *id = fields[0];
    if (n_fields != 1) {
        MKD_FAIL(MKD_EFORMAT, "%s:%zu: id: found %zu words, expected one id", path, line, n_fields);
    }
    if (strlen(id) >= MKD_FRAME_ID_MAX) {
        MKD_FAIL(MKD_EFORMAT, "%s:%zu: id: found %zu characters, expected at most %d", path, line,
                 strlen(id), MKD_FRAME_ID_MAX - 1);
    }
    for (const char *c = id; *c; c++) {
        if (*c == '/' || *c == '\\' || (unsigned char)*c < 0x20 || *c == 0x7f) {
            MKD_FAIL(MKD_EFORMAT, "%s:%zu: id: found \"%s\", expected a name that is no path", path,
                     line, id);
        }
    }
    if (id[0] == '.') {
        MKD_FAIL(MKD_EFORMAT, "%s:%zu: id: found \"%s\", expected a name that is no path", path,
                 line, id);
    }
    return 0;
}

int mkd_kitti_parse_ids(mkd_id_list *out, char *text, const char *path) {
    int status = 0;
    *out = (mkd_id_list){0};
    size_t capacity = 0, line_number = 0;
    size_t *lines = NULL;
    char *rest = text, *line;
    while ((line = next_line(&rest)) != NULL) {
        line_number++;
        char *fields[1];
        size_t n = mkd_split_fields(fields, 1, line);
        if (n == 0) {
            continue;
        }
        MKD_GOTO(check_id((const char *const *)fields, n, path, line_number));
        if (out->n == capacity) {
            capacity = capacity ? 2 * capacity : 64;
            void *ids = mkd_realloc_array(out->at, capacity, sizeof *out->at);
            out->at = ids ? ids : out->at;
            void *grown_lines = ids ? mkd_realloc_array(lines, capacity, sizeof *lines) : NULL;
            if (!grown_lines) {
                MKD_GOTO(MKD_ENOMEM);
            }
            lines = grown_lines;
        }
        memcpy(out->at[out->n], fields[0], strlen(fields[0]) + 1);
        lines[out->n++] = line_number;
    }
    MKD_GOTO(refuse_duplicates(out, lines, path));
done:
    mkd_free(lines);
    if (status < 0) {
        mkd_id_list_free(out);
    }
    return status;
}

int mkd_kitti_read_ids(mkd_id_list *out, const char *path) {
    *out = (mkd_id_list){0};
    char *text;
    MKD_TRY(read_text(&text, path));
    int status = mkd_kitti_parse_ids(out, text, path);
    mkd_free(text);
    return status;
}

void mkd_id_list_free(mkd_id_list *list) {
    if (list) {
        mkd_free(list->at);
        *list = (mkd_id_list){0};
    }
}
