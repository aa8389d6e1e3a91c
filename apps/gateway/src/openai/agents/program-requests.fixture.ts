/**
 * What programs send, by their sources of 2025 and 2026: Open WebUI (routers/openai.py and its task prompts), Continue (core/llm/llms/OpenAI.ts), Home
 * Assistant (openai_conversation/entity.py, by responses) and its integration Extended OpenAI Conversation (by chat completions, with tools or with
 * the older functions). The shapes are theirs, the words are ours.
 */
export interface ProgramRequest {
  program: string;
  path: "/chat/completions" | "/responses";
  headers?: Record<string, string>;
  body: Record<string, unknown>;
}

const turnOn = {
  name: "execute_services",
  description: "Use this to turn things on and off",
  parameters: {
    type: "object",
    properties: { list: { type: "array", items: { type: "object", properties: { domain: { type: "string" } } } } },
  },
};
const states = "Available devices:\nentity_id,name,state\nlight.kitchen,Kitchen,off";

/** Each asks one thing of the agent. */
export const programRequests: ProgramRequest[] = [
  {
    program: "Open WebUI, a chat",
    path: "/chat/completions",
    headers: { "x-openwebui-user-name": "Eva", "x-openwebui-chat-id": "c-1" },
    body: {
      stream: true,
      messages: [{ role: "user", content: "open webui" }],
      temperature: 0.7,
      stream_options: { include_usage: true },
      user: { name: "Eva", id: "u-1", email: "eva@example.org", role: "admin" },
    },
  },
  {
    program: "Open WebUI, a picture",
    path: "/chat/completions",
    body: {
      stream: true,
      messages: [
        {
          role: "user",
          content: [
            { type: "text", text: "open webui picture" },
            { type: "image_url", image_url: { url: "data:image/png;base64,iVBORw0KGgo=" } },
          ],
        },
      ],
    },
  },
  {
    program: "Continue",
    path: "/chat/completions",
    headers: { "api-key": "sent twice" },
    body: {
      messages: [
        { role: "system", content: "You are a coding assistant" },
        { role: "user", content: "continue" },
      ],
      max_tokens: 4096,
      stream: true,
      stop: ["<fim_prefix>", "\n\n\n"],
    },
  },
  {
    program: "Home Assistant",
    path: "/responses",
    body: {
      input: [
        { type: "message", role: "developer", content: states },
        { type: "message", role: "user", content: "home assistant" },
      ],
      max_output_tokens: 3_000,
      top_p: 1,
      temperature: 1,
      user: "01KXYZ",
      store: false,
      stream: true,
      include: ["reasoning.encrypted_content"],
      tools: [{ type: "function", strict: false, ...turnOn }],
    },
  },
  {
    program: "Home Assistant, a task with a form of its answer",
    path: "/responses",
    body: {
      input: [{ type: "message", role: "user", content: "home assistant task" }],
      max_output_tokens: 3_000,
      user: "01KXYA",
      store: false,
      stream: true,
      text: {
        format: {
          type: "json_schema",
          name: "colours",
          schema: {
            type: "object",
            properties: { colour: { type: "string" } },
            required: ["colour"],
            strict: true,
            additionalProperties: false,
          },
        },
      },
    },
  },
  {
    program: "Extended OpenAI Conversation, with tools",
    path: "/chat/completions",
    body: {
      messages: [
        { role: "system", content: states },
        { role: "user", content: "extended tools", name: "5f3c" },
      ],
      max_tokens: 150,
      top_p: 1,
      temperature: 0.5,
      user: "01KXYB",
      tools: [{ type: "function", function: turnOn }],
      tool_choice: "auto",
    },
  },
  {
    program: "Extended OpenAI Conversation, with functions",
    path: "/chat/completions",
    body: {
      messages: [
        { role: "system", content: states },
        { role: "user", content: "extended functions" },
      ],
      max_tokens: 150,
      top_p: 1,
      temperature: 0.5,
      user: "01KXYC",
      functions: [turnOn],
      function_call: "auto",
    },
  },
];
