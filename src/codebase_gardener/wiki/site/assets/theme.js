// Before anything is drawn: the theme that was chosen, if one was, and that scripts run; then the button that changes it,
// and how much of the screen the header takes: what is jumped to stands below it.
(function () {
  "use strict";
  var html = document.documentElement;
  html.classList.add("scripted");
  try {
    var theme = localStorage.getItem("theme");
    if (theme === "dark" || theme === "light") html.dataset.theme = theme;
  } catch (error) { /* storage may be forbidden for files */ }

  function room() {
    var top = document.querySelector(".top"), seen = top.offsetHeight + (parseFloat(getComputedStyle(top).top) || 0);
    html.style.setProperty("--below-top", seen + 16 + "px");
  }
  document.addEventListener("readystatechange", function () {
    if (document.readyState !== "interactive") return; // before any script that scrolls
    room();
    new ResizeObserver(room).observe(document.querySelector(".top"));
  });

  document.addEventListener("DOMContentLoaded", function () {
    document.getElementById("theme").addEventListener("click", function () {
      var dark = html.dataset.theme ? html.dataset.theme === "dark"
        : matchMedia("(prefers-color-scheme: dark)").matches;
      html.dataset.theme = dark ? "light" : "dark";
      try { localStorage.setItem("theme", html.dataset.theme); } catch (error) { /* only for this page then */ }
    });
  });
})();
