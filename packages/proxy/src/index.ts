export { sendOpenAiError, toOpenAiError } from "./openai-error.ts";
export { openProxy, type Proxy } from "./open-proxy.ts";
export { proxyPaths, type Caller, type ProxyPath } from "./proxy-call.ts";
