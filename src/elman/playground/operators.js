// The operators of PyTorch that run around the kernels, on tensors in the kernels' memory.
// A tensor is {at, shape, strides}: the index of its first number, in numbers, and how to walk it.

export function sizeOf(shape) { return shape.reduce((n, m) => n * m, 1); }

function stridesOf(shape) {
  const strides = new Array(shape.length);
  for (let d = shape.length - 1, n = 1; d >= 0; n *= shape[d--]) strides[d] = n;
  return strides;
}

export function isDense(t) {
  for (let d = t.shape.length - 1, n = 1; d >= 0; n *= t.shape[d--]) if (t.shape[d] !== 1 && t.strides[d] !== n) return false;
  return true;
}

export function tensor(heap, shape) {
  return { at: heap.take(sizeOf(shape) * 4) / 4, shape: [...shape], strides: stridesOf(shape) };
}

export function filled(heap, shape, number) {
  const t = tensor(heap, shape);
  heap.floats.fill(number, t.at, t.at + sizeOf(shape));
  return t;
}

export function fromNumbers(heap, shape, numbers) {
  const t = tensor(heap, shape);
  heap.floats.set(numbers, t.at);
  return t;
}

// The index of every number of a tensor, in order.
function places(t) {
  const n = sizeOf(t.shape), found = new Int32Array(n), count = new Array(t.shape.length).fill(0);
  for (let i = 0, at = t.at; i < n; i++) {
    found[i] = at;
    for (let d = t.shape.length - 1; d >= 0; d--) {
      at += t.strides[d];
      if (++count[d] < t.shape[d]) break;
      at -= t.strides[d] * t.shape[d];
      count[d] = 0;
    }
  }
  return found;
}

export function dense(heap, t) {
  if (isDense(t)) return t;
  const from = places(t), out = tensor(heap, t.shape), f = heap.floats;
  for (let i = 0; i < from.length; i++) f[out.at + i] = f[from[i]];
  return out;
}

export function numbersOf(heap, t) {
  const d = dense(heap, t);
  return heap.floats.slice(d.at, d.at + sizeOf(d.shape));
}

function expanded(t, shape) {
  const extra = shape.length - t.shape.length;
  const strides = shape.map((n, d) => {
    if (d < extra) return 0;
    const own = t.shape[d - extra];
    return own === 1 && n !== 1 ? 0 : t.strides[d - extra];
  });
  return { at: t.at, shape: [...shape], strides };
}

function broadcast(a, b) {
  const shape = [];
  for (let d = 1; d <= Math.max(a.length, b.length); d++) {
    const p = a[a.length - d] ?? 1, q = b[b.length - d] ?? 1;
    shape.unshift(p === 1 ? q : p);
  }
  return shape;
}

function pointwise(heap, fn, args) {
  const shape = args.reduce((s, a) => typeof a === "number" ? s : broadcast(s, a.shape), []);
  const out = tensor(heap, shape), n = sizeOf(shape), f = heap.floats, at = out.at;
  const read = args.map((a) => {
    if (typeof a === "number") { const x = Math.fround(a); return () => x; }
    const wide = expanded(a, shape);
    if (isDense(wide) && sizeOf(a.shape) === n) return (i) => f[a.at + i];
    const where = places(wide);
    return (i) => f[where[i]];
  });
  const [a, b, c] = read;
  if (args.length === 1) for (let i = 0; i < n; i++) f[at + i] = fn(a(i));
  else if (args.length === 2) for (let i = 0; i < n; i++) f[at + i] = fn(a(i), b(i));
  else for (let i = 0; i < n; i++) f[at + i] = fn(a(i), b(i), c(i));
  return out;
}

function reduced(heap, x, dims, keep, start, fn) {
  const rank = x.shape.length, folded = new Array(rank).fill(dims === null || dims === undefined || dims.length === 0);
  for (const d of dims ?? []) folded[d < 0 ? d + rank : d] = true;
  const kept = x.shape.map((n, d) => folded[d] ? 1 : n);
  const out = filled(heap, kept, start), f = heap.floats, from = places(x);
  const to = places({ at: out.at, shape: x.shape, strides: out.strides.map((s, d) => folded[d] ? 0 : s) });
  const sums = new Float64Array(sizeOf(kept)).fill(start);
  for (let i = 0; i < from.length; i++) sums[to[i] - out.at] = fn(sums[to[i] - out.at], f[from[i]]);
  f.set(sums, out.at);
  return keep ? out : { at: out.at, shape: kept.filter((_, d) => !folded[d]), strides: out.strides.filter((_, d) => !folded[d]) };
}

function viewed(heap, t, shape) {
  const known = shape.reduce((n, m) => m < 0 ? n : n * m, 1);
  const full = shape.map((n) => n < 0 ? sizeOf(t.shape) / known : n);
  return { at: dense(heap, t).at, shape: full, strides: stridesOf(full) };
}

