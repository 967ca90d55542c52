#include "fusescape/exec/execute.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "compute.hpp"
#include "fusescape/support/overloaded.hpp"
#include "residency.hpp"

namespace fusescape {
namespace {

/// One execution: its groups one after another.
class Run {
 public:
  Run(const Cascade& cascade, const Plan& plan, const Layout& layout, const NumericCase& given,
      const ExecOptions& options)
      : layout_{layout},
        chip_{cascade, plan, options, Scratchpad{options.capacity}, DramTensors{cascade, given.tensors}, {}},
        compute_{chip_, given.formats},
        iteration_{cascade, plan},
        sizes_{allotments(cascade, plan, layout, options)} {
    for (const Retention& retention : plan.retentions) {
      chip_.retained.emplace_back(cascade, plan, layout, retention, options.model.granule);
    }
  }

  expected<Execution, ExecFault> result();

  // What the iteration tells (plan/iteration.hpp).
  void begin(NodeId node);
  void before(NodeId node, std::int32_t child);
  void visit(NodeId leaf, const Bounds& bounds);
  void after(NodeId node, std::int32_t child);
  void end(NodeId node);

 private:
  void begin_group(std::size_t group);
  void end_group();
  void overflow(Bytes needed);
  void check_outputs();
  void check_stored(TensorId tensor, const Box& box);

  const Layout& layout_;
  Chip chip_;
  Compute compute_;
  Iteration iteration_;
  std::vector<std::vector<Allotment>> sizes_;
  std::optional<Residency> buffers_;  ///< Of the group that is running.
  Execution done_;
  std::optional<ExecFault> fault_;
};

struct Hooks {
  static constexpr bool kWholeChains = true;
  Run& run;
  void begin(NodeId node) const { run.begin(node); }
  void before(NodeId node, std::int32_t child) const { run.before(node, child); }
  void after(NodeId node, std::int32_t child) const { run.after(node, child); }
  void end(NodeId node) const { run.end(node); }
};

void Run::overflow(Bytes needed) {
  fault_ = CapacityExceeded{done_.groups.size() - 1, needed, chip_.scratchpad.capacity()};
}

void Run::begin_group(std::size_t group) {
  GroupExecution& now = done_.groups.emplace_back();
  now.reserved = chip_.cascade.resident;
  if (group == 0 && !chip_.scratchpad.take(now.reserved)) return overflow(now.reserved);
  for (const Retained& kept : chip_.retained) {
    if (!kept.span().includes(group)) continue;
    now.reserved += kept.bytes();
    if (kept.span().first != group || chip_.scratchpad.take(kept.bytes())) continue;
    return overflow(chip_.scratchpad.taken() + kept.bytes());
  }
  now.peak = chip_.scratchpad.peak_since();  // The end of the group makes it the difference.
  buffers_.emplace(chip_, layout_.groups[group], sizes_[group]);
}

void Run::end_group() {
  const std::size_t group = done_.groups.size() - 1;
  GroupExecution& now = done_.groups.back();
  now.peak = chip_.scratchpad.peak_since() - now.reserved;
  buffers_->save_retained();
  now.tensors = buffers_->moved();
  for (Retained& kept : chip_.retained) {
    if (kept.span().last != group) continue;
    chip_.scratchpad.give_back(kept.bytes());
    kept.forget();
  }
}

void Run::begin(NodeId node) {
  if (fault_ || !buffers_ || buffers_->begin(node)) return;
  overflow(buffers_->needed());
}

void Run::before(NodeId node, std::int32_t child) {
  if (fault_) return;
  if (node == kRoot) return begin_group(static_cast<std::size_t>(child));
  if (!buffers_->before(iteration_, node, child)) overflow(buffers_->needed());
}

void Run::visit(NodeId leaf, const Bounds& bounds) {
  if (fault_) return;
  const std::vector<OpId> members = operators_below(chip_.plan, leaf);
  for (const OpId op : members) buffers_->prepare(iteration_, op);
  if (const auto fault = compute_.run(members, *buffers_, bounds)) {
    fault_ = *fault;
    return;
  }
  for (const OpId op : members) {
    buffers_->finish(op);
    Ops ops{1};
    for (const RankId rank : chip_.cascade.op(op).ranks) ops = ops * bounds.extent[index_of(rank)];
    done_.groups.back().ops[static_cast<std::size_t>(chip_.cascade.op(op).kind)] += ops;
  }
}

void Run::after(NodeId node, std::int32_t child) {
  if (fault_) return;
  node == kRoot ? end_group() : buffers_->after(iteration_, node, child);
}

void Run::end(NodeId node) {
  if (!fault_ && buffers_) buffers_->end(node);
}

void Run::check_stored(TensorId tensor, const Box& box) {
  for_each_in(box, [&](const Coordinates& at) {
    const Held held = chip_.dram.get(tensor, at);
    if (fault_ || held.terms == chip_.dram.whole(tensor)) return;
    const bool made = chip_.dram.was_made(chip_.dram.id(tensor, at));
    const BadValue absent = made ? BadValue::kLost : BadValue::kNotMade;
    fault_ = ValueFault{held.terms > 0 ? BadValue::kNotFinal : absent, std::nullopt, tensor, at};
  });
}

/// Outputs, results that nobody reads, and the last slices of stored states end in DRAM.
void Run::check_outputs() {
  const Cascade& cascade = chip_.cascade;
  for (const GroupLayout& group : layout_.groups) {
    for (const OpId op : group.operators) {
      const TensorId tensor = cascade.op(op).output;
      const bool all =
          cascade.tensor(tensor).kind == TensorKind::kOutput || cascade.uses[index_of(tensor)].empty();
      Box box;
      for (const RankId rank : cascade.tensor(tensor).ranks)
        box.emplace_back(0, cascade.extent(rank).value());
      if (!all) box = outliving(cascade, tensor);
      if (all || !box.empty()) check_stored(tensor, box);
    }
  }
}

expected<Execution, ExecFault> Run::result() {
  iteration_.run([this](NodeId leaf, const Bounds& bounds) { visit(leaf, bounds); }, Hooks{*this});
  if (!fault_) check_outputs();
  if (fault_) return unexpected{*std::move(fault_)};
  done_.complete = chip_.dram.complete();
  done_.dram = std::move(chip_.dram).take_values();
  return std::move(done_);
}

std::string place(const Cascade& cascade, const ValueFault& fault) {
  return fmt::format("{}({})", cascade.tensor(fault.tensor).name, fmt::join(fault.element, ", "));
}

std::string_view clause(BadValue problem) {
  switch (problem) {
    case BadValue::kNotMade:
      return "which does not exist yet";
    case BadValue::kNotFinal:
      return "which is not final";
    case BadValue::kLost:
      return "which was lost";
    case BadValue::kAddedTwice:
      return "whose terms it would add again";
  }
  return "";
}

}  // namespace

std::string describe(const Cascade& cascade, const ExecFault& fault) {
  return std::visit(
      overloaded{[](const CapacityExceeded& full) {
                   return describe_shortage(full.group, full.needed, full.available);
                 },
                 [&](const ValueFault& bad) {
                   const std::string_view who =
                       bad.op ? std::string_view{cascade.op(*bad.op).name} : "the end of the plan";
                   return fmt::format("{} needs {}, {}", who, place(cascade, bad), clause(bad.problem));
                 }},
      fault);
}

expected<Execution, ExecFault> execute(const Cascade& cascade, const Plan& plan, const Layout& layout,
                                       const NumericCase& given, const ExecOptions& options) {
  return Run{cascade, plan, layout, given, options}.result();
}

}  // namespace fusescape
