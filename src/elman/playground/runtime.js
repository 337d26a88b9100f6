// Memory, the large products, and calls of a cell's kernels.
import { filled, fromNumbers, isDense, numbersOf, run, sizeOf, tensor, dense } from "./operators.js";

const FIRST = 1 << 17; // below: the kernels' stack
const PAGE = 65536, LARGEST = 1 << 30;

function erf(x) { // Abramowitz & Stegun 7.1.6 as a series, and a continued fraction for large x
  const a = Math.abs(x);
  if (a > 3) { let f = 0; for (let k = 40; k > 0; k--) f = k / 2 / (a + f); return Math.sign(x) * (1 - Math.exp(-a * a) / Math.sqrt(Math.PI) / (a + f)); }
  let term = a, sum = a;
  for (let k = 1; k < 80; k++) { term *= 2 * a * a / (2 * k + 1); sum += term; }
  return Math.sign(x) * 2 / Math.sqrt(Math.PI) * Math.exp(-a * a) * sum;
}

export class Heap {
  constructor(products) {
    this.memory = new WebAssembly.Memory({ initial: 64, maximum: LARGEST / PAGE });
    this.top = FIRST;
    this.tile = products.tile;
    this.imports = {
      memory: this.memory,
      __stack_pointer: new WebAssembly.Global({ value: "i32", mutable: true }, FIRST),
      __indirect_function_table: new WebAssembly.Table({ initial: 8, element: "anyfunc" }),
      sinf: Math.sin, cosf: Math.cos, erff: erf, atanf: Math.atan, asinf: Math.asin, acosf: Math.acos, tanf: Math.tan,
      sinhf: Math.sinh, coshf: Math.cosh, asinhf: Math.asinh, acoshf: Math.acosh, atanhf: Math.atanh, atan2f: Math.atan2,
      powf: (a, b) => a === 1 || (a === -1 && Math.abs(b) === Infinity) ? 1 : Math.pow(a, b), fmodf: (a, b) => a % b,
      memcpy: (to, from, n) => { new Uint8Array(this.memory.buffer).copyWithin(to, from, from + n); return to; },
      memset: (to, byte, n) => { new Uint8Array(this.memory.buffer).fill(byte, to, to + n); return to; },
    };
    this.view();
  }

  static async open(products) {
    const heap = new Heap(products);
    const made = await WebAssembly.instantiate(products.bytes, { env: heap.imports });
    heap.products = made.instance.exports;
    heap.imports.product = heap.products.product;
    return heap;
  }

  view() { this.floats = new Float32Array(this.memory.buffer); this.words = new BigInt64Array(this.memory.buffer); this.ints = new Uint32Array(this.memory.buffer); }

  // Memory of some bytes, on a boundary of 64; its content is whatever was there.
  take(bytes) {
    const at = this.top, end = at + bytes + 64;
    if (end > this.memory.buffer.byteLength) {
      const pages = Math.ceil((end - this.memory.buffer.byteLength) / PAGE) + 64;
      if (end + 64 * PAGE > LARGEST) throw new RangeError("the network does not fit in a page's memory: choose fewer units or shorter sequences");
      this.memory.grow(pages);
      this.view();
    }
    this.top = (at + bytes + 63) & ~63;
    return at;
  }

  longs(numbers) {
    const at = this.take(numbers.length * 8);
    for (let i = 0; i < numbers.length; i++) this.words[at / 8 + i] = BigInt(numbers[i]);
    return at;
  }

  pointers(numbers) {
    const at = this.take(numbers.length * 4);
    this.ints.set(numbers, at / 4);
    return at;
  }

  // A matrix [k, n] of any strides as the panels that the kernels read.
  pack(matrix, at = null) {
    const [k, n] = matrix.shape, columns = this.tile.columns, panels = Math.ceil(n / columns);
    at ??= this.take(panels * columns * k * 4);
    const job = this.longs([matrix.at * 4, matrix.strides[0], matrix.strides[1], k, n, at, this.longs([0, panels])]);
    this.products.pack(job, 0n, 1n);
    return at;
  }

