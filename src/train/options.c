#include "train/options.h"

#include <pthread.h>
#include <stdio.h>

#include "base/status.h"
#include "distill/method.h"


static const mkd_option data_table[] = {
    {"kind", MKD_OPTION_STRING, offsetof(mkd_data_options, kind), "kitti", 0, 0, NULL, "",
     "kind of data set; `monokd list` names them"},
    {"root", MKD_OPTION_PATH, offsetof(mkd_data_options, root), "", 0, 0, NULL, "",
     "folder of the data set"},
    {"train_split", MKD_OPTION_STRING, offsetof(mkd_data_options, train_split), "train", 0, 0, NULL,
     "", "split that is trained on"},
    {"val_split", MKD_OPTION_STRING, offsetof(mkd_data_options, val_split), "val", 0, 0, NULL, "",
     "split that is evaluated"},
    {"workers", MKD_OPTION_INT, offsetof(mkd_data_options, workers), "2", 0, 64, NULL, "",
     "threads that read and augment; 0: the training's own thread"},
    {"cache_mb", MKD_OPTION_INT, offsetof(mkd_data_options, cache_mb), "2048", 0, 1e6, NULL, "MB",
     "memory for decoded frames"},
    {0}};

static const mkd_option teacher_table[] = {
    {"run", MKD_OPTION_PATH, offsetof(mkd_teacher_options, run), "", 0, 0, NULL, "",
     "run folder of the trained teacher"},
    {"mode", MKD_OPTION_CHOICE, offsetof(mkd_teacher_options, mode), "inference", 0, 0,
     "inference|batch_stats", "",
     "the teacher's batch norms: running statistics, or the batch's (published MonoSKD)"},
    {0}};

static const mkd_option distill_table[] = {
    {"method", MKD_OPTION_STRING, offsetof(mkd_distill_options, method), "", 0, 0, NULL, "",
     "distillation method; empty: none; `monokd list` names them"},
    {"weight", MKD_OPTION_FLOAT, offsetof(mkd_distill_options, weight), "1", 0, 1e6, NULL, "",
     "factor on all losses of the method"},
    {"warmup_epochs", MKD_OPTION_FLOAT, offsetof(mkd_distill_options, warmup_epochs), "0", 0, 1e6,
     NULL, "", "epochs over which the factor grows from 0"},
    {0}};

static const mkd_option optim_table[] = {
    {"kind", MKD_OPTION_CHOICE, offsetof(mkd_optim_options, kind), "adamw", 0, 0,
     "sgd|adam|adamw|monodetr_adamw", "", "optimizer"},
    {"learning_rate", MKD_OPTION_FLOAT, offsetof(mkd_optim_options, learning_rate), "1e-3", 0, 10,
     NULL, "", "learning rate after the warm-up"},
    {"weight_decay", MKD_OPTION_FLOAT, offsetof(mkd_optim_options, weight_decay), "1e-5", 0, 1,
     NULL, "", "weight decay, not on biases"},
    // not 0, which would stand for the default, and not 1, by whose distance Adam divides
    {"beta1", MKD_OPTION_FLOAT, offsetof(mkd_optim_options, beta1), "0.9", 1e-6, 0.999999, NULL, "",
     "decay of the first moment"},
    {"beta2", MKD_OPTION_FLOAT, offsetof(mkd_optim_options, beta2), "0.999", 1e-6, 0.999999, NULL,
     "", "decay of the second moment"},
    {"epsilon", MKD_OPTION_FLOAT, offsetof(mkd_optim_options, epsilon), "1e-8", 1e-20, 1, NULL, "",
     "added to the root of the second moment"},
    {"momentum", MKD_OPTION_FLOAT, offsetof(mkd_optim_options, momentum), "0.9", 0, 1, NULL, "",
     "momentum of sgd"},
    {"nesterov", MKD_OPTION_BOOL, offsetof(mkd_optim_options, nesterov), "false", 0, 0, NULL, "",
     "Nesterov's momentum in sgd"},
    {"clip_norm", MKD_OPTION_FLOAT, offsetof(mkd_optim_options, clip_norm), "0", 0, 1e9, NULL, "",
     "largest norm of all gradients together; 0: no limit"},
    {0}};

