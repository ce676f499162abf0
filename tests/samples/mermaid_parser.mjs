// Diagrams as [place, text] on standard input; those that mermaid's own parser refuses on standard output.
import { JSDOM } from "jsdom";
globalThis.window = new JSDOM("").window;
globalThis.document = window.document;
const { default: mermaid } = await import("mermaid");
let text = ""; for await (const part of process.stdin) text += part;
const wrong = [];
for (const [place, diagram] of JSON.parse(text)) {
  try { await mermaid.parse(diagram); } catch (error) { wrong.push([place, String(error)]); }
}
console.log(JSON.stringify(wrong));
