// A piano roll plays: its notes are [first sixteenth, sixteenths, MIDI pitch]. No sound is loaded.
(function () {
  "use strict";
  var Context = window.AudioContext || window.webkitAudioContext, SIXTEENTH = 0.14, stop = null;
  if (!Context) return;
  function play(notes, ended) {
    var context = new Context(), start = context.currentTime + 0.05, last = start;
    notes.forEach(function (note) {
      var tone = context.createOscillator(), loud = context.createGain();
      var from = start + note[0] * SIXTEENTH, to = from + note[1] * SIXTEENTH;
      tone.type = "triangle";
      tone.frequency.value = 440 * Math.pow(2, (note[2] - 69) / 12);
      loud.gain.setValueAtTime(0, from);
      loud.gain.linearRampToValueAtTime(0.25, from + 0.01);
      loud.gain.setTargetAtTime(0, to - 0.03, 0.02);
      tone.connect(loud);
      loud.connect(context.destination);
      tone.start(from);
      tone.stop(to + 0.1);
      last = Math.max(last, to);
    });
    var timer = setTimeout(end, 1000 * (last - start) + 300);
    function end() {
      clearTimeout(timer);
      context.close();
      ended();
    }
    return end;
  }
  document.querySelectorAll("[data-notes]").forEach(function (button) {
    var notes = JSON.parse(button.dataset.notes);
    button.hidden = false;
    button.addEventListener("click", function () {
      var playing = button.getAttribute("aria-pressed") === "true";
      if (stop) stop();
      if (playing) return;
      button.textContent = "Stop";
      button.setAttribute("aria-pressed", "true");
      stop = play(notes, function () {
        button.textContent = "Play this tune";
        button.setAttribute("aria-pressed", "false");
        stop = null;
      });
    });
  });
})();
