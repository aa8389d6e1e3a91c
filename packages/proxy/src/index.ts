export { sendOpenAiError, toOpenAiError } from "./openai-error.ts";
export { openProxy, type Proxy, type ProxyOptions } from "./open-proxy.ts";
export { answerHeaders, sendJson } from "./send-whole.ts";
export { spliceFields } from "./splice-fields.ts";
export { proxyPaths, type Caller, type ProxyPath } from "./proxy-call.ts";
