/** OpenAI's package from PyPI against the door. Without Python, or without a way to install the package, it is skipped and says so. */
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { promisify } from "node:util";
import { createTestGateway } from "../testing/create-test-gateway.ts";
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
