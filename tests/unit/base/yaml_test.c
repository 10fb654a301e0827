#include "tests.h"

#include <stdio.h>
#include <string.h>

#include "base/status.h"
#include "base/str.h"
#include "base/thread.h"
#include "base/yaml.h"

static mkd_arena *arena;

static int new_arena(void **state) {
    (void)state;
    return mkd_arena_new(&arena);
}

static int free_arena(void **state) {
    (void)state;
    mkd_arena_free(arena);
    return 0;
}

static mkd_yaml_node *parse(const char *text) {
    mkd_yaml_node *root;
    int status = mkd_yaml_parse(&root, arena, "a.yaml", text, strlen(text));
    if (status < 0) {
        fail_msg("%s", mkd_error_last());
    }
    return root;
}

static void refuse_bytes(const char *text, size_t bytes, const char *expected) {
    mkd_yaml_node *root;
    assert_int_equal(mkd_yaml_parse(&root, arena, "a.yaml", text, bytes), MKD_EFORMAT);
    assert_string_equal(mkd_error_last(), expected);
    assert_null(root);
}

static void refuse(const char *text, const char *expected) {
    refuse_bytes(text, strlen(text), expected);
}

static void test_a_tree_with_its_places(void **state) {
    (void)state;
    mkd_yaml_node *root = parse("# comment\n"
                                "train:\n"
                                "  lr: 1e-4\n"
                                "  size: [384, 'no']\n"
                                "note: |\n"
                                "  two\n"
                                "  lines\n");
    assert_int_equal(root->kind, MKD_YAML_MAPPING);
    assert_int_equal(root->n_items, 2);
    const mkd_yaml_node *train = mkd_yaml_find(root, "train");
    assert_string_equal(root->first->key, "train");
    assert_int_equal(root->first->key_line, 2);
    const mkd_yaml_node *lr = mkd_yaml_find(train, "lr");
    assert_string_equal(lr->text, "1e-4");
    assert_string_equal(lr->file, "a.yaml");
    assert_true(lr->plain);
    assert_int_equal(lr->line, 3);
    assert_int_equal(lr->column, 7);
    const mkd_yaml_node *size = mkd_yaml_find(train, "size");
    assert_int_equal(size->kind, MKD_YAML_SEQUENCE);
    assert_int_equal(size->n_items, 2);
    assert_string_equal(size->first->next->value->text, "no");
    assert_false(size->first->next->value->plain);
    assert_string_equal(mkd_yaml_find(root, "note")->text, "two\nlines\n");
    assert_null(mkd_yaml_find(root, "none"));
    assert_int_equal(root->height, 3);
    // the root, four keys and their values, two elements
    assert_int_equal(root->n_nodes, 11);
}

static void test_no_document_is_an_empty_mapping(void **state) {
    (void)state;
    static const char *const texts[] = {"", "# only a comment\n", "---\n", "---\n...\n", "~"};
    for (size_t i = 0; i < MKD_COUNT(texts); i++) {
        mkd_yaml_node *root = parse(texts[i]);
        assert_int_equal(root->kind, MKD_YAML_MAPPING);
        assert_int_equal(root->n_items, 0);
    }
}

static void test_null(void **state) {
    (void)state;
    mkd_yaml_node *root = parse("- null\n- ~\n-\n- NULL\n- 'null'\n- \"\"\n- nil\n- []\n- {}\n");
    static const bool expected[] = {true, true, true, true, false, false, false, false, false};
    size_t i = 0;
    for (mkd_yaml_item *item = root->first; item; item = item->next) {
        assert_int_equal(mkd_yaml_is_null(item->value), expected[i++]);
    }
    assert_int_equal(i, 9);
}

static void test_aliases_share_nodes(void **state) {
    (void)state;
    mkd_yaml_node *root = parse("a: &x [1, 2]\nb: *x\nc: &x 3\nd: *x\n");
    assert_ptr_equal(mkd_yaml_find(root, "a"), mkd_yaml_find(root, "b"));
    assert_string_equal(mkd_yaml_find(root, "d")->text, "3");
    refuse("a: *x\n", "a.yaml:1: found the alias *x, expected an anchor &x that ends before it");
    refuse("a: &x\n  b: *x\n",
           "a.yaml:2: found the alias *x, expected an anchor &x that ends before it");
}

static void test_what_is_refused(void **state) {
    (void)state;
    refuse("a: 1\nb: 2\na: 3\n", "a.yaml:3: found the key 'a' again, first given in line 1");
    refuse("x: {b: 1, a: 1, b: 2}\n", "a.yaml:1: found the key 'b' again, first given in line 1");
    refuse("a: !!int 3\n",
           "a.yaml:1: found the tag tag:yaml.org,2002:int, expected a value without a tag");
    refuse("a: !x [3]\n", "a.yaml:1: found the tag !x, expected a value without a tag");
    refuse("a: 1\n---\nb: 2\n", "a.yaml:2: found a second document, expected one a file");
    refuse("? [1, 2]\n: 3\n", "a.yaml:1: found a list for a key, expected a name");
    refuse("? {a: 2}\n: 3\n", "a.yaml:1: found a mapping for a key, expected a name");
    refuse("a: &x 1\n*x : 3\n", "a.yaml:2: found an alias for a key, expected a name");
    refuse("&x a: 1\n", "a.yaml:1: found an anchor at a key, expected a plain name");
    refuse("a: \"x\\0y\"\n", "a.yaml:1: found a NUL character, expected text");
}

