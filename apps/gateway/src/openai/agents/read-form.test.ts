/** `response_format` and `tool_choice` of agents, by OpenAI's own client: carried out, or refused by name. */
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import type { Script } from "@roost/agent/testing";
import OpenAI, { APIError } from "openai";
import { testToken } from "../../testing/create-test-gateway.ts";
import { startAgents, type AgentGateway } from "./start-agents.fixture.ts";

let agents: AgentGateway;
let script: Script;
/** With the tools of the home. */
let own: OpenAI;
/** A channel: without tools. */
let guest: OpenAI;

before(async () => {
  script = () => "answer";
  agents = await startAgents((request) => script(request));
  const open = (apiKey: string) => new OpenAI({ baseURL: `${agents.gateway.url}/v1`, apiKey, maxRetries: 0 });
  own = open(testToken);
  guest = open((await agents.gateway.client.createToken({ name: "guest", scopes: ["agents:call"] })).text);
});
after(() => agents[Symbol.asyncDispose]());

const schema = {
  type: "object",
  properties: { city: { type: "string", pattern: "^[A-Z]" }, days: { type: "integer", minimum: 1 } },
  required: ["city", "days"],
  additionalProperties: false,
};
const bySchema = { type: "json_schema", json_schema: { name: "trip", strict: true, schema } } as const;

let count = 0;
/** Each conversation is its own. */
const asked = (): OpenAI.ChatCompletionUserMessageParam[] => [{ role: "user", content: `plan a trip ${(count += 1)}` }];

/** Plays the replies one after the other, and returns the requests for them. */
function play(...replies: ReturnType<Script>[]) {
  const from = agents.model.requests.length;
  script = ({ index }) => replies[index - from] ?? "nothing left to say";
  return () => agents.model.requests.slice(from);
}

const formatOf = ({ body }: { body: object }) => (body as { response_format?: { type: string } }).response_format?.type;

test("an answer is the JSON that was asked for: the server is told the schema, and what does not match is asked for again", async () => {
  const requests = play(
    "Lisbon, for three days",
    '{"city":"Lisbon","days":0}',
    '```json\n{"city":"Lisbon","days":3}\n```',
  );
  const answer = await guest.chat.completions.create({
    model: "roost/blog",
    messages: asked(),
    response_format: bySchema,
  });
  assert.deepEqual(JSON.parse(answer.choices[0]!.message.content!), { city: "Lisbon", days: 3 });
  assert.deepEqual(requests().map(formatOf), ["json_schema", "json_schema", "json_schema"]);
  assert.match(
    requests()[0]!.userText,
    /no code fence[\s\S]*"minimum":1/,
    "a server that ignores the field has told it too",
  );
  assert.match(requests()[1]!.userText, /was not taken: it is not JSON/);
  assert.match(requests()[2]!.userText, /was not taken: days: must be >= 1/);

  const object = play("[1, 2]", '{"a":1}');
  const any = { model: "roost/blog", messages: asked(), response_format: { type: "json_object" } } as const;
  assert.equal((await guest.chat.completions.create(any)).choices[0]?.message.content, '{"a":1}');
  assert.deepEqual(object().map(formatOf), ["json_object", "json_object"]);
});

test("an agent with tools keeps them, and a stream tells only what was taken, also of responses", async () => {
  const requests = play("It will be Lisbon", '{"city":"Lisbon","days":3}');
  const stream = await own.chat.completions.create({
    model: "roost/main",
    messages: asked(),
    response_format: bySchema,
    stream: true,
  });
  const chunks = await Array.fromAsync(stream);
  assert.equal(chunks.map(({ choices }) => choices[0]?.delta.content ?? "").join(""), '{"city":"Lisbon","days":3}');
  const told = requests().map((request) => [formatOf(request), request.toolNames.length > 0]);
  assert.deepEqual(told, [
    [undefined, true],
    ["json_schema", false],
  ]);

  play('{"city":"Porto","days":2}');
  const format = { type: "json_schema", name: "trip", schema } as const;
  const response = await own.responses.parse({ model: "roost/main", input: "to Porto", text: { format } });
  assert.deepEqual(response.output_parsed, { city: "Porto", days: 2 });
  assert.deepEqual([response.text?.format?.type, response.tool_choice], ["json_schema", "auto"]);
});

test("a model that does not keep to the form fails in the documented shape, whole and as a stream", async () => {
  const call = { model: "roost/blog", response_format: bySchema } as const;
  const isTold = (error: unknown) => {
    assert.ok(error instanceof APIError, String(error));
    assert.deepEqual([error.code, error.param], ["invalid_model_output", "response_format"]);
    assert.match(error.message, /no answer was the JSON that was asked for, in 3 tries: it is not JSON/);
    return true;
  };
  const requests = play("no", "never", "not at all", "too late");
  await assert.rejects(guest.chat.completions.create({ ...call, messages: asked() }), isTold);
  assert.equal(requests().length, 3);
  play("no", "never", "not at all");
  const stream = await guest.chat.completions.create({ ...call, messages: asked(), stream: true });
  await assert.rejects(Array.fromAsync(stream), isTold);
});

