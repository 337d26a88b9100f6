(function () {
  "use strict";
  function accepts(key, given) {
    var text = given.trim().toLowerCase().replace(/−/g, "-");
    if (!key.numbers.length) return text === String(key.right);
    if (key.numbers.length === 1) text = text.replace(/(\d),(?=\d{3}\b)(?!\s)/g, "$1");
    var words = text.replace(/^[\[\]() ]+|[\[\]() ]+$/g, "").split(/[,;\s]+/).filter(Boolean);
    return words.length === key.numbers.length && words.every(function (word, k) {
      var value = Number(word), number = key.numbers[k];
      return isFinite(value) && Math.abs(value - number) <= key.within * Math.abs(number) + (key.within ? 1e-9 : 0);
    });
  }
  if (typeof document === "undefined") { module.exports = accepts; return; }
  document.querySelector("form").addEventListener("submit", function (event) {
    event.preventDefault();
    var right = 0, parts = document.querySelectorAll(".part");
    parts.forEach(function (part) {
      var good = accepts(JSON.parse(part.dataset.key), part.querySelector("input, select").value);
      var said = part.querySelector("output");
      said.textContent = good ? "right" : "not yet";
      said.className = "verdict " + (good ? "holds" : "undecided");
      right += good;
    });
    document.querySelectorAll("details").forEach(function (details) { details.hidden = false; });
    document.getElementById("tally").textContent = right + " of " + parts.length + " right";
  });
})();
