/// The small schema that the tests and the fuzz target of config share.
#ifndef MKD_TESTS_CONFIG_SCHEMA_H
#define MKD_TESTS_CONFIG_SCHEMA_H

#include <math.h>

#include "base/config.h"

typedef struct train_options {
    int64_t epochs;
    double learning_rate;
    bool resume;
    const char *name;
    const char *out;
    int optimizer;
    mkd_int_list milestones;
    mkd_float_list mean;
    mkd_string_list classes;
} train_options;

typedef struct distill_options {
    const char *method;
} distill_options;

typedef struct monoskd_options {
    double weight;
    int64_t warmup_epochs;
} monoskd_options;

typedef struct top_options {
    int64_t seed;
} top_options;

#define TRAIN(member) .offset = offsetof(train_options, member)

static const mkd_option train_table[] = {
    {"epochs", MKD_OPTION_INT, TRAIN(epochs), .default_text = "12", .minimum = 1, .maximum = 100000,
     .help = "passes over the data"},
    {"learning_rate", MKD_OPTION_FLOAT, TRAIN(learning_rate), .default_text = "1.25e-3",
     .minimum = 0, .maximum = 10, .help = "peak of the schedule"},
    {"resume", MKD_OPTION_BOOL, TRAIN(resume), .default_text = "yes", .help = "go on"},
    {"name", MKD_OPTION_STRING, TRAIN(name), .default_text = "", .help = "name of the run"},
    {"out", MKD_OPTION_PATH, TRAIN(out), .default_text = "runs/demo", .help = "folder"},
    {"optimizer", MKD_OPTION_CHOICE, TRAIN(optimizer), .default_text = "adamw",
     .choices = "sgd|adam|adamw", .help = "update rule"},
    {"milestones", MKD_OPTION_INTS, TRAIN(milestones), .default_text = "[8, 11]", .minimum = 1,
     .maximum = INFINITY, .help = "epochs at which the rate drops"},
    {"mean", MKD_OPTION_FLOATS, TRAIN(mean), .default_text = "0.5, 0.25, 1e-3", .help = "color"},
    {"classes", MKD_OPTION_STRINGS, TRAIN(classes), .default_text = "", .help = "what to find"},
    {0},
};

static const mkd_option distill_table[] = {
    {"method", MKD_OPTION_STRING, offsetof(distill_options, method), .default_text = "none",
     .help = "name of the method"},
    {0},
};

static const mkd_option monoskd_table[] = {
    {"weight", MKD_OPTION_FLOAT, offsetof(monoskd_options, weight), .default_text = "1",
     .minimum = -INFINITY, .maximum = 80, .unit = "m", .help = "of the loss"},
    {"warmup_epochs", MKD_OPTION_INT, offsetof(monoskd_options, warmup_epochs), .default_text = "0",
     .help = "before it counts"},
    {0},
};

static const mkd_option top_table[] = {
    {"seed", MKD_OPTION_INT, offsetof(top_options, seed), .default_text = "1", .help = "of all"},
    {0},
};

static const mkd_section test_schema[] = {
    {"distill.monoskd", monoskd_table, "the method MonoSKD"},
    {"train", train_table, "training"},
    {"distill", distill_table, "distillation"},
    {"", top_table, "everything"},
    {0},
};

#endif
