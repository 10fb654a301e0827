#include "base/yaml.h"

#include <stdlib.h>
#include <string.h>

#include <yaml.h>

#include "base/status.h"

typedef struct anchor {
    const char *name;
    mkd_yaml_node *node;
    struct anchor *next;
} anchor;

typedef struct reader {
    yaml_parser_t parser;
    mkd_arena *arena;
    const char *file;
    const char *input;
    size_t bytes;
    size_t n_nodes;
    anchor *anchors; ///< latest first: a name may be given again
    size_t n_anchors;
} reader;

static int line_of(yaml_mark_t mark) {
    return (int)mark.line + 1;
}

static int parser_error(const reader *r) {
    const yaml_parser_t *p = &r->parser;
    if (p->error == YAML_MEMORY_ERROR) {
        MKD_FAIL(MKD_ENOMEM, "%s: out of memory", r->file);
    }
    int line = line_of(p->problem_mark);
    if (p->error == YAML_READER_ERROR) {
        // wrong characters come with an offset only
        line = 1;
        for (size_t i = 0; i < r->bytes && i < p->problem_offset; i++) {
            line += r->input[i] == '\n';
        }
    }
    MKD_FAIL(MKD_EFORMAT, "%s:%d: not valid YAML: %s%s%s", r->file, line,
             p->context ? p->context : "", p->context ? ", " : "",
             p->problem ? p->problem : "unknown problem");
}

static int next_event(yaml_event_t *out, reader *r) {
    return yaml_parser_parse(&r->parser, out) ? 0 : parser_error(r);
}

static int copy_text(const char **out, reader *r, const yaml_event_t *event) {
    const char *text = (const char *)event->data.scalar.value;
    size_t length = event->data.scalar.length;
    if (memchr(text, '\0', length)) {
        MKD_FAIL(MKD_EFORMAT, "%s:%d: found a NUL character, expected text", r->file,
                 line_of(event->start_mark));
    }
    char *copy = mkd_arena_alloc(r->arena, length + 1);
    if (!copy) {
        return MKD_ENOMEM;
    }
    memcpy(copy, text, length);
    *out = copy;
    return 0;
}

static int count_nodes(reader *r, size_t n, yaml_mark_t mark) {
    r->n_nodes += n;
    if (r->n_nodes > MKD_YAML_MAX_NODES) {
        MKD_FAIL(MKD_EFORMAT, "%s:%d: found more than %d values, aliases expanded, expected fewer",
                 r->file, line_of(mark), MKD_YAML_MAX_NODES);
    }
    return 0;
}

static int refuse_tag(const reader *r, const yaml_char_t *tag, yaml_mark_t mark) {
    if (tag) {
        MKD_FAIL(MKD_EFORMAT, "%s:%d: found the tag %s, expected a value without a tag", r->file,
                 line_of(mark), (const char *)tag);
    }
    return 0;
}

static int too_deep(const reader *r, yaml_mark_t mark) {
    MKD_FAIL(MKD_EFORMAT, "%s:%d: found nesting deeper than %d levels, expected less", r->file,
             line_of(mark), MKD_YAML_MAX_DEPTH);
}

static int add_anchor(reader *r, const yaml_char_t *name, mkd_yaml_node *node) {
    if (!name) {
        return 0;
    }
    if (r->n_anchors++ >= MKD_YAML_MAX_ANCHORS) {
        MKD_FAIL(MKD_EFORMAT, "%s:%d: found more than %d anchors, expected fewer", r->file,
                 node->line, MKD_YAML_MAX_ANCHORS);
    }
    anchor *a = mkd_arena_alloc(r->arena, sizeof *a);
    char *copy = a ? mkd_arena_printf(r->arena, "%s", (const char *)name) : NULL;
    if (!copy) {
        return MKD_ENOMEM;
    }
    *a = (anchor){copy, node, r->anchors};
    r->anchors = a;
    return 0;
}

static int find_alias(mkd_yaml_node **out, reader *r, const yaml_event_t *event, int depth) {
    const char *name = (const char *)event->data.alias.anchor;
    const anchor *a = r->anchors;
    while (a && strcmp(a->name, name) != 0) {
        a = a->next;
    }
    if (!a) {
        MKD_FAIL(MKD_EFORMAT,
                 "%s:%d: found the alias *%s, expected an anchor &%s that ends before it", r->file,
                 line_of(event->start_mark), name, name);
    }
    if (depth + a->node->height > MKD_YAML_MAX_DEPTH) {
        return too_deep(r, event->start_mark);
    }
    *out = a->node;
    return count_nodes(r, a->node->n_nodes, event->start_mark);
}

static mkd_yaml_node *new_node(reader *r, mkd_yaml_kind kind, yaml_mark_t mark) {
    mkd_yaml_node *node = mkd_arena_alloc(r->arena, sizeof *node);
    if (node) {
        node->kind = kind;
        node->file = r->file;
        node->line = line_of(mark);
        node->column = (int)mark.column + 1;
        node->n_nodes = 1;
    }
    return node;
}

