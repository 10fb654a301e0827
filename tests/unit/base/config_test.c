#include "tests.h"

#include <string.h>

#include "base/status.h"

#include "unit/base/config_schema.h"

static mkd_config *parse_with(const char *text, const char *override) {
    mkd_config *config;
    if (mkd_config_parse(&config, test_schema, "a.yaml", text, strlen(text), &override,
                         override != NULL) < 0) {
        fail_msg("%s", mkd_error_last());
    }
    return config;
}

static mkd_config *parse(const char *text) {
    return parse_with(text, NULL);
}

static train_options train_of(mkd_config *config) {
    train_options train;
    assert_int_equal(mkd_config_get(&train, config, "train"), 0);
    return train;
}

static void refuse(const char *text, int code, const char *expected) {
    mkd_config *config;
    int status = mkd_config_parse(&config, test_schema, "a.yaml", text, strlen(text), NULL, 0);
    assert_string_equal(mkd_error_last(), expected);
    assert_int_equal(status, code);
    assert_null(config);
}

static void refuse_override(const char *override, const char *expected) {
    mkd_config *config;
    int status = mkd_config_load(&config, test_schema, NULL, &override, 1);
    assert_string_equal(mkd_error_last(), expected);
    assert_int_equal(status, MKD_EINVAL);
}

static void test_defaults(void **state) {
    (void)state;
    mkd_config *config;
    assert_int_equal(mkd_config_load(&config, test_schema, NULL, NULL, 0), 0);
    train_options train = train_of(config);
    assert_int_equal(train.epochs, 12);
    assert_float_equal(train.learning_rate, 1.25e-3, 0);
    assert_true(train.resume);
    assert_string_equal(train.name, "");
    assert_string_equal(train.out, "runs/demo");
    assert_int_equal(train.optimizer, 2);
    assert_int_equal(train.milestones.n, 2);
    assert_int_equal(train.milestones.at[1], 11);
    assert_int_equal(train.mean.n, 3);
    assert_float_equal(train.mean.at[2], 1e-3, 0);
    assert_int_equal(train.classes.n, 0);
    assert_string_equal(mkd_config_origin(config, "train.epochs"), "default");
    assert_string_equal(mkd_config_text(config, "train.learning_rate"), "0.00125");
    assert_string_equal(mkd_config_text(config, "train.resume"), "true");
    assert_string_equal(mkd_config_text(config, "train.mean"), "[0.5, 0.25, 0.001]");
    assert_null(mkd_config_origin(config, "train.none"));
    assert_null(mkd_config_text(config, "train"));
    top_options top;
    assert_int_equal(mkd_config_get(&top, config, ""), 0);
    assert_int_equal(top.seed, 1);
    assert_int_equal(mkd_config_get(&top, config, "eval"), MKD_ENOTFOUND);
    assert_string_equal(mkd_error_last(), "config: found no section 'eval' in the schema");
    mkd_config_free(config);
    mkd_config_free(NULL);
}

static void test_a_file_sets_nested_keys(void **state) {
    (void)state;
    mkd_config *config = parse("seed: 7\n"
                               "train:\n"
                               "  epochs: 08\n"
                               "  learning_rate: 1e-4\n"
                               "  resume: off\n"
                               "  name: no\n"
                               "  optimizer: sgd\n"
                               "  milestones: [3]\n"
                               "  mean: []\n"
                               "  classes: [Car, 'a, b', 12]\n"
                               "distill:\n"
                               "  monoskd: {weight: -3}\n"
                               "  method: monoskd\n");
    train_options train = train_of(config);
    assert_int_equal(train.epochs, 8);
    assert_float_equal(train.learning_rate, 1e-4, 0);
    assert_false(train.resume);
    assert_string_equal(train.name, "no");
    assert_int_equal(train.optimizer, 0);
    assert_int_equal(train.milestones.n, 1);
    assert_int_equal(train.milestones.at[0], 3);
    assert_int_equal(train.mean.n, 0);
    assert_int_equal(train.classes.n, 3);
    assert_string_equal(train.classes.at[1], "a, b");
    assert_string_equal(train.classes.at[2], "12");
    distill_options distill;
    monoskd_options monoskd;
    assert_int_equal(mkd_config_get(&distill, config, "distill"), 0);
    assert_int_equal(mkd_config_get(&monoskd, config, "distill.monoskd"), 0);
    assert_string_equal(distill.method, "monoskd");
    assert_float_equal(monoskd.weight, -3, 0);
    assert_string_equal(mkd_config_origin(config, "train.learning_rate"), "a.yaml:4");
    assert_string_equal(mkd_config_origin(config, "distill.monoskd.weight"), "a.yaml:12");
    assert_string_equal(mkd_config_origin(config, "distill.monoskd.warmup_epochs"), "default");
    assert_string_equal(mkd_config_text(config, "train.classes"), "[Car, \"a, b\", \"12\"]");
    mkd_config_free(config);
}