  // a b, of any strides.
  product(a, b) {
    const [m, k] = a.shape, n = b.shape[1], { columns, rows, strip, panel } = this.tile, panels = Math.ceil(n / columns);
    if (a.strides[0] === 1 && a.strides[1] !== 1 && k > 1 && b.strides[1] === 1) { // both walk over the rows of a long batch
      const strips = Math.ceil(m / rows), c = tensor(this, [strips * rows, panels * columns]);
      const scratch = this.take((strips * strip + panels * panel) * 4);
      const job = this.longs([a.at * 4, a.strides[1], b.at * 4, b.strides[0], c.at * 4, panels * columns, k, n, m, scratch, strips * strip, this.longs([0, strips * rows])]);
      this.products.outer(job, 0n, 1n);
      return { at: c.at, shape: [m, n], strides: c.strides };
    }
    const left = a.strides[1] === 1 || k === 1 ? a : dense(this, a), c = tensor(this, [m, panels * columns]);
    this.products.product(left.at * 4, BigInt(left.strides[0]), this.pack(b), BigInt(k), c.at * 4, BigInt(panels * columns), BigInt(m), BigInt(panels));
    return { at: c.at, shape: [m, n], strides: c.strides };
  }
}

// A batch: rows alive at each step, longest first, and either ``tokens`` or ``x``, step by step.
export function rowsOf(alive, count) {
  const starts = [0];
  for (const n of alive) starts.push(starts[starts.length - 1] + n);
  return { alive: [...alive], starts, T: alive.length, B: count ?? alive[0], total: starts[alive.length] };
}

export class Network {
  // ``parameters`` are arrays of numbers by name.
  constructor(heap, manifest, kernels, inputSize, parameters) {
    Object.assign(this, { heap, manifest, kernels });
    this.sizes = { I: inputSize, "I-1": inputSize - 1 };
    this.parameters = manifest.parameters.map((p) => {
      const shape = p.shape.map((n) => typeof n === "string" ? this.sizes[n] : n), numbers = parameters[p.name];
      if (!numbers || numbers.length !== sizeOf(shape)) throw new Error(`${p.name} has ${numbers?.length} numbers, expected ${shape}`);
      return { ...p, shape, tensor: fromNumbers(heap, shape, numbers) };
    });
    this.mark = heap.top;
  }

  static async open(heap, manifest, bytes, inputSize, parameters) {
    const made = await WebAssembly.instantiate(bytes, { env: heap.imports });
    return new Network(heap, manifest, made.instance.exports, inputSize, parameters);
  }

  own() { return this.parameters.map((p) => p.tensor); }

  graph(name, inputs, sizes) {
    const g = this.manifest[name], values = [];
    g.inputs.forEach((place, i) => { values[place] = inputs[i]; });
    run(this.heap, g.nodes, 0, g.forward, values, sizes);
    return { g, values, sizes, outputs: g.outputs.map((place) => values[place]) };
  }

  // The gradients of a graph's inputs, null where there is no gradient.
  back(ran, slopes) {
    const { g, values, sizes } = ran, heap = this.heap;
    g.tangents.forEach((place, i) => { values[place] = slopes[i] ?? filled(heap, ran.outputs[i].shape, 0); });
    run(heap, g.nodes, g.forward, g.nodes.length, values, sizes);
    return g.gradients.map((place) => place === null ? null : values[place]);
  }

  // Drives, thetas and first states of a batch, which the kernels read.
  prepare(batch) {
    const heap = this.heap, rows = batch.rows, I = this.sizes.I;
    let x;
    if (batch.tokens) { // the drive of each symbol once; it is looked up at every step
      x = filled(heap, [batch.symbols, I], 0);
      for (let s = 0; s < batch.symbols; s++) {
        heap.floats[x.at + s * I + s] = 1;
        if (batch.gap) heap.floats[x.at + s * I + I - 1] = 1;
      }
    } else x = fromNumbers(heap, [rows.total, I], batch.x);
    const drive = this.graph("drive", [x, ...this.own()], { ...this.sizes, N: x.shape[0] });
    const tensors = {};
    drive.outputs.forEach((out, d) => {
      let t = dense(heap, out);
      const width = this.manifest.drives[d];
      if (batch.tokens) {
        const table = t;
        t = tensor(heap, [rows.total, width]);
        for (let r = 0; r < rows.total; r++) heap.floats.copyWithin(t.at + r * width, table.at + batch.tokens[r] * width, table.at + (batch.tokens[r] + 1) * width);
      }
      tensors[`drive${d}`] = t;
    });
    const prologue = this.graph("prologue", this.own(), this.sizes), initial = this.graph("initial", this.own(), this.sizes);
    const enter = {};
    initial.outputs.forEach((row, i) => {
      const width = this.manifest.states[i].width, one = dense(heap, row), all = tensor(heap, [rows.B, width]);
      for (let r = 0; r < rows.B; r++) heap.floats.copyWithin(all.at + r * width, one.at, one.at + width);
      enter[`state${i}`] = all;
    });
    return { batch, rows, tensors, drive, prologue, initial, enter, thetas: prologue.outputs };
  }

