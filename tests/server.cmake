# Tests of the server's own rooms (server/) and of the whole binary over HTTP (e2e/).
pkg_check_modules(CURL REQUIRED IMPORTED_TARGET GLOBAL libcurl)

add_library(e2e_support STATIC support/e2e.c)
target_include_directories(e2e_support PUBLIC support)
target_compile_definitions(e2e_support PRIVATE _GNU_SOURCE DESCENTD="$<TARGET_FILE:descentd>")
target_link_libraries(e2e_support PRIVATE descentd_flags descentd_test_flags
  PUBLIC PkgConfig::CURL PkgConfig::CJSON PkgConfig::CHECK Threads::Threads)
add_dependencies(e2e_support descentd)
