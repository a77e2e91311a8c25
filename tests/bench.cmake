# Programs that benchmarks drive; they are built when asked for, one by one or all by the
# target bench.
add_executable(bench_sgd EXCLUDE_FROM_ALL bench/bench_sgd.c)
target_link_libraries(bench_sgd PRIVATE descentd_flags descentd_test_flags gd_core)
add_executable(bench_gram EXCLUDE_FROM_ALL bench/bench_gram.c)
target_link_libraries(bench_gram PRIVATE descentd_flags descentd_test_flags gd_core)
add_custom_target(bench DEPENDS bench_sgd bench_gram)
