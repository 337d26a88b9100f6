// Loss and optimiser, as in PyTorch.

// The mean cross entropy of rows of ``classes`` logits, and its gradient; a target of -1 does not count.
export function crossEntropy(logits, targets, classes) {
  const gradient = new Float32Array(logits.length);
  let loss = 0, right = 0, count = 0;
  for (const t of targets) count += t >= 0 ? 1 : 0;
  for (let r = 0; r < targets.length; r++) {
    if (targets[r] < 0) continue;
    const at = r * classes;
    let top = -Infinity, best = 0, sum = 0;
    for (let k = 0; k < classes; k++) if (logits[at + k] > top) { top = logits[at + k]; best = k; }
    for (let k = 0; k < classes; k++) sum += Math.exp(logits[at + k] - top);
    loss += Math.log(sum) + top - logits[at + targets[r]];
    right += best === targets[r] ? 1 : 0;
    for (let k = 0; k < classes; k++) gradient[at + k] = (Math.exp(logits[at + k] - top) / sum - (k === targets[r] ? 1 : 0)) / count;
  }
  return { loss: loss / count, right: right / count, gradient };
}

// The mean squared error and its gradient; a target of NaN does not count.
export function squaredError(outputs, targets) {
  const gradient = new Float32Array(outputs.length);
  let loss = 0, count = 0;
  for (const t of targets) count += t === t ? 1 : 0;
  for (let r = 0; r < targets.length; r++) {
    if (targets[r] !== targets[r]) continue;
    const miss = outputs[r] - targets[r];
    loss += miss * miss;
    gradient[r] = 2 * miss / count;
  }
  return { loss: loss / count, right: null, gradient };
}

export function softmax(logits, at, classes) {
  let top = -Infinity, sum = 0;
  for (let k = 0; k < classes; k++) top = Math.max(top, logits[at + k]);
  const shares = Array.from({ length: classes }, (_, k) => Math.exp(logits[at + k] - top));
  for (const s of shares) sum += s;
  return shares.map((s) => s / sum);
}

// Scale gradients whose norm, taken together, exceeds a limit; return the norm before.
export function clip(gradients, limit) {
  let square = 0;
  for (const g of gradients) for (const x of g) square += x * x;
  const norm = Math.sqrt(square), scale = Math.min(1, limit / (norm + 1e-6));
  if (scale < 1 || norm !== norm) for (const g of gradients) for (let i = 0; i < g.length; i++) g[i] *= scale;
  return norm;
}

export class Adam {
  constructor(sizes, rate) {
    this.rate = rate;
    this.count = 0;
    this.means = sizes.map((n) => new Float32Array(n));
    this.squares = sizes.map((n) => new Float32Array(n));
  }

  // Change parameters by their gradients, null where there is no gradient.
  step(parameters, gradients) {
    this.count++;
    const rise = 1 - 0.9 ** this.count, spread = Math.sqrt(1 - 0.999 ** this.count), rate = this.rate / rise;
    parameters.forEach((p, k) => {
      const g = gradients[k], m = this.means[k], s = this.squares[k];
      if (!g) return;
      for (let i = 0; i < p.length; i++) {
        m[i] += 0.1 * (g[i] - m[i]);
        s[i] = 0.999 * s[i] + 0.001 * g[i] * g[i];
        p[i] -= rate * m[i] / (Math.sqrt(s[i]) / spread + 1e-8);
      }
    });
  }
}
