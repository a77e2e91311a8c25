# The tests of core. test_problems holds what they share; it alone knows where the NIST data is.
find_package(Threads REQUIRED)

add_library(test_problems STATIC support/problems.c)
target_include_directories(test_problems PUBLIC support)
target_compile_definitions(test_problems PRIVATE TEST_DATA="${CMAKE_CURRENT_SOURCE_DIR}/data")
target_link_libraries(test_problems PRIVATE descentd_flags descentd_test_flags PUBLIC gd_core PkgConfig::CHECK)

foreach(what error param spec rng kernels data summary curvature metrics metrics_golden
    split prepare single instruction_sets minibatch optimizer_laws cost_laws model_laws mlp net schedules train fits epochs updates validation rates
    extremes checkpoint advice oom weights bounds steering lbfgs range_test
    gram qr distribution inference certificate threshold diagnose check online sparse)
  descentd_test(core ${what} test_problems gd_core)
endforeach()
descentd_test(core executor test_problems gd_core Threads::Threads)
descentd_test(core passes test_problems gd_core Threads::Threads)

# The k-th allocation fails: malloc and friends are the test's own.
target_link_options(core_oom PRIVATE
  -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=free)

# Sanitizers add symbols of their own to core.
if(NOT DESCENTD_SANITIZE)
  add_test(NAME layers COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/layers.sh
    $<TARGET_FILE:gd_core> ${CMAKE_SOURCE_DIR})
  set_tests_properties(layers PROPERTIES LABELS layers TIMEOUT 60)
endif()

# Static analysis, where its tools are (deploy/packages.sh lint): minutes, so not in every run.
find_program(CLANG_TIDY clang-tidy)
find_program(CPPCHECK cppcheck)
if(CLANG_TIDY AND CPPCHECK)
  add_test(NAME lint COMMAND ${CMAKE_CURRENT_SOURCE_DIR}/lint.sh)
  set_tests_properties(lint PROPERTIES LABELS long TIMEOUT 3600)
endif()
