/** OpenAI's package from PyPI against the door (without Python, or without a way to install the package, it is skipped and says so), and turns at small servers. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { createTestGateway, testToken } from "../testing/create-test-gateway.ts";
import { startUpstream } from "./start-upstream.fixture.ts";

const run = promisify(execFile);
const openaiVersion = "2.8.1";
const installMsMax = 240_000;

const program = `
import json, os, openai
client = openai.OpenAI(base_url=os.environ["DOOR_URL"], api_key=os.environ["DOOR_KEY"], max_retries=0)
messages = [{"role": "user", "content": "hi"}]
whole = client.chat.completions.create(model="first", messages=messages)
stream = client.chat.completions.create(model="first", messages=messages, stream=True)
text = "".join(chunk.choices[0].delta.content or "" for chunk in stream)
def error_of(call):
    try:
        call()
    except openai.APIStatusError as error:
        return [type(error).__name__, error.status_code, error.code]
wrong = openai.OpenAI(base_url=os.environ["DOOR_URL"], api_key="sk-roost-wrong", max_retries=0)
print(json.dumps({
    "whole": whole.choices[0].message.content,
    "tokens": whole.usage.total_tokens,
    "text": text,
    "models": [model.id for model in client.models.list()],
    "missing": error_of(lambda: client.chat.completions.create(model="none", messages=messages)),
    "wrong": error_of(lambda: wrong.models.list()),
}))
`;

test(
  "the openai package of PyPI takes the door's answers, streams and errors",
  { timeout: 300_000 },
  async (context) => {
    const directory = await mkdtemp(join(tmpdir(), "roost-openai-"));
    await using _directory = { [Symbol.asyncDispose]: () => rm(directory, { recursive: true, force: true }) };
    const pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--target", directory];
    try {
      await run("python3", [...pip, `openai==${openaiVersion}`], { timeout: installMsMax });
    } catch (error) {
      return context.skip(
        `openai ${openaiVersion} of PyPI cannot be had here: ${(error as Error).message.split("\n")[0]}`,
      );
    }
    await using upstream = await startUpstream("first");
    await using gateway = await createTestGateway({ providers: [upstream.provider] });
    const { text: key } = await gateway.client.createToken({ name: "python" });
    const env = { PATH: process.env["PATH"], PYTHONPATH: directory, DOOR_URL: `${gateway.url}/v1`, DOOR_KEY: key };
    const { stdout } = await run("python3", ["-c", program], { env });
    assert.deepEqual(JSON.parse(stdout), {
      whole: "hello",
      tokens: 15,
      text: "hello",
      models: ["auto", "first/small", "first/large"],
      missing: ["NotFoundError", 404, "model_not_found"],
      wrong: ["AuthenticationError", 401, "invalid_api_key"],
    });
  },
);

test("a call takes its turn at a server that answers one at a time; where it gets none, another is asked, or it is told when to come again", async () => {
  await using first = await startUpstream("first");
  await using second = await startUpstream("second");
  let isBusy = false;
  const entered: string[] = [];
  await using gateway = await createTestGateway({
    providers: [{ ...first.provider, oneAtATime: true }, second.provider],
    routes: { either: ["first/large", "second"] },
    turns: {
      // Long enough for a turn that is free, which needs no time.
      turnMsMax: 1,
      queue: {
        async enter(server, { signal }) {
          entered.push(server);
          if (isBusy) {
            await once(signal, "abort");
            throw signal.reason;
          }
          return { [Symbol.asyncDispose]: async () => void entered.push("left") };
        },
      },
    },
  });
  const ask = (model: string) =>
    fetch(`${gateway.url}/v1/chat/completions`, {
      method: "POST",
      headers: { "content-type": "application/json", authorization: `Bearer ${testToken}` },
      body: JSON.stringify({ model, messages: [{ role: "user", content: "hi" }] }),
    });
  assert.equal((await ask("first/large")).status, 200);
  assert.deepEqual(entered, [`${hostname()}:${new URL(first.provider.baseUrl).port}`, "left"]);
  isBusy = true;
  first.calls.length = 0;
  const refused = await ask("first/large");
  assert.deepEqual([refused.status, refused.headers.get("retry-after")], [503, "30"]);
  const { error } = (await refused.json()) as { error: { message: string; type: string; code: string } };
  assert.deepEqual([error.type, error.code], ["server_error", "model_busy"]);
  assert.match(error.message, /^first does not answer now: it answers one call at a time, and others were before this/);
  assert.equal((await ask("either")).headers.get("x-roost-model"), "second/small");
  assert.deepEqual(first.calls, []);
  isBusy = false;
  assert.equal((await ask("first/large")).status, 200, "it was not taken for one that fails");
});
