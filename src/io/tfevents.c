// An event file is a TFRecord file of Event messages (tfevents.proto); the first says
// "brain.Event:2". Not written atomically: readers follow it while it grows, and ignore a torn end.

#include "io/tfevents.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/fs_error.h"
#include "base/status.h"
#include "base/str.h"
#include "base/thread.h"
#include "io/tfevents.pb-c.h"
#include "io/tfrecord.h"

struct mkd_tfevents {
    FILE *file;
    char *path;
};

static int fail_system(const mkd_tfevents *events, const char *what) {
    return mkd_fs__system_error(events->path, what, errno);
}

static int write_event(mkd_tfevents *events, const Mkd__Event *event) {
    size_t n_bytes = mkd__event__get_packed_size(event);
    uint8_t head[MKD_TFRECORD_HEAD_BYTES], foot[MKD_TFRECORD_FOOT_BYTES];
    uint8_t *data = mkd_alloc(n_bytes);
    if (!data) {
        return MKD_ENOMEM;
    }
    int status = 0;
    mkd__event__pack(event, data);
    mkd_tfrecord_frame(head, foot, data, n_bytes);
    if (fwrite(head, sizeof head, 1, events->file) != 1 ||
        fwrite(data, n_bytes, 1, events->file) != 1 ||
        fwrite(foot, sizeof foot, 1, events->file) != 1) {
        status = fail_system(events, "write");
    }
    mkd_free(data);
    return status;
}

static int write_version(mkd_tfevents *events, double wall_time_s) {
    char version[] = "brain.Event:2";
    Mkd__Event event = MKD__EVENT__INIT;
    event.has_wall_time = 1;
    event.wall_time = wall_time_s;
    event.file_version = version;
    return write_event(events, &event);
}

/// The new file's path, NULL if memory is out; caller frees.
static char *make_path(const char *folder, double wall_time_s) {
    static atomic_uint n_files;
    char host[256] = "";
    if (gethostname(host, sizeof host - 1) != 0 || host[0] == '\0' || strchr(host, '/')) {
        strcpy(host, "localhost");
    }
    mkd_str path = {0};
    mkd_str_printf(&path, "%s/events.out.tfevents.%010lld.%s.%ld.%u", folder,
                   (long long)wall_time_s, host, (long)getpid(), atomic_fetch_add(&n_files, 1));
    if (mkd_str_status(&path) < 0) {
        mkd_str_free(&path);
    }
    return path.text;
}

int mkd_tfevents_open(mkd_tfevents **out, const char *folder) {
    *out = NULL;
    int status = MKD_ENOMEM;
    double now_s = mkd_wall_time_s();
    mkd_tfevents *events = mkd_alloc(sizeof *events);
    if (!events) {
        return MKD_ENOMEM;
    }
    events->path = make_path(folder, now_s);
    if (!events->path) {
        goto done;
    }
    events->file = fopen(events->path, "wb");
    if (!events->file) {
        status = fail_system(events, "create");
        goto done;
    }
    MKD_GOTO(write_version(events, now_s));
    MKD_GOTO(mkd_tfevents_flush(events));
    *out = events;
    events = NULL;
done:
    if (events && events->file) {
        fclose(events->file);
        remove(events->path);
    }
    if (events) {
        mkd_free(events->path);
        mkd_free(events);
    }
    return status;
}

int mkd_tfevents_scalar(mkd_tfevents *events, const char *tag, int64_t step, double value,
                        double wall_time_s) {
    Mkd__Summary__Value point = MKD__SUMMARY__VALUE__INIT;
    Mkd__Summary__Value *points[] = {&point};
    Mkd__Summary summary = MKD__SUMMARY__INIT;
    Mkd__Event event = MKD__EVENT__INIT;
    point.tag = (char *)(uintptr_t)tag; // only read
    point.has_simple_value = 1;
    point.simple_value = (float)value;
    summary.n_value = 1;
    summary.value = points;
    event.has_wall_time = 1;
    event.wall_time = wall_time_s;
    event.has_step = 1;
    event.step = step;
    event.summary = &summary;
    return write_event(events, &event);
}

int mkd_tfevents_flush(mkd_tfevents *events) {
    return fflush(events->file) == 0 ? 0 : fail_system(events, "write");
}

const char *mkd_tfevents_path(const mkd_tfevents *events) {
    return events->path;
}

int mkd_tfevents_close(mkd_tfevents *events) {
    if (!events) {
        return 0;
    }
    int status = fclose(events->file) == 0 ? 0 : fail_system(events, "write");
    mkd_free(events->path);
    mkd_free(events);
    return status;
}
