// What does the design space show first, and which designs does none beat?
// Indices of `rows` that no other beats in both; `keys` are to be small.
const frontOf = (rows, keyX, keyY) => {
  const sorted = rows.slice().sort((a, b) => keyX(a) - keyX(b) || keyY(a) - keyY(b) || a - b);
  const front = [];
  let least = Infinity;
  for (const row of sorted) {
    if (keyY(row) < least) { least = keyY(row); front.push(row); }
    else if (front.length && keyX(row) === keyX(front[front.length - 1]) && keyY(row) === least) front.push(row);
  }
  return front;
};
// Whether the figures of a column differ by more than one in a hundred.
const varies = (column) => {
  const [low, high] = d3.extent(column.values.filter(Number.isFinite));
  return low !== undefined && high - low > 0.01 * Math.max(Math.abs(low), Math.abs(high));
};
const isLogarithmic = (column) => {
  const [low, high] = d3.extent(column.values.filter(Number.isFinite));
  return low > 0 && high / low > 30;
};

// What the plot shows first: the sweep's first two objectives, as far as they differ between designs.
const firstFigures = (sweep, byName) => {
  const wanted = [...sweep.pareto, sweep.minimize, "onchip_capacity_bytes", "energy_pj", "pes", "dram_bytes", ...byName.keys()];
  const columns = [...new Set(wanted)].map((name) => byName.get(name)).filter((column) => column && column.values && column.name !== "point");
  const pair = columns.filter(varies).slice(0, 2);
  if (pair.length < 2) pair.push(...columns.filter((column) => !pair.includes(column)).slice(0, 2 - pair.length));
  return { y: pair[0], x: pair[1] || pair[0], left: sweep.pareto.slice(0, 2).filter((name) => !pair.some((column) => column.name === name)) };
};

// The scenario in which the design gains most over the first baseline that leaves something open.
const firstScenario = (sweep) => {
  const gain = (scenario) => {
    const open = scenario.baselines.find((baseline) => Object.keys(baseline.chosen).length) || scenario.baselines[0];
    return open && open.gain !== null ? open.gain : -Infinity;
  };
  const best = d3.scan(sweep.scenarios, (a, b) => gain(b) - gain(a));
  return sweep.scenarios[best];
};
