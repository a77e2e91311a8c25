# End-to-end tests of the API: each starts the real binary and talks HTTP to it.
add_library(schema_support STATIC support/schema.c)
target_include_directories(schema_support PUBLIC support)
target_link_libraries(schema_support PRIVATE descentd_flags descentd_test_flags PUBLIC PkgConfig::CJSON m)

foreach(what datasets jobs models errors real_data process)
  descentd_test(e2e ${what} e2e_support m)
endforeach()
descentd_test(e2e openapi e2e_support schema_support)
# This one runs the binary itself, with options that end it.
target_compile_definitions(e2e_process PRIVATE DESCENTD="$<TARGET_FILE:descentd>")