static void test_null_resets_to_the_default(void **state) {
    (void)state;
    mkd_config *config = parse("train: {epochs: null, name: 'null', milestones: ~}\ndistill:\n");
    train_options train = train_of(config);
    assert_int_equal(train.epochs, 12);
    assert_string_equal(train.name, "null");
    assert_int_equal(train.milestones.n, 2);
    assert_string_equal(mkd_config_origin(config, "train.epochs"), "default");
    mkd_config_free(config);
    config = parse_with("train: {epochs: 5}\n", "train.epochs=null");
    assert_int_equal(train_of(config).epochs, 12);
    mkd_config_free(config);
}

static void test_anchors(void **state) {
    (void)state;
    mkd_config *config = parse("train: {name: &x abc, out: *x}\n");
    assert_string_equal(train_of(config).out, "abc");
    mkd_config_free(config);
}

static void test_wrong_types_say_what_was_expected(void **state) {
    (void)state;
    static const char *const cases[][2] = {
        {"train:\n  epochs: ten\n",
         "a.yaml:2: train.epochs: found 'ten', expected an integer from 1 to 100000"},
        {"train:\n  epochs: 0\n",
         "a.yaml:2: train.epochs: found '0', expected an integer from 1 to 100000"},
        {"train: {epochs: 1.5}\n",
         "a.yaml:1: train.epochs: found '1.5', expected an integer from 1 to 100000"},
        {"train: {epochs: [1]}\n",
         "a.yaml:1: train.epochs: found a list, expected an integer from 1 to 100000"},
        {"train: {epochs: {a: 1}}\n",
         "a.yaml:1: train.epochs: found a mapping, expected an integer from 1 to 100000"},
        {"train: {epochs: ''}\n",
         "a.yaml:1: train.epochs: found '', expected an integer from 1 to 100000"},
        {"train: {learning_rate: nan}\n",
         "a.yaml:1: train.learning_rate: found 'nan', expected a number from 0 to 10"},
        {"distill: {monoskd: {weight: -inf}}\n",
         "a.yaml:1: distill.monoskd.weight: found '-inf', expected a number of at most 80 m"},
        {"distill: {monoskd: {warmup_epochs: x}}\n",
         "a.yaml:1: distill.monoskd.warmup_epochs: found 'x', expected an integer"},
        {"train: {resume: maybe}\n",
         "a.yaml:1: train.resume: found 'maybe', expected true or false"},
        {"train: {optimizer: Adam}\n",
         "a.yaml:1: train.optimizer: found 'Adam', expected one of sgd, adam, adamw"},
        {"train: {optimizer: ada}\n",
         "a.yaml:1: train.optimizer: found 'ada', expected one of sgd, adam, adamw"},
        {"train: {name: [a]}\n", "a.yaml:1: train.name: found a list, expected a text"},
        {"train: {out: {a: b}}\n", "a.yaml:1: train.out: found a mapping, expected a path"},
        {"train:\n  milestones:\n  - 3\n  - x\n",
         "a.yaml:4: train.milestones[1]: found 'x', expected an integer of at least 1"},
        {"train: {milestones: [1, [2]]}\n",
         "a.yaml:1: train.milestones[1]: found a list, expected an integer of at least 1"},
        {"train: {milestones: [1, null]}\n",
         "a.yaml:1: train.milestones[1]: found nothing, expected an integer of at least 1"},
        {"train: {milestones: {a: 1}}\n",
         "a.yaml:1: train.milestones: found a mapping, expected a list of integers of at least 1"},
        {"train: {mean: [1,2,3,4,5,6,7,8,9,0,1,2,3,4,5,6,7]}\n",
         "a.yaml:1: train.mean: found 17 elements, expected at most 16"},
        {"train: {resume: \"a\\nb\"}\n",
         "a.yaml:1: train.resume: found 'a b', expected true or false"},
        {"train: {epochs: "
         "\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4"
         "\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4"
         "xxxxxxxxxxxxxxxxxxx\xc3\xa4xx}\n",
         "a.yaml:1: train.epochs: found '"
         "\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4"
         "\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4"
         "xxxxxxxxxxxxxxxxxxx...', expected an integer from 1 to 100000"},
    };
    for (size_t i = 0; i < MKD_COUNT(cases); i++) {
        refuse(cases[i][0], MKD_EINVAL, cases[i][1]);
    }
}