static int compare_keys(const void *a, const void *b) {
    const mkd_yaml_item *x = *(mkd_yaml_item *const *)a, *y = *(mkd_yaml_item *const *)b;
    int order = strcmp(x->key, y->key);
    return order ? order : (x->key_line > y->key_line) - (x->key_line < y->key_line);
}

// by sorting: a file of many keys must not take quadratic time
static int refuse_duplicates(reader *r, const mkd_yaml_node *mapping) {
    if (mapping->n_items < 2) {
        return 0;
    }
    mkd_yaml_item **items = mkd_alloc_array(mapping->n_items, sizeof *items);
    if (!items) {
        return MKD_ENOMEM;
    }
    size_t n = 0;
    for (mkd_yaml_item *item = mapping->first; item; item = item->next) {
        items[n++] = item;
    }
    qsort(items, n, sizeof *items, compare_keys);
    const mkd_yaml_item *first = NULL, *again = NULL;
    for (size_t i = 1; i < n; i++) {
        if (strcmp(items[i - 1]->key, items[i]->key) == 0 &&
            (!again || items[i]->key_line < again->key_line)) {
            first = items[i - 1];
            again = items[i];
        }
    }
    int status = 0;
    if (again) {
        status =
            mkd_error_set(MKD_EFORMAT, "%s:%d: found the key '%s' again, first given in line %d",
                          r->file, again->key_line, again->key, first->key_line);
    }
    mkd_free(items);
    return status;
}

static int read_key(const char **out, reader *r, const yaml_event_t *event) {
    if (event->type != YAML_SCALAR_EVENT) {
        MKD_FAIL(MKD_EFORMAT, "%s:%d: found %s for a key, expected a name", r->file,
                 line_of(event->start_mark),
                 event->type == YAML_SEQUENCE_START_EVENT  ? "a list"
                 : event->type == YAML_MAPPING_START_EVENT ? "a mapping"
                                                           : "an alias");
    }
    MKD_TRY(refuse_tag(r, event->data.scalar.tag, event->start_mark));
    if (event->data.scalar.anchor) {
        MKD_FAIL(MKD_EFORMAT, "%s:%d: found an anchor at a key, expected a plain name", r->file,
                 line_of(event->start_mark));
    }
    MKD_TRY(count_nodes(r, 1, event->start_mark));
    return copy_text(out, r, event);
}

// A collection is open: its items are attached here as they are read.
typedef struct frame {
    mkd_yaml_node *node;
    mkd_yaml_item **tail;
    const yaml_char_t *anchor;
    yaml_event_t start; ///< owns `anchor`
    const char *key;    ///< read and waiting for its value; NULL: a key comes next
    int key_line;
} frame;

static int attach(reader *r, frame *f, mkd_yaml_node *value) {
    mkd_yaml_item *item = mkd_arena_alloc(r->arena, sizeof *item);
    if (!item) {
        return MKD_ENOMEM;
    }
    *item = (mkd_yaml_item){f->key, f->key_line, value, NULL};
    *f->tail = item;
    f->tail = &item->next;
    f->key = NULL;
    f->node->n_items++;
    f->node->n_nodes += value->n_nodes + (item->key != NULL);
    if (f->node->height <= value->height) {
        f->node->height = value->height + 1;
    }
    return 0;
}

typedef struct stack {
    frame frames[MKD_YAML_MAX_DEPTH];
    int depth;
} stack;

static int open_collection(reader *r, stack *s, yaml_event_t *event) {
    bool mapping = event->type == YAML_MAPPING_START_EVENT;
    if (s->depth == MKD_YAML_MAX_DEPTH) {
        return too_deep(r, event->start_mark);
    }
    MKD_TRY(refuse_tag(r, mapping ? event->data.mapping_start.tag : event->data.sequence_start.tag,
                       event->start_mark));
    MKD_TRY(count_nodes(r, 1, event->start_mark));
    mkd_yaml_node *node =
        new_node(r, mapping ? MKD_YAML_MAPPING : MKD_YAML_SEQUENCE, event->start_mark);
    if (!node) {
        return MKD_ENOMEM;
    }
    node->height = 1;
    frame *f = &s->frames[s->depth++];
    *f = (frame){
        .node = node,
        .tail = &node->first,
        .anchor = mapping ? event->data.mapping_start.anchor : event->data.sequence_start.anchor,
        .start = *event,
    };
    // the frame owns the event now
    *event = (yaml_event_t){0};
    return 0;
}

static int close_collection(mkd_yaml_node **out, reader *r, stack *s) {
    frame *f = &s->frames[--s->depth];
    int status = 0;
    if (f->node->kind == MKD_YAML_MAPPING) {
        MKD_GOTO(refuse_duplicates(r, f->node));
    }
    MKD_GOTO(add_anchor(r, f->anchor, f->node));
    *out = f->node;
done:
    yaml_event_delete(&f->start);
    return status;
}

