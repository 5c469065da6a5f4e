# The shared library's binary interface.

# Programs are bound to this number: it is in the library's file name (libcleave.so.0.1) and in the version of each
# symbol. A change that breaks linked programs needs another; abi/README.md says how.
set(CLEAVE_ABI 0.1)

# Gives a shared library its number, and keeps in what is not public (by cmake/<exports>.map.in). Nothing for a static one.
# It stays when it is closed by dlclose(3): handlers of signals and of a thread's end are in it, which the process keeps.
# Its calls are bound when it is loaded: a handler that is the first to make one would need 3 KiB more of a signal's stack.
function(cleave_bind_abi target exports_name)
  get_target_property(type ${target} TYPE)
  if(NOT type STREQUAL "SHARED_LIBRARY")
    return()
  endif()
  set(exports ${PROJECT_BINARY_DIR}/${exports_name}.map)
  configure_file(${PROJECT_SOURCE_DIR}/cmake/${exports_name}.map.in ${exports} @ONLY)
  set_target_properties(${target} PROPERTIES
    VERSION ${PROJECT_VERSION}
    SOVERSION ${CLEAVE_ABI}
    LINK_DEPENDS ${exports})
  target_link_options(${target} PRIVATE
    -Wl,--version-script=${exports} -Wl,--no-undefined-version -Wl,-z,nodelete -Wl,-z,now
    $<$<NOT:$<BOOL:${CLEAVE_SANITIZE}>>:-Wl,-z,defs>)
endfunction()
