# Declares Tarn's libraries, their tests and tools, and holds their layers apart.
#
#   tarn_library(NAME LAYER n SOURCES … [PUBLIC libs…] [PRIVATE libs…] [EXTERNAL targets…] [EXTERNAL_PRIVATE targets…])
#
# One folder is one library, one namespace and one include root: `#include "base/result.h"` resolves only in a target
# that declared `base`. A library may link only libraries of a strictly lower layer; anything else stops configuration.
# PUBLIC libraries appear in the headers, PRIVATE ones in the .cpp files only; EXTERNAL are third-party targets.
# `*_test.cpp` beside the code, in subfolders as well, becomes the ctest `NAME_test`; every header directly in the
# folder is compiled alone.

set(TARN_INCLUDE_ROOT "${CMAKE_BINARY_DIR}/include-roots")

function(_tarn_check_edges name layer)
  foreach(dep IN LISTS ARGN)
    if(NOT TARGET tarn_${dep})
      message(FATAL_ERROR "library `${name}` names `${dep}`, which is not declared (yet): "
                          "add_subdirectory() lower layers first")
    endif()
    get_target_property(dep_layer tarn_${dep} TARN_LAYER)
    if(NOT dep_layer LESS layer)
      message(FATAL_ERROR "library `${name}` (layer ${layer}) may not use `${dep}` (layer ${dep_layer}): "
                          "only strictly lower layers, see docs/architecture.md")
    endif()
  endforeach()
endfunction()

# Compiles each header of the folder itself alone, so that none relies on what was included before it.
function(_tarn_prove_headers name target)
  file(GLOB headers CONFIGURE_DEPENDS "${CMAKE_CURRENT_SOURCE_DIR}/*.h")
  set(proofs)
  foreach(header IN LISTS headers)
    get_filename_component(stem "${header}" NAME_WE)
    set(proof "${CMAKE_CURRENT_BINARY_DIR}/header_alone/${stem}.cpp")
    file(CONFIGURE OUTPUT "${proof}" CONTENT "#include \"${name}/${stem}.h\"\n")
    list(APPEND proofs "${proof}")
  endforeach()
  if(proofs AND TARN_PROVE_HEADERS)
    add_library(${target}_headers OBJECT ${proofs})
    target_link_libraries(${target}_headers PRIVATE ${target})
  endif()
endfunction()

function(_tarn_add_tests name target)
  file(GLOB_RECURSE tests CONFIGURE_DEPENDS "${CMAKE_CURRENT_SOURCE_DIR}/*_test.cpp")
  if(NOT tests OR NOT TARN_TESTS)
    return()
  endif()
  add_executable(${name}_test ${tests})
  target_link_libraries(${name}_test PRIVATE ${target} ${ARGN} GTest::gmock GTest::gtest_main)
  target_compile_definitions(${name}_test PRIVATE
    TARN_TEST_DATA="${CMAKE_SOURCE_DIR}/tests" TARN_LIBRARY_DIR="${CMAKE_CURRENT_SOURCE_DIR}")
  add_test(NAME ${name}_test COMMAND ${name}_test)
  set_tests_properties(${name}_test PROPERTIES TIMEOUT 300)
endfunction()

# Fuzzers lie beside the code as `*_fuzz.cpp` with a corpus in tests/fuzz/<stem>/; they are built by the fuzz preset.
function(_tarn_add_fuzzers name target)
  file(GLOB_RECURSE fuzzers CONFIGURE_DEPENDS "${CMAKE_CURRENT_SOURCE_DIR}/*_fuzz.cpp")
  foreach(fuzzer IN LISTS fuzzers)
    get_filename_component(stem "${fuzzer}" NAME_WE)
    if(TARN_FUZZ)
      add_executable(${stem} ${fuzzer})
      target_link_libraries(${stem} PRIVATE ${target})
      target_link_options(${stem} PRIVATE -fsanitize=fuzzer)
    elseif(TARN_TESTS)
      # Outside the fuzz preset the corpus is replayed, so that what a fuzzer found stays found.
      add_executable(${stem}_replay ${fuzzer} "${CMAKE_SOURCE_DIR}/tests/fuzz/replay_main.cpp")
      target_link_libraries(${stem}_replay PRIVATE ${target})
      add_test(NAME ${stem}_replay COMMAND ${stem}_replay "${CMAKE_SOURCE_DIR}/tests/fuzz/${stem}")
      set_tests_properties(${stem}_replay PROPERTIES TIMEOUT 120)
    endif()
  endforeach()
endfunction()

function(tarn_library name)
  cmake_parse_arguments(ARG "" "LAYER" "SOURCES;PUBLIC;PRIVATE;EXTERNAL;EXTERNAL_PRIVATE;TEST_EXTERNAL" ${ARGN})
  if(ARG_UNPARSED_ARGUMENTS OR NOT DEFINED ARG_LAYER)
    message(FATAL_ERROR "tarn_library(${name}): LAYER is needed; unknown: ${ARG_UNPARSED_ARGUMENTS}")
  endif()
  _tarn_check_edges(${name} ${ARG_LAYER} ${ARG_PUBLIC} ${ARG_PRIVATE})

  # The private include root holds one link: <root>/<name>/<name> -> this folder.
  set(root "${TARN_INCLUDE_ROOT}/${name}")
  get_filename_component(parent "${root}/${name}" DIRECTORY)
  file(MAKE_DIRECTORY "${parent}")
  file(CREATE_LINK "${CMAKE_CURRENT_SOURCE_DIR}" "${root}/${name}" SYMBOLIC)

  set(target tarn_${name})
  if(ARG_SOURCES)
    add_library(${target} STATIC ${ARG_SOURCES})
    set(public PUBLIC)
  else()
    add_library(${target} INTERFACE)
    set(public INTERFACE)
  endif()
  set_property(TARGET ${target} PROPERTY TARN_LAYER ${ARG_LAYER})
  target_include_directories(${target} ${public} "${root}")
  target_link_libraries(${target} ${public} tarn_build_options ${ARG_EXTERNAL})
  foreach(dep IN LISTS ARG_PUBLIC)
    target_link_libraries(${target} ${public} tarn_${dep})
  endforeach()
  set(private_libs ${ARG_EXTERNAL_PRIVATE})
  foreach(dep IN LISTS ARG_PRIVATE)
    list(APPEND private_libs tarn_${dep})
  endforeach()
  if(private_libs)
    target_link_libraries(${target} PRIVATE ${private_libs})
  endif()
  _tarn_prove_headers(${name} ${target})
  _tarn_add_tests(${name} ${target} ${private_libs} ${ARG_TEST_EXTERNAL})
  _tarn_add_fuzzers(${name} ${target})
endfunction()
