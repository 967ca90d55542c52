// What does the page know, and how are its numbers shown?
const data = JSON.parse(document.getElementById("data").textContent);
document.documentElement.classList.add("scripted");

// Okabe and Ito's palette, safe for the colour-blind; its yellow is left out, which is invisible on white.
const kColours = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#7f7f7f"];
const kShapes = [d3.symbolCircle, d3.symbolSquare, d3.symbolTriangle, d3.symbolDiamond, d3.symbolCross, d3.symbolStar];

const whole = d3.format(",");
const shown = (value, unit = "") => {
  if (value === null || value === undefined || Number.isNaN(value)) return "n/a";
  if (typeof value !== "number") return String(value);
  const size = Math.abs(value);
  const digits = Number.isInteger(value) && size < 1e15 ? whole(value)
    : size >= 1e6 || (size < 1e-3 && size > 0) ? d3.format(".4~e")(value) : d3.format(",.4~r")(value);
  return unit ? `${digits} ${unit}` : digits;
};
// Of an axis: short.
const tick = (value) => (value !== 0 && Math.abs(value) < 1e-3 ? d3.format("~e")(value)
  : Math.abs(value) < 1000 ? d3.format("~g")(value) : d3.format("~s")(value));
// Beside a bar: short, but not of a count that is.
const brief = (value) => (Math.abs(value) >= 10000 ? d3.format(".4~s")(value) : shown(value));
const named = (column) => (column.unit && !column.name.endsWith(`_${column.unit.toLowerCase()}`) ? `${column.name} (${column.unit})` : column.name);

// An element below `parent`, of the page's own words or of texts that are never read as HTML.
const add = (parent, tag, className = "", text = null) => {
  const element = parent.append(tag);
  if (className) element.attr("class", className);
  return text === null ? element : element.text(text);
};
const svgOf = (parent, width, height, label) =>
  parent.append("svg").attr("role", "img").attr("aria-label", label)
    .attr("width", width).attr("height", height).attr("viewBox", [0, 0, width, height]);

// `draw(width)` now, and again whenever there is another width.
const responsive = (node, draw) => {
  let last = 0;
  const redraw = () => {
    const width = Math.floor(node.clientWidth);
    if (width > 0 && width !== last) draw(last = width);
  };
  new ResizeObserver(redraw).observe(node);
  redraw();
};

// The columns of a sweep's points: `values` are numbers (NaN where there is none), `words` the distinct texts
// of which `codes` says each row's.
const columnsOf = (points) => {
  const known = new Map();
  return points.columns.map((packed) => {
    const column = { name: packed.name, unit: packed.unit, axis: Boolean(packed.axis), more: Boolean(packed.more) };
    if (packed.same_as) {
      const same = known.get(packed.same_as);
      Object.assign(column, { values: same.values, words: same.words, codes: same.codes });
    } else if (packed.numbers) {
      const number = (value) => (value === null ? NaN : value);
      column.values = packed.codes ? Float64Array.from(packed.codes, (code) => number(packed.values[code]))
        : Float64Array.from(packed.values, number);
    } else {
      column.words = packed.values;
      column.codes = packed.codes;
      const numbers = packed.values.map((word) => (word.trim() === "" ? NaN : Number(word)));
      if (numbers.every(Number.isFinite)) column.values = Float64Array.from(packed.codes, (code) => numbers[code]);
    }
    known.set(column.name, column);
    return column;
  });
};
const cellOf = (column, row) => (column.words ? column.words[column.codes[row]] : column.values[row]);

// The command that evaluates a design: later settings of a key replace earlier ones.
const commandOf = (command, labelOf) => {
  const words = new Map(command.fixed);
  for (const axis of Object.keys(command.axes)) {
    for (const [key, word] of command.axes[axis][labelOf(axis)] || []) words.set(key, word);
  }
  const searches = words.get("strategy") === command.searches && command.objective;
  return [command.head, ...words.values(), ...(searches ? [command.objective] : [])].join(" ");
};

const copyText = (text) => {
  const area = document.createElement("textarea");
  area.value = text;
  document.body.append(area);
  area.select();
  document.execCommand("copy");
  area.remove();
};
const copyButton = (parent, textOf) => {
  const button = add(parent, "button", "small", "Copy").attr("type", "button");
  button.on("click", () => {
    copyText(textOf());
    button.text("Copied");
    setTimeout(() => button.text("Copy"), 1500);
  });
};
const save = (name, text, type) => {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
};
