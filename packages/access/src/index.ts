export { createToken } from "./create-token.ts";
export { devicePurpose, pairDevice } from "./pair-device.ts";
export {
  createHostLogin,
  dropLeftLogins,
  forgetHostLogins,
  hasLogins,
  listLoginStatements,
  openHostLogins,
  renewHostLogins,
  requireLogins,
  shutHostLogins,
  type HostLogin,
} from "./host-login.ts";
export {
  gatewayApplication,
  hostPurpose,
  joinHost,
  listJoinedHosts,
  lookAtHostCode,
  renewLogins,
  reportHost,
  type JoinedHost,
  type MadeHost,
} from "./hosts.ts";
export { listTokens, revokeToken } from "./list-tokens.ts";
export { accessSchema, isAccessToken, openAccess, type AccessTokens } from "./open-access.ts";
export { principalIdOf, type AccessToken, type TokenCap } from "./access-token.ts";
export { createPairing, isPairingCode, pairingMsMax, redeemPairing, wrongCodesMax, type Pairing } from "./pairing.ts";
export { fingerprintOf, readHomeToken, recordHomeToken } from "./signing/home-token.ts";
export { isSigningKey, makeSigningKey, openSigning, type Signing } from "./signing/open-signing.ts";
export { keepFresh } from "./keep-fresh.ts";
export { createFailureCount, failuresMax, failureWindowMs } from "./create-failure-count.ts";
export { isSameSecret } from "./is-same-secret.ts";
export { addHook, listHooks, removeHook, rotateHook } from "./hooks/add-hook.ts";
export type { InboundHook } from "./hooks/inbound-hook.ts";
export { createHookKeys, type HookKeys } from "./hooks/hook-keys.ts";
export { openHooks, type InboundHooks } from "./hooks/open-hooks.ts";
export { createHookKey, signMessage, type SignedMessage } from "./hooks/sign-message.ts";
export {
  addPushSubscription,
  listPushSubscriptions,
  notePushes,
  removePushSubscription,
  type PushSubscription,
} from "./list-push-subscriptions.ts";
