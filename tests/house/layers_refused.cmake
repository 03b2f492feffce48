# Proves that tarn_library() refuses what it should: an upward edge, a sideways edge, an unknown library (configuration
# stops) and an undeclared include (compilation stops). The case `allowed` proves that the project is right otherwise.
file(REMOVE_RECURSE "${WORK}")

function(attempt case step expected_text)
  if(step STREQUAL "configure")
    execute_process(COMMAND "${CMAKE_COMMAND}" -G Ninja -S "${PROJECT}" -B "${WORK}/${case}" "-DRULES=${RULES}"
                            "-DCASE=${case}"
                    RESULT_VARIABLE code OUTPUT_VARIABLE output ERROR_VARIABLE output)
  else()
    execute_process(COMMAND "${CMAKE_COMMAND}" --build "${WORK}/${case}"
                    RESULT_VARIABLE code OUTPUT_VARIABLE output ERROR_VARIABLE output)
  endif()
  string(REGEX REPLACE "[ \n]+" " " flat "${output}")
  if(expected_text STREQUAL "")
    if(NOT code EQUAL 0)
      message(FATAL_ERROR "${case}: ${step} should have passed:\n${output}")
    endif()
  elseif(code EQUAL 0)
    message(FATAL_ERROR "${case}: ${step} should have failed")
  else()
    string(FIND "${flat}" "${expected_text}" place)
    if(place EQUAL -1)
      message(FATAL_ERROR "${case}: ${step} failed without saying `${expected_text}`:\n${output}")
    endif()
  endif()
  message(STATUS "${case}: ${step} as expected")
endfunction()

attempt(allowed configure "")
attempt(allowed build "")
attempt(upward_edge configure "library `middle` (layer 2) may not use `high` (layer 3)")
attempt(sideways_edge configure "library `middle` (layer 2) may not use `beside` (layer 2)")
attempt(unknown_library configure "library `middle` names `nowhere`, which is not declared")
attempt(undeclared_include configure "")
attempt(undeclared_include build "low/low.h: No such file or directory")
