import assert from "node:assert/strict";
import { test } from "node:test";
import { meantStatus } from "./meant-status.ts";

const meant: [status: number, text: string, expected: number][] = [
  [429, "You exceeded your current quota, please check your plan (code insufficient_quota)", 402],
  [400, "Your credit balance is too low to access the Anthropic API", 402],
  [500, "insufficient balance", 402],
  [400, "API key not valid. Please pass a valid API key.", 401],
  [400, "Incorrect API key provided: xa***", 401],
  [500, "login fail", 401],
  [400, "Invalid model: mistral-huge", 404],
  [400, "Model Not Exist", 404],
  [400, "Invalid model name passed in model=xyz. Call `/v1/models` to view available models", 404],
  [400, "The model `x` does not exist or you do not have access to it", 404],
  [400, "The model `llama3-70b` has been decommissioned and is no longer supported. (code model_decommissioned)", 404],
  [410, "The model text-davinci-003 has been deprecated, learn more here", 404],
  [403, "Project `p` does not have access to model `o9` (code model_not_found)", 404],
  [400, "The model claude-2.0 was retired on 21 July", 404],
  [400, "`max_tokens` is deprecated for this model, use max_completion_tokens", 400],
  [400, "This model does not support tools", 400],
  [403, "x/y requires moderation. Your input was flagged for violence", 400],
  [403, "This key may not use this model", 403],
  [429, "Rate limit reached, retry in 3s", 429],
  [400, "Invalid JSON: unexpected token } is not valid", 400],
];
test("meantStatus() knows a wrong key, no credit, an unknown model and a refused input whatever status they are sent with", () => {
  for (const [status, text, expected] of meant) assert.equal(meantStatus(status, text), expected, text);
});
