# Programs that benchmarks drive; they are built when asked for, one by one or all by the
# target bench. Not among the tests, since times depend on what else a machine does.
add_executable(bench_sgd EXCLUDE_FROM_ALL bench/bench_sgd.c)
target_link_libraries(bench_sgd PRIVATE descentd_flags descentd_test_flags gd_core)
add_executable(bench_pass EXCLUDE_FROM_ALL bench/bench_pass.c)
target_link_libraries(bench_pass PRIVATE descentd_flags descentd_test_flags gd_core Threads::Threads)
add_executable(bench_gram EXCLUDE_FROM_ALL bench/bench_gram.c)
target_link_libraries(bench_gram PRIVATE descentd_flags descentd_test_flags gd_core)
add_executable(bench_readers EXCLUDE_FROM_ALL bench/bench_readers.c)
target_link_libraries(bench_readers PRIVATE descentd_flags descentd_test_flags descentd_api)
add_executable(bench_machine EXCLUDE_FROM_ALL bench/bench_machine.c)
target_link_libraries(bench_machine PRIVATE descentd_flags descentd_test_flags Threads::Threads)
add_custom_target(bench DEPENDS bench_sgd bench_pass bench_gram bench_readers bench_machine)

# That the scripts still run, on tiny data; what they measure is not looked at. Needs Python alone.
find_program(PYTHON3 NAMES python3)
if(PYTHON3)
  add_test(NAME bench_smoke COMMAND ${PYTHON3} ${CMAKE_CURRENT_SOURCE_DIR}/bench/bench_small.py
    --smoke --build ${CMAKE_BINARY_DIR})
  set_tests_properties(bench_smoke PROPERTIES LABELS bench TIMEOUT 60)
endif()
