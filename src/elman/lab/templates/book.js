(function () {
  "use strict";
  var root = document.documentElement, status = document.getElementById("status");

  var button = document.getElementById("theme");
  var prefersDark = window.matchMedia("(prefers-color-scheme: dark)");
  function dark() { return root.dataset.theme ? root.dataset.theme === "dark" : prefersDark.matches; }
  function label() {
    button.textContent = dark() ? "Light" : "Dark";
    button.setAttribute("aria-label", "Switch to the " + (dark() ? "light" : "dark") + " page");
  }
  button.hidden = false;
  label();
  prefersDark.addEventListener("change", label);
  button.addEventListener("click", function () {
    root.dataset.theme = dark() ? "light" : "dark";
    try { localStorage.setItem("theme", root.dataset.theme); } catch (e) { /* not remembered */ }
    label();
  });

  document.querySelectorAll("[data-copy]").forEach(function (copy) {
    var code = copy.parentNode.querySelector("code");
    copy.hidden = false;
    copy.addEventListener("click", function () {
      function done() {
        copy.textContent = "Copied";
        status.textContent = "Copied";
        setTimeout(function () { copy.textContent = "Copy"; status.textContent = ""; }, 1500);
      }
      function select() {
        var range = document.createRange();
        range.selectNodeContents(code);
        window.getSelection().removeAllRanges();
        window.getSelection().addRange(range);
        status.textContent = "Selected";
      }
      if (navigator.clipboard) navigator.clipboard.writeText(code.textContent).then(done, select);
      else select();
    });
  });

  // Recompute a worked answer for the reader's own numbers.
  document.querySelectorAll(".own").forEach(function (box) {
    var plan = JSON.parse(box.dataset.plan), formula = answers.formulas[box.dataset.exercise];
    var said = box.querySelector("output"), inputs = {};
    if (!formula) return;
    Object.keys(plan).forEach(function (name) {
      var label = document.createElement("label"), input = document.createElement("input");
      label.textContent = name.replace(/_/g, " ") + " ";
      input.value = Array.isArray(plan[name]) ? plan[name].join(", ") : plan[name];
      input.autocomplete = "off";
      input.addEventListener("input", compute);
      inputs[name] = input;
      label.appendChild(input);
      box.insertBefore(label, said);
    });
    function compute() {
      var own = {}, good = true;
      Object.keys(plan).forEach(function (name) {
        own[name] = answers.read(inputs[name].value, plan[name]);
        inputs[name].setAttribute("aria-invalid", String(own[name] === null));
        good = good && own[name] !== null;
      });
      var lines = good && formula(own);
      said.textContent = lines ? lines.join("\n") : "These numbers do not fit the exercise.";
    }
    box.hidden = false;
    compute();
  });

  // A trajectory's slider moves a ring on the drawing and describes the step below it.
  document.querySelectorAll(".walk").forEach(function (box) {
    var walk = JSON.parse(box.dataset.walk), slider = box.querySelector("input");
    var said = box.querySelector("output"), read = box.querySelector("span");
    var rings = Array.prototype.map.call(box.previousElementSibling.querySelectorAll("svg"), function (drawing) {
      var ring = document.createElementNS("http://www.w3.org/2000/svg", "circle");
      ring.setAttribute("r", "6");
      ring.setAttribute("class", "ring");
      drawing.appendChild(ring);
      return ring;
    });
    function go() {
      var k = Number(slider.value), mark = document.createElement("mark");
      rings.forEach(function (ring, drawing) {
        ring.setAttribute("cx", walk.places[drawing][k][0]);
        ring.setAttribute("cy", walk.places[drawing][k][1]);
      });
      mark.textContent = walk.marks[k];
      read.replaceChildren(walk.marks.slice(0, k).join(""), mark, walk.marks.slice(k + 1).join(""));
      said.textContent = "Step " + (k + 1) + " of " + walk.marks.length + ": " + walk.notes[k];
      slider.setAttribute("aria-valuetext", walk.marks[k] + ", " + walk.notes[k]);
    }
    box.hidden = false;
    slider.addEventListener("input", go);
    go();
  });

  // A box that does not scroll is not a tab stop.
  function stops() {
    document.querySelectorAll(".wide").forEach(function (box) {
      if (box.scrollWidth > box.clientWidth + 1) box.tabIndex = 0;
      else box.removeAttribute("tabindex");
    });
  }
  stops();
  window.addEventListener("resize", stops);
  document.querySelectorAll("details").forEach(function (details) { details.addEventListener("toggle", stops); });

  var links = {};
  document.querySelectorAll(".side a").forEach(function (link) { links[link.hash.slice(1)] = link; });
  if ("IntersectionObserver" in window) {
    var observer = new IntersectionObserver(function (entries) {
      entries.forEach(function (entry) {
        var link = links[entry.target.id];
        if (!link) return;
        if (!entry.isIntersecting) { link.removeAttribute("aria-current"); return; }
        link.setAttribute("aria-current", "true");
        var side = document.querySelector(".side");
        var above = link.offsetTop - side.scrollTop;
        if (above < 0 || above > side.clientHeight - 60) side.scrollTop = link.offsetTop - side.clientHeight / 2;
      });
    }, { rootMargin: "-30% 0px -69% 0px" });
    document.querySelectorAll("article").forEach(function (article) { observer.observe(article); });
  }

  // What a link points to is not folded.
  function unfold() {
    var there = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    for (var one = there; one; one = one.parentElement) if (one.tagName === "DETAILS") one.open = true;
    if (there && there.closest("details")) there.scrollIntoView();
  }
  unfold();
  window.addEventListener("hashchange", unfold);
  document.querySelectorAll("a.verdict").forEach(function (link) { link.addEventListener("click", function () { setTimeout(unfold); }); });

  // The title names the open exercise, for tabs, bookmarks and the history.
  var book = document.title;
  function name() {
    var opened = document.getElementById(location.hash.slice(1));
    var heading = opened && opened.querySelector(":scope > header h2");
    document.title = heading ? opened.id + " " + heading.textContent + " – " + book : book;
  }
  name();
  window.addEventListener("hashchange", name);

  window.addEventListener("beforeprint", function () {
    document.querySelectorAll("details").forEach(function (details) { details.open = true; });
  });
})();