static void test_unknown_keys_name_the_nearest(void **state) {
    (void)state;
    static const char *const cases[][2] = {
        {"train:\n  epoch: 3\n",
         "a.yaml:2: found the unknown key train.epoch, did you mean train.epochs?"},
        {"trian: {epochs: 3}\n", "a.yaml:1: found the unknown key trian, did you mean train?"},
        // in another section
        {"epochs: 3\n", "a.yaml:1: found the unknown key epochs, did you mean train.epochs?"},
        {"train: {wieght: 3}\n",
         "a.yaml:1: found the unknown key train.wieght, did you mean distill.monoskd.weight?"},
        {"train: {zzz: 3}\n",
         "a.yaml:1: found the unknown key train.zzz, expected one of train.{epochs, learning_rate, "
         "resume, name, out, optimizer, milestones, mean, classes}"},
        {"zzz: 3\n", "a.yaml:1: found the unknown key zzz, expected one of distill, train, seed"},
        {"train: 3\n", "a.yaml:1: train: found '3', expected a section with epochs, learning_rate, "
                       "resume, name, out, optimizer, milestones, mean, classes"},
        {"train: [1]\n", "a.yaml:1: train: found a list, expected a section with epochs, "
                         "learning_rate, resume, name, out, optimizer, milestones, mean, classes"},
        {"train.epochs: 3\n",
         "a.yaml:1: found the key 'train.epochs', expected names without a dot, one nested in the "
         "other"},
        {"'': 3\n", "a.yaml:1: found the unknown key , expected one of distill, train, seed"},
        {"[1]\n", "a.yaml:1: found a list, expected keys with values"},
        {"text\n", "a.yaml:1: found 'text', expected keys with values"},
        {"base: b.yaml\n", "a.yaml:1: base: found 'b.yaml', expected no base outside a file"},
    };
    for (size_t i = 0; i < MKD_COUNT(cases); i++) {
        refuse(cases[i][0], MKD_EINVAL, cases[i][1]);
    }
    refuse("train: {epochs: 1, epochs: 2}\n", MKD_EFORMAT,
           "a.yaml:1: found the key 'epochs' again, first given in line 1");
}

