// What may be said on the command line of `fusescape import`?
#include "options.hpp"

namespace fusescape {
namespace {

constexpr const char* kImportExamples = R"(Examples:
  fusescape import hf config.json -o model.yaml
  fusescape evaluate --arch marca --workload model.yaml --strategy fuse-all

docs/model/workloads.md lists the architectures, and what of a configuration counts.)";

}  // namespace

void add_import(CLI::App& app, ImportArguments& arguments) {
  CLI::App* command = app.add_subcommand("import", "Make a model file of a published configuration");
  command->require_subcommand(1);
  command->footer(kImportExamples);
  CLI::App* hf = command->add_subcommand("hf", "Of a config.json, as Hugging Face and mamba_ssm have them");
  must_name(hf->add_option("config", arguments.config, "The configuration"))
      ->type_name("CONFIG.json")
      ->required();
  must_name(hf->add_option("--name", arguments.name, "The model's name (default: that of the configuration)"))
      ->type_name("NAME");
  must_name(hf->add_option("-o,--output", arguments.output.file, "Model file to write (default: -, stdout)"))
      ->type_name("FILE");
  hf->add_flag("-q,--quiet", arguments.output.quiet, "No word on what was read, defaulted and ignored");
}

}  // namespace fusescape
