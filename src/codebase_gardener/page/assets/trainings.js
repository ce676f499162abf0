// A training that runs: figures and points come as server-sent events; what more has changed is asked for at this address.
(function () {
  "use strict";
  var MOST = 800, AGAIN_S = 5;  // points of a line before each two become one; seconds between tries
  var region = document.querySelector("[data-events]");
  if (!region || !window.EventSource) return;
  var after = region.dataset.after, source = null, retry = null, asking = false;

  function say(words) {
    var place = document.getElementById("stream");
    if (place && place.textContent !== words) place.textContent = words;
  }

  function close() {
    clearTimeout(retry);
    if (source) source.close();
    source = null;
  }

  function open() {
    close();
    if (document.hidden) return;
    source = new EventSource(region.dataset.events + "?after=" + after);
    source.onopen = function () { say(""); };
    source.onmessage = function (message) {
      after = message.lastEventId || after;
      take(JSON.parse(message.data));
    };
    source.addEventListener("log", function (message) { putLog(JSON.parse(message.data)); });
    source.addEventListener("end", function () { close(); again(); });
    source.addEventListener("bye", function () { later("The server has ended; the training goes on."); });
    source.onerror = function () {
      if (source && source.readyState === EventSource.CLOSED) later("The server does not answer; the training goes on.");
    };
  }

  function later(words) {
    close();
    say(words);
    retry = setTimeout(open, 1000 * AGAIN_S);
  }

  function take(what) {
    Object.keys(what.figures).forEach(function (name) {
      var place = document.querySelector('[data-figure="' + name + '"]');
      if (place && place.textContent !== what.figures[name]) place.textContent = what.figures[name];
    });
    if (what.again || (what.points.length && !drawn(what.points))) again();
  }

  // Whether the points are in the picture: not where there is none yet, or where the smoothed line leaves it.
  function drawn(points) {
    var lines = document.querySelectorAll("#curves [data-column]");
    if (!lines.length) return false;
    var box = lines[0].ownerSVGElement.viewBox.baseVal;
    document.querySelectorAll("#curves .point.r0").forEach(function (lone) { lone.remove(); });  // a line takes its place
    lines.forEach(function (line) { extend(line, points, Number(line.dataset.column)); });
    return points.every(function (point) {
      return point[0] <= box.x + box.width && -point[2] >= box.y && -point[2] <= box.y + box.height;
    });
  }

  function extend(line, points, column) {
    var all = (line.getAttribute("points") || "").split(" ").filter(Boolean).map(function (one) {
      return one.split(",").map(Number);
    });
    points.forEach(function (point) {  // a training that was resumed goes the last steps again
      while (all.length && all[all.length - 1][0] >= point[0]) all.pop();
      all.push([point[0], -point[column]]);
    });
    while (all.length > MOST) all = halved(all);
    line.setAttribute("points", all.map(function (one) { return one[0] + "," + one[1].toPrecision(5); }).join(" "));
  }

  function halved(all) {
    var fewer = [];
    for (var n = 0; n + 1 < all.length; n += 2) fewer.push([all[n + 1][0], (all[n][1] + all[n + 1][1]) / 2]);
    return all.length % 2 ? fewer.concat([all[all.length - 1]]) : fewer;
  }

  function putLog(text) {
    var log = document.getElementById("log");
    var atEnd = log.scrollTop + log.clientHeight >= log.scrollHeight - 8;
    log.textContent = text;
    if (atEnd) log.scrollTop = log.scrollHeight;
  }

  // The parts that the server draws, anew; the stream goes on from where they end.
  function again() {
    if (asking) return;
    asking = true;
    close();
    fetch(location.href, { headers: { Accept: "text/html" }, credentials: "same-origin" })
      .then(function (answer) {
        if (!answer.ok) throw new Error(answer.status);
        return answer.text();
      })
      .then(window.gardenerReleased)
      .then(function (text) {
        asking = false;
        put(new DOMParser().parseFromString(text, "text/html"));
        if (region.dataset.events) { after = region.dataset.after; open(); }
      })
      .catch(function () { asking = false; later("The server does not answer; the training goes on."); });
  }

  function put(fresh) {
    document.querySelectorAll("[data-part]").forEach(function (old) {
      var part = fresh.getElementById(old.id);
      if (!part || part.isEqualNode(old)) return;
      var focused = old.contains(document.activeElement), label = focused && document.activeElement.getAttribute("aria-label");
      part = document.adoptNode(part);
      old.replaceWith(part);
      if (focused) (part.querySelector('[aria-label="' + CSS.escape(label || "") + '"]') || document.getElementById("heading")).focus();
    });
    document.querySelectorAll("[data-figure]").forEach(function (place) {
      place.textContent = fresh.querySelector('[data-figure="' + place.dataset.figure + '"]').textContent;
    });
    region = document.getElementById("curves");
  }

  document.addEventListener("visibilitychange", function () { if (document.hidden) close(); else if (region.dataset.events) open(); });
  open();
})();
