// Pan, zoom, and the neighbours of the page under the pointer or the focus.
(function () {
  "use strict";
  var near = window.gardenerNeighbours;
  var canvas = document.getElementById("canvas");
  var svg = document.getElementById("graph");
  var light = document.getElementById("near");
  var nodes = Array.prototype.slice.call(svg.querySelectorAll("a.node"));
  var whole = svg.viewBox.baseVal;
  var all = { x: 0, y: 0, w: whole.width, h: whole.height };
  var view = { x: 0, y: 0, w: 0, h: 0 };
  svg.removeAttribute("width");
  svg.removeAttribute("height");

  function draw() { svg.setAttribute("viewBox", [view.x, view.y, view.w, view.h].join(" ")); }

  // At first as wide as the drawing, from its top: its names can be read, and the rest is one drag away.
  function start() {
    var box = canvas.getBoundingClientRect();
    var wide = box.width < 700 ? 460 : all.w;
    view = { x: 0, y: 0, w: wide, h: wide * box.height / box.width };
    draw();
  }
  function fit() {
    var box = canvas.getBoundingClientRect();
    var scale = Math.max(all.w / box.width, all.h / box.height);
    view = { w: box.width * scale, h: box.height * scale, x: 0, y: 0 };
    view.x = (all.w - view.w) / 2;
    draw();
  }
  function zoom(factor, px, py) {
    var width = Math.min(Math.max(view.w / factor, 200), 4 * Math.max(all.w, all.h));
    var real = view.w / width;
    view.x += (view.w - width) * px;
    view.y += (view.h - view.h / real) * py;
    view.h /= real;
    view.w = width;
    draw();
  }
  canvas.addEventListener("wheel", function (event) {
    event.preventDefault();
    var box = canvas.getBoundingClientRect();
    if (event.ctrlKey || event.metaKey || !event.shiftKey) {
      zoom(Math.exp(-event.deltaY / 400), (event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height);
    } else {
      view.y += (event.deltaY || event.deltaX) * view.h / box.height;
      draw();
    }
  }, { passive: false });

  var held = new Map();
  var moved = 0;
  canvas.addEventListener("pointerdown", function (event) {
    held.set(event.pointerId, [event.clientX, event.clientY]);
    moved = 0;
  });
  window.addEventListener("pointermove", function (event) {
    var from = held.get(event.pointerId);
    if (!from) return;
    var box = canvas.getBoundingClientRect();
    var dx = event.clientX - from[0], dy = event.clientY - from[1];
    if (held.size === 2) {
      var other = Array.from(held.entries()).filter(function (each) { return each[0] !== event.pointerId; })[0][1];
      var before = Math.hypot(from[0] - other[0], from[1] - other[1]);
      var after = Math.hypot(event.clientX - other[0], event.clientY - other[1]);
      if (before > 0) zoom(after / before, (other[0] - box.left) / box.width, (other[1] - box.top) / box.height);
    } else {
      view.x -= dx * view.w / box.width;
      view.y -= dy * view.h / box.height;
      draw();
    }
    moved += Math.abs(dx) + Math.abs(dy);
    held.set(event.pointerId, [event.clientX, event.clientY]);
  });
  function release(event) { held.delete(event.pointerId); }
  window.addEventListener("pointerup", release);
  window.addEventListener("pointercancel", release);
  canvas.addEventListener("dragstart", function (event) { event.preventDefault(); });
  canvas.addEventListener("click", function (event) { if (moved > 6) event.preventDefault(); }, true);

  canvas.addEventListener("keydown", function (event) {
    var steps = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    if (steps[event.key]) {
      view.x += steps[event.key][0] * view.w / 10;
      view.y += steps[event.key][1] * view.h / 10;
      draw();
    } else if (event.key === "+" || event.key === "=") zoom(1.25, 0.5, 0.5);
    else if (event.key === "-") zoom(0.8, 0.5, 0.5);
    else if (event.key === "0") fit();
    else return;
    event.preventDefault();
  });
  document.querySelectorAll("[data-zoom]").forEach(function (button) {
    button.addEventListener("click", function () {
      var factor = Number(button.dataset.zoom);
      if (factor) zoom(factor, 0.5, 0.5); else fit();
    });
  });

  function place(node) {
    var box = node.querySelector("rect");
    return ["x", "y", "width", "height"].map(function (name) { return Number(box.getAttribute(name)); });
  }
  function line(a, b) {
    if (a[0] > b[0]) { var c = a; a = b; b = c; }
    var left = a[0] + a[2], middle = (left + b[0]) / 2, y = a[1] + a[3] / 2, last = b[1] + b[3] / 2;
    return "M" + left + "," + y + "C" + middle + "," + y + " " + middle + "," + last + " " + b[0] + "," + last;
  }
  var about = document.getElementById("about");
  var lit = [];
  function dim() {
    lit.forEach(function (node) { node.classList.remove("near", "here"); });
    lit = [];
    svg.classList.remove("lit");
    light.setAttribute("d", "");
    about.hidden = true;
  }
  // Those that lie outside of what is seen are named, too.
  function say(node, others) {
    function words(each) { return each.querySelector("title").textContent; }
    about.textContent = "";
    var head = document.createElement("b");
    head.textContent = words(node);
    about.appendChild(head);
    others.slice(0, 12).map(words).concat(others.length > 12 ? ["and " + (others.length - 12) + " more"] : [])
      .forEach(function (text) {
        var line = document.createElement("span");
        line.textContent = text;
        about.appendChild(line);
      });
    about.hidden = false;
  }
  function shine(node) {
    dim();
    var others = near[Number(node.dataset.n)].map(function (number) { return nodes[number]; });
    node.classList.add("here");
    others.forEach(function (other) { other.classList.add("near"); });
    lit = others.concat([node]);
    svg.classList.add("lit");
    say(node, others);
    light.setAttribute("d", others.map(function (other) { return line(place(node), place(other)); }).join(""));
  }
  function into(node) {
    var box = place(node);
    if (box[0] < view.x || box[0] + box[2] > view.x + view.w) view.x = box[0] + box[2] / 2 - view.w / 2;
    if (box[1] < view.y || box[1] + box[3] > view.y + view.h) view.y = box[1] - view.h / 2;
    draw();
  }
  nodes.forEach(function (node) {
    node.addEventListener("pointerenter", function () { if (!held.size) shine(node); });
    node.addEventListener("pointerleave", function () { if (document.activeElement !== node) dim(); });
    node.addEventListener("focus", function () { shine(node); if (!held.size) into(node); });
    node.addEventListener("blur", dim);
  });
  document.querySelectorAll("input.kind").forEach(function (box) {
    box.addEventListener("change", function () {
      svg.querySelectorAll("path.edge." + box.value).forEach(function (path) {
        path.classList.toggle("off", !box.checked);
      });
    });
  });
  document.getElementById("mark").addEventListener("input", function (event) {
    var word = event.target.value.toLowerCase();
    var hits = nodes.filter(function (node) {
      var hit = word && node.querySelector("title").textContent.toLowerCase().indexOf(word) >= 0;
      node.classList.toggle("hit", Boolean(hit));
      return hit;
    });
    svg.classList.toggle("found", Boolean(word));
    if (hits.length) into(hits[0]);
  });
  start();
})();