static int read_scalar(mkd_yaml_node **out, reader *r, const yaml_event_t *event) {
    MKD_TRY(refuse_tag(r, event->data.scalar.tag, event->start_mark));
    MKD_TRY(count_nodes(r, 1, event->start_mark));
    mkd_yaml_node *node = new_node(r, MKD_YAML_SCALAR, event->start_mark);
    if (!node) {
        return MKD_ENOMEM;
    }
    MKD_TRY(copy_text(&node->text, r, event));
    node->plain = event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE;
    MKD_TRY(add_anchor(r, event->data.scalar.anchor, node));
    *out = node;
    return 0;
}

// Takes one event of the document's content; `*root` is set once the outermost node is whole.
static int take_event(mkd_yaml_node **root, reader *r, stack *s, yaml_event_t *event) {
    frame *top = s->depth ? &s->frames[s->depth - 1] : NULL;
    bool key_next = top && top->node->kind == MKD_YAML_MAPPING && !top->key;
    if (key_next && event->type != YAML_MAPPING_END_EVENT) {
        top->key_line = line_of(event->start_mark);
        return read_key(&top->key, r, event);
    }
    mkd_yaml_node *node = NULL;
    switch (event->type) {
    case YAML_SCALAR_EVENT:
        MKD_TRY(read_scalar(&node, r, event));
        break;
    case YAML_ALIAS_EVENT:
        MKD_TRY(find_alias(&node, r, event, s->depth));
        break;
    case YAML_SEQUENCE_START_EVENT:
    case YAML_MAPPING_START_EVENT:
        return open_collection(r, s, event);
    default:
        MKD_TRY(close_collection(&node, r, s));
        break;
    }
    if (s->depth) {
        return attach(r, &s->frames[s->depth - 1], node);
    }
    *root = node;
    return 0;
}

static int read_document(mkd_yaml_node **out, reader *r) {
    stack s = {.depth = 0};
    yaml_event_t event = {0};
    int status = 0;
    while (!*out) {
        MKD_GOTO(next_event(&event, r));
        MKD_GOTO(take_event(out, r, &s, &event));
        yaml_event_delete(&event);
    }
done:
    yaml_event_delete(&event);
    while (s.depth) {
        yaml_event_delete(&s.frames[--s.depth].start);
    }
    return status;
}

static int read_stream(mkd_yaml_node **out, reader *r) {
    for (;;) {
        yaml_event_t event;
        MKD_TRY(next_event(&event, r));
        yaml_event_type_t type = event.type;
        yaml_mark_t mark = event.start_mark;
        yaml_event_delete(&event);
        if (type == YAML_STREAM_END_EVENT) {
            break;
        }
        if (type == YAML_DOCUMENT_START_EVENT) {
            if (*out) {
                MKD_FAIL(MKD_EFORMAT, "%s:%d: found a second document, expected one a file",
                         r->file, line_of(mark));
            }
            MKD_TRY(read_document(out, r));
        }
    }
    if (!*out || mkd_yaml_is_null(*out)) {
        *out = new_node(r, MKD_YAML_MAPPING, (yaml_mark_t){0});
    }
    return *out ? 0 : MKD_ENOMEM;
}

int mkd_yaml_parse(mkd_yaml_node **out, mkd_arena *arena, const char *file, const char *text,
                   size_t bytes) {
    *out = NULL;
    if (bytes > MKD_YAML_MAX_BYTES) {
        MKD_FAIL(MKD_EFORMAT, "%s: found %zu bytes, expected at most %d", file, bytes,
                 MKD_YAML_MAX_BYTES);
    }
    reader r = {.arena = arena, .file = file, .input = text, .bytes = bytes};
    if (!yaml_parser_initialize(&r.parser)) {
        MKD_FAIL(MKD_ENOMEM, "%s: out of memory", file);
    }
    yaml_parser_set_input_string(&r.parser, (const unsigned char *)text, bytes);
    mkd_yaml_node *root = NULL;
    int status = read_stream(&root, &r);
    yaml_parser_delete(&r.parser);
    if (!status) {
        *out = root;
    }
    return status;
}

bool mkd_yaml_is_null(const mkd_yaml_node *node) {
    static const char *const words[] = {"", "~", "null", "Null", "NULL"};
    if (node->kind != MKD_YAML_SCALAR || !node->plain) {
        return false;
    }
    for (size_t i = 0; i < MKD_COUNT(words); i++) {
        if (strcmp(node->text, words[i]) == 0) {
            return true;
        }
    }
    return false;
}

const mkd_yaml_node *mkd_yaml_find(const mkd_yaml_node *mapping, const char *key) {
    for (const mkd_yaml_item *item = mapping->first; item; item = item->next) {
        if (strcmp(item->key, key) == 0) {
            return item->value;
        }
    }
    return NULL;
}
