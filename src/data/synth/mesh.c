#include "data/synth/mesh.h"

#include <string.h>

#include "base/alloc.h"
#include "base/status.h"

#define GRID_POINTS_MAX 512
#define TWO_PI          6.28318530718f

void mkd_mesh_free(mkd_mesh *mesh) {
    mkd_free(mesh->vertices);
    mkd_free(mesh->faces);
    memset(mesh, 0, sizeof *mesh);
}

int mkd_mesh_status(const mkd_mesh *mesh) {
    if (mesh->failed) {
        MKD_FAIL(MKD_ENOMEM, "synth: no memory for a mesh of %zu faces", mesh->n_faces);
    }
    return MKD_OK;
}

static bool reserve(mkd_mesh *mesh) {
    if (mesh->n_vertices + 4 > mesh->vertex_capacity) {
        const size_t capacity = mesh->vertex_capacity ? 2 * mesh->vertex_capacity : 4096;
        void *grown = mkd_realloc_array(mesh->vertices, capacity, sizeof *mesh->vertices);
        if (!grown) {
            mesh->failed = true;
            return false;
        }
        mesh->vertices = grown;
        mesh->vertex_capacity = capacity;
    }
    if (mesh->n_faces + 2 > mesh->face_capacity) {
        const size_t capacity = mesh->face_capacity ? 2 * mesh->face_capacity : 2048;
        void *grown = mkd_realloc_array(mesh->faces, capacity, sizeof *mesh->faces);
        if (!grown) {
            mesh->failed = true;
            return false;
        }
        mesh->faces = grown;
        mesh->face_capacity = capacity;
    }
    return !mesh->failed;
}

static void add_face(mkd_mesh *mesh, uint16_t material, uint32_t a, uint32_t b, uint32_t c) {
    const mkd_mesh_vertex *v = mesh->vertices;
    const mkd_vec3 cross =
        mkd_vec3_cross(mkd_vec3_sub(v[b].at_m, v[a].at_m), mkd_vec3_sub(v[c].at_m, v[a].at_m));
    if (mkd_vec3_dot(cross, cross) < 1e-16f) {
        return; // the tip of a cone or the pole of a sphere
    }
    mkd_mesh_face *face = &mesh->faces[mesh->n_faces++];
    face->vertex[0] = a;
    face->vertex[1] = b;
    face->vertex[2] = c;
    face->material = material;
    face->object = -1;
}

void mkd_mesh_patch(mkd_mesh *mesh, uint16_t material, const mkd_mesh_vertex corners[4]) {
    if (!reserve(mesh)) {
        return;
    }
    const uint32_t first = (uint32_t)mesh->n_vertices;
    memcpy(mesh->vertices + first, corners, 4 * sizeof *corners);
    mesh->n_vertices += 4;
    add_face(mesh, material, first, first + 1, first + 2);
    add_face(mesh, material, first, first + 2, first + 3);
}

// of a quad that may have one pair of equal corners
static mkd_vec3 quad_normal(mkd_vec3 a, mkd_vec3 b, mkd_vec3 c, mkd_vec3 d) {
    return mkd_vec3_unit(mkd_vec3_cross(mkd_vec3_sub(c, a), mkd_vec3_sub(d, b)));
}

void mkd_mesh_quad(mkd_mesh *mesh, uint16_t material, const mkd_vec3 corners[4],
                   const float uv[2]) {
    const mkd_vec3 normal = quad_normal(corners[0], corners[1], corners[2], corners[3]);
    mkd_mesh_vertex patch[4];
    for (unsigned i = 0; i < 4; i++) {
        patch[i].at_m = corners[i];
        patch[i].normal = normal;
        patch[i].uv[0] = i == 1 || i == 2 ? uv[0] : 0.0f;
        patch[i].uv[1] = i >= 2 ? uv[1] : 0.0f;
    }
    mkd_mesh_patch(mesh, material, patch);
}

