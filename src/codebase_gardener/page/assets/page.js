// Parts of a view that change without loading it anew: the same address is asked for, and one region is put in.
(function () {
  "use strict";
  var asked = 0;

  // What has the focus, or is unfolded, in a region that is drawn anew has it afterwards, too.
  function held(old) {
    var at = old.contains(document.activeElement) && document.activeElement;
    var open = Array.prototype.map.call(old.querySelectorAll("details"), function (one) { return one.open && words(one); });
    return function (fresh) {
      Array.prototype.forEach.call(fresh.querySelectorAll("details"), function (one) {
        if (open.indexOf(words(one)) >= 0) one.open = true;
      });
      if (!at) return;
      Array.prototype.some.call(fresh.querySelectorAll(at.tagName), function (one) {
        var same = words(one) === words(at);
        if (same) one.focus({ preventScroll: true });
        return same;
      });
    };
  }
  function words(node) {
    var head = node.querySelector("summary") || node;
    return node.getAttribute("aria-label") || head.textContent.trim();
  }
  window.gardenerHeld = held;

  // What is drawn anew between press and release of a pointer gets no click: it waits for the release.
  var pressed = Promise.resolve();
  document.addEventListener("pointerdown", function () {
    pressed = new Promise(function (done) {
      ["pointerup", "pointercancel"].forEach(function (kind) {
        document.addEventListener(kind, function () { setTimeout(done, 0); }, { once: true, capture: true });
      });
      setTimeout(done, 10000);  // it was let go where nobody saw it
    });
  }, true);
  window.gardenerReleased = function (value) { return pressed.then(function () { return value; }); };

  // A menu in the header closes at a click beside it, and with Escape.
  ["click", "keydown"].forEach(function (kind) {
    document.addEventListener(kind, function (event) {
      var menu = document.querySelector("details.views[open]");
      if (!menu || (kind === "keydown" ? event.key !== "Escape" : menu.contains(event.target))) return;
      menu.open = false;
      if (kind === "keydown") menu.querySelector("summary").focus();
    });
  });

  // The newest line of a log is its last.
  function toEnd(region) {
    Array.prototype.forEach.call(region.querySelectorAll("pre.log"), function (log) { log.scrollTop = log.scrollHeight; });
  }
  toEnd(document);

  function put(id, address) {
    var mine = ++asked;
    return fetch(address, { headers: { Accept: "text/html" }, credentials: "same-origin" })
      .then(function (answer) { return answer.text(); })
      .then(window.gardenerReleased)
      .then(function (text) {
        var fresh = new DOMParser().parseFromString(text, "text/html").getElementById(id);
        var old = document.getElementById(id);
        if (mine !== asked) return;
        silent(false);
        if (!fresh || !old) { location.assign(address); return; }
        if (old.isEqualNode(fresh)) { watch(old); return; }
        var again = held(old);
        var log = old.querySelector("pre.log");
        var read = log && log.scrollTop + log.clientHeight < log.scrollHeight - 8 ? log.scrollTop : -1;
        old.replaceWith(document.adoptNode(fresh));
        again(fresh);
        if (read < 0) toEnd(fresh);
        else if ((log = fresh.querySelector("pre.log"))) log.scrollTop = read;
        watch(fresh);
      });
  }

  // Whether the server is silent, in words above what is shown of before.
  function silent(is) {
    var note = document.getElementById("silent");
    if (note && !is) note.remove();
    if (note || !is) return;
    note = document.createElement("p");
    note.id = "silent";
    note.className = "problem";
    note.setAttribute("role", "alert");
    note.textContent = "The server does not answer: this is as it was. It is asked again; what works goes on without it.";
    var main = document.getElementById("main");
    main.insertBefore(note, main.firstChild);
  }

  // data-refresh="1": ask again after a second, as long as what comes still says so.
  function watch(region) {
    if (!region.dataset.refresh) return;
    setTimeout(function () {
      if (region.isConnected) put(region.id, location.href).catch(function () { silent(true); watch(region); });
    }, 1000 * Number(region.dataset.refresh));
  }
  document.querySelectorAll("[data-refresh]").forEach(watch);

  // data-into="list": what is typed into a form stands in the address, and is asked for, into the region of that id.
  document.querySelectorAll("form[data-into]").forEach(function (form) {
    var timer;
    form.addEventListener("input", function () {
      clearTimeout(timer);
      timer = setTimeout(function () {
        var fields = new URLSearchParams(new FormData(form));
        fields.delete("token");
        history.replaceState(null, "", location.pathname + "?" + fields);
        put(form.dataset.into, location.href).catch(function () { location.reload(); });
      }, 150);
    });
  });

  // A button that acts on a thing loads the page anew: the focus is on what that thing can do next.
  document.addEventListener("submit", function (event) {
    var what = event.target.matches("form.act") && event.target.elements.what;
    if (what) sessionStorage.setItem("acted", what.value);
  });
  var acted = sessionStorage.getItem("acted");
  sessionStorage.removeItem("acted");
  Array.prototype.some.call(acted === null ? [] : document.querySelectorAll("form.act"), function (form) {
    var same = form.elements.what && form.elements.what.value === acted;
    if (same) form.querySelector("button").focus();
    return same;
  });
})();
