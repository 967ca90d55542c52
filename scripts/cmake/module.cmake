# How are the project's targets built? One function for libraries, one list of warnings for everything.

# The warnings and numeric rules of every target of the project: no fused multiply-add, so that the same inputs give
# the same bytes on every machine and compiler.
add_library(fusescape_options INTERFACE)
target_compile_options(fusescape_options INTERFACE
  -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wnon-virtual-dtor -Wold-style-cast -ffp-contract=off
  # gcc 12 fires this one on every optional and expected that it inlines (gcc bug 80635).
  $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized>
  # In a unity build every source is an included file, whose unnamed namespaces gcc takes for a header's.
  $<$<AND:$<CXX_COMPILER_ID:GNU>,$<BOOL:${CMAKE_UNITY_BUILD}>>:-Wno-subobject-linkage>
  $<$<BOOL:${FUSESCAPE_WERROR}>:-Werror>)
if(FUSESCAPE_BUILD_FUZZERS)
  target_compile_options(fusescape_options INTERFACE -fsanitize=fuzzer-no-link)
endif()

# fusescape_module(<name> [DEPENDS <target>...] [PRIVATE_DEPENDS <target>...] [PRIVATE_HEADERS <target>...])
# adds the library fusescape::<name> from every .cpp in src/<name>/ and its folders but main.cpp (header-only if there
# is none). PRIVATE_HEADERS are header-only libraries that its users never see, not even an installed package's users.
function(fusescape_module name)
  cmake_parse_arguments(arg "" "" "DEPENDS;PRIVATE_DEPENDS;PRIVATE_HEADERS" ${ARGN})
  file(GLOB_RECURSE sources CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/src/${name}/*.cpp")
  list(FILTER sources EXCLUDE REGEX "/main\\.cpp$")
  if(sources)
    add_library(fusescape_${name} STATIC ${sources})
    set(scope PUBLIC)
    target_link_libraries(fusescape_${name} PRIVATE $<BUILD_INTERFACE:fusescape_options> ${arg_PRIVATE_DEPENDS})
    foreach(library IN LISTS arg_PRIVATE_HEADERS)
      target_link_libraries(fusescape_${name} PRIVATE $<BUILD_INTERFACE:${library}>)
    endforeach()
  else()
    add_library(fusescape_${name} INTERFACE)
    set(scope INTERFACE)
  endif()
  add_library(fusescape::${name} ALIAS fusescape_${name})
  set_target_properties(fusescape_${name} PROPERTIES EXPORT_NAME ${name})
  target_compile_features(fusescape_${name} ${scope} cxx_std_20)
  target_include_directories(fusescape_${name} ${scope}
    "$<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include>" "$<BUILD_INTERFACE:${PROJECT_BINARY_DIR}/generated>"
    "$<INSTALL_INTERFACE:include>")
  target_link_libraries(fusescape_${name} ${scope} ${arg_DEPENDS})
  if(NOT name STREQUAL app)  # The application's own code is no library for others.
    set_property(GLOBAL APPEND PROPERTY FUSESCAPE_INSTALLED fusescape_${name})
  endif()
endfunction()