static const mkd_option schedule_table[] = {
    {"kind", MKD_OPTION_CHOICE, offsetof(mkd_schedule_options, kind), "cosine", 0, 0,
     "constant|step|cosine", "", "course of the learning rate"},
    {"warmup_epochs", MKD_OPTION_FLOAT, offsetof(mkd_schedule_options, warmup_epochs), "1", 0, 1e6,
     NULL, "", "cosine warm-up at the start"},
    {"warmup_factor", MKD_OPTION_FLOAT, offsetof(mkd_schedule_options, warmup_factor), "0.01", 0, 1,
     NULL, "", "share of the rate at which the warm-up starts"},
    {"minimum_factor", MKD_OPTION_FLOAT, offsetof(mkd_schedule_options, minimum_factor), "0.01", 0,
     1, NULL, "", "share of the rate at which cosine ends"},
    {"gamma", MKD_OPTION_FLOAT, offsetof(mkd_schedule_options, gamma), "0.1", 0, 1, NULL, "",
     "factor at each milestone of step"},
    {"milestones", MKD_OPTION_INTS, offsetof(mkd_schedule_options, milestones), "[90, 120]", 0, 0,
     NULL, "", "epochs at which step lowers the rate"},
    {0}};

static const mkd_option train_table[] = {
    {"run", MKD_OPTION_PATH, offsetof(mkd_train_options, run), "", 0, 0, NULL, "",
     "run folder; empty: runs/<name of the config file>"},
    {"seed", MKD_OPTION_INT, offsetof(mkd_train_options, seed), "0", 0, 4294967295.0, NULL, "",
     "seed of all random draws"},
    {"epochs", MKD_OPTION_INT, offsetof(mkd_train_options, epochs), "140", 1, 100000, NULL, "",
     "passes over the training split"},
    {"batch_size", MKD_OPTION_INT, offsetof(mkd_train_options, batch_size), "16", 1, 1024, NULL, "",
     "frames per step; frames of an epoch that do not fill one are left out"},
    {"eval_every", MKD_OPTION_INT, offsetof(mkd_train_options, eval_every), "10", 1, 100000, NULL,
     "", "epochs between evaluations; the last epoch is always evaluated"},
    {"checkpoint_every_s", MKD_OPTION_FLOAT, offsetof(mkd_train_options, checkpoint_every_s), "300",
     0, 1e9, NULL, "s", "seconds between checkpoints; 0: after every step"},
    {"log_every", MKD_OPTION_INT, offsetof(mkd_train_options, log_every), "20", 1, 100000, NULL, "",
     "steps that a line of the log averages over"},
    {"threads", MKD_OPTION_INT, offsetof(mkd_train_options, threads), "0", 0, 1024, NULL, "",
     "threads that compute; 0: all CPUs"},
    {"backend", MKD_OPTION_STRING, offsetof(mkd_train_options, backend), "auto", 0, 0, NULL, "",
     "who computes; `monokd list` names them"},
    {"precision", MKD_OPTION_CHOICE, offsetof(mkd_train_options, precision), "f32", 0, 0,
     "f32|bf16", "", "element type of the operands of convolutions"},
    {"init", MKD_OPTION_PATH, offsetof(mkd_train_options, init), "", 0, 0, NULL, "",
     "safetensors file whose weights the student starts from"},
    {0}};

static const mkd_option eval_table[] = {
    {"split", MKD_OPTION_STRING, offsetof(mkd_eval_options, split), "", 0, 0, NULL, "",
     "split to evaluate; empty: data.val_split"},
    {"batch_size", MKD_OPTION_INT, offsetof(mkd_eval_options, batch_size), "4", 1, 1024, NULL, "",
     "frames per run of the network"},
    {"max_pictures", MKD_OPTION_INT, offsetof(mkd_eval_options, max_pictures), "6", 0, 1000, NULL,
     "", "frames that the report shows"},
    {0}};

