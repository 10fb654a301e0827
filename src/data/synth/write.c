// The data set's files. Frames are dealt out to threads one by one; a frame is complete when all
// its files exist, because each appears in one step (temporary file, then rename).
#include "data/synth.h"

#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "base/log.h"
#include "base/status.h"
#include "base/thread.h"
#include "data/synth/render.h"
#include "data/synth/settings.h"

#define PATH_BYTES    4096
#define THREADS_MAX   256
#define MANIFEST_MAX  65536
#define PNG_LEVEL     1
#define N_FRAME_FILES 4

/// The files of a frame, in the order in which they are written.
static const char *const folders[N_FRAME_FILES] = {"image_2", "velodyne", "calib", "label_2"};
static const char *const suffixes[N_FRAME_FILES] = {"png", "bin", "txt", "txt"};
enum { FILE_IMAGE, FILE_POINTS, FILE_CALIB, FILE_LABEL };

/// Work shared by the threads.
typedef struct job {
    const char *root;
    const mkd_synth_options *options;
    pthread_mutex_t lock;
    int64_t next, done; // under lock
    mkd_error error;    // under lock: the first failure
} job;

static int path_of(char out[PATH_BYTES], const char *root, unsigned file, int64_t frame) {
    const int n = snprintf(out, PATH_BYTES, "%s/training/%s/%06lld.%s", root, folders[file],
                           (long long)frame, suffixes[file]);
    if (n < 0 || n >= PATH_BYTES) {
        MKD_FAIL(MKD_EINVAL, "synth: path of %d bytes, expected fewer than %d", n, PATH_BYTES);
    }
    return MKD_OK;
}

static int is_complete(const job *it, int64_t frame) {
    for (unsigned file = 0; file < N_FRAME_FILES; file++) {
        char path[PATH_BYTES];
        MKD_TRY(path_of(path, it->root, file, frame));
        if ((file != FILE_POINTS || it->options->lidar) && !mkd_fs_exists(path)) {
            return 0;
        }
    }
    return 1;
}

static void print_row(mkd_str *out, const char *key, const double *values, unsigned n) {
    mkd_str_printf(out, "%s:", key);
    for (unsigned i = 0; i < n; i++) {
        mkd_str_printf(out, " %.12e", values[i]);
    }
    mkd_str_append(out, "\n");
}

// all of KITTI's keys, as readers expect them; there is one camera
static int format_calib(mkd_str *out, const mkd_kitti_calib *calib) {
    static const char *const cameras[4] = {"P0", "P1", "P2", "P3"};
    const double imu[12] = {1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0};
    for (unsigned i = 0; i < 4; i++) {
        print_row(out, cameras[i], calib->p2, 12);
    }
    print_row(out, "R0_rect", calib->r0_rect, 9);
    print_row(out, "Tr_velo_to_cam", calib->velo_to_cam, 12);
    print_row(out, "Tr_imu_to_velo", imu, 12);
    return mkd_str_status(out);
}

static int write_text(const char *path, const mkd_str *text) {
    MKD_TRY(mkd_str_status(text));
    return mkd_fs_write_atomic(path, text->text ? text->text : "", text->length);
}

static int write_frame(const job *it, const mkd_synth_frame *frame, const mkd_scene *scene,
                       int64_t index) {
    int status;
    char path[N_FRAME_FILES][PATH_BYTES];
    mkd_str text = {0};
    for (unsigned file = 0; file < N_FRAME_FILES; file++) {
        MKD_TRY(path_of(path[file], it->root, file, index));
    }
    MKD_TRY(mkd_png_write(path[FILE_IMAGE], &frame->frame.views[0].image, PNG_LEVEL));
    if (it->options->lidar) {
        const mkd_points *points = &frame->frame.points;
        MKD_TRY(
            mkd_fs_write_atomic(path[FILE_POINTS], points->at, 4 * points->n * sizeof *points->at));
    }
    MKD_GOTO(format_calib(&text, &scene->calib));
    MKD_GOTO(write_text(path[FILE_CALIB], &text));
    mkd_str_clear(&text);
    MKD_GOTO(mkd_kitti_format_objects(&text, &frame->frame.objects, false, 2));
    MKD_GOTO(write_text(path[FILE_LABEL], &text));
done:
    mkd_str_free(&text);
    return status;
}

