// Random numbers from a seed, and the weights with which a cell starts.

export class Chance {
  constructor(seed) { this.state = (seed * 2654435761 + 1013904223) >>> 0; this.spare = null; for (let i = 0; i < 8; i++) this.uniform(); }

  // From 0 to below 1 (mulberry32).
  uniform() {
    this.state = (this.state + 0x6d2b79f5) >>> 0;
    let z = this.state;
    z = Math.imul(z ^ (z >>> 15), z | 1);
    z ^= z + Math.imul(z ^ (z >>> 7), z | 61);
    return ((z ^ (z >>> 14)) >>> 0) / 4294967296;
  }

  below(n) { return Math.floor(this.uniform() * n); }

  normal() {
    if (this.spare !== null) { const x = this.spare; this.spare = null; return x; }
    const r = Math.sqrt(-2 * Math.log(1 - this.uniform())), a = 2 * Math.PI * this.uniform();
    this.spare = r * Math.sin(a);
    return r * Math.cos(a);
  }
}

// Fill n rows of k numbers with orthonormal rows, or columns if there are more rows.
function orthogonal(out, at, n, k, chance) {
  const count = Math.min(n, k), width = Math.max(n, k), rows = [];
  while (rows.length < count) {
    const row = Float64Array.from({ length: width }, () => chance.normal());
    for (let turn = 0; turn < 2; turn++) for (const other of rows) {
      let dot = 0;
      for (let j = 0; j < width; j++) dot += row[j] * other[j];
      for (let j = 0; j < width; j++) row[j] -= dot * other[j];
    }
    const norm = Math.hypot(...row);
    if (norm > 1e-6) rows.push(row.map((x) => x / norm));
  }
  for (let i = 0; i < n; i++) for (let j = 0; j < k; j++) out[at + i * k + j] = n <= k ? rows[i][j] : rows[j][i];
}

// The first numbers of a parameter. ``pieces`` describe its rows in order, see start.py.
export function startOf(pieces, shape, inputSize, forgetBias, chance) {
  const n = shape[0] ?? 1, k = shape.slice(1).reduce((a, b) => a * b, 1), out = new Float32Array(n * k);
  let row = 0;
  for (const piece of pieces) {
    const rows = piece.rows ?? n - row, from = row * k, to = (row + rows) * k;
    if (piece.kind === "constant") out.fill(piece.value, from, to);
    else if (piece.kind === "forget") out.fill(forgetBias ?? piece.value, from, to);
    else if (piece.kind === "orthogonal") orthogonal(out, from, rows, k, chance);
    else {
      const scale = (piece.law === "xavier" ? Math.sqrt(6 / (rows + k)) : piece.law === "input" ? 1 / Math.sqrt(inputSize) : 1) * (piece.scale ?? 1);
      for (let i = from; i < to; i++) {
        if (piece.kind === "signs") out[i] = chance.uniform() < 0.5 ? -scale : scale;
        else if (piece.kind === "normal") out[i] = (piece.mean ?? 0) + scale * chance.normal();
        else out[i] = scale * (piece.low + (piece.high - piece.low) * chance.uniform());
      }
    }
    row += rows;
  }
  return out;
}