const tool = (name: string): OpenAI.ChatCompletionFunctionTool => ({
  type: "function",
  function: { name, parameters: { type: "object", properties: {} } },
});
const tools = [tool("turn_on"), tool("read_file"), tool("turn_off")];

test("tool_choice is carried out: any tool of the program, one, some, or none", async () => {
  const call = { model: "roost/main", tools } as const;
  const namesOf = (answer: OpenAI.ChatCompletion) =>
    answer.choices[0]?.message.tool_calls?.map((each) => (each.type === "function" ? each.function.name : each.type));
  const calling = (name: string) => ({ toolCalls: [{ name, arguments: {} }] });

  const required = play("I would rather talk", calling("turn_off"));
  const any = await own.chat.completions.create({ ...call, messages: asked(), tool_choice: "required" });
  assert.deepEqual([namesOf(any), any.choices[0]?.message.content], [["turn_off"], null]);
  for (const { body, toolNames } of required())
    assert.deepEqual([body["tool_choice"], toolNames], ["required", ["turn_on", "client_read_file", "turn_off"]]);
  assert.match(required()[1]!.userText, /was not taken: you called none of these tools/);

  const named = play(calling("client_read_file"));
  const choice = { type: "function", function: { name: "read_file" } } as const;
  const one = await own.chat.completions.create({ ...call, messages: asked(), tool_choice: choice });
  assert.deepEqual(namesOf(one), ["read_file"]);
  const [first] = named();
  assert.deepEqual(
    [first?.toolNames, first?.body["tool_choice"]],
    [["client_read_file"], { type: "function", function: { name: "client_read_file" } }],
  );

  const some = play(calling("turn_on"));
  const allowed = { mode: "auto" as const, tools: [{ type: "function", function: { name: "turn_on" } }] };
  const among = { type: "allowed_tools", allowed_tools: allowed } as const;
  assert.deepEqual(namesOf(await own.chat.completions.create({ ...call, messages: asked(), tool_choice: among })), [
    "turn_on",
  ]);
  assert.ok(some()[0]?.toolNames.includes("turn_on") && !some()[0]?.toolNames.includes("turn_off"));

  const none = play("just talk");
  const talk = await own.chat.completions.create({ ...call, messages: asked(), tool_choice: "none" });
  assert.equal(talk.choices[0]?.message.content, "just talk");
  assert.ok(
    !none()[0]?.toolNames.some((name) => tools.some((each) => each.function.name === name && name !== "read_file")),
  );

  play("no", "no", "no");
  await assert.rejects(
    own.chat.completions.create({ ...call, messages: asked(), tool_choice: "required" }),
    (error: APIError) => error.code === "invalid_model_output" && error.param === "tool_choice",
  );
});

test("a turn that has to call first goes on with its result, and the answer has the form that was asked for", async () => {
  play({ toolCalls: [{ name: "turn_on", arguments: {} }] }, "done", '{"city":"Faro","days":1}');
  const call = { model: "roost/main", tools, tool_choice: "required", response_format: bySchema } as const;
  const messages: OpenAI.ChatCompletionMessageParam[] = asked();
  const answer = await own.chat.completions.create({ ...call, messages });
  const [made] = answer.choices[0]?.message.tool_calls ?? [];
  messages.push(answer.choices[0]!.message, { role: "tool", tool_call_id: made!.id, content: "it is on" });
  const rest = await own.chat.completions.create({ ...call, messages });
  assert.equal(rest.choices[0]?.message.content, '{"city":"Faro","days":1}');
});

test("what an agent cannot carry out is refused by its name", async () => {
  const format = (given: object) => ({ response_format: given });
  const bad: [body: object, param: string, message: RegExp][] = [
    [format({ type: "grammar", grammar: "x" }), "response_format.type", /"grammar"/],
    [format({ type: "json_schema", json_schema: { name: "a" } }), "response_format.json_schema.schema", /JSON Schema/],
    [
      format({ type: "json_schema", json_schema: { name: "a", schema: { type: "nothing" } } }),
      "response_format.json_schema.schema",
      /Invalid schema/,
    ],
    [
      format({ type: "json_schema", json_schema: { name: "a", schema: { patternProperties: { "(a+)+$": {} } } } }),
      "response_format.json_schema.schema",
      /patternProperties/,
    ],
    [{ tool_choice: "required" }, "tool_choice", /no tools/],
    [{ tools, tool_choice: { type: "function", function: { name: "fly" } } }, "tool_choice", /"fly"/],
    [{ tools, tool_choice: { type: "web_search" } }, "tool_choice", /web_search/],
    [{ tools: [{ type: "web_search" }] }, "tools[0].type", /web_search/],
    [{ n: 2 }, "n", /one answer/],
    [{ logprobs: true }, "logprobs", /probabilities/],
    [{ modalities: ["text", "audio"] }, "modalities", /text/],
  ];
  const { length } = agents.model.requests;
  for (const [body, param, message] of bad)
    await assert.rejects(
      own.post("/chat/completions", { body: { model: "roost/main", messages: asked(), ...body } }),
      (error: APIError) => {
        assert.deepEqual([error.status, error.type, error.param], [400, "invalid_request_error", param], error.message);
        assert.match(error.message, message);
        return true;
      },
    );
  assert.equal(agents.model.requests.length, length, "no model was asked");
});
