// Models answer side by side: each panel is a stream of the server's own interface. What comes is text, never markup.
(function () {
  "use strict";
  var panels = document.getElementById("panels");
  if (!panels) return;
  var stop = document.getElementById("stop");
  var asking = document.getElementById("asking");
  var running = null;

  function part(panel, selector) { return panel.querySelector(selector); }
  function state(panel, words) { part(panel, ".state").textContent = words; }

  function fail(panel, words, signIn) {
    var line = part(panel, ".problem");
    line.textContent = words;
    if (signIn) {
      var link = document.createElement("a");
      link.href = panels.dataset.signIn + "?to=" + encodeURIComponent(location.pathname + location.search);
      link.textContent = "Sign in";
      line.append(" ", link);
    }
    line.hidden = false;
    state(panel, "no answer");
  }

  // The names that are not in the repository, marked where they stand; a longer one before its parts.
  function mark(box, names) {
    var text = box.textContent;
    var escaped = names.slice().sort(function (a, b) { return b.length - a.length; })
      .map(function (name) { return name.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"); });
    var pieces = text.split(new RegExp("(?<![\\p{L}\\p{N}_])(" + escaped.join("|") + ")(?![\\p{L}\\p{N}_])", "u"));
    box.replaceChildren.apply(box, pieces.map(function (piece, at) {
      if (at % 2 === 0) return piece;
      var marked = document.createElement("mark");
      marked.title = "not in the repository";
      marked.textContent = piece;
      return marked;
    }));
  }

  function tell(panel, told) {
    var names = told.unverified || [];
    part(panel, ".unverified").hidden = !names.length;
    part(panel, ".unverified span").textContent = names.join(", ");
    if (names.length) mark(part(panel, ".answer"), names);
    var list = part(panel, "ul");
    list.replaceChildren.apply(list, told.sources.map(function (source) {
      var item = document.createElement("li"), link = document.createElement("a");
      link.href = panels.dataset.read + encodeURIComponent(source);
      link.textContent = source;
      item.append(link);
      return item;
    }));
    part(panel, "details").hidden = !told.sources.length;
  }

  // A row of the stream. True at an answer's end.
  function take(panel, row, begun) {
    if (row.error) { fail(panel, row.error.message + " Ask again when that is mended."); return; }
    var choice = (row.choices || [])[0];
    var box = part(panel, ".answer");
    if (choice && choice.delta && choice.delta.content) {
      if (box.hidden) { box.hidden = false; state(panel, "writing …"); }
      box.append(choice.delta.content);
    }
    if (choice && choice.finish_reason) panel.cut = choice.finish_reason === "length";
    if (row.gardener) {
      tell(panel, row.gardener);
      if (panel.put) part(panel, ".acts").hidden = !box.textContent;
    }
    if (row.usage) {
      var seconds = (performance.now() - begun) / 1000;
      state(panel, "done: " + row.usage.completion_tokens + " tokens in " + seconds.toFixed(1) + " s" +
        (!box.textContent ? "; the answer is empty" : panel.cut ? "; cut there: “Tokens at most” allows more" : ""));
    }
  }

  async function ask(panel, body, signal) {
    var begun = performance.now();
    state(panel, "waiting; a base that was not asked before is loaded first …");
    try {
      var answer = await fetch(panels.dataset.wire, {
        method: "POST", signal: signal, credentials: "same-origin", headers: { "Content-Type": "application/json" },
        body: JSON.stringify(Object.assign({}, body, {
          model: panel.dataset.model, stream: true, stream_options: { include_usage: true },
        })),
      });
      if (!answer.ok) {
        var why = await answer.json().then(function (told) { return told.error.message; }, function () { return ""; });
        fail(panel, why || "The server answered " + answer.status + "; its log says why.", answer.status === 401);
        return;
      }
      var reader = answer.body.pipeThrough(new TextDecoderStream()).getReader(), rest = "";
      for (;;) {
        var got = await reader.read();
        if (got.done) break;
        var events = (rest + got.value).split("\n\n");
        rest = events.pop();
        events.forEach(function (event) {
          var data = event.replace(/^data: /, "");
          if (data !== "[DONE]") take(panel, JSON.parse(data), begun);
        });
      }
    } catch (error) {
      if (signal.aborted) state(panel, "stopped");
      else fail(panel, "The server does not answer any more (" + error.message + "). Start it again with `gardener open`, then ask again.");
    }
  }

  // What this machine is busy with while an answer is waited for, and how far it is.
  var busy = document.getElementById("busy");
  async function watch(mine) {
    while (running === mine) {
      try {
        var answer = await fetch(busy.dataset.of, { credentials: "same-origin", headers: { Accept: "text/html" } });
        var fresh = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("busy");
        if (fresh && running === mine && fresh.innerHTML !== busy.innerHTML) {
          var again = window.gardenerHeld(busy);
          busy.replaceChildren.apply(busy, Array.prototype.slice.call(fresh.childNodes));
          again(busy);
        }
      } catch (error) { /* the answer's own request says what is wrong */ }
      await new Promise(function (go) { setTimeout(go, 1500); });
    }
  }
  busy.addEventListener("submit", function (event) {
    event.preventDefault(); // the answer that is waited for goes on
    fetch(event.target.action, { method: "POST", credentials: "same-origin", body: new URLSearchParams(new FormData(event.target)) });
    event.target.querySelector("button").disabled = true;
  });

  async function start(body) {
    if (running) running.abort();
    var mine = running = new AbortController();
    stop.hidden = false;
    watch(mine);
    await Promise.all(Array.prototype.map.call(panels.children, function (panel) { return ask(panel, body, mine.signal); }));
    if (running === mine) { running = null; stop.hidden = true; busy.replaceChildren(); }
  }

  function end() { if (running) running.abort(); }
  if (stop) stop.addEventListener("click", end);
  document.addEventListener("keydown", function (event) { if (event.key === "Escape") end(); });

  function tokens() { return Number(asking.elements.tokens.value) || undefined; }

  // ---- at most four answer

  var boxes = asking.querySelectorAll("input[name=model]");
  function limit() {
    var full = asking.querySelectorAll("input[name=model]:checked").length >= 4;
    boxes.forEach(function (box) { box.disabled = full && !box.checked; });
  }
  boxes.forEach(function (box) { box.addEventListener("change", limit); });
  limit();

  // ---- a question

  if ("starts" in panels.dataset) {
    start({ messages: [{ role: "user", content: asking.elements.q.value }], max_tokens: tokens() });
  }
  if (asking.elements.q) {
    asking.elements.q.addEventListener("keydown", function (event) {
      if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) asking.requestSubmit();
    });
  }

  // ---- a gap in code

  var filling = document.getElementById("filling");
  if (!filling) return;
  import(filling.dataset.editor).then(function (made) {
    var fields = filling.elements, host = document.getElementById("editor");
    filling.querySelector(".plain").hidden = true;
    host.hidden = false;
    var editor = made.codeEditor(host, {
      before: fields.before.value, after: fields.after.value, path: asking.elements.path.value, label: "Code",
      fill: function () { if (boxes.length) filling.requestSubmit(); },
    });
    filling.querySelectorAll(".keys").forEach(function (hint) { hint.hidden = false; });
    filling.addEventListener("submit", function (event) {
      event.preventDefault();
      var now = new URLSearchParams(new FormData(asking));
      history.replaceState(null, "", "?" + now);
      var template = document.getElementById("panel").content.firstElementChild;
      panels.replaceChildren.apply(panels, Array.prototype.map.call(
        asking.querySelectorAll("input[name=model]:checked"), function (box) {
          var panel = document.importNode(template, true), words = box.parentElement.textContent.trim();
          panel.dataset.model = box.value + (now.get("bare") ? ":bare" : "");
          part(panel, "h3").textContent = words;
          part(panel, ".answer").setAttribute("aria-label", "Answer of " + words);
          panel.put = true;
          part(panel, ".acts button").addEventListener("click", function () {
            editor.insert(part(panel, ".answer").textContent);
          });
          return panel;
        }));
      var parts = editor.parts();
      start({ prompt: parts[0], suffix: parts[1], path: now.get("path"), max_tokens: tokens() });
    });
  }).catch(function () { filling.querySelector(".plain").hidden = false; }); // the form works without
})();
