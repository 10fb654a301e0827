# Every test is found by its place; none is registered by hand.
#
#     tests/unit/<layer>/<name>_test.c   cmocka program, links its layer and what lies below
#     tests/parity/*.c                   the program build/parity, links every layer
#     tests/parity/unit/<name>_test.c    cmocka program with the parity program's sources but main.c
#     tests/op_table/*.c                 the program op_table: one table of operator calls, several modes
#     tests/fuzz/fuzz_<name>.c           LLVMFuzzerTestOneInput; replays tests/fuzz/corpus/<name>/
#     tests/{arch,cli,faults}/*.sh       shell scripts; exit status 77 says skipped
#
# ctest labels: unit, arch, cli, faults, fuzz, parity, op_table.

enable_testing()

# OpenMP threads that spin while waiting slow every test that runs beside them
set(mkd_test_environment
    MKD_SOURCE_DIR=${CMAKE_SOURCE_DIR}
    MKD_BUILD_DIR=${CMAKE_BINARY_DIR}
    MKD_BIN=${CMAKE_BINARY_DIR}/monokd
    MKD_ONEDNN_INCLUDE=${MKD_ONEDNN_INCLUDE}
    MKD_SANITIZE=${MKD_SANITIZE}
    OMP_WAIT_POLICY=passive
    ASAN_OPTIONS=detect_stack_use_after_return=1:strict_string_checks=1:allocator_may_return_null=1
    LSAN_OPTIONS=suppressions=${CMAKE_SOURCE_DIR}/tests/lsan.supp:print_suppressions=0
    UBSAN_OPTIONS=print_stacktrace=1
    TSAN_OPTIONS=suppressions=${CMAKE_SOURCE_DIR}/tests/tsan.supp)

function(mkd_test name label)
    add_test(NAME ${name} COMMAND ${ARGN} WORKING_DIRECTORY ${CMAKE_BINARY_DIR})
    set_tests_properties(${name} PROPERTIES LABELS ${label} TIMEOUT 600 SKIP_RETURN_CODE 77
                         ENVIRONMENT "${mkd_test_environment}")
endfunction()

function(mkd_test_program target source)
    add_executable(${target} ${source})
    target_compile_options(${target} PRIVATE ${MKD_WARNINGS})
    target_compile_definitions(${target} PRIVATE MKD_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
    target_include_directories(${target} PRIVATE ${CMAKE_SOURCE_DIR}/tests)
endfunction()

# fuzz targets: under libFuzzer (and then nothing else is built), or with the replay driver
file(GLOB fuzzers CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/tests/fuzz/fuzz_*.c)
foreach(source IN LISTS fuzzers)
    get_filename_component(target ${source} NAME_WE)
    string(REGEX REPLACE "^fuzz_" "" name ${target})
    mkd_test_program(${target} ${source})
    target_link_libraries(${target} PRIVATE ${MKD_ALL_LAYERS})
    if(MKD_LIBFUZZER)
        target_link_options(${target} PRIVATE -fsanitize=fuzzer)
    else()
        target_sources(${target} PRIVATE ${CMAKE_SOURCE_DIR}/tests/fuzz/replay.c)
        mkd_test(fuzz/${name} fuzz $<TARGET_FILE:${target}> ${CMAKE_SOURCE_DIR}/tests/fuzz/corpus/${name})
    endif()
endforeach()
if(MKD_LIBFUZZER)
    return()
endif()

foreach(layer IN LISTS MKD_LAYERS)
    file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/tests/unit/${layer}/*_test.c)
    foreach(source IN LISTS sources)
        get_filename_component(name ${source} NAME_WE)
        string(REGEX REPLACE "_test$" "" name ${name})
        set(target unit_${layer}_${name})
        mkd_test_program(${target} ${source})
        target_link_libraries(${target} PRIVATE mkd_${layer} PkgConfig::CMOCKA)
        mkd_test(unit/${layer}/${name} unit ${target})
    endforeach()
endforeach()

file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/tests/op_table/*.c)
mkd_test_program(op_table "${sources}")
target_link_libraries(op_table PRIVATE mkd_nn)
mkd_test(op_table/agree op_table op_table agree)
mkd_test(op_table/gradient op_table op_table gradient)

file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/tests/parity/*.c)
if(sources)
    mkd_test_program(parity "${sources}")
    target_link_libraries(parity PRIVATE ${MKD_ALL_LAYERS})
    set_target_properties(parity PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR})
    list(REMOVE_ITEM sources ${CMAKE_SOURCE_DIR}/tests/parity/main.c)
    file(GLOB tests CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/tests/parity/unit/*_test.c)
    foreach(source IN LISTS tests)
        get_filename_component(name ${source} NAME_WE)
        string(REGEX REPLACE "_test$" "" name ${name})
        mkd_test_program(unit_parity_${name} "${source};${sources}")
        target_link_libraries(unit_parity_${name} PRIVATE ${MKD_ALL_LAYERS} PkgConfig::CMOCKA)
        mkd_test(unit/parity/${name} unit unit_parity_${name})
    endforeach()
    mkd_test(parity/golden parity sh ${CMAKE_SOURCE_DIR}/tests/parity/golden.sh $<TARGET_FILE:parity>)
endif()

foreach(kind arch cli faults)
    file(GLOB scripts CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/tests/${kind}/*.sh)
    list(REMOVE_ITEM scripts ${CMAKE_SOURCE_DIR}/tests/${kind}/lib.sh
         ${CMAKE_SOURCE_DIR}/tests/${kind}/tiny.sh)
    # what the sources look like does not depend on how they are compiled
    if(kind STREQUAL "arch" AND MKD_SANITIZE OR NOT kind STREQUAL "arch" AND NOT TARGET monokd)
        continue()
    endif()
    foreach(script IN LISTS scripts)
        get_filename_component(name ${script} NAME_WE)
        mkd_test(${kind}/${name} ${kind} sh ${script})
    endforeach()
endforeach()

# bench/<name>_bench.c becomes build/bench_<name>: run by hand, no test
file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/bench/*_bench.c)
foreach(source IN LISTS sources)
    get_filename_component(name ${source} NAME_WE)
    string(REGEX REPLACE "_bench$" "" name ${name})
    mkd_test_program(bench_${name} ${source})
    target_link_libraries(bench_${name} PRIVATE ${MKD_ALL_LAYERS})
    set_target_properties(bench_${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR})
endforeach()
