// Search, filter, and lines marked by the address. Nothing is fetched but the index, which lies beside this file.
(function () {
  "use strict";
  var root = document.body.dataset.root;
  var query = document.getElementById("query");
  var found = document.getElementById("found");
  var said = document.getElementById("count");
  var waiting = false, entered = false;

  function fold(text) { return text.toLowerCase().replace(/[_\-./]+/g, " "); }

  // "adapters" finds "adapter", too.
  function asked(text) {
    return fold(text).split(/\s+/).filter(Boolean).map(function (word) {
      return word.length > 3 ? word.replace(/s$/, "") : word;
    });
  }

  function load() {
    if (window.gardenerIndex || waiting) return;
    waiting = true;
    var script = document.createElement("script");
    script.src = root + "assets/search-index.js";
    script.onload = function () { show(); if (entered) enter(); };
    document.head.appendChild(script);
  }

  // At least half of the words must occur; each that does weighs more than where it does.
  // Titles count more than overviews, beginnings of words more than their middles.
  function score(row, words) {
    var total = 0, hits = 0;
    for (var i = 0; i < words.length; i++) {
      var inTitle = (" " + row.t).indexOf(" " + words[i]) >= 0 ? 10 : row.t.indexOf(words[i]) >= 0 ? 5 : 0;
      var inText = (" " + row.o).indexOf(" " + words[i]) >= 0 ? 2 : row.o.indexOf(words[i]) >= 0 ? 1 : 0;
      if (inTitle || inText) hits++;
      total += inTitle + inText;
    }
    return hits * 2 < words.length ? 0 : 100 * hits + total - row.t.length / 200;
  }

  function rows() {
    if (!window.gardenerRows) {
      window.gardenerRows = window.gardenerIndex.map(function (each) {
        return { t: fold(each[0]), o: fold(each[2]), each: each };
      });
    }
    return window.gardenerRows;
  }

  function show() {
    var words = asked(query.value);
    found.textContent = "";
    found.hidden = !words.length || !window.gardenerIndex;
    if (found.hidden) return;
    var hits = rows().map(function (row) { return [score(row, words), row.each]; })
      .filter(function (hit) { return hit[0] > 0; })
      .sort(function (a, b) { return b[0] - a[0]; }).slice(0, 12);
    hits.forEach(function (hit) { found.appendChild(item(hit[1])); });
    said.textContent = hits.length ? hits.length + " found" : "";
    if (!hits.length) {
      var none = document.createElement("li");
      none.textContent = "Nothing found: try other words.";
      found.appendChild(none);
    }
  }

  function item(each) {
    var line = document.createElement("li");
    var link = document.createElement("a");
    var kind = document.createElement("span");
    var text = document.createElement("small");
    link.href = root + each[3];
    link.className = "page " + each[1].toLowerCase();
    link.textContent = each[0];
    kind.className = "kind";
    kind.textContent = each[1];
    link.insertBefore(kind, link.firstChild);
    if (each[4]) {
      var module = document.createElement("small");
      module.textContent = "in " + each[4];
      link.appendChild(module);
    }
    text.textContent = each[2];
    link.appendChild(text);
    line.appendChild(link);
    return line;
  }

  function enter() {
    var first = found.querySelector("a");
    if (first) first.click();
  }

  function step(event, by) {
    var links = Array.prototype.slice.call(found.querySelectorAll("a"));
    if (!links.length) return;
    event.preventDefault();
    var at = links.indexOf(document.activeElement) + by;
    if (at < 0) query.focus(); else links[Math.min(at, links.length - 1)].focus();
  }

  if (query) {
    query.addEventListener("focus", load);
    query.addEventListener("input", function () { entered = false; load(); show(); });
    query.parentNode.addEventListener("keydown", function (event) {
      if (event.key === "ArrowDown") step(event, 1);
      else if (event.key === "ArrowUp") step(event, -1);
      else if (event.key === "Escape") { found.hidden = true; query.focus(); }
      else if (event.key === "Enter" && event.target === query) {
        entered = !window.gardenerIndex;
        enter();
      }
    });
    document.addEventListener("click", function (event) {
      if (!query.parentNode.contains(event.target)) found.hidden = true;
    });
    document.addEventListener("keydown", function (event) {
      if (event.key === "/" && !/^(INPUT|TEXTAREA)$/.test(document.activeElement.tagName)) {
        event.preventDefault();
        query.focus();
      }
    });
  }

  // Above the page modules and workflows are closed at first: they would push it away. Until now the style hid them.
  // Beside it, the page that is open is in sight.
  var tree = document.querySelector(".tree");
  if (tree) {
    if (matchMedia("(min-width: 75rem)").matches) {
      var here = tree.querySelector("[aria-current]");
      if (here) tree.scrollTop = here.getBoundingClientRect().top - tree.getBoundingClientRect().top - tree.clientHeight / 3;
    } else {
      tree.querySelectorAll(":scope > details").forEach(function (part) { part.open = false; });
    }
    tree.classList.add("ready");
  }

  // The kind of page that is open is in sight in the header, too.
  var kinds = document.querySelector('.top nav[aria-label="Site"]');
  var kind = kinds && kinds.querySelector("[aria-current]");
  if (kind) kinds.scrollLeft = kind.offsetLeft - kinds.offsetLeft - kinds.clientWidth / 3;

  var filter = document.getElementById("filter");
  if (filter) {
    var lines = Array.prototype.slice.call(document.querySelectorAll("#list > li"));
    var texts = lines.map(function (line) { return fold(line.textContent); });
    filter.addEventListener("input", function () {
      var words = fold(filter.value).split(/\s+/).filter(Boolean);
      var count = 0;
      lines.forEach(function (line, index) {
        line.hidden = !words.every(function (word) { return texts[index].indexOf(word) >= 0; });
        count += line.hidden ? 0 : 1;
      });
      document.getElementById("shown").textContent = words.length ? count + " of " + lines.length : "";
    });
  }

  // #L30-L128 marks these lines; #L30 one. Shift and a click on a number mark up to it.
  function mark() {
    var range = /^#L(\d+)(?:-L(\d+))?$/.exec(location.hash);
    document.querySelectorAll(".row.on").forEach(function (row) { row.classList.remove("on"); });
    if (!range) return;
    var last = Number(range[2] || range[1]);
    for (var number = Number(range[1]); number <= last; number++) {
      var row = document.getElementById("L" + number);
      if (!row) break;
      row.classList.add("on");
    }
    var first = document.getElementById("L" + range[1]);
    if (first) first.scrollIntoView({ block: last - Number(range[1]) < 12 ? "center" : "start" });
  }
  if (document.body.classList.contains("source")) {
    window.addEventListener("hashchange", mark);
    mark();
    document.querySelector("pre.file").addEventListener("click", function (event) {
      var number = /^#L(\d+)$/.exec(event.target.getAttribute("href") || "");
      var from = /^#L(\d+)/.exec(location.hash);
      if (!number || !from || !event.shiftKey) return;
      event.preventDefault();
      var ends = [Number(number[1]), Number(from[1])].sort(function (a, b) { return a - b; });
      location.hash = "L" + ends[0] + "-L" + ends[1];
    });
  }
})();
