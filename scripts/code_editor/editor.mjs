// The editor of the page's view "Ask and compare": what of CodeMirror it needs, under one name.
import { closeBrackets } from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap } from "@codemirror/commands";
import { cpp } from "@codemirror/lang-cpp";
import { go } from "@codemirror/lang-go";
import { java } from "@codemirror/lang-java";
import { javascript } from "@codemirror/lang-javascript";
import { python } from "@codemirror/lang-python";
import { rust } from "@codemirror/lang-rust";
import { bracketMatching, HighlightStyle, indentOnInput, indentUnit, syntaxHighlighting } from "@codemirror/language";
import { EditorState } from "@codemirror/state";
import { drawSelection, EditorView, highlightActiveLine, keymap, lineNumbers } from "@codemirror/view";
import { tags } from "@lezer/highlight";

const LANGUAGES = [
  [/\.pyi?$/, python], [/\.(js|mjs|cjs|jsx)$/, () => javascript({ jsx: true })],
  [/\.(ts|mts|cts|tsx)$/, () => javascript({ jsx: true, typescript: true })],
  [/\.rs$/, rust], [/\.go$/, go], [/\.java$/, java], [/\.(c|h|cc|cpp|cxx|hpp|hh)$/, cpp],
];

// The colours are those of design.css: variables reach into the shadow tree.
const COLOURS = HighlightStyle.define([
  { tag: tags.keyword, color: "var(--k)" }, { tag: tags.string, color: "var(--s)" }, { tag: tags.number, color: "var(--n)" },
  { tag: tags.function(tags.variableName), color: "var(--f)" }, { tag: tags.typeName, color: "var(--t)" },
  { tag: tags.definition(tags.variableName), color: "var(--f)" }, { tag: tags.comment, color: "var(--c)" },
  { tag: tags.meta, color: "var(--d)" }, { tag: tags.bool, color: "var(--b)" }, { tag: tags.null, color: "var(--b)" },
]);

const LOOK = EditorView.theme({
  "&": { color: "var(--text)", backgroundColor: "var(--code)", border: "1px solid var(--soft)", borderRadius: "8px" },
  "&.cm-focused": { outline: "2px solid var(--link)", outlineOffset: "2px" },
  ".cm-scroller": { font: "0.875rem/1.5 ui-monospace, 'SF Mono', Menlo, Consolas, 'DejaVu Sans Mono', monospace", maxHeight: "26rem", minHeight: "10rem" },
  ".cm-content": { caretColor: "var(--text)" },
  ".cm-cursor, .cm-dropCursor": { borderLeftColor: "var(--link)", borderLeftWidth: "2px" },
  ".cm-gutters": { backgroundColor: "var(--code)", color: "var(--soft)", borderRight: "1px solid var(--line)" },
  ".cm-activeLine": { backgroundColor: "color-mix(in srgb, var(--link) 8%, transparent)" },
  "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground": { background: "color-mix(in srgb, var(--link) 25%, transparent)" },
});

/**
 * An editor in an element. It stands in a shadow tree, where CodeMirror's styles are constructed sheets: a policy
 * without inline styles allows those.
 *
 * @param {HTMLElement} host Empty.
 * @param {{before: string, after: string, path: string, label: string, fill: () => void}} given The texts around the
 *   cursor, the file's name, what screen readers call it, and what Ctrl-Enter does.
 * @returns {{parts: () => [string, string], insert: (text: string) => void}} The texts around the cursor now; what is
 *   inserted takes the place of the selection.
 */
export function codeEditor(host, given) {
  const root = host.attachShadow({ mode: "open" });
  const language = LANGUAGES.find(([ending]) => ending.test(given.path));
  const view = new EditorView({
    root, parent: root,
    state: EditorState.create({
      doc: given.before + given.after,
      selection: { anchor: given.before.length },
      extensions: [
        lineNumbers(), history(), drawSelection(), highlightActiveLine(), bracketMatching(), closeBrackets(),
        indentOnInput(), indentUnit.of("    "), EditorView.lineWrapping, LOOK, syntaxHighlighting(COLOURS),
        keymap.of([{ key: "Mod-Enter", run: () => { given.fill(); return true; } }, ...defaultKeymap, ...historyKeymap]),
        EditorView.contentAttributes.of({ "aria-label": given.label, spellcheck: "false" }),
        ...(language ? [language[1]()] : []),
      ],
    }),
  });
  view.dispatch({ effects: EditorView.scrollIntoView(given.before.length, { y: "center" }) });
  return {
    parts() {
      const { from, to } = view.state.selection.main;
      return [view.state.sliceDoc(0, from), view.state.sliceDoc(to)];
    },
    insert(text) {
      view.dispatch(view.state.replaceSelection(text));
      view.focus();
    },
  };
}
