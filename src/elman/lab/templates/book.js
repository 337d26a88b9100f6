(function () {
  "use strict";
  var root = document.documentElement, told = document.getElementById("told");

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
        told.textContent = "Copied";
        setTimeout(function () { copy.textContent = "Copy"; told.textContent = ""; }, 1500);
      }
      function select() {
        var range = document.createRange();
        range.selectNodeContents(code);
        window.getSelection().removeAllRanges();
        window.getSelection().addRange(range);
        told.textContent = "Selected";
      }
      if (navigator.clipboard) navigator.clipboard.writeText(code.textContent).then(done, select);
      else select();
    });
  });

  // A box that need not be scrolled is no stop for the keyboard.
  function stops() {
    document.querySelectorAll(".wide").forEach(function (box) {
      if (box.scrollWidth > box.clientWidth + 1) box.tabIndex = 0;
      else box.removeAttribute("tabindex");
    });
  }
  stops();
  window.addEventListener("resize", stops);

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

  window.addEventListener("beforeprint", function () {
    document.querySelectorAll("details").forEach(function (details) { details.open = true; });
  });
})();
