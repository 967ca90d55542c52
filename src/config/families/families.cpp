// Which families of models are there?
#include <algorithm>
#include <array>

#include "fusescape/config/families/attention_table.hpp"
#include "fusescape/config/families/family.hpp"
#include "fusescape/config/families/mamba1_table.hpp"
#include "fusescape/config/families/mamba2_table.hpp"
#include "fusescape/config/families/mlp_table.hpp"
#include "fusescape/config/families/moe_table.hpp"
#include "fusescape/config/families/opt_table.hpp"
#include "fusescape/config/families/parallel_table.hpp"
#include "fusescape/config/families/stack_table.hpp"
#include "fusescape/config/families/zamba2_table.hpp"
#include "fusescape/support/contract.hpp"

namespace fusescape {

std::span<const FamilySpec> families() {
  static const std::array<FamilySpec, kFamilyWords.size()> all{
      mamba1_family(), opt_family(),      mamba2_family(), attention_family(), mlp_family(),
      moe_family(),    parallel_family(), zamba2_family(), stack_family()};
  return all;
}

const FamilySpec& family_of(const YamlNode& root) {
  const YamlNode* named = find_value(root, "family");
  FUSESCAPE_EXPECTS(named != nullptr);
  const auto all = families();
  const auto family = std::find_if(all.begin(), all.end(), [&](const FamilySpec& candidate) {
    return candidate.table->name == named->text;
  });
  FUSESCAPE_EXPECTS(family != all.end());
  return *family;
}

}  // namespace fusescape
