// Published area and energy numbers as values, for tests that need no file; configs/tech/ ships the same.
#pragma once

#include "fusescape/arch/technology.hpp"

namespace fusescape::test_tables {

using literals::operator""_KiB;
using literals::operator""_MiB;

inline ReferenceDie marca_die() {
  return {"MARCA", SquareMm{222.0}, 24_MiB, 8192, DataType::kFp32, {}};
}

/// 222 mm2 = 24 MiB at 80% + 8192 PEs at 20% (PACT-AE artifact).
inline Technology marca_calibrated() {
  Technology technology;
  technology.name = "marca-calibrated";
  technology.energy.name = technology.name;
  technology.sram_area.points = {{24_MiB, SquareMm{7.40}}};
  technology.pe_area.entries = {{DataType::kFp32, DataType::kFp32, SquareMm{222.0 * 0.20 / 8192.0}}};
  technology.reference = marca_die();
  return technology;
}

/// CACTI 7 at 28 nm; Horowitz, ISSCC 2014, scaled by Stillmaker and Baas 2017.
inline Technology cacti7() {
  Technology technology;
  technology.name = "cacti7-28nm";
  technology.sram_area.points = {{64_KiB, SquareMm{1.69}},
                                 {256_KiB, SquareMm{1.60}},
                                 {1_MiB, SquareMm{1.42}},
                                 {4_MiB, SquareMm{1.32}},
                                 {24_MiB, SquareMm{1.25}}};
  technology.energy.sram.points = {{64_KiB, Picojoules{0.088}, Picojoules{0.096}},
                                   {256_KiB, Picojoules{0.194}, Picojoules{0.182}},
                                   {24_MiB, Picojoules{2.153}, Picojoules{2.119}}};
  technology.energy.leakage.points = {
      {64_KiB, Watts{7e-6}}, {8_MiB, Watts{0.774e-3}}, {24_MiB, Watts{2.408e-3}}};
  technology.pe_area.entries = {{DataType::kFp32, DataType::kFp32, SquareMm{0.00448}},
                                {DataType::kFp16, DataType::kFp32, SquareMm{0.00219}},
                                {DataType::kFp16, DataType::kFp16, SquareMm{0.00113}},
                                {DataType::kInt8, DataType::kInt32, SquareMm{0.000158}}};
  technology.energy.name = technology.name;
  technology.energy.operations.entries = {
      {Operation::kMultiplication, DataType::kFp32, Picojoules{3.7 * 0.513}},
      {Operation::kMultiplication, DataType::kFp16, Picojoules{1.1 * 0.513}},
      {Operation::kMultiplication, DataType::kInt8, Picojoules{0.2 * 0.513}},
      {Operation::kAddition, DataType::kFp32, Picojoules{0.9 * 0.513}},
      {Operation::kAddition, DataType::kFp16, Picojoules{0.4 * 0.513}},
      {Operation::kAddition, DataType::kInt8, Picojoules{0.03 * 0.513}},
      {Operation::kAddition, DataType::kInt32, Picojoules{0.1 * 0.513}}};
  technology.energy.dram = DramEnergy{Picojoules{3.9}, DramScope::kDevice, {}};
  technology.energy.wire = SourcedNumber<Picojoules>{Picojoules{0.12}, {}};
  technology.dram_channel = DramChannel{SquareMm{10.45 / 8}, BitsPerSecond{256e9}, {}};
  technology.reference = marca_die();
  return technology;
}

/// Jouppi, ISCA 2017: at most 331 mm2, buffers 37%, MACs 30%.
inline Technology tpuv1_upper() {
  Technology technology;
  technology.name = "tpuv1-upper";
  technology.sram_area.points = {{28_MiB, SquareMm{4.37}}};
  technology.pe_area.entries = {{DataType::kInt8, DataType::kInt32, SquareMm{0.001515}}};
  technology.reference = ReferenceDie{"TPU v1", SquareMm{331.0}, 28_MiB, 65536, DataType::kInt8, {}};
  return technology;
}

}  // namespace fusescape::test_tables