void mkd_mesh_box(mkd_mesh *mesh, uint16_t material, mkd_vec3 low, mkd_vec3 high) {
    const mkd_vec3 c[8] = {
        {low.x, high.y, low.z},  {high.x, high.y, low.z}, {high.x, high.y, high.z},
        {low.x, high.y, high.z}, {low.x, low.y, low.z},   {high.x, low.y, low.z},
        {high.x, low.y, high.z}, {low.x, low.y, high.z},
    };
    static const unsigned sides[6][4] = {
        {0, 1, 5, 4}, {1, 2, 6, 5}, {2, 3, 7, 6}, {3, 0, 4, 7}, {4, 5, 6, 7}, {0, 1, 2, 3},
    };
    const float size_x = high.x - low.x, size_y = high.y - low.y, size_z = high.z - low.z;
    for (unsigned i = 0; i < 6; i++) {
        const mkd_vec3 corners[4] = {c[sides[i][0]], c[sides[i][1]], c[sides[i][2]],
                                     c[sides[i][3]]};
        const float uv[2] = {i == 1 || i == 3 ? size_z : size_x, i < 4 ? size_y : size_z};
        mkd_mesh_quad(mesh, material, corners, uv);
    }
}

// mean normal at corner (row, column) of the quads around it that are smooth with `own`
static mkd_vec3 corner_normal(const mkd_vec3 *normals, size_t quad_rows, size_t quad_columns,
                              const mkd_mesh_grid_options *o, size_t row, size_t column,
                              mkd_vec3 own) {
    mkd_vec3 sum = {0, 0, 0};
    for (size_t i = 0; i < 2; i++) {
        for (size_t j = 0; j < 2; j++) {
            if (row + i < 1 || row + i > quad_rows) {
                continue;
            }
            size_t c = column + j;
            if (o->closed) {
                c = (c + quad_columns - 1) % quad_columns + 1;
            } else if (c < 1 || c > quad_columns) {
                continue;
            }
            const mkd_vec3 n = normals[(row + i - 1) * quad_columns + c - 1];
            if (mkd_vec3_dot(n, own) >= o->crease) {
                sum = mkd_vec3_madd(sum, n, 1.0f);
            }
        }
    }
    const mkd_vec3 mean = mkd_vec3_unit(sum);
    return mkd_vec3_dot(mean, mean) > 0.5f ? mean : own;
}

void mkd_mesh_grid(mkd_mesh *mesh, uint16_t material, const mkd_vec3 *points,
                   const mkd_mesh_grid_options *o) {
    const size_t quad_rows = o->rows - 1;
    const size_t quad_columns = o->closed ? o->columns : o->columns - 1;
    mkd_vec3 normals[GRID_POINTS_MAX];
    for (size_t i = 0; i < quad_rows; i++) {
        for (size_t j = 0; j < quad_columns; j++) {
            const size_t next = (j + 1) % o->columns;
            const mkd_vec3 *low = points + i * o->columns, *high = low + o->columns;
            normals[i * quad_columns + j] = quad_normal(low[j], low[next], high[next], high[j]);
        }
    }
    for (size_t i = 0; i < quad_rows; i++) {
        for (size_t j = 0; j < quad_columns; j++) {
            const mkd_vec3 own = normals[i * quad_columns + j];
            mkd_mesh_vertex patch[4];
            for (size_t k = 0; k < 4; k++) {
                const size_t row = i + (k >= 2), column = j + (k == 1 || k == 2);
                patch[k].at_m = points[row * o->columns + column % o->columns];
                patch[k].normal =
                    corner_normal(normals, quad_rows, quad_columns, o, row, column, own);
                patch[k].uv[0] = (float)column / (float)quad_columns;
                patch[k].uv[1] = (float)row / (float)quad_rows;
            }
            mkd_mesh_patch(mesh, material, patch);
        }
    }
}

// two unit vectors across `axis`
static void perpendiculars(mkd_vec3 out[2], mkd_vec3 axis) {
    const mkd_vec3 helper = fabsf(axis.z) < 0.8f ? mkd_vec3_make(0, 0, 1) : mkd_vec3_make(1, 0, 0);
    out[0] = mkd_vec3_unit(mkd_vec3_cross(axis, helper));
    out[1] = mkd_vec3_unit(mkd_vec3_cross(axis, out[0]));
}

// a ring of points around `center`
static void ring(mkd_vec3 *out, unsigned sides, mkd_vec3 center, const mkd_vec3 across[2],
                 float radius_m) {
    for (unsigned j = 0; j < sides; j++) {
        const float angle = TWO_PI * (float)j / (float)sides;
        const mkd_vec3 p = mkd_vec3_madd(center, across[0], radius_m * cosf(angle));
        out[j] = mkd_vec3_madd(p, across[1], radius_m * sinf(angle));
    }
}

