// The part of a run's summary that needs the data set: curves and pictures of the stored
// detections.

#include <stdio.h>
#include <string.h>

#include "app/report_run.h"
#include "base/alloc.h"
#include "base/fs.h"
#include "base/log.h"
#include "base/status.h"
#include "data/kitti.h"
#include "eval/kitti_ap.h"
#include "report/overlay.h"
#include "train/run_folder.h"

static const struct {
    const char *name;
    int overlap, metric;
} curve_kinds[MKD_REPORT_CURVES] = {
    {"AP3D Car moderate IoU 0.5", MKD_KITTI_LOOSE, MKD_KITTI_3D},
    {"AP3D Car moderate IoU 0.7", MKD_KITTI_STRICT, MKD_KITTI_3D},
    {"BEV Car moderate IoU 0.5", MKD_KITTI_LOOSE, MKD_KITTI_BEV},
    {"BEV Car moderate IoU 0.7", MKD_KITTI_STRICT, MKD_KITTI_BEV},
};

static int read_frame(mkd_run_summary *run, size_t at, const char *folder) {
    mkd_frame frame = {0};
    mkd_str path = {0};
    int status = mkd_dataset_frame(&frame, run->dataset, at, MKD_READ_OBJECTS);
    MKD_GOTO(status);
    run->labels[at] = frame.objects;
    frame.objects = (mkd_object_list){0};
    mkd_str_printf(&path, "%s/%s.txt", folder, mkd_dataset_id(run->dataset, at));
    MKD_GOTO(mkd_str_status(&path));
    MKD_GOTO(mkd_kitti_read_objects(&run->detections[at], path.text, true));
done:
    mkd_frame_free(&frame);
    mkd_str_free(&path);
    return status;
}

static int read_frames(mkd_run_summary *run) {
    const mkd_data_options *d = &run->settings.data;
    const char *split = run->settings.eval.split[0] ? run->settings.eval.split : d->val_split;
    char *folder = mkd_run_detections(run->path, split);
    int status = folder ? 0 : MKD_ENOMEM;
    MKD_GOTO(status);
    if (!mkd_fs_is_dir(folder)) {
        status = mkd_error_set(MKD_ENOTFOUND, "%s: found no detections; `monokd eval` writes them",
                               folder);
        goto done;
    }
    MKD_GOTO(mkd_dataset_open(&run->dataset, d->kind, d->root, split));
    size_t n = mkd_dataset_count(run->dataset);
    run->labels = mkd_alloc_array(n, sizeof *run->labels);
    run->detections = mkd_alloc_array(n, sizeof *run->detections);
    if (!run->labels || !run->detections) {
        status = MKD_ENOMEM;
        goto done;
    }
    run->n_frames = n;
    for (size_t i = 0; i < n; i++) {
        MKD_GOTO(read_frame(run, i, folder));
    }
done:
    mkd_free(folder);
    return status;
}

// a report of logs alone is better than none
static int forget_frames(mkd_run_summary *run, int status) {
    for (size_t i = 0; i < run->n_frames; i++) {
        mkd_object_list_free(&run->labels[i]);
        mkd_object_list_free(&run->detections[i]);
    }
    run->n_frames = 0;
    if (status == MKD_ENOMEM || status == MKD_EINTERRUPTED) {
        return status;
    }
    mkd_log(MKD_LOG_WARN, "%s: no curves and pictures: %s", run->path, mkd_error_last());
    return 0;
}