static void test_overrides(void **state) {
    (void)state;
    static const char *const overrides[] = {
        "train.epochs=3",          "train.epochs=4",
        "train.name=a: b # c = d", "train.out=",
        "train.milestones=1,2, 3", "train.mean=[1e-1, -2]",
        "train.classes=Car,Van",   "distill.monoskd.weight=0.5",
        "train.optimizer=adam",
    };
    mkd_config *config;
    assert_int_equal(mkd_config_load(&config, test_schema, NULL, overrides, 9), 0);
    train_options train = train_of(config);
    assert_int_equal(train.epochs, 4);
    assert_string_equal(train.name, "a: b # c = d");
    assert_string_equal(train.out, "");
    assert_int_equal(train.milestones.n, 3);
    assert_int_equal(train.milestones.at[2], 3);
    assert_float_equal(train.mean.at[1], -2, 0);
    assert_int_equal(train.classes.n, 2);
    assert_string_equal(train.classes.at[1], "Van");
    assert_int_equal(train.optimizer, 1);
    assert_string_equal(mkd_config_origin(config, "train.epochs"), "command line");
    mkd_config_free(config);
    config = parse_with("train: {milestones: [1, 2]}\n", "train.milestones=");
    assert_int_equal(train_of(config).milestones.n, 0);
    mkd_config_free(config);
    config = parse_with("", "train.name=\"null\\n\"");
    assert_string_equal(train_of(config).name, "null\n");
    mkd_config_free(config);
    config = parse_with("", "train.classes=['a,b', c]");
    assert_string_equal(train_of(config).classes.at[0], "a,b");
    mkd_config_free(config);
}

static void test_overrides_are_refused(void **state) {
    (void)state;
    static const char *const cases[][2] = {
        {"train.epochs=ten",
         "command line: train.epochs: found 'ten', expected an integer from 1 to 100000"},
        {"train.epochs=",
         "command line: train.epochs: found '', expected an integer from 1 to 100000"},
        {"train.epochs= 3",
         "command line: train.epochs: found ' 3', expected an integer from 1 to 100000"},
        {"train.epochs", "command line: found 'train.epochs', expected key=value"},
        {"=3", "command line: found '=3', expected key=value"},
        {"train=3",
         "command line: train: found '3', expected a section with epochs, learning_rate, "
         "resume, name, out, optimizer, milestones, mean, classes"},
        {"trian.epochs=3",
         "command line: found the unknown key trian.epochs, did you mean train.epochs?"},
        {"distill.monoskd.weigth=3", "command line: found the unknown key distill.monoskd.weigth, "
                                     "did you mean distill.monoskd.weight?"},
        {"zzz.epochs=3",
         "command line: found the unknown key zzz.epochs, did you mean train.epochs?"},
        {"train.epochs.x=3",
         "command line: found the unknown key train.epochs.x, expected no name below train.epochs"},
        {"train.milestones=1,x",
         "command line: train.milestones[1]: found 'x', expected an integer of at least 1"},
        {"train.milestones=1,",
         "command line: train.milestones[1]: found '', expected an integer of at least 1"},
        {"train.milestones=[1, x]",
         "command line: train.milestones[1]: found 'x', expected an integer of at least 1"},
        {"train.milestones=[1, 2",
         "command line: train.milestones: found [1, 2, expected a list that YAML can read"},
        {"train.name='x",
         "command line: train.name: found 'x, expected a text in quotes that YAML can read"},
        {"train.name=\"x\": y", "command line: train.name: found a mapping, expected a text"},
        {"train.name=\xff", "command line: train.name: found '\xff', expected a text in UTF-8"},
    };
    for (size_t i = 0; i < MKD_COUNT(cases); i++) {
        refuse_override(cases[i][0], cases[i][1]);
    }
}

static void check_reload(mkd_config *config, const char *name, bool origins, bool only_changed) {
    mkd_str dump = {0};
    assert_int_equal(mkd_config_dump(&dump, config, origins, only_changed), 0);
    mkd_config *again = parse(dump.text);
    train_options train = train_of(again);
    assert_string_equal(train.name, name);
    assert_float_equal(train.learning_rate, 0.1, 0);
    assert_int_equal(train.classes.n, 3);
    assert_string_equal(train.classes.at[2], "\"");
    assert_true(mkd_config_hash(again, NULL) == mkd_config_hash(config, NULL));
    mkd_config_free(again);
    mkd_str_free(&dump);
}

