// The AI SDK against a server: node ai_sdk_client.mjs URL MODEL; prints one JSON object.
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { APICallError, generateText, streamText } from "ai";

const [baseURL, name] = process.argv.slice(2);
const provider = createOpenAICompatible({ name: "gardener", baseURL, apiKey: "none", includeUsage: true });
const asked = { maxOutputTokens: 8, temperature: 0, maxRetries: 0 };
const question = { ...asked, model: provider(name), prompt: "What does kite_area do?" };

const whole = await generateText(question);
const stream = streamText(question);
let streamed = "";
for await (const piece of stream.textStream) streamed += piece;
const completion = await generateText({ ...asked, model: provider.completionModel(name), prompt: "Write kite_area." });
const unknown = await generateText({ ...question, model: provider("nothing") }).catch((error) => error);
console.log(
    JSON.stringify({
        chat: whole.text, finish: whole.finishReason, tokens: whole.usage.outputTokens,
        streamed, streamedTokens: (await stream.usage).outputTokens, completion: completion.text,
        unknown: APICallError.isInstance(unknown) && { status: unknown.statusCode, message: unknown.message },
    }),
);
