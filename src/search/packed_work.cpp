#include "packed_work.hpp"

#include <cstdint>
#include <string_view>

#include "fusescape/support/short_numbers.hpp"

namespace fusescape {
namespace {

struct Writer {
  std::string bytes{};

  template <class Number>
  void operator()(Number number) {
    append_short(bytes, static_cast<std::uint64_t>(number));
  }
};

struct Reader {
  std::string_view bytes;
  std::size_t at = 0;

  template <class Number>
  void operator()(Number& number) {
    number = static_cast<Number>(read_short(bytes, at));
  }
};

/// Writes or reads every number of `work`, an OperatorWork.
template <class Coder, class Work>
void code_operator(Coder& code, Work& work) {
  code(work.op);
  code(work.kind);
  code(work.ops);
  code(work.temporal);
  for (auto& extent : work.extent) code(extent);
  code(work.stationary_count);
  for (std::size_t c = 0; c < work.stationary_count; ++c) code(work.stationary[c].repeats);
  code(work.output_bits);
  code(work.first_access);
  code(work.access_count);
}

/// Likewise, of an OperandAccess.
template <class Coder, class Access>
void code_access(Coder& code, Access& access) {
  code(access.whole_bits);
  code(access.partial_count);
  for (std::size_t p = 0; p < access.partial_count; ++p) {
    code(access.partial[p].dimension);
    code(access.partial[p].share);
    code(access.partial[p].part);
  }
  code(access.stays);
  code(access.bits);
}

}  // namespace

PackedWork::PackedWork(const WorkTable& table) {
  Writer write;
  write(table.operators.size());
  write(table.accesses.size());
  for (const OperatorWork& work : table.operators) code_operator(write, work);
  for (const OperandAccess& access : table.accesses) code_access(write, access);
  bytes_.assign(write.bytes);  // No longer than it must be.
}

void PackedWork::unpack(WorkTable& table) const {
  Reader read{bytes_};
  std::size_t operators = 0;
  std::size_t accesses = 0;
  read(operators);
  read(accesses);
  table.operators.assign(operators, {});
  table.accesses.assign(accesses, {});
  for (OperatorWork& work : table.operators) code_operator(read, work);
  for (OperandAccess& access : table.accesses) code_access(read, access);
}

}  // namespace fusescape
