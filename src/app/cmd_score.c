#include <stdio.h>
#include <string.h>

#include "app/cmd.h"
#include "base/alloc.h"
#include "base/fs.h"
#include "base/status.h"
#include "base/str.h"
#include "data/kitti.h"
#include "eval/kitti_ap.h"

enum { FLAG_FRAMES, FLAG_METRIC, FLAG_JSON, FLAG_MISSING, N_FLAGS };

static const mkd_flag flags[N_FLAGS] = {
    [FLAG_FRAMES] = {"--frames", "IDS.txt",
                     "score these frames, one id a line (default: every file of LABELS)"},
    [FLAG_METRIC] = {"--metric", "R40|R11", "recall samples of the table (default: R40)"},
    [FLAG_JSON] = {"--json", NULL, "print one JSON object with everything, full precision"},
    [FLAG_MISSING] = {"--missing-as-empty", NULL,
                      "take a missing detection file as a frame without detections"},
};

typedef struct frames {
    mkd_object_list *detections, *labels;
    size_t n;
} frames;

static void frames_free(frames *f) {
    for (size_t i = 0; i < f->n; i++) {
        if (f->detections) {
            mkd_object_list_free(&f->detections[i]);
        }
        if (f->labels) {
            mkd_object_list_free(&f->labels[i]);
        }
    }
    mkd_free(f->detections);
    mkd_free(f->labels);
}

/// Every NAME.txt of the folder is a frame.
static int list_ids(mkd_id_list *out, const char *folder) {
    mkd_fs_list names = {0};
    int status = 0;
    MKD_GOTO(mkd_fs_list_dir(&names, folder, ".txt"));
    out->at = mkd_alloc_array(names.n, sizeof *out->at);
    if (!out->at) {
        status = MKD_ENOMEM;
        goto done;
    }
    for (size_t i = 0; i < names.n; i++) {
        size_t length = strlen(names.names[i]) - strlen(".txt");
        if (length >= MKD_FRAME_ID_MAX) {
            status =
                mkd_error_set(MKD_EFORMAT, "%s/%s: found a name of %zu characters, expected < %d",
                              folder, names.names[i], length, MKD_FRAME_ID_MAX);
            goto done;
        }
        memcpy(out->at[i], names.names[i], length);
        out->n = i + 1;
    }
    if (out->n == 0) {
        status =
            mkd_error_set(MKD_ENOTFOUND, "%s: found no file *.txt, expected one a frame", folder);
    }
done:
    mkd_fs_list_free(&names);
    return status;
}

static int read_frame(mkd_object_list *out, const char *folder, const char *id, bool detections,
                      bool missing_as_empty) {
    mkd_str path = {0};
    mkd_str_printf(&path, "%s/%s.txt", folder, id);
    int status = mkd_str_status(&path);
    if (status == 0 && mkd_fs_exists(path.text)) {
        status = mkd_kitti_read_objects(out, path.text, detections);
    } else if (status == 0 && !(detections && missing_as_empty)) {
        const char *hint = detections ? " (--frames lists the frames to score, --missing-as-empty "
                                        "takes it as no detection)"
                                      : "";
        status = mkd_error_set(MKD_ENOTFOUND, "%s: found no %s, expected one for every frame%s",
                               path.text, detections ? "detection file" : "label file", hint);
    }
    mkd_str_free(&path);
    return status;
}

static int read_frames(frames *out, const char *detections, const char *labels, const char *id_path,
                       bool missing_as_empty) {
    mkd_id_list ids = {0};
    int status = 0;
    const char *folders[2] = {detections, labels};
    for (int i = 0; i < 2; i++) {
        if (!mkd_fs_is_dir(folders[i])) {
            MKD_FAIL(MKD_ENOTFOUND, "%s: found no folder of that name", folders[i]);
        }
    }
    MKD_GOTO(id_path ? mkd_kitti_read_ids(&ids, id_path) : list_ids(&ids, labels));
    if (ids.n == 0) {
        status = mkd_error_set(MKD_EFORMAT, "%s: found no id, expected one a line", id_path);
        goto done;
    }
    out->detections = mkd_alloc_array(ids.n, sizeof *out->detections);
    out->labels = mkd_alloc_array(ids.n, sizeof *out->labels);
    out->n = ids.n;
    if (!out->detections || !out->labels) {
        status = MKD_ENOMEM;
        goto done;
    }
    for (size_t i = 0; i < ids.n; i++) {
        MKD_GOTO(read_frame(&out->labels[i], labels, ids.at[i], false, false));
        MKD_GOTO(read_frame(&out->detections[i], detections, ids.at[i], true, missing_as_empty));
    }
done:
    mkd_id_list_free(&ids);
    return status;
}

int mkd_cmd_score(int argc, char **argv) {
    mkd_args args;
    int status = mkd_args_parse(&args, flags, N_FLAGS, argc, argv);
    if (status != 0) {
        return status;
    }
    if (args.help) {
        mkd_cmd_print_help(argv[0], flags, N_FLAGS);
        return 0;
    }
    if (args.n_positional != 2) {
        return mkd_cmd_usage("score: found %zu argument%s, expected 2: DETECTIONS LABELS",
                             args.n_positional, args.n_positional == 1 ? "" : "s");
    }
    const char *metric = args.flags[FLAG_METRIC] ? args.flags[FLAG_METRIC] : "R40";
    if (strcmp(metric, "R40") != 0 && strcmp(metric, "R11") != 0) {
        return mkd_cmd_usage("score: --metric: found '%s', expected R40 or R11", metric);
    }
    frames f = {0};
    mkd_str text = {0};
    mkd_kitti_ap ap;
    MKD_GOTO(read_frames(&f, args.positional[0], args.positional[1], args.flags[FLAG_FRAMES],
                         args.flags[FLAG_MISSING] != NULL));
    MKD_GOTO(mkd_kitti_ap_compute(&ap, f.detections, f.labels, f.n));
    if (args.flags[FLAG_JSON]) {
        MKD_GOTO(mkd_kitti_ap_json(&text, &ap));
        mkd_str_append(&text, "\n");
    } else {
        MKD_GOTO(mkd_kitti_ap_table(&text, &ap, strcmp(metric, "R11") == 0));
    }
    MKD_GOTO(mkd_str_status(&text));
    fputs(text.text, stdout);
done:
    mkd_str_free(&text);
    frames_free(&f);
    return status;
}
