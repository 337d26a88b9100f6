// Worked answers with the reader's own numbers, computed in the page. Each formula maps a plan to lines of text.
var answers = (function () {
  "use strict";
  function shown(value) {
    if (Math.abs(value) >= 1e15 || (value && Math.abs(value) < 1e-4)) return value.toExponential(3);
    return String(Number(value.toPrecision(6)));
  }
  function row(values) { return "[" + values.map(shown).join(", ") + "]"; }
  function whole(plan) {
    return Object.keys(plan).every(function (name) { return Number.isInteger(plan[name]) && plan[name] > 0; });
  }
  function between(values, low, high) { return values.every(function (v) { return v >= low && v <= high; }); }
  function counts(least, values) { return values.every(Number.isInteger) && between(values, least, 1000); }
  var formulas = {
    "15.2": function (p) {
      var I = p.input_size, H = p.hidden_size, O = p.output_size, one = I * H + H * H + H + H * O + O;
      return whole(p) && ["With one bias vector: " + one, "With PyTorch's two: " + (one + H)];
    },
    "15.3": function (p) {
      var most = Math.max.apply(null, p.diagonal.concat(p.larger).map(Math.abs));
      if (!counts(1, [p.power]) || !counts(2, [p.steps])) return null;
      if (most > 1 && Math.max(p.power, p.steps) * Math.log10(most) > 300) return null;
      function power(n) {
        return [p.diagonal, p.larger].map(function (d) { return row(d.map(function (v) { return Math.pow(v, n); })); }).join(" and ");
      }
      return ["To the power of " + p.power + ": " + power(p.power), "After " + p.steps + " steps: " + power(p.steps)];
    },
    "15.4": function (p) {
      var n = p.forget.length, news = [], after = [];
      if (![p.gate, p.candidate, p.before].every(function (v) { return v.length === n; })) return null;
      if (!between(p.forget.concat(p.gate), 0, 1) || !between(p.candidate, -1, 1)) return null;
      for (var k = 0; k < n; k++) {
        news.push(p.gate[k] * p.candidate[k]);
        after.push(p.forget[k] * p.before[k] + news[k]);
      }
      var sizes = news.map(Math.abs);
      return ["c = " + row(after), "Most new information: dimension " + (sizes.indexOf(Math.max.apply(null, sizes)) + 1)];
    },
    "15.5": function (p) {
      var I = p.input_size, H = p.hidden_size, gate = I * H + H * H + H;
      return whole(p) && ["LSTM: " + 4 * gate + ", PyTorch " + 4 * (gate + H), "GRU: " + 3 * gate + ", PyTorch " + 3 * (gate + H)];
    },
    "15.6": function (p) {
      var H = p.hidden_size;
      return whole(p) && ["Output: (" + [p.steps, p.batch_size, 2 * H].join(", ") + ")",
        "Final hidden state: (" + [2 * p.num_layers, p.batch_size, H].join(", ") + ")"];
    },
    "15.8": function (p) {
      var names = ["A", "B", "C", "eos"], after = [p.after_a, p.after_b, p.after_c], found = [[names[3], p.first[3], 3]];
      if (![p.first].concat(after).every(function (chances) {
        var sum = chances.reduce(function (a, b) { return a + b; }, 0);
        return chances.length === 4 && chances.every(function (v) { return v >= 0; }) && Math.abs(sum - 1) <= 1e-6;
      }) || !whole({ width: p.width })) return null;
      function first(chances) { return chances.indexOf(Math.max.apply(null, chances)); }
      after.forEach(function (chances, one) {
        chances.forEach(function (chance, two) { found.push([names[one] + " " + names[two], p.first[one] * chance, one]); });
      });
      var start = first(p.first), then = start < 3 ? first(after[start]) : null;
      var greedy = then === null ? found[0] : found[1 + 4 * start + then];
      function ahead(one) { return p.first.filter(function (v) { return v > p.first[one]; }).length; }
      function likeliest(sequences) {
        var best = sequences.reduce(function (a, b) { return b[1] > a[1] ? b : a; });
        return best[0] + ", " + shown(best[1]);
      }
      return ["Greedy decoding: " + greedy[0] + ", " + shown(greedy[1]),
        "Beam of " + p.width + ": " + likeliest(found.filter(function (one) { return ahead(one[2]) < p.width; })),
        "Likeliest of all: " + likeliest(found)];
    },
    "15.10": function (p) {
      var norm = Math.hypot.apply(null, p.gradient), scale = norm > p.threshold ? p.threshold / norm : 1;
      if (!(p.threshold > 0)) return null;
      return ["Norm: " + shown(norm), "Clipped: " + row(p.gradient.map(function (g) { return g * scale; })),
        "Its norm: " + shown(norm * scale)];
    }
  };
  // A field's text as a number, or as a list if the plan has a list; null if it is neither.
  function read(text, like) {
    var words = text.split(/[,;\s]+/).filter(Boolean), values = words.map(function (word) { return Number(word.replace("−", "-")); });
    if (!values.length || !values.every(isFinite)) return null;
    return Array.isArray(like) ? values : values.length === 1 ? values[0] : null;
  }
  return { formulas: formulas, read: read };
})();
if (typeof module !== "undefined") module.exports = answers;
