# Run after a module was linked: writes its manifests, by what the module says that it provides.

execute_process(COMMAND ${COMMAND} info --manifest ${MODULE}
    OUTPUT_VARIABLE text ERROR_VARIABLE why RESULT_VARIABLE status)
if(NOT status EQUAL 0)
    message(FATAL_ERROR "${MODULE} is not a good module: ${why}")
endif()
if(NOT PRIORITY STREQUAL "")
    string(APPEND text "priority = ${PRIORITY}\n")
endif()
file(WRITE ${THERE} "${text}")
string(REGEX REPLACE "^module = [^\n]*" "module = ${MODULE}" text "${text}")
file(WRITE ${HERE} "${text}")
