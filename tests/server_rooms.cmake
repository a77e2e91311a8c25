# Tests of the server's rooms (server/), each on its own, and of what the whole binary promises
# about durability and many clients (e2e/).

foreach(what cache clock config log pool recorder routes store upload)
  descentd_test(server ${what} descentd_server)
endforeach()

# Each starts servers that want both processors, and has deadlines: no other test beside them.
foreach(what clients restart waiting)
  descentd_test(e2e ${what} e2e_support PkgConfig::SQLITE)
  set_tests_properties(e2e_${what} PROPERTIES RUN_SERIAL TRUE TIMEOUT 900)
endforeach()