static void test_syntax_errors_have_their_line(void **state) {
    (void)state;
    refuse("a: [1, 2\nb: 3\n", "a.yaml:2: not valid YAML: while parsing a flow sequence, did not "
                               "find expected ',' or ']'");
    refuse("a: 1\n  b: 2\n",
           "a.yaml:2: not valid YAML: mapping values are not allowed in this context");
    refuse("a: 'x\n", "a.yaml:2: not valid YAML: while scanning a quoted scalar, found unexpected "
                      "end of stream");
    refuse("a: 1\nb: \xff\n", "a.yaml:2: not valid YAML: invalid leading UTF-8 octet");
    refuse("a: 1\nb: \x01\n", "a.yaml:2: not valid YAML: control characters are not allowed");
    refuse("\ta: 1\n", "a.yaml:1: not valid YAML: while scanning for the next token, found "
                       "character that cannot start any token");
}

static void test_depth_is_limited(void **state) {
    (void)state;
    char text[200] = {0};
    memset(text, '[', 32);
    memset(text + 32, ']', 32);
    assert_int_equal(parse(text)->height, 32);
    memset(text, '[', 33);
    memset(text + 33, ']', 33);
    refuse(text, "a.yaml:1: found nesting deeper than 32 levels, expected less");
    // 20 levels in the anchor, 20 above the alias
    mkd_str deep = {0};
    mkd_str_append(&deep, "a: &x [[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]\n");
    mkd_str_append(&deep, "b: [[[[[[[[[[[[[[[[[[[[*x]]]]]]]]]]]]]]]]]]]]\n");
    refuse(deep.text, "a.yaml:2: found nesting deeper than 32 levels, expected less");
    mkd_str_free(&deep);
}

static void test_a_billion_laughs_are_refused_at_once(void **state) {
    (void)state;
    mkd_str text = {0};
    mkd_str_append(&text, "a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol, lol]\n");
    for (int i = 1; i < 10; i++) {
        mkd_str_printf(&text, "a%d: &a%d [", i, i);
        for (int k = 0; k < 10; k++) {
            mkd_str_printf(&text, "%s*a%d", k ? ", " : "", i - 1);
        }
        mkd_str_append(&text, "]\n");
    }
    double start_s = mkd_time_s();
    refuse(text.text, "a.yaml:5: found more than 100000 values, aliases expanded, expected fewer");
    assert_true(mkd_time_s() - start_s < 1);
    mkd_str_free(&text);
}

static void test_large_inputs_take_bounded_time(void **state) {
    (void)state;
    double start_s = mkd_time_s();
    mkd_str text = {0};
    for (int i = 0; i < 49000; i++) {
        mkd_str_printf(&text, "key%d: 1\n", i);
    }
    assert_int_equal(parse(text.text)->n_items, 49000);
    mkd_str_append(&text, "key77: 1\n");
    refuse(text.text, "a.yaml:49001: found the key 'key77' again, first given in line 78");
    mkd_str_clear(&text);
    for (int i = 0; i < 1001; i++) {
        mkd_str_printf(&text, "- &a%d x\n", i);
    }
    refuse(text.text, "a.yaml:1001: found more than 1000 anchors, expected fewer");
    mkd_str_clear(&text);
    for (int i = 0; i < MKD_YAML_MAX_BYTES; i++) {
        mkd_str_append(&text, "[");
    }
    refuse(text.text, "a.yaml:1: found nesting deeper than 32 levels, expected less");
    mkd_str_append(&text, "[");
    refuse(text.text, "a.yaml: found 1048577 bytes, expected at most 1048576");
    mkd_str_free(&text);
    // sanitizers and busy machines included
    assert_true(mkd_time_s() - start_s < 20);
}

static void test_failing_allocations(void **state) {
    (void)state;
    static const char text[] = "a: &x [1, {b: 2, c: 3}]\nd: *x\n";
    int n_failures = 0;
    for (uint64_t nth = 1;; nth++) {
        mkd_arena *own;
        mkd_yaml_node *root;
        assert_int_equal(mkd_arena_new(&own), 0);
        mkd_alloc_fail_at(nth);
        int status = mkd_yaml_parse(&root, own, "a.yaml", text, strlen(text));
        mkd_alloc_fail_at(0);
        mkd_arena_free(own);
        if (!status) {
            break;
        }
        assert_int_equal(status, MKD_ENOMEM);
        n_failures++;
    }
    assert_true(n_failures >= 3);
}

#define WITH_ARENA(test) cmocka_unit_test_setup_teardown(test, new_arena, free_arena)

int main(void) {
    const struct CMUnitTest tests[] = {
        WITH_ARENA(test_a_tree_with_its_places),
        WITH_ARENA(test_no_document_is_an_empty_mapping),
        WITH_ARENA(test_null),
        WITH_ARENA(test_aliases_share_nodes),
        WITH_ARENA(test_what_is_refused),
        WITH_ARENA(test_syntax_errors_have_their_line),
        WITH_ARENA(test_depth_is_limited),
        WITH_ARENA(test_a_billion_laughs_are_refused_at_once),
        WITH_ARENA(test_large_inputs_take_bounded_time),
        WITH_ARENA(test_failing_allocations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
