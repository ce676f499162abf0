// Continue's own adapters against a server: node continue_client.mjs URL MODEL; prints one JSON object.
import { constructLlmApi } from "@continuedev/openai-adapters";

const [apiBase, model] = process.argv.slice(2);
const { signal } = new AbortController();
const adapter = (provider) => constructLlmApi({ provider, apiBase, apiKey: "none" });
const messages = [{ role: "user", content: "What does kite_area do?" }];
const asked = { model, max_tokens: 8, temperature: 0 };

const whole = await adapter("openai").chatCompletionNonStream({ ...asked, messages, stream: false }, signal);
let streamed = "";
for await (const chunk of adapter("openai").chatCompletionStream({ ...asked, messages, stream: true }, signal)) {
    streamed += chunk.choices[0]?.delta?.content ?? "";
}
const fim = [];
const cursor = { prompt: "def area(width, height):\n    return ", suffix: "\n\n\nprint(area(1, 2))\n" };
for await (const chunk of adapter("mistral").fimStream({ ...asked, ...cursor, stream: true }, signal)) {
    fim.push(chunk);
}
console.log(JSON.stringify({ chat: whole.choices[0].message.content, streamed, fim }));