  // Run a program over steps ``from`` to ``to``; ``tensors`` gains what it writes.
  call(name, ready, { enter = {}, leave = {}, reverse = false, from = 0, to = ready.rows.T, extra = [], fresh = true } = {}) {
    const heap = this.heap, p = this.manifest.programs[name], { rows, tensors, thetas } = ready, table = [0];
    for (const b of p.buffers) {
      if (b.kind === "row") table.push(heap.take(rows.B * b.stride * 4));
      else {
        if (b.kind === "sum" && fresh) tensors[b.name] = filled(heap, [1, b.width], 0);
        tensors[b.name] ??= tensor(heap, [rows.total, b.width]);
        table.push(tensors[b.name].at * 4);
      }
    }
    ready.packed ??= new Map();
    for (const m of p.matrices) {
      const key = `${m.index},${m.transposed},${m.k},${m.n},${m.blocks}`;
      if (!ready.packed.has(key)) {
        const from = dense(heap, thetas[m.index]).at, size = Math.ceil(m.n / heap.tile.columns) * heap.tile.columns * m.k * 4;
        const to = heap.take(m.blocks * size), strides = m.transposed ? [1, m.k] : [m.n, 1];
        for (let b = 0; b < m.blocks; b++) heap.pack({ at: from + b * m.k * m.n, shape: [m.k, m.n], strides }, to + b * size);
        ready.packed.set(key, to);
      }
      table.push(ready.packed.get(key));
    }
    const all = [...thetas, ...extra];
    for (const index of p.thetas) table.push(dense(heap, all[index]).at * 4);
    for (const n of p.carried) table.push(enter[n] ? enter[n].at * 4 : 0, leave[n] ? leave[n].at * 4 : 0);
    ready.starts ??= heap.longs(rows.starts);
    ready.alive ??= heap.longs(rows.alive);
    const job = heap.longs([heap.pointers(table), ready.starts + from * 8, ready.alive + from * 8, to - from, reverse ? 1 : 0, heap.longs([0]), heap.longs([0, rows.B])]);
    this.kernels[name](job, 0n, 1n);
  }

  // Run a batch; in training, what ``backward`` reads is kept until ``forget``.
  forward(batch, training = true) {
    const ready = this.prepare(batch), leave = {};
    for (const i of this.manifest.moving) leave[`state${i}`] = tensor(this.heap, [ready.rows.B, this.manifest.states[i].width]);
    this.call(training ? "training" : "inference", ready, { enter: ready.enter, leave });
    ready.outputs = ready.tensors.outputs;
    ready.finals = leave;
    return ready;
  }

  stateGradients(ready) {
    const leave = {};
    this.manifest.states.forEach((s, i) => { leave[`grad_state${i}`] = tensor(this.heap, [ready.rows.B, s.width]); });
    return leave;
  }

  // The gradients of all parameters, null where there is no gradient. ``cut``: steps after which the gradient is dropped.
  backward(ready, gradOut, gradFinals = {}, cut = 0) {
    const { heap, manifest } = this, T = ready.rows.T, length = cut > 0 ? cut : T;
    ready.tensors.grad_out = gradOut;
    let leave = {};
    for (let to = T, from; to > 0; to = from) { // pieces begin at multiples of the length
      from = Math.floor((to - 1) / length) * length;
      leave = this.stateGradients(ready);
      const enter = { ...ready.enter, ...(to === T ? gradFinals : {}) };
      this.call("backward", ready, { enter, leave, reverse: true, from, to, fresh: to === T });
    }
    const gradients = this.parameters.map(() => null);
    const add = (place, grad) => {
      if (grad) gradients[place] = gradients[place] ? run1(heap, gradients[place], grad) : grad;
    };
    const slopes = this.thetaGradients(ready);
    this.back(ready.prologue, slopes).forEach((grad, i) => add(i, grad));
    this.back(ready.drive, manifest.drives.map((_, d) => this.driveGradient(ready, d))).slice(1).forEach((grad, i) => add(i, grad));
    const first = manifest.states.map((s, i) => columnSums(heap, leave[`grad_state${i}`], s.width));
    this.back(ready.initial, first.map((t, i) => ({ ...t, shape: ready.initial.outputs[i].shape, strides: t.strides }))).forEach((grad, i) => add(i, grad));
    return gradients;
  }

  driveGradient(ready, d) {
    const heap = this.heap, grad = ready.tensors[`grad_drive${d}`], { batch, rows } = ready, shape = ready.drive.outputs[d].shape;
    if (!grad) return null;
    if (!batch.tokens) return { at: grad.at, shape, strides: denseStrides(shape) };
    const width = this.manifest.drives[d], out = filled(heap, shape, 0), f = heap.floats;
    for (let r = 0; r < rows.total; r++) {
      const to = out.at + batch.tokens[r] * width, from = grad.at + r * width;
      for (let j = 0; j < width; j++) f[to + j] += f[from + j];
    }
    return out;
  }

