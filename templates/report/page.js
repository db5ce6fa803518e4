"use strict";
(function () {
  var root = document.documentElement;
  function remember(key, value) { try { localStorage.setItem(key, value); } catch (error) { /* a file may not remember */ } }
  function recall(key) { try { return localStorage.getItem(key); } catch (error) { return null; } }
  var theme = recall("sopwb-theme");
  if (theme) { root.dataset.theme = theme; }
  var themeSwitch = document.getElementById("switch-theme");
  if (themeSwitch) {
    themeSwitch.addEventListener("click", function () {
      var dark = root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
      root.dataset.theme = dark ? "light" : "dark";
      remember("sopwb-theme", root.dataset.theme);
    });
  }
  var codeSwitch = document.getElementById("switch-code");
  if (codeSwitch) {
    codeSwitch.addEventListener("click", function () {
      var shown = document.body.classList.toggle("with-code");
      codeSwitch.textContent = shown ? "Hide code" : "Show code";
      codeSwitch.setAttribute("aria-pressed", String(shown));
    });
  }
  // A sheet that holds more than a page of paper is drawn smaller, so that a sheet stays a page.
  // It is measured as wide as paper; a narrow screen shows it in full size (page.css).
  document.body.classList.add("measuring");
  document.querySelectorAll(".sheet-page .fit").forEach(function (body) {
    for (var zoom = 0.95; body.getBoundingClientRect().height > 640 && zoom > 0.5; zoom -= 0.05) {
      body.style.zoom = zoom;
    }
  });
  document.body.classList.remove("measuring");
  var tip = document.getElementById("tip");
  document.addEventListener("pointermove", function (event) {
    var mark = event.target.closest ? event.target.closest("[data-tip]") : null;
    tip.hidden = !mark;
    if (!mark) { return; }
    tip.textContent = mark.getAttribute("data-tip");
    var left = Math.min(event.clientX + 14, innerWidth - tip.offsetWidth - 8);
    tip.style.left = Math.max(8, left) + "px";
    tip.style.top = Math.max(8, event.clientY - tip.offsetHeight - 10) + "px";
  });
})();
