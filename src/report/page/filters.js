// Which points of a sweep are shown? Values of axes switched on and off, and ranges of any figure.
const kBins = 40;

// `filters`: words is a map from a column to the codes that are shown; ranges one from a column to [low, high].
const passes = (filters, row) => {
  for (const [column, codes] of filters.words) if (!codes.has(column.codes[row])) return false;
  for (const [column, [low, high]] of filters.ranges) if (!(column.values[row] >= low && column.values[row] <= high)) return false;
  return true;
};

// A button for each value; `changed` after each change.
const addChips = (parent, column, filters, changed) => {
  const box = add(parent, "fieldset", "chips");
  add(box, "legend", "", column.name);
  const all = () => new Set(column.words.keys());
  const buttons = [];
  const show = () => {
    const codes = filters.words.get(column) || all();
    buttons.forEach((button, code) => button.attr("aria-pressed", codes.has(code)));
  };
  const set = (codes) => {
    if (codes.size === column.words.length) filters.words.delete(column);
    else filters.words.set(column, codes);
    show();
    changed();
  };
  add(box, "button", "small all", "all").attr("type", "button").on("click", () => set(all()));
  column.words.forEach((word, code) => {
    const button = add(box, "button", "chip", word === "" ? "(none)" : word).attr("type", "button")
      .attr("title", "Click: on or off. Double click: this one alone.");
    button.on("click", () => {
      const codes = new Set(filters.words.get(column) || all());
      if (!codes.delete(code)) codes.add(code);
      set(codes);
    });
    button.on("dblclick", () => set(new Set([code])));
    buttons.push(button);
  });
  show();
  return show;
};

// A histogram to brush, in which the points of all rows are counted.
const addRange = (parent, column, filters, changed) => {
  const width = 260, height = 74, bottom = 18;
  const box = add(parent, "figure", "range");
  const title = add(box, "figcaption");
  const values = column.values.filter(Number.isFinite);
  const scale = d3.scaleLinear().domain(d3.extent(values)).range([6, width - 6]);
  const bins = d3.histogram().domain(scale.domain()).thresholds(scale.ticks(kBins))(values);
  const high = d3.scaleSqrt().domain([0, d3.max(bins, (bin) => bin.length)]).range([0, height - bottom - 4]);
  const svg = svgOf(box, width, height, `Points by ${named(column)}; drag to filter`);
  svg.selectAll("rect.bin").data(bins).enter().append("rect").attr("class", "bin").attr("x", (bin) => scale(bin.x0))
    .attr("width", (bin) => Math.max(1, scale(bin.x1) - scale(bin.x0) - 1))
    .attr("y", (bin) => height - bottom - high(bin.length)).attr("height", (bin) => high(bin.length));
  add(svg, "g", "axis").attr("transform", `translate(0,${height - bottom})`).call(d3.axisBottom(scale).ticks(4).tickFormat(tick));
  const say = () => {
    const range = filters.ranges.get(column);
    title.text(range ? `${named(column)}: ${shown(range[0])} to ${shown(range[1])}` : named(column));
  };
  const brush = d3.brushX().extent([[6, 0], [width - 6, height - bottom]]).on("end", () => {
    if (!d3.event.sourceEvent) return;
    const part = d3.event.selection;
    if (part) filters.ranges.set(column, part.map(scale.invert));
    else filters.ranges.delete(column);
    say();
    changed();
  });
  const layer = add(svg, "g", "brush").call(brush);
  if (filters.ranges.has(column)) layer.call(brush.move, filters.ranges.get(column).map(scale));
  add(box, "button", "small", "Remove").attr("type", "button").on("click", () => {
    filters.ranges.delete(column);
    box.remove();
    changed();
  });
  say();
};
