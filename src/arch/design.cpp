#include "fusescape/arch/design.hpp"

#include <utility>

#include "fusescape/support/contract.hpp"

namespace fusescape {

expected<Design, NoTimeBase> make_design(Accelerator accelerator) {
  const expected<Machine, NoTimeBase> machine = make_machine(accelerator);
  if (!machine) return unexpected{machine.error()};
  return Design{.accelerator = std::move(accelerator),
                .machine = *machine,
                .technology = nullptr,
                .phy = PhyArea::kUncharged,
                .area = {}};
}

Design priced(Design design, std::shared_ptr<const Technology> technology, PhyArea phy) {
  FUSESCAPE_EXPECTS(technology != nullptr);
  design.area = area_of(design.accelerator, *technology, phy);
  design.technology = std::move(technology);
  design.phy = phy;
  return design;
}

}  // namespace fusescape