void mkd_mesh_tube(mkd_mesh *mesh, uint16_t material, mkd_vec3 a, mkd_vec3 b, float radius_a_m,
                   float radius_b_m, unsigned sides) {
    mkd_vec3 across[2], points[48];
    perpendiculars(across, mkd_vec3_unit(mkd_vec3_sub(b, a)));
    ring(points, sides, a, across, radius_a_m);
    ring(points + sides, sides, b, across, radius_b_m);
    const mkd_mesh_grid_options options = {2, sides, true, 0.3f};
    mkd_mesh_grid(mesh, material, points, &options);
}

void mkd_mesh_capsule(mkd_mesh *mesh, uint16_t material, mkd_vec3 a, mkd_vec3 b, float radius_m,
                      float flatten) {
    // rows along the axis: pole, 50 degrees, equator of `a`; the same mirrored of `b`
    static const float along[3] = {1.0f, 0.64f, 0.0f}, out[3] = {0.0f, 0.77f, 1.0f};
    enum { SIDES = 8 };
    const mkd_vec3 axis = mkd_vec3_unit(mkd_vec3_sub(b, a));
    mkd_vec3 across[2], points[6 * SIDES];
    perpendiculars(across, axis);
    for (unsigned i = 0; i < 3; i++) {
        ring(points + i * SIDES, SIDES, mkd_vec3_madd(a, axis, -along[i] * radius_m), across,
             out[i] * radius_m);
        ring(points + (5 - i) * SIDES, SIDES, mkd_vec3_madd(b, axis, along[i] * radius_m), across,
             out[i] * radius_m);
    }
    for (unsigned i = 0; i < 6 * SIDES; i++) {
        const float middle = i < 3 * SIDES ? a.z : b.z;
        points[i].z = middle + (points[i].z - middle) * flatten;
    }
    const mkd_mesh_grid_options options = {6, SIDES, true, -1.0f};
    mkd_mesh_grid(mesh, material, points, &options);
}

void mkd_mesh_disc(mkd_mesh *mesh, uint16_t material, mkd_vec3 center, float radius_m,
                   float from_rad, float to_rad, unsigned sides) {
    // two sectors a patch: center, rim, rim, rim
    for (unsigned j = 0; j < sides; j += 2) {
        mkd_mesh_vertex patch[4];
        memset(patch, 0, sizeof patch);
        patch[0].at_m = center;
        for (unsigned k = 0; k < 4; k++) {
            patch[k].normal = mkd_vec3_make(0, 0, 1);
            if (k > 0) {
                const float angle =
                    from_rad + (to_rad - from_rad) * (float)(j + k - 1) / (float)sides;
                patch[k].uv[0] = cosf(angle);
                patch[k].uv[1] = sinf(angle);
                patch[k].at_m = mkd_vec3_make(center.x + radius_m * patch[k].uv[0],
                                              center.y - radius_m * patch[k].uv[1], center.z);
            }
        }
        mkd_mesh_patch(mesh, material, patch);
    }
}

void mkd_mesh_blob(mkd_mesh *mesh, uint16_t material, mkd_vec3 center, mkd_vec3 radii_m,
                   float roughness, uint32_t seed) {
    enum { ROWS = 8, COLUMNS = 11 };
    mkd_vec3 points[ROWS * COLUMNS];
    for (uint32_t i = 0; i < ROWS; i++) {
        const float polar = 0.5f * TWO_PI * (float)i / (ROWS - 1);
        const uint32_t pole = i == 0 || i == ROWS - 1;
        for (uint32_t j = 0; j < COLUMNS; j++) {
            const float angle = TWO_PI * ((float)j + 0.5f * (float)(i % 2)) / COLUMNS;
            const uint32_t key = seed + 97U * i + (pole ? 0U : 1009U * j);
            const float r = 1.0f + roughness * (2.0f * mkd_hash_unit(key) - 1.0f);
            points[i * COLUMNS + j] =
                mkd_vec3_make(center.x + r * radii_m.x * sinf(polar) * cosf(angle),
                              center.y - r * radii_m.y * cosf(polar),
                              center.z + r * radii_m.z * sinf(polar) * sinf(angle));
        }
    }
    const mkd_mesh_grid_options options = {ROWS, COLUMNS, true, 0.4f};
    mkd_mesh_grid(mesh, material, points, &options);
}

