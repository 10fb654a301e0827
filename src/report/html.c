#include "report/html.h"

#include "base/alloc.h"
#include "base/fs.h"
#include "report/base64.h"
#include "report/text.h"
#include "report/theme.h"

// numbers line up by tabular figures; what is wider than the screen scrolls in its own box
static const char style[] =
    "*{box-sizing:border-box}"
    "html{background:var(--page);color:var(--text);-webkit-text-size-adjust:100%}"
    "body{margin:0 auto;padding:28px 20px 60px;max-width:1240px;"
    "font:15px/1.55 system-ui,-apple-system,'Segoe UI',Roboto,'DejaVu Sans',sans-serif}"
    "h1{font-size:26px;line-height:1.25;margin:0 0 4px;letter-spacing:-.01em}"
    "h2{font-size:19px;margin:40px 0 12px;padding-top:4px}"
    "h3{font-size:15px;margin:24px 0 10px}"
    "p{margin:0 0 12px;max-width:78ch}"
    ".subtitle{color:var(--muted);margin:0}"
    "nav{display:flex;flex-wrap:wrap;gap:8px;margin:18px 0 0}"
    "nav a{color:var(--accent);text-decoration:none;background:var(--card);"
    "border:1px solid var(--grid);border-radius:99px;padding:3px 13px;font-size:14px}"
    "nav a:hover,nav a:focus{border-color:var(--accent)}"
    ".box{background:var(--card);border:1px solid var(--grid);border-radius:10px;"
    "margin:0 0 16px;overflow:hidden}"
    ".scroll{overflow-x:auto}"
    "table{border-collapse:collapse;width:100%;font-size:14px;font-variant-numeric:tabular-nums}"
    "th,td{padding:7px 14px;white-space:nowrap;text-align:left;border-top:1px solid var(--grid)}"
    "thead th{border-top:0;color:var(--muted);font-weight:600;font-size:13px;"
    "white-space:normal;vertical-align:bottom}"
    "th.n,td.n{text-align:right}"
    "tr.rule td{border-top:2px solid var(--axis)}"
    "tbody tr:hover{background:var(--page)}"
    "td b{color:var(--accent)}"
    "caption,figcaption,.caption{color:var(--muted);font-size:13px;text-align:left}"
    ".caption{margin:-8px 0 16px;max-width:none}"
    ".plots{display:grid;gap:16px;margin:0 0 16px;"
    "grid-template-columns:repeat(auto-fit,minmax(min(100%,440px),1fr))}"
    "figure{margin:0}"
    ".plots figure{margin:0;padding:4px}"
    ".plots svg{display:block;width:100%;height:auto;max-width:720px;margin:0 auto}"
    "figcaption{padding:8px 14px 10px}"
    ".plots figcaption{padding:0 10px 8px}"
    ".pictures img{display:block;width:100%;min-width:820px;height:auto}"
    "details{margin:0 0 10px}"
    "summary{cursor:pointer;padding:9px 14px;font-weight:600;font-size:14px}"
    "pre{margin:0;padding:4px 14px 12px;overflow-x:auto;font:13px/1.5 ui-monospace,"
    "'SF Mono',Menlo,Consolas,'DejaVu Sans Mono',monospace}"
    "@media(max-width:640px){body{padding:18px 12px 40px}h1{font-size:22px}"
    "th,td{padding:6px 10px}}"
    "@media print{.box,.plots figure{break-inside:avoid}}";

static bool failed(const mkd_page *page) {
    return page->error.code < 0;
}

static void keep_error(mkd_page *page, int status) {
    if (status < 0 && !failed(page)) {
        mkd_error_save(&page->error, status);
    }
}

void mkd_page_begin(mkd_page *out, const char *title, const char *subtitle) {
    *out = (mkd_page){0};
    mkd_html_escape(&out->title, title);
    mkd_html_escape(&out->subtitle, subtitle);
}

