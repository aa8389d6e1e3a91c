export { createToken } from "./create-token.ts";
export { listTokens, revokeToken } from "./list-tokens.ts";
export { isAccessToken, openAccess, type AccessTokens } from "./open-access.ts";
export type { AccessToken, TokenCap } from "./access-token.ts";
export { createPairing, isPairingCode, pairingMsMax, redeemPairing, wrongCodesMax, type Pairing } from "./pairing.ts";