void mkd_mesh_leaves(mkd_mesh *mesh, uint16_t material, mkd_vec3 center, mkd_vec3 radii_m,
                     unsigned n, float size_m, uint32_t seed) {
    for (uint32_t i = 0; i < n; i++) {
        const uint32_t key = mkd_hash32(seed + i);
        const float up = 2.0f * mkd_hash_unit(key) - 1.0f, angle = TWO_PI * mkd_hash_unit(key + 1U);
        const float flat = sqrtf(1.0f - up * up), r = 0.82f + 0.24f * mkd_hash_unit(key + 2U);
        const mkd_vec3 out = {flat * cosf(angle), up, flat * sinf(angle)};
        mkd_mesh_vertex patch[4];
        memset(patch, 0, sizeof patch);
        for (uint32_t k = 0; k < 3; k++) {
            const uint32_t corner = key + 3U + 3U * k;
            patch[k].at_m.x = center.x + r * radii_m.x * out.x;
            patch[k].at_m.y = center.y + r * radii_m.y * out.y;
            patch[k].at_m.z = center.z + r * radii_m.z * out.z;
            patch[k].at_m.x += size_m * (2.0f * mkd_hash_unit(corner) - 1.0f);
            patch[k].at_m.y += size_m * (2.0f * mkd_hash_unit(corner + 1U) - 1.0f);
            patch[k].at_m.z += size_m * (2.0f * mkd_hash_unit(corner + 2U) - 1.0f);
            patch[k].normal = out;
        }
        patch[3] = patch[2];
        mkd_mesh_patch(mesh, material, patch);
    }
}

static void bounds(mkd_vec3 *low, mkd_vec3 *high, const mkd_mesh *mesh, size_t first) {
    *low = *high = mesh->vertices[first].at_m;
    for (size_t i = first + 1; i < mesh->n_vertices; i++) {
        const mkd_vec3 p = mesh->vertices[i].at_m;
        low->x = fminf(low->x, p.x);
        low->y = fminf(low->y, p.y);
        low->z = fminf(low->z, p.z);
        high->x = fmaxf(high->x, p.x);
        high->y = fmaxf(high->y, p.y);
        high->z = fmaxf(high->z, p.z);
    }
}

void mkd_mesh_place(mkd_mesh *mesh, size_t first, mkd_vec3 at_m, double yaw_rad) {
    const double c = cos(yaw_rad), s = sin(yaw_rad);
    for (size_t i = first; i < mesh->n_vertices; i++) {
        mkd_mesh_vertex *v = &mesh->vertices[i];
        const double x = (double)v->at_m.x, z = (double)v->at_m.z;
        const double nx = (double)v->normal.x, nz = (double)v->normal.z;
        v->at_m = mkd_vec3_make((double)at_m.x + c * x + s * z, (double)(at_m.y + v->at_m.y),
                                (double)at_m.z - s * x + c * z);
        v->normal = mkd_vec3_make(c * nx + s * nz, (double)v->normal.y, -s * nx + c * nz);
    }
}

void mkd_mesh_fit(mkd_mesh *mesh, size_t first, size_t first_face, const mkd_box3d *box,
                  int16_t object) {
    if (mesh->failed || first == mesh->n_vertices) {
        return;
    }
    mkd_vec3 low, high;
    bounds(&low, &high, mesh, first);
    const double scale_x = box->length_m / (double)(high.x - low.x);
    const double scale_y = box->height_m / (double)(high.y - low.y);
    const double scale_z = box->width_m / (double)(high.z - low.z);
    for (size_t i = first; i < mesh->n_vertices; i++) {
        mkd_mesh_vertex *v = &mesh->vertices[i];
        v->at_m = mkd_vec3_make(((double)v->at_m.x - 0.5 * (double)(low.x + high.x)) * scale_x,
                                ((double)v->at_m.y - (double)high.y) * scale_y,
                                ((double)v->at_m.z - 0.5 * (double)(low.z + high.z)) * scale_z);
        // a normal scales inversely
        v->normal = mkd_vec3_unit(mkd_vec3_make((double)v->normal.x / scale_x,
                                                (double)v->normal.y / scale_y,
                                                (double)v->normal.z / scale_z));
    }
    mkd_mesh_place(mesh, first, mkd_vec3_make(box->x_m, box->y_m, box->z_m), box->yaw_rad);
    for (size_t i = first_face; i < mesh->n_faces; i++) {
        mesh->faces[i].object = object;
    }
}
