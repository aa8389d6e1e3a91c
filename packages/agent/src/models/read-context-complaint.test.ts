import assert from "node:assert/strict";
import { test } from "node:test";
import { readContextComplaint } from "./read-context-complaint.ts";

/** The words of OpenAI, Anthropic, Google, Mistral, Groq, Cerebras, Kimi, xAI, Cohere, TGI, llama.cpp, LM Studio, Ollama, vLLM, SGLang, Bedrock, Qwen, Zhipu, MiniMax,
 * Fireworks, OpenRouter and GitHub. */
const complaints: [status: number, text: string, size?: number][] = [
  [
    400,
    "This model's maximum context length is 8192 tokens. However, your messages resulted in 10000 tokens. Please reduce the length of the messages.",
    8192,
  ],
  [
    400,
    "Input tokens exceed the configured limit of 272000 tokens. Your messages resulted in 300000 tokens. Please reduce the length of the messages.",
    272000,
  ],
  [400, "prompt is too long: 210000 tokens > 200000 maximum", 200000],
  [
    400,
    "input length and `max_tokens` exceed context limit: 199990 + 8192 > 200000, decrease input length or `max_tokens` and try again",
    200000,
  ],
  [413, "Request exceeds the maximum size"],
  [400, "The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).", 1048576],
  [
    400,
    "Prompt contains 40000 tokens and 0 draft tokens, too large for model with 32768 maximum context length",
    32768,
  ],
  [400, "Please reduce the length of the messages or completion."],
  [400, "Please reduce the length of the messages or completion. Current length is 9000 while limit is 8192", 8192],
  [400, "Invalid request: Your request exceeded model token limit: 8192 (requested: 9000)", 8192],
  [400, "This model's maximum prompt length is 131072 but the request contains 200000 tokens.", 131072],
  [400, "too many tokens: total number of tokens in the prompt cannot exceed 128000", 128000],
  [
    422,
    "Input validation error: `inputs` tokens + `max_new_tokens` must be <= 4097. Given: 5000 `inputs` tokens and 512 `max_new_tokens`",
    4097,
  ],
  [400, "the request exceeds the available context size. try increasing the context size or enable context shift"],
  [400, "request (6457 tokens) exceeds the available context size (2048 tokens), try increasing it", 2048],
  [
    400,
    "The number of tokens to keep from the initial prompt is greater than the context length. Try to load the model with a larger context length, or provide a shorter input",
  ],
  [
    400,
    "Trying to keep the first 5000 tokens when context the overflows. However, the model is loaded with context length of only 4096 tokens, which is not enough.",
    4096,
  ],
  [400, "the input length exceeds the context length"],
  [400, "prompt too long; exceeded max context length by 5 tokens"],
  [
    400,
    "The prompt (total length 5000) is too long to fit into the model (context length 4096). Make sure that `max_model_len` is no smaller than the number of text tokens plus multimodal tokens.",
    4096,
  ],
  [
    400,
    "The decoder prompt (length 9000) is longer than the maximum model length of 8192. Make sure that `max_model_len` is no smaller than the number of text tokens.",
    8192,
  ],
  [400, "The input (9000 tokens) is longer than the model's context length (8192 tokens).", 8192],
  [
    400,
    "Requested token count exceeds the model's maximum context length of 8192 tokens. You requested a total of 9000 tokens",
    8192,
  ],
  [400, "Input is too long for requested model."],
  [400, "InternalError.Algo.InvalidParameter: Range of input length should be [1, 30720]", 30720],
  [400, "Prompt exceeds max length"],
  [400, "invalid params, context window exceeds limit (2013)"],
  [400, "The prompt is too long: 10000, model maximum context length: 8191", 8191],
  [
    400,
    "This endpoint's maximum context length is 32768 tokens. However, you requested about 40000 tokens (30000 of text input, 1000 of tool input, 9000 in the output). Please reduce the length of either one.",
    32768,
  ],
  [413, "Request body too large for gpt-4o model. Max size: 8000 tokens.", 8000],
  [400, "prompt token count of 70000 exceeds the limit of 64000", 64000],
  [
    429,
    "Request too large for model `llama-3.1-8b-instant` in organization `org_x` service tier `on_demand` on tokens per minute (TPM): Limit 6000, Requested 9500, please reduce your message size and try again.",
    6000,
  ],
  [
    413,
    "Request too large for model `llama-3.1-8b-instant` in organization `org_x` service tier `on_demand` on tokens per minute (TPM): Limit 6000, Requested 9500, please reduce your message size and try again.",
    6000,
  ],
  [
    400,
    "This model's maximum context length is 4096 tokens, however you requested 5000 tokens (4900 in your prompt; 100 for the completion). Please reduce your prompt; or completion length.",
    4096,
  ],
  [400, "Input length 9000 exceeds the maximum allowed token length 8192", 8192],
  [400, "context_length_exceeded"],
  [400, "Your input exceeds the context window of this model. Please adjust your input and try again."],
  [500, "exceed_context_size_error"],
  [400, "tokens in request more than max tokens allowed: 9000 > 8192", 8192],
  [400, "The length of your prompt exceeds the model's max input limit: 8000 tokens", 8000],
  [400, "Invalid request: Input token length too long"],
  [400, "prompt too long; exceeded max context length by 512 tokens"],
  [
    400,
    "greater than the context length (n_keep: 6000>= n_ctx: 4096). Try to load the model with a larger context length",
    4096,
  ],
  [422, "Input validation error: `inputs` must have less than 4096 tokens. Given: 5000", 4096],
  [400, "length of prompt_tokens (40000) must be less than max_seq_len (32768).", 32768],
  [400, "Prompt length 9000 is greater than max_seq_len 8192", 8192],
  [400, "prompt tokens too long"],
  [400, "Total tokens of image and text exceed max message tokens"],
  [
    400,
    "The estimated number of input and maximum output tokens (9000) exceeded this model context window limit (8192).",
    8192,
  ],
  [400, "max_tokens must be at least 1, got -1200."],
  [400, "input token length 9000 > 8192", 8192],
  [400, "输入内容超过模型上下文长度限制"],
  [400, "Input prompt (9000 tokens) is too long and exceeds limit of 8192", 8192],
  [400, "输入长度超过模型最大长度 32768", 32_768],
];
test("readContextComplaint() sees that a prompt is too long in the words of every server that is known, and the size where it is told", () => {
  for (const [status, text, contextTokensMax] of complaints)
    assert.deepEqual(
      readContextComplaint(status, text),
      contextTokensMax === undefined ? {} : { contextTokensMax },
      text,
    );
});

const others: [status: number, text: string][] = [
  [400, "the model is tired"],
  [400, "Invalid JSON: unexpected token } at position 7"],
  [401, "context length"],
  [400, "max_tokens must be at least 1, got 0"],
  [429, "Rate limit reached for tokens per minute (TPM): Limit 6000, Used 5900, Requested 500"],
];
test("readContextComplaint() takes other refusals for what they are", () => {
  for (const [status, text] of others) assert.equal(readContextComplaint(status, text), undefined, text);
});