// -1 when there is nothing left to do
static int64_t take_frame(job *it) {
    pthread_mutex_lock(&it->lock);
    const bool stop = it->error.code < 0 || it->next >= it->options->frames;
    const int64_t frame = stop ? -1 : it->next++;
    pthread_mutex_unlock(&it->lock);
    return frame;
}

static void report(job *it, int status) {
    pthread_mutex_lock(&it->lock);
    if (status < 0 && it->error.code == 0) {
        mkd_error_save(&it->error, status);
    }
    const double done = (double)(status < 0 ? it->done : ++it->done);
    pthread_mutex_unlock(&it->lock);
    if (status >= 0) {
        mkd_progress("data synth", "frame", done, (double)it->options->frames, NULL);
    }
}

static int make_frame(const job *it, mkd_scene *scene, mkd_raycaster *caster, int64_t index) {
    mkd_synth_frame frame;
    if (mkd_interrupt_requested()) {
        MKD_FAIL(MKD_EINTERRUPTED,
                 "synth: stopped at frame %lld of %lld; the same command goes on from there",
                 (long long)index, (long long)it->options->frames);
    }
    const int complete = is_complete(it, index);
    if (complete != 0) {
        return complete < 0 ? complete : MKD_OK;
    }
    int status = mkd_render_frame(&frame, scene, caster, it->options, (uint64_t)index);
    if (status >= 0) {
        status = write_frame(it, &frame, scene, index);
    }
    mkd_synth_frame_free(&frame);
    return status;
}

static void *work(void *payload) {
    job *it = payload;
    mkd_raycaster *caster = NULL;
    mkd_scene *scene = mkd_alloc(sizeof *scene);
    const int status = scene ? mkd_raycaster_new(&caster) : MKD_ENOMEM;
    if (status < 0) {
        report(it, status);
    } else {
        for (int64_t i = take_frame(it); i >= 0; i = take_frame(it)) {
            report(it, make_frame(it, scene, caster, i));
        }
    }
    mkd_raycaster_free(caster);
    mkd_scene_free(scene);
    mkd_free(scene);
    return NULL;
}

static int run(job *it) {
    int n = it->options->threads > 0 ? (int)it->options->threads : mkd_cpu_count();
    n = n > THREADS_MAX ? THREADS_MAX : n;
    n = (int64_t)n > it->options->frames ? (int)it->options->frames : n;
    mkd_thread threads[THREADS_MAX];
    memset(threads, 0, sizeof threads);
    for (int i = 1; i < n; i++) {
        if (mkd_thread_start(&threads[i], work, it) < 0) {
            break; // the others do its work
        }
    }
    work(it);
    for (int i = 1; i < n; i++) {
        mkd_thread_join(&threads[i]);
    }
    return it->error.code < 0 ? mkd_error_restore(&it->error) : MKD_OK;
}

// the first line in which two manifests differ
static int refuse(const char *path, const char *found, const char *expected) {
    for (;;) {
        const size_t n = strcspn(found, "\n"), m = strcspn(expected, "\n");
        const bool end = found[n] == '\0' || expected[m] == '\0';
        if (n != m || memcmp(found, expected, n) != 0 || end) {
            const size_t skip = strspn(found, " "), skip_expected = strspn(expected, " ");
            const size_t comma = n > 0 && found[n - 1] == ',';
            const size_t comma_expected = m > 0 && expected[m - 1] == ',';
            MKD_FAIL(MKD_EINVAL,
                     "%s: holds another data set: found %.*s, asked for %.*s; "
                     "choose another folder or remove this one",
                     path, (int)(n - skip - comma), found + skip,
                     (int)(m - skip_expected - comma_expected), expected + skip_expected);
        }
        found += n + 1;
        expected += m + 1;
    }
}

