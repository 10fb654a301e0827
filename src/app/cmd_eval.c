#include <stdio.h>

#include "app/settings.h"
#include "base/alloc.h"
#include "base/fs.h"
#include "base/log.h"
#include "base/status.h"
#include "train/evaluate.h"
#include "train/run_folder.h"
#include "train/run_model.h"

// {"split": ..., "frames": N, "images_per_s": X, "metrics": {name: value}, "reports": {metric:
// its own JSON}}
static int write_metrics(const mkd_evaluation *e, const char *run, const char *split) {
    mkd_str text = {0}, path = {0};
    mkd_str_printf(&path, "%s/metrics_", run);
    int status = mkd_run_split_name(&path, split);
    MKD_GOTO(status);
    mkd_str_append(&path, ".json");
    mkd_str_append(&text, "{\"split\": \"");
    MKD_GOTO(mkd_run_split_name(&text, split));
    mkd_str_printf(&text, "\", \"frames\": %zu, \"images_per_s\": ", e->n_frames);
    mkd_str_append_f64(&text, e->images_per_s);
    mkd_str_append(&text, ",\n\"metrics\": {");
    MKD_GOTO(mkd_evaluation_json(&text, e));
    mkd_str_append(&text, "},\n\"reports\": {");
    for (size_t i = 0; i < e->n_reports; i++) {
        mkd_str_printf(&text, "%s\"%s\": %s", i ? ",\n" : "", mkd_metrics()[i].name,
                       e->reports[i].json.text);
    }
    mkd_str_append(&text, "}}\n");
    MKD_GOTO(mkd_str_status(&text));
    MKD_GOTO(mkd_str_status(&path));
    MKD_GOTO(mkd_fs_write_atomic(path.text, text.text, text.length));
done:
    mkd_str_free(&text);
    mkd_str_free(&path);
    return status;
}

static int write_results(const mkd_evaluation *e, const char *run, const char *split) {
    char *folder = mkd_run_detections(run, split);
    if (!folder) {
        return MKD_ENOMEM;
    }
    int status = mkd_evaluation_write(e, folder);
    MKD_GOTO(status);
    if (!e->labeled) {
        mkd_log(MKD_LOG_WARN, "%s: no frame of the split has labels, so there are no figures",
                split);
    } else {
        MKD_GOTO(write_metrics(e, run, split));
    }
    for (size_t i = 0; i < e->n_reports; i++) {
        printf("%s%s", i ? "\n" : "", e->reports[i].text.text ? e->reports[i].text.text : "");
    }
    printf("%s%s: %zu frames, %.1f images/s\n", e->n_reports ? "\n" : "", folder, e->n_frames,
           e->images_per_s);
done:
    mkd_free(folder);
    return status;
}

int mkd_cmd_eval(int argc, char **argv) {
    mkd_args args;
    mkd_run_model model = {0};
    mkd_dataset *dataset = NULL;
    mkd_evaluation evaluation = {0};
    int status = mkd_run_arguments(&args, NULL, 0, argc, argv);
    if (status != 0 || args.help) {
        return status;
    }
    const char *run = args.positional[0];
    mkd_catch_interrupts();
    MKD_GOTO(mkd_run_model_open(&model, run, (const char *const *)args.positional + 1,
                                args.n_positional - 1));
    const mkd_settings *s = &model.experiment.settings;
    const char *split = s->eval.split[0] ? s->eval.split : s->data.val_split;
    MKD_GOTO(mkd_dataset_open(&dataset, s->data.kind, s->data.root, split));
    MKD_GOTO(mkd_evaluate(&evaluation, &model.experiment, dataset, "evaluate"));
    MKD_GOTO(write_results(&evaluation, run, split));
done:
    mkd_evaluation_free(&evaluation);
    mkd_dataset_close(dataset);
    mkd_run_model_close(&model);
    return status;
}
