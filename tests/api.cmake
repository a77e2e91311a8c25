# The tests of api.
foreach(what number text json json_events doc problem reader encoding multipart
    format_json format_json_records format_json_columns json_suite
    format_ndjson format_npy format_libsvm format_csv_layout format_csv labels job job_encode families hyper model
    catalog change columns types forecast objective compat compat_objective proof replay sweep update oom oom_documents)
  descentd_test(api ${what} descentd_api)
endforeach()
descentd_test(api preparation descentd_api)
descentd_test(api statistics descentd_api)
descentd_test(api table descentd_api)
descentd_test(api pandas descentd_api)

target_link_libraries(api_encoding PRIVATE PkgConfig::ZLIB PkgConfig::ZSTD)

# The k-th allocation fails: malloc and friends are the test's own.
foreach(what oom oom_documents)
  target_sources(api_${what} PRIVATE api/oom.c)
  target_link_options(api_${what} PRIVATE
    -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=strdup,--wrap=free)
endforeach()

# Numbers against strtod: a million here, as many as one likes by hand (its header says how).
add_executable(api_strtod api/strtod_check.c)
target_link_libraries(api_strtod PRIVATE descentd_flags descentd_test_flags descentd_api)
add_test(NAME api_strtod COMMAND api_strtod 1000000)
set_tests_properties(api_strtod PROPERTIES LABELS api TIMEOUT 300)
