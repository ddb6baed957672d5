// Vercel's AI SDK with its provider for servers that speak OpenAI's API.
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { generateObject, generateText, stepCountIs, streamText, tool } from "ai";
import { z } from "zod";

const attune = createOpenAICompatible({
  name: "attune",
  baseURL: process.env.BASE_URL,
  apiKey: process.env.API_KEY,
  includeUsage: true,
  supportsStructuredOutputs: true,
});
const model = attune("attune");
const prompt = "What is the capital of France?";
const Verdict = z.object({ answer: z.enum(["yes", "no"]), sure: z.boolean() });

export async function chat() {
  return (await generateText({ model, prompt })).text;
}

export async function stream() {
  const pieces = [];
  for await (const piece of streamText({ model, prompt }).textStream) pieces.push(piece);
  return pieces;
}

export async function tools() {
  const get_weather = tool({
    description: "The weather in a city.",
    inputSchema: z.object({ city: z.enum(["Paris", "Oslo"]) }),
    execute: async () => "sunny",
  });
  const answer = await generateText({
    model,
    prompt: "What is the weather in Paris?",
    tools: { get_weather },
    stopWhen: stepCountIs(3),
    prepareStep: ({ stepNumber }) => ({ toolChoice: stepNumber === 0 ? { type: "tool", toolName: "get_weather" } : "auto" }),
  });
  return [answer.steps[0].toolCalls[0].input, answer.text];
}

export async function structured() {
  return (await generateObject({ model, schema: Verdict, prompt })).object;
}

export async function error() {
  await generateText({ model: attune("no-such-model"), prompt, maxRetries: 0 });
}

export async function usage() {
  const used = (await generateText({ model, prompt })).usage;
  return [used.inputTokens, used.outputTokens];
}
