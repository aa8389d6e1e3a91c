export { openServices, type Services } from "./open-services.ts";
export { isRunToken, signRunToken, verifyRunToken, type RunTokenRequest } from "./signing/run-tokens.ts";
