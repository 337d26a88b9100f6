// Tasks with a known answer. Symbols and targets lie step by step: t * B + row.
import { Chance } from "./chance.js";

const LETTERS = [..."abcdefgh"];
export const LONGEST_TEXT = 100000;
const MOST_SYMBOLS = 96;
const SAMPLE = `A recurrent network reads one letter after another and keeps a state in which it notes what it has read. From the state it guesses the next letter. At first every letter seems as likely as every other. After some hundred updates it knows which letters are common, then which letter follows which, then short words, then the ends of long ones. Paste a text of your own here: a poem, a letter, a page of code, a song. The longer the text, the less the network can learn by heart, and the more it must learn what the text is like. `;

function symbols(T, B, fill) {
  const tokens = new Int32Array(T * B), targets = new Int32Array(T * B).fill(-1);
  let best = 0, count = 0;
  for (let r = 0; r < B; r++) fill((t, s) => { tokens[t * B + r] = s; }, (t, s, sure = 1) => { targets[t * B + r] = s; best -= Math.log(sure); count++; });
  return { T, B, tokens, targets, best: best / count };
}

const BRACKETS = [..."()[]·"], DEEPEST = 8;

function nextBracket(stack) {
  if (!stack.length) return [[0, 0.4], [2, 0.4], [4, 0.2]];
  const close = stack[stack.length - 1] === 0 ? 1 : 3;
  return stack.length < DEEPEST ? [[0, 0.2], [2, 0.2], [close, 0.45], [4, 0.15]] : [[close, 0.8], [4, 0.2]];
}

function textOf(settings) {
  const given = settings.text || SAMPLE, letters = [...given.slice(0, LONGEST_TEXT)];
  while (letters.length < settings.length + 2) letters.push(...letters.length ? letters : [..." "]);
  const counts = new Map();
  for (const c of letters) counts.set(c, (counts.get(c) ?? 0) + 1);
  const kept = [...counts].sort((a, b) => b[1] - a[1]).slice(0, counts.size > MOST_SYMBOLS ? MOST_SYMBOLS - 1 : MOST_SYMBOLS).map(([c]) => c).sort();
  if (counts.size > MOST_SYMBOLS) kept.push("\ufffd");
  const place = new Map(kept.map((c, i) => [c, i])), codes = Int32Array.from(letters, (c) => place.get(c) ?? kept.length - 1);
  let entropy = 0;
  const frequency = new Array(kept.length).fill(0);
  for (const c of codes) frequency[c]++;
  for (const n of frequency) if (n) entropy -= n / codes.length * Math.log(n / codes.length);
  return { kept, codes, entropy, cut: given.length > LONGEST_TEXT ? given.length : 0 };
}

