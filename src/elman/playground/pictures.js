// Charts and strips.

const SVG = "http://www.w3.org/2000/svg";

export function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key === "text") made.textContent = value;
    else if (key === "class") made.className = value;
    else if (value !== null && value !== undefined && value !== false) made.setAttribute(key, value === true ? "" : value);
  }
  made.append(...children);
  return made;
}

export function drawing(name, attributes = {}, text) {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (text !== undefined) made.textContent = text;
  return made;
}

export function colour(name) { return getComputedStyle(document.documentElement).getPropertyValue(name).trim(); }

function rgb(name) {
  const hex = colour(name).slice(1);
  return [0, 2, 4].map((i) => parseInt(hex.slice(i, i + 2), 16));
}

export function palette() { return { low: rgb("--low"), mid: rgb("--mid"), high: rgb("--high"), gate: rgb("--gate"), bad: rgb("--bad") }; }

export function number(x) {
  if (x === null || x === undefined) return "";
  if (!Number.isFinite(x)) return String(x);
  const size = Math.abs(x);
  return size !== 0 && (size < 0.001 || size >= 10000) ? x.toExponential(1) : x.toFixed(3);
}

// Averages of a growing series: when there are too many, neighbours become one.
export class Series {
  constructor(columns, most = 480) { Object.assign(this, { columns, most, each: 1, bins: [], open: null }); }

  add(row) {
    const open = this.open ??= { x: 0, count: 0, sums: new Array(this.columns).fill(0) };
    open.x = row[0];
    open.count++;
    for (let k = 0; k < this.columns; k++) open.sums[k] += row[k + 1];
    if (open.count < this.each) return;
    this.bins.push({ x: open.x, values: open.sums.map((s) => s / open.count) });
    this.open = null;
    if (this.bins.length < this.most) return;
    this.each *= 2;
    this.bins = this.bins.filter((_, i) => i % 2).map((bin, i) => ({ x: bin.x, values: bin.values.map((v, k) => (v + this.bins[2 * i].values[k]) / 2) }));
  }

  last(k) { const bin = this.bins[this.bins.length - 1]; return bin ? bin.values[k] : NaN; }
}

// ``lines``: {points: [[x, y]], colour, name}; ``levels``: {y, name}, dashed.
export function chart(box, { lines, levels, width, height = 230, label }) {
  const left = 52, right = 12, top = 10, bottom = 34, all = lines.flatMap((l) => l.points.filter((p) => Number.isFinite(p[1])));
  const xs = all.map((p) => p[0]), x1 = Math.max(10, ...xs), known = levels.filter((l) => Number.isFinite(l.y));
  const y1 = 1.18 * Math.max(1e-9, ...known.map((l) => l.y), Math.min(Math.max(0, ...all.map((p) => p[1])), 3 * Math.max(0.1, ...known.map((l) => l.y))));
  const X = (x) => left + (width - left - right) * x / x1, Y = (y) => height - bottom - (height - bottom - top) * Math.min(1, Math.max(0, y / y1));
  const svg = drawing("svg", { viewBox: `0 0 ${width} ${height}`, width, height, role: "img", "aria-label": label, "font-family": "system-ui, sans-serif", "font-size": 12 });
  const ink = colour("--muted"), rule = colour("--rule");
  const step = nice(y1 / 4), across = nice(x1 / (width > 500 ? 6 : 3));
  for (let y = 0; y <= y1; y += step) {
    svg.append(drawing("line", { x1: left, x2: width - right, y1: Y(y), y2: Y(y), stroke: rule }));
    svg.append(drawing("text", { x: left - 6, y: Y(y) + 4, "text-anchor": "end", fill: ink }, +y.toPrecision(3)));
  }
  for (let x = 0; x <= x1; x += across) svg.append(drawing("text", { x: X(x), y: height - bottom + 16, "text-anchor": "middle", fill: ink }, x.toLocaleString("en")));
  svg.append(drawing("text", { x: width - right, y: height - 3, "text-anchor": "end", fill: ink }, "updates"));
  for (const level of known) {
    svg.append(drawing("line", { x1: left, x2: width - right, y1: Y(level.y), y2: Y(level.y), stroke: ink, "stroke-dasharray": "5 4" }));
    const beneath = Y(level.y) < top + 12;
    svg.append(drawing("text", { x: width - right, y: Y(level.y) + (beneath ? 14 : -5), "text-anchor": "end", fill: ink }, level.name));
  }
  for (const line of lines) {
    let path = "", pen = "M";
    for (const [x, y] of line.points) { if (Number.isFinite(y)) { path += `${pen}${X(x).toFixed(1)} ${Y(y).toFixed(1)}`; pen = "L"; } else pen = "M"; }
    svg.append(drawing("path", { d: path || "M0 0", fill: "none", stroke: line.colour, "stroke-width": 2, "stroke-linejoin": "round", ...(line.dash ? { "stroke-dasharray": line.dash } : {}) }));
  }
  box.replaceChildren(svg);
}

function nice(x) {
  const power = 10 ** Math.floor(Math.log10(x));
  return [1, 2, 5, 10].find((m) => m * power >= x) * power;
}

// Paint columns ``column`` to ``column + width`` of rows [T, stride]: a unit a line, a step a column.
export function strip(canvas, numbers, { T, stride, column, width, gate, difference, colours }) {
  if (canvas.width !== T || canvas.height !== width) { canvas.width = T; canvas.height = width; }
  let scale = gate && !difference ? 1 : 1e-9;
  for (let t = 0; t < T; t++) for (let u = 0; u < width; u++) { const v = Math.abs(numbers[t * stride + column + u]); if (v > scale && v < Infinity) scale = v; }
  if (!gate && !difference) scale = Math.max(1, scale);
  if (difference) scale = Math.max(0.05, scale);
  const context = canvas.getContext("2d"), image = context.createImageData(T, width), { low, mid, high } = colours, one = gate ? colours.gate : high;
  for (let u = 0; u < width; u++) for (let t = 0; t < T; t++) {
    const v = numbers[t * stride + column + u], at = (u * T + t) * 4;
    if (v !== v) { image.data.set([...((u + t) % 2 ? colours.bad : mid), 255], at); continue; } // not a number: a chequered strip
    const share = Math.min(1, Math.abs(v) / scale), to = v < 0 ? low : difference ? high : one;
    for (let k = 0; k < 3; k++) image.data[at + k] = mid[k] + (to[k] - mid[k]) * share;
    image.data[at + 3] = 255;
  }
  context.putImageData(image, 0, 0);
  return scale;
}

// Gradients on a log scale, a bar a step, between 1e-8 and 1 of the largest.
export function bars(box, values, fill, label) {
  const T = values.length, top = Math.max(1e-30, ...values.filter(Number.isFinite)), low = -8;
  const svg = drawing("svg", { viewBox: `0 0 ${T} 40`, preserveAspectRatio: "none", role: "img", "aria-label": label });
  values.forEach((v, t) => {
    const share = v > 0 ? Math.max(0, 1 - Math.log10(v / top) / low) : 0;
    svg.append(drawing("rect", { x: t + 0.08, width: 0.84, y: 40 - 40 * share, height: 40 * share, fill }));
  });
  box.replaceChildren(svg);
}

export function save(name, blob) {
  const link = element("a", { download: name, href: URL.createObjectURL(blob) });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}
