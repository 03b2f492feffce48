# `cmake --install build/release --prefix X` makes a tree that can be moved and that runs on a bare Debian 12:
#
#   bin/tarn            finds its libraries by $ORIGIN/../lib/tarn
#   lib/tarn/*.so.*     the pinned libraries and the Debian ones, as the linker resolved them here; not glibc, libstdc++
#                       and libgcc, which every Debian has
#   share/tarn          the examples and the systemd unit
#   share/doc/tarn      NOTICE, LICENSE and the licence of every library in lib/tarn
if(NOT TARGET tarn)
  return()
endif()

set_target_properties(tarn PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/bin"
  INSTALL_RPATH "$ORIGIN/../lib/tarn")
# DT_RPATH, unlike DT_RUNPATH, is also searched for the libraries that our libraries need.
target_link_options(tarn PRIVATE LINKER:--disable-new-dtags)

install(TARGETS tarn RUNTIME_DEPENDENCY_SET tarn_runtime RUNTIME DESTINATION bin)
install(RUNTIME_DEPENDENCY_SET tarn_runtime
  PRE_EXCLUDE_REGEXES "^(ld-linux-x86-64|libc|libm|libdl|libpthread|librt|libresolv|libstdc\\+\\+|libgcc_s)[.]so"
  LIBRARY DESTINATION lib/tarn)
# Loaded by the engine, from beside its library.
install(FILES "${TARN_DEPS}/duckdb/lib/httpfs.duckdb_extension" DESTINATION lib/tarn)

install(DIRECTORY examples/ DESTINATION share/tarn/examples)
install(FILES deploy/tarn.service DESTINATION share/tarn)
install(FILES NOTICE LICENSE DESTINATION share/doc/tarn)
install(DIRECTORY "${TARN_DEPS}/arrow/licenses/" DESTINATION share/doc/tarn/licenses/arrow)
install(DIRECTORY "${TARN_DEPS}/duckdb/licenses/" DESTINATION share/doc/tarn/licenses/duckdb)
# The Debian libraries' licences, as their packages state them.
install(CODE [[
  set(prefix "$ENV{DESTDIR}${CMAKE_INSTALL_PREFIX}")
  file(GLOB libraries RELATIVE "${prefix}/lib/tarn" "${prefix}/lib/tarn/*.so*")
  foreach(library IN LISTS libraries)
    execute_process(COMMAND dpkg-query -S "*/${library}" OUTPUT_VARIABLE owner ERROR_QUIET)
    if(owner MATCHES "^([^:]+):")
      set(package "${CMAKE_MATCH_1}")
      file(COPY_FILE "/usr/share/doc/${package}/copyright" "${prefix}/share/doc/tarn/licenses/${package}"
        RESULT failed)
      if(failed)
        message(WARNING "no licence text of ${package}: ${failed}")
      endif()
    endif()
  endforeach()
]])