// Each task: its symbols or numbers, chance level, and how a batch is drawn. ``python`` draws x and targets likewise.
export const TASKS = {
  recall: {
    title: "Recall after a delay", least: 2, answer: "the last step",
    about: "The first symbol is one of eight letters; digits that mean nothing follow. At the last step: which letter was it?",
    make: ({ length: T }) => ({
      inputs: 12, outputs: 8, classes: LETTERS, symbols: [...LETTERS, ..."1234"], chance: Math.log(8), best: 0,
      draw: (B, c) => symbols(T, B, (put, ask) => { const s = c.below(8); put(0, s); for (let t = 1; t < T; t++) put(t, 8 + c.below(4)); ask(T - 1, s); }),
      python: `first = torch.randint(8, (32,))
tokens = torch.cat([first[None], torch.randint(8, 12, (${T - 1}, 32))])
targets = torch.full((${T}, 32), -100)
targets[-1] = first
x = one_hot(tokens, 12).float()`,
    }),
    truth: (tokens, T) => { const y = new Int32Array(T).fill(-1); if (tokens[0] < 8) y[T - 1] = tokens[0]; return y; },
  },
  copy: {
    title: "Copy", least: 4, answer: "the steps after the signal",
    about: "Some letters, a pause, a signal; then the letters again, from memory.",
    make: ({ length: T }) => {
      const n = Math.max(1, Math.min(8, Math.floor((T - 1) / 3))), from = T - n;
      return {
        inputs: 10, outputs: 8, classes: LETTERS, symbols: [...LETTERS, "·", "?"], chance: Math.log(8), best: 0,
        draw: (B, c) => symbols(T, B, (put, ask) => {
          for (let t = 0; t < T; t++) put(t, t === from ? 9 : 8);
          for (let t = 0; t < n; t++) { const s = c.below(8); put(t, s); ask(from + t, s); }
        }),
        python: `letters = torch.randint(8, (${n}, 32))
tokens = torch.full((${T}, 32), 8)
tokens[:${n}], tokens[${from}] = letters, 9
targets = torch.full((${T}, 32), -100)
targets[${from}:] = letters
x = one_hot(tokens, 10).float()`,
      };
    },
    truth: (tokens, T) => {
      const y = new Int32Array(T).fill(-1), n = Math.max(1, Math.min(8, Math.floor((T - 1) / 3)));
      for (let t = 0; t < n; t++) if (tokens[t] < 8) y[T - n + t] = tokens[t];
      return y;
    },
  },
  parity: {
    title: "Parity", least: 1, answer: "every step",
    about: "Ones and zeros. At every step: was the number of ones so far odd?",
    make: ({ length: T }) => ({
      inputs: 2, outputs: 2, classes: ["even", "odd"], symbols: ["0", "1"], chance: Math.log(2), best: 0,
      draw: (B, c) => symbols(T, B, (put, ask) => { for (let t = 0, odd = 0; t < T; t++) { const s = c.below(2); odd ^= s; put(t, s); ask(t, odd); } }),
      python: `tokens = torch.randint(2, (${T}, 32))
targets = tokens.cumsum(0) % 2
x = one_hot(tokens, 2).float()`,
    }),
    truth: (tokens) => { let odd = 0; return Int32Array.from(tokens, (s) => odd ^= s); },
  },
  brackets: {
    title: "Brackets", least: 2, answer: "every step",
    about: "Two kinds of brackets, nested up to eight deep, and dots. At every step: which symbol comes next? Only the kind of bracket to close is certain.",
    make: ({ length: T }) => ({
      inputs: 5, outputs: 5, classes: BRACKETS, symbols: BRACKETS, chance: Math.log(5), best: null,
      draw: (B, c) => symbols(T, B, (put, ask) => {
        const stack = [];
        for (let t = 0; t <= T; t++) {
          const options = nextBracket(stack);
          let u = c.uniform(), k = 0;
          while (k < options.length - 1 && u >= options[k][1]) u -= options[k++][1];
          const [s, sure] = options[k];
          if (s === 0 || s === 2) stack.push(s); else if (s !== 4) stack.pop();
          if (t < T) put(t, s);
          if (t) ask(t - 1, s, sure);
        }
      }),
      python: `rows = []
for _ in range(32):
    stack, row = "", ""
    for _ in range(${T + 1}):
        close = ")" if stack[-1:] == "(" else "]"
        weights = [4, 4, 0, 2] if not stack else [4, 4, 9, 3] if len(stack) < 8 else [0, 0, 8, 2]
        row += random.choices("([" + close + "·", weights)[0]
        stack = stack + row[-1] if row[-1] in "([" else stack[:-1] if row[-1] == close else stack
    rows.append(["()[]·".index(symbol) for symbol in row])
tokens = torch.tensor(rows).T
x, targets = one_hot(tokens[:-1], 5).float(), tokens[1:]`,
    }),
    truth: (tokens, T) => Int32Array.from({ length: T }, (_, t) => t + 1 < T ? tokens[t + 1] : -1),
  },
  adding: {
    title: "Adding", least: 2, answer: "the last step", numbers: true,
    about: "A number between 0 and 1 at every step, and two marks. At the last step: the sum of the two marked numbers.",
    make: ({ length: T }) => ({
      inputs: 2, outputs: 1, features: ["number", "mark"], chance: 1 / 6, best: 0,
      draw: (B, c) => {
        const x = new Float32Array(T * B * 2), targets = new Float32Array(T * B).fill(NaN), half = Math.max(1, Math.floor(T / 2));
        for (let r = 0; r < B; r++) {
          for (let t = 0; t < T; t++) x[(t * B + r) * 2] = c.uniform();
          const a = c.below(half), b = half + c.below(T - half);
          for (const t of [a, b]) x[(t * B + r) * 2 + 1] = 1;
          targets[(T - 1) * B + r] = x[(a * B + r) * 2] + x[(b * B + r) * 2];
        }
        return { T, B, x, targets };
      },
      python: `marks = torch.zeros(${T}, 32)
half, row = ${Math.max(1, Math.floor(T / 2))}, torch.arange(32)
marks[torch.randint(half, (32,)), row] = 1
marks[torch.randint(half, ${T}, (32,)), row] = 1
numbers = torch.rand(${T}, 32)
x = torch.stack([numbers, marks], -1)
targets = torch.full((${T}, 32), float("nan"))
targets[-1] = (numbers * marks).sum(0)`,
    }),
    truth: (x, T) => { const y = new Float32Array(T).fill(NaN); let sum = 0; for (let t = 0; t < T; t++) sum += x[2 * t] * x[2 * t + 1]; y[T - 1] = sum; return y; },
  },
  sine: {
    title: "Noisy sine with gaps", least: 2, answer: "every step", numbers: true,
    about: "A sine of unknown period with noise, and gaps without a measurement. At every step: the next measurement.",
    make: ({ length: T }) => ({
      inputs: 2, outputs: 1, features: ["value", "measured"], chance: 0.51, best: 0.01,
      draw: (B, c) => {
        const x = new Float32Array(T * B * 2), targets = new Float32Array(T * B);
        for (let r = 0; r < B; r++) {
          const period = 8 + 16 * c.uniform(), phase = 2 * Math.PI * c.uniform();
          let gap = 0;
          for (let t = 0; t <= T; t++) {
            const value = Math.sin(phase + 2 * Math.PI * t / period) + 0.1 * c.normal();
            if (t) targets[(t - 1) * B + r] = value;
            if (t === T) break;
            gap = gap > 0 ? gap - 1 : c.uniform() < 0.06 ? 2 + c.below(4) : 0;
            const at = (t * B + r) * 2;
            x[at] = gap ? 0 : value;
            x[at + 1] = gap ? 0 : 1;
          }
        }
        return { T, B, x, targets };
      },
      python: `time, period = torch.arange(${T + 1}.0)[:, None], 8 + 16 * torch.rand(32)
wave = torch.sin(6.2832 * (torch.rand(32) + time / period)) + 0.1 * torch.randn(${T + 1}, 32)
gap = torch.nn.functional.max_pool1d((torch.rand(32, ${T}) < 0.06).float(), 5, 1, 2).T
x = torch.stack([wave[:-1] * (1 - gap), 1 - gap], -1)
targets = wave[1:]`,
    }),
    truth: null,
  },
  text: {
    title: "Next character of your text", least: 2, answer: "every step",
    about: "Windows of the text below. At every step: which character comes next?",
    make: (settings) => {
      const { length: T } = settings, { kept, codes, entropy, cut } = textOf(settings), V = kept.length;
      return {
        inputs: V, outputs: V, classes: kept, symbols: kept, chance: entropy, best: null, cut,
        draw: (B, c) => ({
          ...symbols(T, B, (put, ask) => {
            const from = c.below(codes.length - T);
            for (let t = 0; t < T; t++) { put(t, codes[from + t]); ask(t, codes[from + t + 1]); }
          }), best: null,
        }),
        python: `start = torch.randint(len(text) - ${T}, (32,))
tokens = text[start + torch.arange(${T + 1})[:, None]]
x, targets = one_hot(tokens[:-1], ${V}).float(), tokens[1:]`,
      };
    },
    truth: (tokens, T) => Int32Array.from({ length: T }, (_, t) => t + 1 < T ? tokens[t + 1] : -1),
  },
};

// The task that settings name, ready to draw batches.
export function taskOf(settings) {
  const task = TASKS[settings.task], length = Math.max(task.least, settings.length);
  return { ...task, name: settings.task, ...task.make({ ...settings, length }), length };
}

export function batchOf(task, B, seed) { return task.draw(B, new Chance(seed)); }
