# fusescape_module(<name> [DEPENDS <target>...] [PRIVATE_DEPENDS <target>...]) adds the library fusescape::<name>
# from every .cpp directly in src/<name>/ (header-only if there is none).
function(fusescape_module name)
  cmake_parse_arguments(arg "" "" "DEPENDS;PRIVATE_DEPENDS" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS "${PROJECT_SOURCE_DIR}/src/${name}/*.cpp")
  if(sources)
    add_library(fusescape_${name} STATIC ${sources})
    set(scope PUBLIC)
    target_compile_options(fusescape_${name} PRIVATE
      -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wnon-virtual-dtor -Wold-style-cast -ffp-contract=off
      $<$<BOOL:${FUSESCAPE_WERROR}>:-Werror>)
    target_link_libraries(fusescape_${name} PRIVATE ${arg_PRIVATE_DEPENDS})
  else()
    add_library(fusescape_${name} INTERFACE)
    set(scope INTERFACE)
  endif()
  add_library(fusescape::${name} ALIAS fusescape_${name})
  set_target_properties(fusescape_${name} PROPERTIES EXPORT_NAME ${name})
  target_include_directories(fusescape_${name} ${scope}
    "$<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include>" "$<INSTALL_INTERFACE:include>")
  target_link_libraries(fusescape_${name} ${scope} ${arg_DEPENDS})
endfunction()