enum { MAX_SECTIONS = 96, PREFIX_BYTES = 64 };
static mkd_section schema[MAX_SECTIONS];
static char prefixes[MAX_SECTIONS][PREFIX_BYTES];
static int n_sections;
static pthread_once_t schema_once = PTHREAD_ONCE_INIT;

static void add_section(const char *parent, const char *name, const mkd_option *options,
                        const char *help) {
    if (n_sections < MAX_SECTIONS - 1 && options) {
        snprintf(prefixes[n_sections], PREFIX_BYTES, "%s%s", parent, name);
        schema[n_sections] = (mkd_section){prefixes[n_sections], options, help};
        n_sections++;
    }
}

static void make_schema(void) {
    add_section("", "data", data_table, "the data set");
    add_section("", "data.augment", mkd_augment_option_table, "augmentation in training");
    add_section("", "model", mkd_model_option_table, "the network that is trained");
    add_section("", "teacher", teacher_table, "the teacher of a distillation");
    add_section("", "distill", distill_table, "distillation");
    add_section("", "optim", optim_table, "optimizer");
    add_section("", "schedule", schedule_table, "learning rate over time");
    add_section("", "train", train_table, "the run");
    add_section("", "eval", eval_table, "evaluation");
    for (const mkd_detector_driver *const *d = mkd_detectors(); *d; d++) {
        add_section("detector.", (*d)->name, (*d)->options, (*d)->summary);
    }
    for (const mkd_method *const *m = mkd_methods(); *m; m++) {
        add_section("distill.", (*m)->name, (*m)->options, (*m)->summary);
    }
}

const mkd_section *mkd_settings_schema(void) {
    pthread_once(&schema_once, make_schema);
    return schema;
}

int mkd_settings_get(mkd_settings *out, const mkd_config *config) {
    *out = (mkd_settings){0};
    MKD_TRY(mkd_config_get(&out->data, config, "data"));
    MKD_TRY(mkd_config_get(&out->augment, config, "data.augment"));
    MKD_TRY(mkd_config_get(&out->model, config, "model"));
    MKD_TRY(mkd_config_get(&out->teacher, config, "teacher"));
    MKD_TRY(mkd_config_get(&out->distill, config, "distill"));
    MKD_TRY(mkd_config_get(&out->optim, config, "optim"));
    MKD_TRY(mkd_config_get(&out->schedule, config, "schedule"));
    MKD_TRY(mkd_config_get(&out->train, config, "train"));
    return mkd_config_get(&out->eval, config, "eval");
}

mkd_optimizer_options mkd_settings_optimizer(const mkd_settings *s) {
    return (mkd_optimizer_options){.kind = (mkd_optimizer_kind)s->optim.kind,
                                   .beta1 = s->optim.beta1,
                                   .beta2 = s->optim.beta2,
                                   .epsilon = s->optim.epsilon,
                                   .weight_decay = s->optim.weight_decay,
                                   .momentum = s->optim.momentum,
                                   .nesterov = s->optim.nesterov};
}

mkd_schedule mkd_settings_schedule(const mkd_settings *s) {
    mkd_schedule schedule = {.kind = (mkd_schedule_kind)s->schedule.kind,
                             .rate = s->optim.learning_rate,
                             .epochs = (double)s->train.epochs,
                             .warmup_epochs = s->schedule.warmup_epochs,
                             .warmup_factor = s->schedule.warmup_factor,
                             .minimum_factor = s->schedule.minimum_factor,
                             .gamma = s->schedule.gamma,
                             .n_milestones = s->schedule.milestones.n};
    for (size_t i = 0; i < schedule.n_milestones; i++) {
        schedule.milestones[i] = s->schedule.milestones.at[i];
    }
    return schedule;
}
