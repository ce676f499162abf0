#!/usr/bin/env bash
# The code editor of the page: CodeMirror 6 (MIT) with scripts/code_editor/editor.mjs over it, one file that is committed.
# package.json there names the versions, package-lock.json pins what they need with hashes.
#   scripts/code_editor.sh build          make src/codebase_gardener/page/assets/code_editor.js anew
set -euo pipefail
[ "${1:-}" = build ] || { sed -n '2,4p' "$0" >&2; exit 2; }
here="$(cd "$(dirname "$0")" && pwd)"
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT
cp "$here/code_editor/"* "$folder/"
# no scripts of theirs are run
npm ci --prefix "$folder" --ignore-scripts --no-audit --no-fund --loglevel=error >&2
cd "$folder"
node_modules/.bin/esbuild editor.mjs --bundle --format=esm --target=es2022 --minify --legal-comments=none \
    --outfile=bundle.js --metafile=meta.json --log-level=warning
out="$here/../src/codebase_gardener/page/assets/code_editor.js"
# the licence of every package that is in it stands at its head: the file cannot be had without
node --input-type=module - > "$out" <<'JS'
import { readFileSync } from "node:fs";
const inputs = Object.keys(JSON.parse(readFileSync("meta.json")).inputs);
const names = [...new Set(inputs.map((file) => /^node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(file)?.[1]).filter(Boolean))].sort();
const byText = new Map();
for (const name of names) {
  const folder = `node_modules/${name}`;
  const { version } = JSON.parse(readFileSync(`${folder}/package.json`));
  const text = readFileSync(`${folder}/LICENSE`, "utf8").trim();
  byText.set(text, [...(byText.get(text) ?? []), `${name} ${version}`]);
}
const licences = [...byText].map(([text, of]) => `${of.join(", ")}:\n\n${text}`).join("\n\n");
console.log(`/*!\nMade by scripts/code_editor.sh.\n\n${licences}\n*/`);
process.stdout.write(readFileSync("bundle.js"));
JS
ls -l "$out" >&2