void mkd_page_free(mkd_page *page) {
    mkd_str_free(&page->title);
    mkd_str_free(&page->subtitle);
    mkd_str_free(&page->contents);
    mkd_str_free(&page->body);
    *page = (mkd_page){0};
}

static void set_group(mkd_page *page, mkd_page_group group) {
    if (page->group == group) {
        return;
    }
    if (page->group != MKD_PAGE_NO_GROUP) {
        mkd_str_append(&page->body, "</div>\n");
    }
    if (group != MKD_PAGE_NO_GROUP) {
        mkd_str_printf(&page->body, "<div class=\"%s\">\n",
                       group == MKD_PAGE_PLOTS ? "plots" : "pictures");
    }
    page->group = group;
}

static void append_element(mkd_str *out, const char *open, const char *text, const char *close) {
    mkd_str_append(out, open);
    mkd_html_escape(out, text);
    mkd_str_append(out, close);
}

void mkd_page_section(mkd_page *page, const char *title) {
    if (failed(page)) {
        return;
    }
    set_group(page, MKD_PAGE_NO_GROUP);
    if (page->n_sections > 0) {
        mkd_str_append(&page->body, "</section>\n");
    }
    page->n_sections++;
    mkd_str_printf(&page->contents, "<a href=\"#s%zu\">", page->n_sections);
    append_element(&page->contents, "", title, "</a>\n");
    mkd_str_printf(&page->body, "<section id=\"s%zu\">\n", page->n_sections);
    append_element(&page->body, "<h2>", title, "</h2>\n");
}

void mkd_page_heading(mkd_page *page, const char *title) {
    if (!failed(page)) {
        set_group(page, MKD_PAGE_NO_GROUP);
        append_element(&page->body, "<h3>", title, "</h3>\n");
    }
}

void mkd_page_text(mkd_page *page, const char *text) {
    if (!failed(page)) {
        set_group(page, MKD_PAGE_NO_GROUP);
        append_element(&page->body, "<p>", text, "</p>\n");
    }
}

void mkd_page_details(mkd_page *page, const char *summary, const char *text) {
    if (!failed(page)) {
        set_group(page, MKD_PAGE_NO_GROUP);
        append_element(&page->body, "<details class=\"box\"><summary>", summary, "</summary>");
        append_element(&page->body, "<pre>", text, "</pre></details>\n");
    }
}

static void append_cell(mkd_str *out, const char *tag, mkd_column_kind kind, const char *text,
                        bool strong) {
    mkd_str_printf(out, "<%s%s>%s", tag, kind == MKD_COLUMN_NUMBER ? " class=\"n\"" : "",
                   strong ? "<b>" : "");
    mkd_html_escape(out, text);
    mkd_str_printf(out, "%s</%s>", strong ? "</b>" : "", tag);
}

void mkd_page_table(mkd_page *page, const mkd_table *table, const char *caption) {
    if (!failed(page)) {
        keep_error(page, mkd_table_status(table));
    }
    if (failed(page)) {
        return;
    }
    set_group(page, MKD_PAGE_NO_GROUP);
    mkd_str *out = &page->body;
    mkd_str_append(out, "<div class=\"box scroll\"><table><thead><tr>");
    for (size_t c = 0; c < table->n_columns; c++) {
        append_cell(out, "th", table->columns[c].kind, table->columns[c].title, false);
    }
    mkd_str_append(out, "</tr></thead><tbody>\n");
    for (size_t r = 0; r < table->n_rows; r++) {
        mkd_str_append(out, table->rules[r] ? "<tr class=\"rule\">" : "<tr>");
        for (size_t c = 0; c < table->n_columns; c++) {
            const mkd_table_cell *cell = &table->cells[r * table->n_columns + c];
            append_cell(out, "td", table->columns[c].kind, cell->text, cell->strong);
        }
        mkd_str_append(out, "</tr>\n");
    }
    mkd_str_append(out, "</tbody></table></div>\n");
    if (caption) {
        append_element(out, "<p class=\"caption\">", caption, "</p>\n");
    }
}