  thetaGradients(ready) {
    const { heap, manifest } = this, { nodes, outputs } = manifest.gradients, values = [];
    const part = ({ buffer, column, width }) => {
      const t = ready.tensors[buffer];
      return { at: t.at + column, shape: [t.shape[0], width], strides: [t.strides[0], 1] };
    };
    let next = 0;
    nodes.forEach(([name, args], i) => {
      if (name === "held") {
        const [index, shape, sizes, strides, offset] = args, at = dense(heap, ready.thetas[index]).at + offset;
        values[i] = { at: dense(heap, { at, shape: sizes, strides }).at, shape, strides: denseStrides(shape) };
      }
      if (name === "sums") {
        const { parts, groups, folds } = manifest.sums[next++], [a, b] = parts.map(part);
        values[i] = !b ? columnSums(heap, a, a.shape[1]) : groups * folds === 1 ? overRows(heap, a, b) : overGroups(heap, a, b, groups, folds);
      }
    });
    run(heap, nodes, 0, nodes.length, values, this.sizes);
    return outputs.map((place, i) => place === null ? null : { ...dense(heap, values[place]), shape: ready.thetas[i].shape, strides: denseStrides(ready.thetas[i].shape) });
  }

  // The length of the gradient that arrives at each step's state from the steps after it: one array of T numbers a field.
  arriving(ready, gradOut) {
    const found = this.manifest.states.map(() => new Float32Array(ready.rows.T));
    ready.tensors.grad_out = gradOut;
    let enter = { ...ready.enter };
    for (let t = ready.rows.T - 1; t >= 0; t--) {
      const leave = this.stateGradients(ready);
      this.call("backward", ready, { enter, leave, reverse: true, from: t, to: t + 1, fresh: t === ready.rows.T - 1 });
      found.forEach((norms, i) => { norms[t] = length(this.heap, leave[`grad_state${i}`]); });
      enter = { ...ready.enter };
      for (const i of this.manifest.moving) enter[`grad_state${i}`] = leave[`grad_state${i}`];
    }
    return found;
  }

  // Every state and gate at every step, [total, width]. ``holds``: a number by the gate's number, which takes its place.
  watch(batch, holds = {}) {
    const ready = this.prepare(batch), heap = this.heap, extra = [];
    for (const one of this.manifest.shown) if (one.hold !== null) extra.push(filled(heap, [one.width], holds[one.hold] ?? NaN));
    this.call("watch", ready, { enter: ready.enter, extra });
    return numbersOf(heap, ready.tensors.seen);
  }

  // Free what was taken since the network was built, or since ``mark``.
  forget() { this.heap.top = this.mark; }
}

function run1(heap, a, b) { const f = [null, null]; f[0] = a; f[1] = b; const v = [a, b]; run(heap, [["input"], ["input"], ["add", [{ node: 0 }, { node: 1 }], 0]], 0, 3, v, {}); return v[2]; }

// a^T b over all rows.
function overRows(heap, a, b) { return heap.product({ at: a.at, shape: [a.shape[1], a.shape[0]], strides: [1, a.strides[0]] }, b); }

// The same for each group of columns; a row counts as ``folds`` rows.
function overGroups(heap, a, b, groups, folds) {
  const found = [];
  for (let g = 0; g < groups; g++) {
    const [p, q] = [a, b].map((t) => {
      const rows = t.shape[0], width = t.shape[1] / groups / folds;
      const own = dense(heap, { at: t.at + g * folds * width, shape: [rows, folds, width], strides: [t.strides[0], width, 1] });
      return { at: own.at, shape: [rows * folds, width], strides: [width, 1] };
    });
    found.push(...numbersOf(heap, overRows(heap, p, q)));
  }
  return fromNumbers(heap, [found.length], found);
}

function denseStrides(shape) { return shape.map((_, d) => sizeOf(shape.slice(d + 1))); }

function columnSums(heap, t, width) {
  const sums = new Float64Array(width), f = heap.floats;
  for (let r = 0; r < t.shape[0]; r++) for (let j = 0; j < width; j++) sums[j] += f[t.at + r * t.strides[0] + j];
  return fromNumbers(heap, [1, width], sums);
}

function length(heap, t) {
  const from = isDense(t) ? t : dense(heap, t);
  let sum = 0;
  for (let i = from.at, end = from.at + sizeOf(t.shape); i < end; i++) sum += heap.floats[i] * heap.floats[i];
  return Math.sqrt(sum);
}