// what an override would not take as it is goes through YAML's quotes
static void name_override(mkd_str *out, const char *name) {
    bool quote = strpbrk(name, "'\"") || strcmp(name, "null") == 0 || strcmp(name, "~") == 0;
    mkd_str_append(out, quote ? "train.name='" : "train.name=");
    for (const char *p = name; *p; p++) {
        mkd_str_append_bytes(out, p, 1);
        if (quote && *p == '\'') {
            mkd_str_append(out, "'");
        }
    }
    mkd_str_append(out, quote ? "'" : "");
}

static void test_dump_loads_again_to_the_same_values(void **state) {
    (void)state;
    static const char *const names[] = {
        "plain",
        "a: b # c",
        "'",
        "\"quoted\\\"",
        " blank ",
        "",
        "null",
        "~",
        "yes",
        "08",
        "1e-4",
        "-dash",
        "- item",
        "[x]",
        "{x}",
        "*x",
        "&x",
        "!x",
        "%x",
        "@x",
        "#x",
        "tab\there",
        "line\nbreak\n",
        "\x01\x7f",
        "\xc3\xa4\xe2\x82\xac\xf0\x9f\x9a\x97",
        "\xc2\x85\xe2\x80\xa8",
        "\xef\xbb\xbf",
        "a,b",
        "C:\\dir\\file",
        "---",
        "...",
    };
    for (size_t i = 0; i < MKD_COUNT(names); i++) {
        mkd_str override = {0};
        name_override(&override, names[i]);
        mkd_config *config = parse_with(
            "train: {learning_rate: 0.1, classes: ['a: b', '', \"\\\"\"]}", override.text);
        assert_string_equal(train_of(config).name, names[i]);
        for (int mode = 0; mode < 4; mode++) {
            check_reload(config, names[i], mode & 1, mode & 2);
        }
        mkd_config_free(config);
        mkd_str_free(&override);
    }
}

static void check_dump(mkd_config *config, bool origins, bool only_changed, const char *expected) {
    mkd_str dump = {0};
    assert_int_equal(mkd_config_dump(&dump, config, origins, only_changed), 0);
    assert_string_equal(dump.text, expected);
    mkd_str_free(&dump);
}

static void test_dump(void **state) {
    (void)state;
    mkd_config *config =
        parse_with("distill: {method: monoskd}\ntrain:\n  epochs: 3\n", "distill.monoskd.weight=2");
    check_dump(config, false, false,
               "distill:\n"
               "  monoskd:\n"
               "    weight: 2\n"
               "    warmup_epochs: 0\n"
               "  method: monoskd\n"
               "train:\n"
               "  epochs: 3\n"
               "  learning_rate: 0.00125\n"
               "  resume: true\n"
               "  name: \"\"\n"
               "  out: runs/demo\n"
               "  optimizer: adamw\n"
               "  milestones: [8, 11]\n"
               "  mean: [0.5, 0.25, 0.001]\n"
               "  classes: []\n"
               "seed: 1\n");
    check_dump(config, true, true,
               "distill:\n"
               "  monoskd:\n"
               "    weight: 2 # command line\n"
               "  method: monoskd # a.yaml:1\n"
               "train:\n"
               "  epochs: 3 # a.yaml:3\n");
    mkd_config_free(config);
    config = parse("");
    check_dump(config, true, true, "");
    mkd_config_free(config);
}

static uint64_t hash_of(const char *text, const char *except) {
    mkd_config *config = parse(text);
    const char *const prefixes[] = {except, NULL};
    uint64_t hash = mkd_config_hash(config, prefixes);
    mkd_config_free(config);
    return hash;
}

