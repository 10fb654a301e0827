#include "tests.h"

#include <string.h>

#include "base/alloc.h"
#include "base/fs.h"
#include "markup.h"
#include "report/html.h"

static void fill(mkd_page *page) {
    const double x[] = {0, 1}, y[] = {1, 2};
    const mkd_plot_series series = {.name = "a", .x = x, .y = y, .n = 2};
    const mkd_plot plot = {.title = "loss", .series = &series, .n_series = 1};
    uint8_t pixels[12] = {255, 0, 0, 0, 255, 0, 0, 0, 255, 9, 9, 9};
    const mkd_image image = {pixels, 2, 2, 3};
    mkd_table table = {0};
    mkd_table_column_add(&table, "run <1>", MKD_COLUMN_TEXT);
    mkd_table_column_add(&table, "AP", MKD_COLUMN_NUMBER);
    mkd_table_row_begin(&table, true);
    mkd_table_add(&table, "a & b");
    mkd_table_add(&table, "12.5");
    mkd_table_mark_strong(&table);
    mkd_page_section(page, "Tables \"quoted\"");
    mkd_page_text(page, "one <two> three");
    mkd_page_table(page, &table, "caption & more");
    mkd_page_plot(page, &plot, 300, 200, "curve");
    mkd_page_plot(page, &plot, 310, 200, NULL);
    mkd_page_section(page, "Pictures");
    mkd_page_heading(page, "Frame 7");
    mkd_page_image(page, &image, 0, "it's");
    mkd_page_image(page, &image, 80, NULL);
    mkd_page_details(page, "config", "a: 1 # <x>\n");
    mkd_table_free(&table);
}

static void test_a_page_is_well_formed_and_alone(void **state) {
    (void)state;
    mkd_page page;
    mkd_str s = {0};
    mkd_page_begin(&page, "a <title> & co", "sub");
    fill(&page);
    assert_int_equal(mkd_page_finish(&s, &page), 0);
    markup_check(s.text);
    assert_non_null(strstr(s.text, "<title>a &lt;title&gt; &amp; co</title>"));
    assert_non_null(strstr(s.text, "<a href=\"#s2\">Pictures</a>"));
    assert_non_null(strstr(s.text, "<section id=\"s2\">\n<h2>Pictures</h2>"));
    assert_non_null(strstr(s.text, "<th>run &lt;1&gt;</th><th class=\"n\">AP</th>"));
    assert_non_null(
        strstr(s.text, "<tr class=\"rule\"><td>a &amp; b</td><td class=\"n\"><b>12.5</b></td>"));
    assert_non_null(strstr(s.text, "src=\"data:image/png;base64,iVBORw0KGgo"));
    assert_non_null(strstr(s.text, "src=\"data:image/jpeg;base64,/9j/"));
    assert_non_null(strstr(s.text, "alt=\"it&#39;s\""));
    assert_non_null(strstr(s.text, "<pre>a: 1 # &lt;x&gt;\n</pre>"));
    assert_non_null(strstr(s.text, "@media(prefers-color-scheme:dark)"));
    // nothing is fetched: the only addresses are the names of XML's spaces
    for (const char *at = strstr(s.text, "http"); at; at = strstr(at + 1, "http")) {
        assert_int_equal(strncmp(at, "http://www.w3.org/", 18), 0);
    }
    assert_null(strstr(s.text, "<script"));
    mkd_str_free(&s);
    mkd_page_free(&page);
}

static void test_neighbors_share_a_grid(void **state) {
    (void)state;
    mkd_page page;
    mkd_str s = {0};
    mkd_page_begin(&page, "t", NULL);
    fill(&page);
    assert_int_equal(mkd_page_finish(&s, &page), 0);
    const char *first = strstr(s.text, "<div class=\"plots\">");
    assert_non_null(first);
    assert_null(strstr(first + 1, "<div class=\"plots\">"));
    mkd_str_free(&s);
    mkd_page_free(&page);
}

static void test_an_empty_page(void **state) {
    (void)state;
    mkd_page page;
    mkd_str s = {0};
    mkd_page_begin(&page, "", NULL);
    assert_int_equal(mkd_page_finish(&s, &page), 0);
    markup_check(s.text);
    assert_null(strstr(s.text, "<nav>"));
    mkd_str_free(&s);
    mkd_page_free(&page);
}

static void test_the_first_failure_is_kept(void **state) {
    (void)state;
    mkd_page page;
    mkd_str s = {0};
    mkd_page_begin(&page, "t", NULL);
    mkd_page_plot(&page, &(mkd_plot){0}, 10, 10, NULL);
    mkd_page_text(&page, "goes on");
    mkd_error_set(MKD_EIO, "something else");
    assert_int_equal(mkd_page_finish(&s, &page), MKD_EINVAL);
    assert_string_equal(mkd_error_last(),
                        "plot: found a size of 10 x 10, expected at least 160 x 120");
    assert_int_equal(s.length, 0);
    mkd_page_free(&page);
}

static void test_failed_allocations(void **state) {
    (void)state;
    mkd_alloc_counters before, after;
    mkd_alloc_count(&before);
    int n_failures = 0;
    for (uint64_t nth = 1; nth < 500; nth++) {
        mkd_page page;
        mkd_str s = {0};
        mkd_alloc_fail_at(nth);
        mkd_page_begin(&page, "title", "subtitle");
        fill(&page);
        int status = mkd_page_finish(&s, &page);
        mkd_alloc_fail_at(0);
        mkd_str_free(&s);
        mkd_page_free(&page);
        n_failures += status < 0;
        if (status == 0) {
            break;
        }
    }
    assert_true(n_failures > 20);
    mkd_alloc_count(&after);
    assert_int_equal(before.live_blocks, after.live_blocks);
}

static void test_write(void **state) {
    (void)state;
    mkd_page page;
    char *text;
    size_t bytes;
    mkd_page_begin(&page, "t", NULL);
    assert_int_equal(mkd_page_write("html_test.html", &page), 0);
    assert_int_equal(mkd_fs_read(&text, &bytes, "html_test.html", 1 << 20), 0);
    markup_check(text);
    mkd_free(text);
    assert_int_equal(mkd_fs_remove("html_test.html"), 0);
    assert_true(mkd_page_write("no/such/folder/x.html", &page) < 0);
    mkd_page_free(&page);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_page_is_well_formed_and_alone),
        cmocka_unit_test(test_neighbors_share_a_grid),
        cmocka_unit_test(test_an_empty_page),
        cmocka_unit_test(test_the_first_failure_is_kept),
        cmocka_unit_test(test_failed_allocations),
        cmocka_unit_test(test_write),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
