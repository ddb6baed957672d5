// The official client for Node.
import OpenAI from "openai";
import { zodResponseFormat } from "openai/helpers/zod";
import { z } from "zod";

const client = new OpenAI({ baseURL: process.env.BASE_URL, apiKey: process.env.API_KEY });
const messages = [{ role: "user", content: "What is the capital of France?" }];
const weather = {
  type: "function",
  function: {
    name: "get_weather",
    parameters: { type: "object", properties: { city: { type: "string", enum: ["Paris", "Oslo"] } }, required: ["city"] },
  },
};
const Verdict = z.object({ answer: z.enum(["yes", "no"]), sure: z.boolean() });

export async function chat() {
  return (await client.chat.completions.create({ model: "attune", messages })).choices[0].message.content;
}

export async function stream() {
  const pieces = [];
  for await (const chunk of await client.chat.completions.create({ model: "attune", messages, stream: true })) {
    pieces.push(chunk.choices[0]?.delta?.content ?? "");
  }
  return pieces;
}

export async function tools() {
  const asked = [{ role: "user", content: "What is the weather in Paris?" }];
  const request = { model: "attune", tools: [weather] };
  const first = await client.chat.completions.create({ ...request, messages: asked, tool_choice: "required", parallel_tool_calls: false });
  const message = first.choices[0].message;
  const call = message.tool_calls[0];
  const turn = [...asked, message, { role: "tool", tool_call_id: call.id, content: "sunny" }];
  const second = await client.chat.completions.create({ ...request, messages: turn });
  return [call.function.arguments, second.choices[0].message.content];
}

export async function structured() {
  const response_format = zodResponseFormat(Verdict, "verdict");
  const answer = await client.chat.completions.parse({ model: "attune", messages, response_format });
  return answer.choices[0].message.parsed;
}

export async function error() {
  await client.chat.completions.create({ model: "no-such-model", messages });
}

export async function models() {
  const found = [];
  for await (const model of client.models.list()) found.push(model.id);
  return found;
}

export async function usage() {
  const used = (await client.chat.completions.create({ model: "attune", messages })).usage;
  return [used.prompt_tokens, used.completion_tokens];
}
