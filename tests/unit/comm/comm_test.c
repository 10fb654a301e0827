#include "tests.h"

#include "base/status.h"
#include "comm/comm.h"

static void test_self_is_one_rank_and_the_identity(void **state) {
    (void)state;
    mkd_comm *comm = NULL;
    assert_int_equal(mkd_comm_open(&comm, "self"), 0);
    assert_int_equal(mkd_comm_rank(comm), 0);
    assert_int_equal(mkd_comm_size(comm), 1);
    float f32[2] = {1, 2};
    double f64[2] = {3, 4};
    assert_int_equal(mkd_comm_all_reduce_f32(comm, f32, 2), 0);
    assert_int_equal(mkd_comm_all_reduce_f64(comm, f64, 2), 0);
    assert_int_equal(mkd_comm_broadcast(comm, f32, sizeof f32, 0), 0);
    assert_int_equal(mkd_comm_barrier(comm), 0);
    assert_true(f32[0] == 1 && f32[1] == 2 && f64[0] == 3 && f64[1] == 4);
    mkd_comm_close(comm);
}

static void test_an_unknown_transport_names_the_nearest(void **state) {
    (void)state;
    mkd_comm *comm = NULL;
    assert_int_equal(mkd_comm_open(&comm, "sefl"), MKD_ENOTFOUND);
    assert_string_equal(mkd_error_last(), "there is no transport 'sefl', the nearest is 'self'");
    assert_null(comm);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_self_is_one_rank_and_the_identity),
        cmocka_unit_test(test_an_unknown_transport_names_the_nearest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