static void test_hash_is_of_values(void **state) {
    (void)state;
    uint64_t plain = hash_of("", NULL);
    assert_true(hash_of("\n\ntrain: {epochs: 12, learning_rate: 0.00125}", NULL) == plain);
    assert_true(hash_of("train: {epochs: 13}", NULL) != plain);
    assert_true(hash_of("train: {epochs: 13}", "train") == hash_of("", "train"));
    assert_true(hash_of("train: {epochs: 13}", "train.epochs") == hash_of("", "train.epochs"));
    // whole names only
    assert_true(hash_of("train: {epochs: 13}", "train.epoch") ==
                hash_of("train: {epochs: 13}", NULL));
    // values do not trade places
    assert_true(hash_of("train: {name: a, out: b}", NULL) !=
                hash_of("train: {name: b, out: a}", NULL));
}

static void test_help(void **state) {
    (void)state;
    mkd_str help = {0};
    assert_int_equal(mkd_config_help(&help, test_schema, "distill"), 0);
    assert_string_equal(help.text, "distill.monoskd: the method MonoSKD\n"
                                   "  distill.monoskd.weight: a number of at most 80 m; default 1\n"
                                   "      of the loss\n"
                                   "  distill.monoskd.warmup_epochs: an integer; default 0\n"
                                   "      before it counts\n"
                                   "\n"
                                   "distill: distillation\n"
                                   "  distill.method: a text; default none\n"
                                   "      name of the method\n");
    mkd_str_clear(&help);
    assert_int_equal(mkd_config_help(&help, test_schema, "train.optimizer"), 0);
    assert_string_equal(help.text, "train: training\n"
                                   "  train.optimizer: one of sgd, adam, adamw; default adamw\n"
                                   "      update rule\n");
    mkd_str_clear(&help);
    assert_int_equal(mkd_config_help(&help, test_schema, ""), 0);
    assert_non_null(strstr(help.text, "  train.name: a text; default \"\"\n"));
    assert_non_null(strstr(help.text, "(top): everything\n  seed: an integer; default 1\n"));
    mkd_str_free(&help);
}

static void refuse_schema(const mkd_option *table, const char *expected) {
    const mkd_section schema[] = {{"a", table, ""}, {"a.b", monoskd_table, ""}, {0}};
    mkd_config *config;
    assert_int_equal(mkd_config_load(&config, schema, NULL, NULL, 0), MKD_EINVAL);
    assert_string_equal(mkd_error_last(), expected);
}

static void test_defects_of_a_schema(void **state) {
    (void)state;
    refuse_schema((mkd_option[]){{"x", MKD_OPTION_INT, 0, "9", 1, 8, 0, 0, 0}, {0}},
                  "schema: default: a.x: found '9', expected an integer from 1 to 8");
    refuse_schema((mkd_option[]){{"x", MKD_OPTION_INT, 0, "", 0, 0, 0, 0, 0}, {0}},
                  "schema: default: a.x: found '', expected an integer");
    refuse_schema((mkd_option[]){{"x.y", MKD_OPTION_INT, 0, "1", 0, 0, 0, 0, 0}, {0}},
                  "schema: found the key 'a.x.y', expected letters, digits and _, not 'base'");
    refuse_schema((mkd_option[]){{"x", MKD_OPTION_CHOICE, 0, "1", 0, 0, 0, 0, 0}, {0}},
                  "schema: a.x: found no choices, expected \"a|b\"");
    refuse_schema((mkd_option[]){{"b", MKD_OPTION_INT, 0, "1", 0, 0, 0, 0, 0}, {0}},
                  "schema: found the key a.b.weight beside a.b, expected it once, and not above "
                  "another");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_defaults),
        cmocka_unit_test(test_a_file_sets_nested_keys),
        cmocka_unit_test(test_null_resets_to_the_default),
        cmocka_unit_test(test_anchors),
        cmocka_unit_test(test_wrong_types_say_what_was_expected),
        cmocka_unit_test(test_unknown_keys_name_the_nearest),
        cmocka_unit_test(test_overrides),
        cmocka_unit_test(test_overrides_are_refused),
        cmocka_unit_test(test_dump_loads_again_to_the_same_values),
        cmocka_unit_test(test_dump),
        cmocka_unit_test(test_hash_is_of_values),
        cmocka_unit_test(test_help),
        cmocka_unit_test(test_defects_of_a_schema),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