function sliced(t, dim, start, end, step) {
  const d = dim < 0 ? dim + t.shape.length : dim, n = t.shape[d];
  const bound = (i) => Math.max(0, Math.min(n, i < 0 ? i + n : i));
  const first = bound(start ?? 0), last = Math.max(first, bound(end ?? n));
  const shape = [...t.shape], strides = [...t.strides];
  shape[d] = Math.ceil((last - first) / step);
  strides[d] *= step;
  return { at: t.at + first * t.strides[d], shape, strides };
}

function selected(t, dim, index) {
  const d = dim < 0 ? dim + t.shape.length : dim;
  const at = t.at + (index < 0 ? index + t.shape[d] : index) * t.strides[d];
  return { at, shape: t.shape.filter((_, k) => k !== d), strides: t.strides.filter((_, k) => k !== d) };
}

function permuted(t, dims) {
  const order = dims.map((d) => d < 0 ? d + dims.length : d);
  return { at: t.at, shape: order.map((d) => t.shape[d]), strides: order.map((d) => t.strides[d]) };
}

function swapped(t, a, b) {
  const order = t.shape.map((_, d) => d), p = a < 0 ? a + order.length : a, q = b < 0 ? b + order.length : b;
  [order[p], order[q]] = [order[q], order[p]];
  return permuted(t, order);
}

function unsqueezed(t, dim) {
  const d = dim < 0 ? dim + t.shape.length + 1 : dim;
  return { at: t.at, shape: t.shape.toSpliced?.(d, 0, 1) ?? [...t.shape.slice(0, d), 1, ...t.shape.slice(d)], strides: [...t.strides.slice(0, d), 1, ...t.strides.slice(d)] };
}

function squeezed(t, dims) {
  const rank = t.shape.length, named = dims === undefined ? null : [dims].flat().map((d) => d < 0 ? d + rank : d);
  const goes = (d) => t.shape[d] === 1 && (named === null || named.includes(d));
  return { at: t.at, shape: t.shape.filter((_, d) => !goes(d)), strides: t.strides.filter((_, d) => !goes(d)) };
}

function copyInto(heap, to, from) {
  const a = places(to), b = places(expanded(from, to.shape)), f = heap.floats;
  for (let i = 0; i < a.length; i++) f[a[i]] = f[b[i]];
}

function joined(heap, parts, dim) {
  const some = parts.filter((p) => sizeOf(p.shape)), d = dim < 0 ? dim + some[0].shape.length : dim;
  const shape = [...some[0].shape];
  shape[d] = some.reduce((n, p) => n + p.shape[d], 0);
  const out = tensor(heap, shape);
  let start = 0;
  for (const part of some) { copyInto(heap, sliced(out, d, start, start + part.shape[d], 1), part); start += part.shape[d]; }
  return out;
}

function along(t, dim) { return t.shape[dim < 0 ? dim + t.shape.length : dim]; }

function cutAt(t, sizes, dim, pick) {
  const start = sizes.slice(0, pick).reduce((n, m) => n + m, 0);
  return sliced(t, dim, start, start + sizes[pick], 1);
}

const sigmoid = (x) => x >= 0 ? 1 / (1 + Math.exp(-x)) : Math.exp(x) / (1 + Math.exp(x));
const one = (fn) => (heap, [a]) => pointwise(heap, fn, [a]);
const two = (fn) => (heap, [a, b]) => pointwise(heap, fn, [a, b]);
const same = (heap, [a]) => a;
const reshaped = (heap, [a, shape]) => viewed(heap, a, shape);