static void end_figure(mkd_page *page, const char *caption) {
    if (caption) {
        append_element(&page->body, "<figcaption>", caption, "</figcaption>");
    }
    mkd_str_append(&page->body, "</figure>\n");
}

void mkd_page_plot(mkd_page *page, const mkd_plot *plot, int width, int height,
                   const char *caption) {
    if (failed(page)) {
        return;
    }
    set_group(page, MKD_PAGE_PLOTS);
    mkd_str_append(&page->body, "<figure class=\"box\">");
    keep_error(page, mkd_plot_svg(&page->body, plot, width, height));
    end_figure(page, caption);
}

void mkd_page_image(mkd_page *page, const mkd_image *image, int quality, const char *caption) {
    if (failed(page)) {
        return;
    }
    uint8_t *bytes = NULL;
    size_t n_bytes = 0;
    int status = quality > 0 ? mkd_jpeg_encode(&bytes, &n_bytes, image, quality)
                             : mkd_png_encode(&bytes, &n_bytes, image, 6);
    keep_error(page, status);
    if (status < 0) {
        return;
    }
    set_group(page, MKD_PAGE_PICTURES);
    mkd_str_printf(&page->body,
                   "<figure class=\"box\"><div class=\"scroll\"><img width=\"%d\" height=\"%d\" ",
                   image->width_px, image->height_px);
    append_element(&page->body, "alt=\"", caption ? caption : "picture", "\" ");
    mkd_str_printf(&page->body, "src=\"data:image/%s;base64,", quality > 0 ? "jpeg" : "png");
    mkd_base64_append(&page->body, bytes, n_bytes);
    mkd_str_append(&page->body, "\"></div>");
    end_figure(page, caption);
    mkd_free(bytes);
}

int mkd_page_finish(mkd_str *out, mkd_page *page) {
    keep_error(page, mkd_str_status(&page->title));
    keep_error(page, mkd_str_status(&page->subtitle));
    keep_error(page, mkd_str_status(&page->contents));
    set_group(page, MKD_PAGE_NO_GROUP);
    keep_error(page, mkd_str_status(&page->body));
    if (failed(page)) {
        return mkd_error_restore(&page->error);
    }
    const char *title = page->title.length ? page->title.text : "report";
    mkd_str_append(out, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                        "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n"
                        "<meta name=\"color-scheme\" content=\"light dark\">\n<title>");
    mkd_str_append(out, title);
    mkd_str_append(out, "</title>\n<style>\n:root{color-scheme:light dark;");
    mkd_theme_css(out, false);
    mkd_str_append(out, "}\n@media(prefers-color-scheme:dark){:root{");
    mkd_theme_css(out, true);
    mkd_str_append(out, "}}\n");
    mkd_str_append(out, style);
    mkd_str_append(out, "\n</style>\n</head>\n<body>\n<header>\n<h1>");
    mkd_str_append(out, title);
    mkd_str_append(out, "</h1>\n");
    if (page->subtitle.length) {
        mkd_str_printf(out, "<p class=\"subtitle\">%s</p>\n", page->subtitle.text);
    }
    if (page->n_sections > 1) {
        mkd_str_append(out, "<nav>\n");
        mkd_str_append(out, page->contents.text);
        mkd_str_append(out, "</nav>\n");
    }
    mkd_str_append(out, "</header>\n<main>\n");
    mkd_str_append_bytes(out, page->body.text ? page->body.text : "", page->body.length);
    mkd_str_append(out, page->n_sections ? "</section>\n" : "");
    mkd_str_append(out, "</main>\n</body>\n</html>\n");
    return mkd_str_status(out);
}

int mkd_page_write(const char *path, mkd_page *page) {
    mkd_str text = {0};
    int status = mkd_page_finish(&text, page);
    if (status >= 0) {
        status = mkd_fs_write_atomic(path, text.text, text.length);
    }
    mkd_str_free(&text);
    return status;
}
