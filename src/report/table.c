#include "report/table.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/status.h"
#include "report/text.h"

void mkd_table_column_add(mkd_table *table, const char *title, mkd_column_kind kind) {
    if (table->failed || table->n_rows > 0) {
        return;
    }
    mkd_table_column *columns =
        mkd_realloc_array(table->columns, table->n_columns + 1, sizeof *columns);
    if (!columns) {
        table->failed = true;
        return;
    }
    table->columns = columns;
    columns[table->n_columns].title = mkd_strdup(title);
    columns[table->n_columns].kind = kind;
    table->failed = !columns[table->n_columns].title;
    table->n_columns++;
}

void mkd_table_row_begin(mkd_table *table, bool rule) {
    if (table->failed) {
        return;
    }
    if (table->n_rows == table->capacity_rows) {
        size_t capacity = table->capacity_rows ? 2 * table->capacity_rows : 8;
        mkd_table_cell *cells =
            mkd_realloc_array(table->cells, capacity * table->n_columns, sizeof *cells);
        if (cells) {
            table->cells = cells;
        }
        bool *rules = mkd_realloc_array(table->rules, capacity, sizeof *rules);
        if (rules) {
            table->rules = rules;
        }
        if (!cells || !rules) {
            table->failed = true;
            return;
        }
        table->capacity_rows = capacity;
    }
    table->rules[table->n_rows++] = rule;
    table->next_column = 0;
}

void mkd_table_add(mkd_table *table, const char *text) {
    if (table->failed || table->n_rows == 0 || table->next_column >= table->n_columns) {
        return;
    }
    mkd_table_cell *cell =
        &table->cells[(table->n_rows - 1) * table->n_columns + table->next_column++];
    cell->text = mkd_strdup(text ? text : "");
    table->failed = !cell->text;
}

void mkd_table_printf(mkd_table *table, const char *fmt, ...) {
    char text[512];
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    mkd_table_add(table, text);
}

void mkd_table_mark_strong(mkd_table *table) {
    if (!table->failed && table->n_rows > 0 && table->next_column > 0) {
        table->cells[(table->n_rows - 1) * table->n_columns + table->next_column - 1].strong = true;
    }
}

int mkd_table_status(const mkd_table *table) {
    return table->failed ? MKD_ENOMEM : 0;
}

void mkd_table_free(mkd_table *table) {
    for (size_t c = 0; c < table->n_columns; c++) {
        mkd_free(table->columns[c].title);
    }
    for (size_t i = 0; i < table->n_rows * table->n_columns; i++) {
        mkd_free(table->cells[i].text);
    }
    mkd_free(table->columns);
    mkd_free(table->cells);
    mkd_free(table->rules);
    *table = (mkd_table){0};
}

static void append_blanks(mkd_str *out, size_t n) {
    for (size_t i = 0; i < n; i++) {
        mkd_str_append(out, " ");
    }
}

// blanks are owed until a text follows, so that no line ends in one
static void append_cell(mkd_str *out, size_t *owed, const char *text, size_t width,
                        mkd_column_kind kind, bool bold) {
    size_t pad = width - mkd_utf8_length(text);
    *owed += kind == MKD_COLUMN_NUMBER ? pad : 0;
    if (*text) {
        append_blanks(out, *owed);
        *owed = 0;
        mkd_str_append(out, bold ? "\033[1m" : "");
        mkd_str_append(out, text);
        mkd_str_append(out, bold ? "\033[0m" : "");
    }
    *owed += (kind == MKD_COLUMN_TEXT ? pad : 0) + (size_t)2;
}

static void append_rule(mkd_str *out, size_t width) {
    for (size_t i = 0; i < width; i++) {
        mkd_str_append(out, "-");
    }
    mkd_str_append(out, "\n");
}

static const char *cell_text(const mkd_table *table, size_t row, size_t column) {
    const char *text = table->cells[row * table->n_columns + column].text;
    return text ? text : "";
}

int mkd_table_format(mkd_str *out, const mkd_table *table, bool color) {
    MKD_TRY(mkd_table_status(table));
    if (table->n_columns == 0) {
        return 0;
    }
    size_t *widths = mkd_alloc_array(table->n_columns, sizeof *widths);
    if (!widths) {
        return MKD_ENOMEM;
    }
    size_t whole = 2 * (table->n_columns - 1);
    for (size_t c = 0; c < table->n_columns; c++) {
        widths[c] = mkd_utf8_length(table->columns[c].title);
        for (size_t r = 0; r < table->n_rows; r++) {
            size_t length = mkd_utf8_length(cell_text(table, r, c));
            widths[c] = length > widths[c] ? length : widths[c];
        }
        whole += widths[c];
    }
    size_t owed = 0;
    for (size_t c = 0; c < table->n_columns; c++) {
        const mkd_table_column *column = &table->columns[c];
        append_cell(out, &owed, column->title, widths[c], column->kind, color);
    }
    mkd_str_append(out, "\n");
    append_rule(out, whole);
    for (size_t r = 0; r < table->n_rows; r++) {
        if (table->rules[r] && r > 0) {
            append_rule(out, whole);
        }
        owed = 0;
        for (size_t c = 0; c < table->n_columns; c++) {
            append_cell(out, &owed, cell_text(table, r, c), widths[c], table->columns[c].kind,
                        color && table->cells[r * table->n_columns + c].strong);
        }
        mkd_str_append(out, "\n");
    }
    mkd_free(widths);
    return mkd_str_status(out);
}
