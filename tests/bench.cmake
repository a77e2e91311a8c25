# Programs that benchmarks drive; they are built when asked for, one by one or all by the
# target bench.
add_executable(bench_sgd EXCLUDE_FROM_ALL bench/bench_sgd.c)
target_link_libraries(bench_sgd PRIVATE descentd_flags descentd_test_flags gd_core)
add_executable(bench_machine EXCLUDE_FROM_ALL bench/bench_machine.c)
target_link_libraries(bench_machine PRIVATE descentd_flags descentd_test_flags Threads::Threads)
add_custom_target(bench DEPENDS bench_sgd bench_machine)
