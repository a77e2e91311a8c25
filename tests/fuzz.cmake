# The fuzz targets, fuzz/fuzz_<what>.c. In most builds ctest replays each over its corpus (label
# fuzz); the preset fuzz, with clang, links them with libFuzzer, for tests/fuzz/run.sh.
function(descentd_fuzz what)
  add_executable(fuzz_${what} fuzz/fuzz_${what}.c)
  target_compile_options(fuzz_${what} PRIVATE -Wno-conversion)
  target_link_libraries(fuzz_${what} PRIVATE descentd_flags ${ARGN})
  if(DESCENTD_SANITIZE MATCHES "fuzzer")
    target_link_options(fuzz_${what} PRIVATE -fsanitize=fuzzer)
  else()
    target_sources(fuzz_${what} PRIVATE fuzz/replay_main.c)
  endif()
  add_test(NAME fuzz_${what}
    COMMAND fuzz_${what} ${CMAKE_CURRENT_SOURCE_DIR}/fuzz/corpus/${what})
  set_tests_properties(fuzz_${what} PROPERTIES LABELS fuzz TIMEOUT 120)
  set_property(GLOBAL APPEND PROPERTY descentd_fuzz_targets fuzz_${what})
endfunction()

foreach(what json_dataset ndjson_dataset csv_dataset npy_dataset npz_dataset libsvm_dataset encoding
    multipart job compat sweep documents values)
  descentd_fuzz(${what} descentd_api)
endforeach()
# Those of http and requests have a whole server in their process.
foreach(what http requests tar)
  descentd_fuzz(${what} descentd_server)
  target_compile_definitions(fuzz_${what} PRIVATE _GNU_SOURCE)
endforeach()

get_property(fuzz_targets GLOBAL PROPERTY descentd_fuzz_targets)
add_custom_target(fuzz DEPENDS ${fuzz_targets})
