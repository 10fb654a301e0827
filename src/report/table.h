/// A table of text cells, printed aligned on a terminal or as part of a page (html.h).
#ifndef MKD_REPORT_TABLE_H
#define MKD_REPORT_TABLE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/compiler.h"
#include "base/str.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum mkd_column_kind {
    MKD_COLUMN_TEXT,  ///< left aligned
    MKD_COLUMN_NUMBER ///< right aligned
} mkd_column_kind;

typedef struct mkd_table_column {
    char *title; ///< owned
    mkd_column_kind kind;
} mkd_table_column;

typedef struct mkd_table_cell {
    char *text;  ///< owned; NULL is empty
    bool strong; ///< stands out (the best value of a column)
} mkd_table_cell;

/// Zero-initialise. A failed allocation is sticky and reported by mkd_table_status; calls after it
/// do nothing.
typedef struct mkd_table {
    mkd_table_column *columns;
    size_t n_columns;
    mkd_table_cell *cells; ///< [n_rows, n_columns]
    bool *rules;           ///< [n_rows]; a line is drawn above the row
    size_t n_rows, capacity_rows;
    size_t next_column; ///< of the last row, where mkd_table_cell_printf goes on
    bool failed;
} mkd_table;

/// Adds a column; all columns come before the first row.
void mkd_table_column_add(mkd_table *table, const char *title, mkd_column_kind kind);
/// Begins a row of empty cells; `rule` draws a line above it.
void mkd_table_row_begin(mkd_table *table, bool rule);
/// Fills the row's next cell; cells beyond the last column are dropped.
void mkd_table_add(mkd_table *table, const char *text);
void mkd_table_printf(mkd_table *table, const char *fmt, ...) MKD_PRINTF(2, 3);
/// Marks the cell that was filled last.
void mkd_table_mark_strong(mkd_table *table);
/// 0, or MKD_ENOMEM if anything failed.
int mkd_table_status(const mkd_table *table) MKD_NODISCARD;
void mkd_table_free(mkd_table *table);

/// Appends the table as lines of text: a header, a rule, the rows; two blanks between columns, no
/// blank at a line's end. `color`: titles and strong cells in bold by ANSI escapes; without it,
/// strong cells look like the others. Widths count code points of UTF-8.
int mkd_table_format(mkd_str *out, const mkd_table *table, bool color) MKD_NODISCARD;

#ifdef __cplusplus
}
#endif

#endif
