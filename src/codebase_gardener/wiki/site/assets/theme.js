// Before anything is drawn: the theme that was chosen, if one was, and that scripts run.
(function () {
  "use strict";
  document.documentElement.classList.add("scripted");
  try {
    var theme = localStorage.getItem("theme");
    if (theme === "dark" || theme === "light") document.documentElement.dataset.theme = theme;
  } catch (error) { /* storage may be forbidden for files */ }
})();