int mkd_run_summary_add_curves(mkd_run_summary *run) {
    int status = read_frames(run);
    if (status < 0) {
        return forget_frames(run, status);
    }
    mkd_kitti_ap *ap = mkd_alloc(sizeof *ap);
    if (!ap) {
        return MKD_ENOMEM;
    }
    status = mkd_kitti_ap_compute(ap, run->detections, run->labels, run->n_frames);
    for (int i = 0; i < MKD_KITTI_SAMPLES; i++) {
        run->recall[i] = i / (double)(MKD_KITTI_SAMPLES - 1);
    }
    for (int i = 0; i < MKD_REPORT_CURVES && status >= 0; i++) {
        const mkd_kitti_score *score =
            &ap->scores[curve_kinds[i].overlap][MKD_KITTI_CAR][curve_kinds[i].metric];
        if (score->present) {
            double *precision = run->precision[run->n_curves];
            memcpy(precision, score->curve[MKD_KITTI_MODERATE], sizeof run->precision[0]);
            run->curves[run->n_curves++] = (mkd_report_series){
                .name = curve_kinds[i].name, .x = run->recall, .y = precision, .n = 41};
        }
    }
    mkd_free(ap);
    return status;
}

// labels of the classes that the network knows: others it cannot find
static int known_objects(mkd_object_list *out, const mkd_object_list *labels,
                         const mkd_string_list *classes) {
    out->n = 0;
    out->at = mkd_alloc_array(labels->n, sizeof *out->at);
    if (!out->at) {
        return MKD_ENOMEM;
    }
    for (size_t i = 0; i < labels->n; i++) {
        for (size_t c = 0; c < classes->n; c++) {
            if (strcmp(labels->at[i].type, classes->at[c]) == 0) {
                out->at[out->n++] = labels->at[i];
                break;
            }
        }
    }
    return 0;
}

// with LiDAR points where the set has them
static int read_picture_frame(mkd_frame *out, const mkd_run_summary *run, size_t at) {
    int status = mkd_dataset_frame(out, run->dataset, at, MKD_READ_IMAGE | MKD_READ_POINTS);
    if (status == MKD_ENOTFOUND) {
        mkd_frame_free(out);
        status = mkd_dataset_frame(out, run->dataset, at, MKD_READ_IMAGE);
    }
    return status;
}

static int add_picture(mkd_run_summary *run, size_t at) {
    size_t i = run->n_pictures;
    mkd_frame frame = {0};
    mkd_object_list truth = {0};
    int status = read_picture_frame(&frame, run, at);
    MKD_GOTO(status);
    MKD_GOTO(known_objects(&truth, &run->labels[at], &run->settings.model.classes));
    mkd_overlay_scene scene = {.image = &frame.views[0].image,
                               .camera = &frame.views[0].camera,
                               .truth = truth.at,
                               .n_truth = truth.n,
                               .predictions = run->detections[at].at,
                               .n_predictions = run->detections[at].n,
                               .points = frame.points.n ? &frame.points : NULL,
                               .camera_from_lidar = frame.camera_from_lidar};
    MKD_GOTO(mkd_overlay_picture(&run->images[i], &scene, NULL));
    snprintf(run->ids[i], sizeof run->ids[i], "%s", mkd_dataset_id(run->dataset, at));
    run->pictures[i] = (mkd_report_picture){.frame = run->ids[i], .image = &run->images[i]};
    run->n_pictures++;
done:
    mkd_object_list_free(&truth);
    mkd_frame_free(&frame);
    return status;
}

int mkd_run_summary_add_pictures(mkd_run_summary *run) {
    size_t n_labeled = 0, wanted = (size_t)run->settings.eval.max_pictures;
    for (size_t i = 0; i < run->n_frames; i++) {
        n_labeled += run->labels[i].n > 0;
    }
    wanted = wanted < n_labeled ? wanted : n_labeled;
    run->images = mkd_alloc_array(wanted, sizeof *run->images);
    run->pictures = mkd_alloc_array(wanted, sizeof *run->pictures);
    run->ids = mkd_alloc_array(wanted, sizeof *run->ids);
    if (!run->images || !run->pictures || !run->ids) {
        return MKD_ENOMEM;
    }
    for (size_t i = 0, seen = 0; i < run->n_frames && run->n_pictures < wanted; i++) {
        if (run->labels[i].n == 0) {
            continue;
        }
        // of the labeled frames, number k * n_labeled / wanted for k = 0 .. wanted - 1
        if (seen++ == run->n_pictures * n_labeled / wanted) {
            MKD_TRY(add_picture(run, i));
        }
    }
    return 0;
}