export const OPERATORS = {
  abs: one(Math.abs), neg: one((x) => -x), exp: one(Math.exp), expm1: one(Math.expm1), log: one(Math.log), log1p: one(Math.log1p),
  sqrt: one(Math.sqrt), rsqrt: one((x) => 1 / Math.sqrt(x)), reciprocal: one((x) => 1 / x), sin: one(Math.sin), cos: one(Math.cos),
  sigmoid: one(sigmoid), tanh: one(Math.tanh), relu: one((x) => x < 0 ? 0 : x),
  mul: two((x, y) => x * y), div: two((x, y) => x / y), pow: two(Math.pow), maximum: two(Math.max), minimum: two(Math.min),
  eq: two((x, y) => +(x === y)), ne: two((x, y) => +(x !== y)), lt: two((x, y) => +(x < y)), le: two((x, y) => +(x <= y)),
  gt: two((x, y) => +(x > y)), ge: two((x, y) => +(x >= y)), logical_and: two((x, y) => +(x && y ? 1 : 0)),
  logical_or: two((x, y) => +(x || y ? 1 : 0)), logical_not: one((x) => x ? 0 : 1),
  sigmoid_backward: two((g, y) => g * y * (1 - y)), tanh_backward: two((g, y) => g * (1 - y * y)),
  add: (heap, [a, b, k = 1]) => pointwise(heap, (x, y) => x + k * y, [a, b]),
  sub: (heap, [a, b, k = 1]) => pointwise(heap, (x, y) => x - k * y, [a, b]),
  rsub: (heap, [a, b, k = 1]) => pointwise(heap, (x, y) => y - k * x, [a, b]),
  threshold_backward: (heap, [g, x, edge]) => pointwise(heap, (p, q) => q <= edge ? 0 : p, [g, x]),
  softplus: (heap, [x, beta, edge]) => pointwise(heap, (v) => v * beta > edge ? v : Math.log1p(Math.exp(v * beta)) / beta, [x]),
  softplus_backward: (heap, [g, x, beta, edge]) => pointwise(heap, (p, v) => v * beta > edge ? p : p * sigmoid(v * beta), [g, x]),
  clamp: (heap, [x, low, high]) => pointwise(heap, (v) => v < (low ?? -Infinity) ? low : v > (high ?? Infinity) ? high : v, [x]),
  where: (heap, [c, a, b]) => pointwise(heap, (p, x, y) => p ? x : y, [c, a, b]),
  sum: (heap, [x, dims, keep]) => reduced(heap, x, dims, keep, 0, (s, v) => s + v),
  amax: (heap, [x, dims, keep]) => reduced(heap, x, dims, keep, -Infinity, (s, v) => Math.max(s, v)),
  mean(heap, [x, dims, keep]) {
    const total = reduced(heap, x, dims, keep, 0, (s, v) => s + v), parts = sizeOf(x.shape) / sizeOf(total.shape);
    return pointwise(heap, (v) => v / parts, [total]);
  },
  alias: same, detach: same, clone: (heap, [a]) => dense(heap, a), view: reshaped, reshape: reshaped, _unsafe_view: reshaped,
  expand: (heap, [a, shape]) => expanded(a, shape.map((n, d) => n < 0 ? a.shape[d - shape.length + a.shape.length] : n)),
  t: (heap, [a]) => a.shape.length < 2 ? a : swapped(a, 0, 1), transpose: (heap, [a, p, q]) => swapped(a, p, q),
  permute: (heap, [a, dims]) => permuted(a, dims), unsqueeze: (heap, [a, d]) => unsqueezed(a, d), squeeze: (heap, [a, d]) => squeezed(a, d),
  select: (heap, [a, d, i]) => selected(a, d, i), slice: (heap, [a, d, start, end, step]) => sliced(a, d, start, end, step ?? 1),
  split(heap, [a, size, dim], pick) { return sliced(a, dim, pick * size, (pick + 1) * size, 1); },
  unbind: (heap, [a, dim], pick) => selected(a, dim ?? 0, pick),
  chunk(heap, [a, parts, dim], pick) { const n = Math.ceil(along(a, dim ?? 0) / parts); return sliced(a, dim ?? 0, pick * n, (pick + 1) * n, 1); },
  tensor_split(heap, [a, parts, dim], pick) {
    const n = along(a, dim ?? 0), sizes = Array.isArray(parts) ? [...parts, n].map((end, i) => end - (i ? parts[i - 1] : 0)) : Array.from({ length: parts }, (_, i) => Math.floor(n / parts) + (i < n % parts ? 1 : 0));
    return cutAt(a, sizes, dim ?? 0, pick);
  },
  split_with_sizes: (heap, [a, sizes, dim], pick) => cutAt(a, sizes, dim, pick),
  cat: (heap, [parts, dim]) => joined(heap, parts, dim ?? 0),
  select_backward(heap, [g, shape, d, i]) { const out = filled(heap, shape, 0); copyInto(heap, selected(out, d, i), g); return out; },
  slice_backward(heap, [g, shape, d, start, end, step]) { const out = filled(heap, shape, 0); copyInto(heap, sliced(out, d, start, end, step), g); return out; },
  mm: (heap, [a, b]) => heap.product(a, b),
  addmm(heap, [c, a, b, beta = 1, alpha = 1]) {
    return pointwise(heap, (x, y) => beta * x + alpha * y, [c, heap.product(a, b)]);
  },
};

// Run entries of a list of operators. ``values`` holds the results; ``sizes`` are the dimensions that have names.
export function run(heap, nodes, from, to, values, sizes) {
  const resolve = (a) => {
    if (Array.isArray(a)) return a.map(resolve);
    if (a !== null && typeof a === "object") return values[a.node];
    return typeof a === "string" && a in sizes ? sizes[a] : a ?? undefined;
  };
  for (let i = from; i < to; i++) {
    const [name, args, pick] = nodes[i];
    if (values[i] !== undefined || name === "input") continue;
    if (name === "constant") {
      const shape = args[0].map(resolve), numbers = args[1];
      values[i] = numbers.length === 1 ? filled(heap, shape, numbers[0]) : fromNumbers(heap, shape, numbers);
    } else values[i] = OPERATORS[name](heap, args.map(resolve), pick);
  }
}
