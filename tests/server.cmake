# Tests of the server's own rooms (server/) and of the whole binary over HTTP (e2e/).
pkg_check_modules(CURL REQUIRED IMPORTED_TARGET GLOBAL libcurl)

add_library(e2e_support STATIC support/e2e.c)
target_include_directories(e2e_support PUBLIC support)
target_compile_definitions(e2e_support PRIVATE _GNU_SOURCE DESCENTD="$<TARGET_FILE:descentd>")
target_link_libraries(e2e_support PRIVATE descentd_flags descentd_test_flags
  PUBLIC PkgConfig::CURL PkgConfig::CJSON PkgConfig::CHECK Threads::Threads)
add_dependencies(e2e_support descentd)

foreach(what cache clock config feed file gather guard log pool recorder routes sha256 snapshots store team together turns upload writer)
  descentd_test(server ${what} descentd_server)
endforeach()

# In the place of the C library's: so that they fail when the test says so.
target_link_options(server_gather PRIVATE
  -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=pthread_create)

# Each starts servers that want both processors, and has deadlines: no other test beside them.
foreach(what access anywhere backup brief changes checkpoints clients contents damage damaged_rows desk endings faults full_disk kills limits memory overload pages quotas quotas_results recorded replay restart settle steering stop sweeps tls tokens turns unread upgrade uploads uploads_lost versions waiting)
  descentd_test(e2e ${what} e2e_support PkgConfig::SQLITE)
  set_tests_properties(e2e_${what} PROPERTIES RUN_SERIAL TRUE TIMEOUT 900)
endforeach()
# Calls of the system that fail when a test says so: preloaded into the server.
add_library(faults MODULE support/faults.c)
target_link_libraries(faults PRIVATE descentd_flags descentd_test_flags ${CMAKE_DL_LIBS})
foreach(what anywhere faults pages)
  target_compile_definitions(e2e_${what} PRIVATE FAULTS="$<TARGET_FILE:faults>")
  add_dependencies(e2e_${what} faults)
endforeach()

add_test(NAME e2e_kills_long COMMAND e2e_kills)
set_tests_properties(e2e_kills_long PROPERTIES LABELS long RUN_SERIAL TRUE TIMEOUT 3600
  ENVIRONMENT DESCENTD_KILLS=300)
target_link_libraries(e2e_replay PRIVATE PkgConfig::NETTLE)
target_link_libraries(e2e_tls PRIVATE PkgConfig::GNUTLS)
target_link_libraries(e2e_uploads PRIVATE PkgConfig::NETTLE)
target_compile_definitions(e2e_backup PRIVATE DESCENTD="$<TARGET_FILE:descentd>")
target_compile_definitions(e2e_access PRIVATE DESCENTD="$<TARGET_FILE:descentd>")
target_compile_definitions(e2e_tls PRIVATE DESCENTD="$<TARGET_FILE:descentd>")
target_compile_definitions(e2e_quotas PRIVATE DESCENTD="$<TARGET_FILE:descentd>")
target_compile_definitions(e2e_quotas_results PRIVATE DESCENTD="$<TARGET_FILE:descentd>")
target_compile_definitions(e2e_tokens PRIVATE DESCENTD="$<TARGET_FILE:descentd>")
target_compile_definitions(e2e_turns PRIVATE DESCENTD="$<TARGET_FILE:descentd>")
target_compile_definitions(e2e_upgrade PRIVATE DESCENTD="$<TARGET_FILE:descentd>")

# End-to-end tests of the API: each starts the real binary and talks HTTP to it.
add_library(schema_support STATIC support/schema.c)
target_include_directories(schema_support PUBLIC support)
target_link_libraries(schema_support PRIVATE descentd_flags descentd_test_flags PUBLIC PkgConfig::CJSON m)

foreach(what browsers arrays bodies check columns combinations datasets datasets_kept float32 diagnostics evaluations jobs jobs_ends jobs_history jobs_settings models mlp
    errors errors_connections errors_jobs errors_requests forms packed real_data references process settings smuggling sparse updates)
  descentd_test(e2e ${what} e2e_support m)
endforeach()
descentd_test(e2e statistics e2e_support m)
descentd_test(e2e rows e2e_support m)
target_link_libraries(e2e_packed PRIVATE PkgConfig::ZLIB PkgConfig::ZSTD)
target_link_libraries(e2e_forms PRIVATE PkgConfig::ZLIB PkgConfig::ZSTD)
descentd_test(e2e dry_run e2e_support PkgConfig::SQLITE m)
# The document against the server, and the server against the document.
foreach(what openapi openapi_replies openapi_requests openapi_values)
  descentd_test(e2e ${what} e2e_support schema_support)
  target_sources(e2e_${what} PRIVATE e2e/documented.c)
endforeach()
target_sources(e2e_openapi_replies PRIVATE
  e2e/tour.c e2e/tour_system.c e2e/tour_data.c e2e/tour_jobs.c e2e/tour_models.c)
# This one runs the binary itself, with options that end it.
target_compile_definitions(e2e_process PRIVATE DESCENTD="$<TARGET_FILE:descentd>")
target_compile_definitions(e2e_browsers PRIVATE DESCENTD="$<TARGET_FILE:descentd>")
target_compile_definitions(e2e_openapi_replies PRIVATE DESCENTD="$<TARGET_FILE:descentd>")
