# What every target of the project is built with.

# All sources below the given folders, sorted. A file added later is found by the next build.
function(cleave_glob out)
  list(TRANSFORM ARGN PREPEND ${PROJECT_SOURCE_DIR}/ OUTPUT_VARIABLE patterns)
  list(TRANSFORM patterns APPEND /*.cc)
  file(GLOB_RECURSE found CONFIGURE_DEPENDS ${patterns})
  set(${out} ${found} PARENT_SCOPE)
endfunction()

# Language, warnings and sanitizers, for a target of our own.
function(cleave_configure target)
  target_compile_features(${target} PUBLIC cxx_std_20)
  set_target_properties(${target} PROPERTIES CXX_EXTENSIONS OFF)
  target_compile_options(${target} PRIVATE
    -Wall -Wextra -Wpedantic -Wshadow -Wconversion
    $<$<BOOL:${CLEAVE_WERROR}>:-Werror>)
  if(CLEAVE_SANITIZE)
    target_compile_options(${target} PRIVATE
      -fsanitize=${CLEAVE_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
    target_link_options(${target} PUBLIC -fsanitize=${CLEAVE_SANITIZE})
    if(CLEAVE_SANITIZE MATCHES thread AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
      # ThreadSanitizer does not model fences. The code that has one says how it copes.
      target_compile_options(${target} PRIVATE -Wno-tsan)
    endif()
  endif()
endfunction()

# The same for a C program that uses the library. C99 and nothing beyond it, as cleave.h promises.
function(cleave_configure_c target)
  set_target_properties(${target} PROPERTIES C_STANDARD 99 C_STANDARD_REQUIRED ON C_EXTENSIONS OFF)
  target_compile_options(${target} PRIVATE
    -Wall -Wextra -pedantic -Wshadow -Wconversion
    $<$<BOOL:${CLEAVE_WERROR}>:-Werror>)
  if(CLEAVE_SANITIZE)
    target_compile_options(${target} PRIVATE
      -fsanitize=${CLEAVE_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  endif()
  target_link_libraries(${target} PRIVATE cleave)
endfunction()

# The library under a name; a second argument fixes its kind.
function(cleave_add_library name)
  cleave_glob(sources cleave)
  add_library(${name} ${ARGN} ${sources})
  cleave_configure(${name})
  target_include_directories(${name} PUBLIC
    $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}>
    $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
  target_link_libraries(${name} PUBLIC tl::expected Threads::Threads)
  # By its plain name, which means the same wherever the library is installed.
  target_link_libraries(${name} PRIVATE uring)
endfunction()