static int put_manifest(const char *root, const mkd_synth_options *options) {
    int status;
    mkd_str text = {0};
    char *path = NULL, *found = NULL;
    size_t bytes;
    MKD_GOTO(mkd_synth__manifest(&text, options));
    path = mkd_fs_join(root, "synth.json");
    if (!path) {
        status = MKD_ENOMEM;
        goto done;
    }
    if (!mkd_fs_exists(path)) {
        MKD_GOTO(mkd_fs_write_atomic(path, text.text, text.length));
        goto done;
    }
    MKD_GOTO(mkd_fs_read(&found, &bytes, path, MANIFEST_MAX));
    if (strcmp(found, text.text) != 0) {
        MKD_GOTO(refuse(path, found, text.text));
    }
done:
    mkd_free(found);
    mkd_free(path);
    mkd_str_free(&text);
    return status;
}

static int put_split(const char *root, const char *name, int64_t from, int64_t to) {
    int status;
    char path[PATH_BYTES];
    mkd_str text = {0};
    const int n = snprintf(path, sizeof path, "%s/ImageSets/%s.txt", root, name);
    if (n < 0 || n >= PATH_BYTES) {
        MKD_FAIL(MKD_EINVAL, "synth: path of %d bytes, expected fewer than %d", n, PATH_BYTES);
    }
    for (int64_t i = from; i < to; i++) {
        mkd_str_printf(&text, "%06lld\n", (long long)i);
    }
    status = write_text(path, &text);
    mkd_str_free(&text);
    return status;
}

static int put_splits(const char *root, const mkd_synth_options *o) {
    const int64_t validation = (int64_t)((double)o->frames * o->validation_share + 0.5);
    MKD_TRY(put_split(root, "train", 0, o->frames - validation));
    MKD_TRY(put_split(root, "val", o->frames - validation, o->frames));
    return put_split(root, "trainval", 0, o->frames);
}

static int make_folders(const char *root, const mkd_synth_options *options) {
    char path[PATH_BYTES];
    for (unsigned i = 0; i < N_FRAME_FILES; i++) {
        snprintf(path, sizeof path, "%s/training/%s", root, folders[i]);
        if (i != FILE_POINTS || options->lidar) {
            MKD_TRY(mkd_fs_make_dirs(path));
            MKD_TRY(mkd_fs_sweep(path));
        }
    }
    snprintf(path, sizeof path, "%s/ImageSets", root);
    MKD_TRY(mkd_fs_make_dirs(path));
    return mkd_fs_sweep(path);
}

int mkd_synth_write(const char *root, const mkd_synth_options *options) {
    int status, lock = -1;
    job it = {.root = root, .options = options};
    MKD_TRY(mkd_synth__check(options));
    if (strlen(root) + 64 > PATH_BYTES) {
        MKD_FAIL(MKD_EINVAL, "synth: folder name of %zu bytes, expected fewer than %d",
                 strlen(root), PATH_BYTES - 64);
    }
    MKD_TRY(mkd_fs_make_dirs(root));
    char *lock_path = mkd_fs_join(root, ".synth.lock");
    if (!lock_path) {
        return MKD_ENOMEM;
    }
    pthread_mutex_init(&it.lock, NULL);
    MKD_GOTO(mkd_fs_lock(&lock, lock_path));
    MKD_GOTO(mkd_fs_sweep(root));
    MKD_GOTO(put_manifest(root, options));
    MKD_GOTO(make_folders(root, options));
    MKD_GOTO(run(&it));
    MKD_GOTO(put_splits(root, options));
done:
    if (lock >= 0) {
        mkd_fs_unlock(lock);
    }
    pthread_mutex_destroy(&it.lock);
    mkd_free(lock_path);
    return status;
}
