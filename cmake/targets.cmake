# What every target of the project is built with.

# All sources below the given folders, sorted. A file added later is found by the next build.
function(cleave_glob out)
  list(TRANSFORM ARGN PREPEND ${PROJECT_SOURCE_DIR}/ OUTPUT_VARIABLE patterns)
  list(TRANSFORM patterns APPEND /*.cc)
  file(GLOB_RECURSE found CONFIGURE_DEPENDS ${patterns})
  set(${out} ${found} PARENT_SCOPE)
endfunction()

# Compiles the files of a target folder by folder, each folder as one: most of the time goes into headers. For builds
# that start from nothing. The files of a room then share an unnamed namespace, so names in there must differ.
#   cleave_unite(<target>)
function(cleave_unite target)
  if(NOT CLEAVE_UNITY)
    return()
  endif()
  get_target_property(sources ${target} SOURCES)
  foreach(source IN LISTS sources)
    cmake_path(GET source PARENT_PATH room)
    cmake_path(RELATIVE_PATH room BASE_DIRECTORY ${PROJECT_SOURCE_DIR})
    string(MAKE_C_IDENTIFIER "${room}" group)
    set_source_files_properties(${source} PROPERTIES UNITY_GROUP ${group})
  endforeach()
  set_target_properties(${target} PROPERTIES UNITY_BUILD ON UNITY_BUILD_MODE GROUP)
endfunction()

# Language, warnings and sanitizers, for a target of our own.
function(cleave_configure target)
  target_compile_features(${target} PUBLIC cxx_std_20)
  set_target_properties(${target} PROPERTIES CXX_EXTENSIONS OFF)
  target_compile_options(${target} PRIVATE
    -Wall -Wextra -Wpedantic -Wshadow -Wconversion
    $<$<BOOL:${CLEAVE_WERROR}>:-Werror>)
  if(CMAKE_CXX_COMPILER_ID MATCHES "Clang")  # What a lock guards is used with the lock held: base/thread_annotations.h.
    target_compile_options(${target} PRIVATE -Wthread-safety)
  endif()
  if(CLEAVE_FUZZ)
    target_compile_options(${target} PRIVATE -fsanitize-coverage=trace-pc,trace-cmp)
  endif()
  if(CLEAVE_SANITIZE)
    target_compile_options(${target} PRIVATE -g1
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
    target_compile_options(${target} PRIVATE -g1
      -fsanitize=${CLEAVE_SANITIZE} -fno-sanitize-recover=all -fno-omit-frame-pointer)
  endif()
  target_link_libraries(${target} PRIVATE cleave)
endfunction()

# For what takes longer to build than to run, where CLEAVE_QUICK is on.
function(cleave_build_quickly target)
  if(CLEAVE_QUICK)
    target_compile_options(${target} PRIVATE -O0)
  endif()
endfunction()

# What the library is linked with: io_uring, and the C++ library that it is compiled against. A C program that is
# linked with the static library, by the C compiler, hears of that one from here alone.
set(cleave_needs uring)
foreach(library IN LISTS CMAKE_CXX_IMPLICIT_LINK_LIBRARIES)
  if(library MATCHES "^(stdc|c)[+][+]")
    list(APPEND cleave_needs ${library})
  endif()
endforeach()

# The library under a name, or a part of it.
#   cleave_add_library(<name> [STATIC] [ROOMS <folder>...])
function(cleave_add_library name)
  cmake_parse_arguments(part "STATIC" "" "ROOMS" ${ARGN})
  if(NOT part_ROOMS)
    set(part_ROOMS src/base src/sync src/frames src/table src/space src/pins src/io src/heap src/arena src/capi)
  endif()
  cleave_glob(sources ${part_ROOMS})
  if(part_STATIC)
    add_library(${name} STATIC ${sources})
  else()
    add_library(${name} ${sources})
  endif()
  cleave_configure(${name})
  # Position-independent also where static: it may become part of a plug-in. Hidden: only CLEAVE_API is shown. No symbol
  # tells that the library is shared: objects are the same, and a compiler's cache serves both kinds.
  set_target_properties(${name} PROPERTIES
    POSITION_INDEPENDENT_CODE ON
    DEFINE_SYMBOL ""
    C_VISIBILITY_PRESET hidden
    CXX_VISIBILITY_PRESET hidden
    VISIBILITY_INLINES_HIDDEN ON)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")  # Clang does so by itself.
    target_compile_options(${name} PRIVATE -fno-semantic-interposition)
  endif()
  target_include_directories(${name} PUBLIC
    $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include>
    $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
  target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR}/src)
  target_link_libraries(${name} PUBLIC tl::expected Threads::Threads)
  cleave_unite(${name})
  # By plain names, which mean the same wherever the library is installed.
  target_link_libraries(${name} PRIVATE ${cleave_needs})
endfunction()

# cleave::cleave, which a project links that adds this folder to its own. To one without C++, CMake would pass on
# features of a compiler that it does not have, and would link with it: that one gets the file by its path.
function(cleave_name_for_others target)
  if(PROJECT_IS_TOP_LEVEL OR CXX IN_LIST cleave_languages_outside)
    add_library(cleave::cleave ALIAS ${target})
    return()
  endif()
  add_library(cleave::cleave INTERFACE IMPORTED GLOBAL)
  add_dependencies(cleave::cleave ${target})
  target_include_directories(cleave::cleave INTERFACE ${PROJECT_SOURCE_DIR}/include)
  target_link_libraries(cleave::cleave INTERFACE
    $<TARGET_FILE:${target}> ${cleave_needs} ${CMAKE_THREAD_LIBS_INIT})
endfunction()
